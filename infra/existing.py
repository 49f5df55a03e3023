"""What a stack uses and did not make: it must be there, and is neither changed nor deleted.

Each is a resource that the engine reads and does not own. Where the stack made the very same thing earlier, the engine
lets go of it instead of deleting it.
"""

from __future__ import annotations

import pulumi
import pulumi_gcp as gcp

from infra.services import Services
from tunestack import TunedModel


def bucket(purpose: str, name: str, services: Services, parent: pulumi.Resource) -> gcp.storage.Bucket:
    """Reads a bucket."""
    return gcp.storage.Bucket.get(purpose, _tied(name, services), opts=pulumi.ResourceOptions(parent=parent))


def account(email: str, project: str, services: Services, parent: pulumi.Resource) -> gcp.serviceaccount.Account:
    """Reads the account that tuning jobs run as."""
    name = f"projects/{account_project(email, project)}/serviceAccounts/{email}"
    return gcp.serviceaccount.Account.get("tuning", _tied(name, services), opts=pulumi.ResourceOptions(parent=parent))


def endpoint(name: str, resource_name: str, services: Services, parent: pulumi.Resource) -> pulumi.Output[str]:
    """Reads an endpoint and returns its resource name.

    Not the `id` of what was read: engines before v3.260 do not tell the SDK that one in a preview.
    """
    known = _tied(resource_name, services)
    read = gcp.vertex.AiEndpoint.get(name, known, opts=pulumi.ResourceOptions(parent=parent))
    return pulumi.Output.all(known, read.urn).apply(lambda both: str(both[0]))


def tuned_model(name: str, job: str, services: Services, parent: pulumi.Resource) -> TunedModel:
    """Reads what a tuning job made that is not the stack's."""
    return TunedModel.get(name, _tied(job, services), pulumi.ResourceOptions(parent=parent))


def lasting(shared: bool) -> pulumi.ResourceOptions:
    """Returns the options of a binding: one between two things that others may use stays when the stack goes.

    A second stack that binds the same has the same binding; with the first stack it would lose it, and its jobs fail.
    """
    return pulumi.ResourceOptions(retain_on_delete=True) if shared else pulumi.ResourceOptions()


def account_project(email: str, project: str) -> str:
    """Returns the project of a service account; `project` for Google's own accounts of a project."""
    domain = email.partition("@")[2]
    return domain.removesuffix(".iam.gserviceaccount.com") if domain.endswith(".iam.gserviceaccount.com") else project


def _tied(name: str, services: Services) -> pulumi.Output[str]:
    """Returns a name that is not known before the APIs are enabled: nothing can be read earlier."""
    return services.tied(pulumi.Output.from_input(name))
