"""The Google Cloud APIs that the stack calls, and the service agents that work for them.

Both are the whole project's: a region takes what its foundation has.
"""

from __future__ import annotations

from typing import TypeVar

import pulumi
import pulumi_gcp as gcp

from infra.foundation import Foundation
from infra.patience import Patience

_T = TypeVar("_T")

APIS = ("aiplatform", "cloudbilling", "cloudquotas", "cloudresourcemanager", "iam", "serviceusage", "storage")
"""What the program itself and tuning need: reference of the service, section Names. Cloud Billing is asked when the
project's number is looked up, which fails without."""

API_HOSTS = tuple(f"{api}.googleapis.com" for api in APIS)


class Services(pulumi.ComponentResource):
    """Enables APIs, and names the two agents that read data and write checkpoints.

    Attributes:
        apis: those that this stack enables, by name.
        project_number: of the Google Cloud project.
        platform_agent: IAM member of the agent that serves and that reads images.
        tuning_agent: IAM member of the agent that tunes open models.

    Args:
        resource_name: the name in the program.
        project: the Google Cloud project's id.
        patience: with what is late.
        foundation: the stack that has enabled them already; None where this one does.
        opts: the engine's options.
    """

    project_number: pulumi.Output[str]
    platform_agent: pulumi.Output[str]
    tuning_agent: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        project: str,
        patience: Patience,
        foundation: Foundation | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("infra:index:Services", resource_name, None, opts)
        self.patience = patience
        self.apis: dict[str, gcp.projects.Service] = {}
        if foundation is None:
            self._enable(project)
        else:
            self.project_number = pulumi.Output.from_input(foundation.project_number)
            self.platform_agent = pulumi.Output.from_input(foundation.platform_agent)
            self.tuning_agent = pulumi.Output.from_input(foundation.tuning_agent)
        self.project_number.apply(patience.know_number)
        self.register_outputs({"projectNumber": self.project_number})

    def _enable(self, project: str) -> None:
        self.apis = {
            api: gcp.projects.Service(
                api,
                project=project,
                service=f"{api}.googleapis.com",
                # Others in the project may use the same APIs: a stack that goes away must not switch them off.
                disable_on_destroy=False,
                disable_dependent_services=False,
                opts=pulumi.ResourceOptions(parent=self),
            )
            for api in APIS
        }
        # Agents are otherwise created when a service is first used, and a binding made before that is refused.
        identity = gcp.projects.ServiceIdentity(
            "aiplatform-agent",
            project=project,
            service="aiplatform.googleapis.com",
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self.apis["aiplatform"], self.apis["serviceusage"]]),
        )
        described = self.patience.look_up(
            "the project's number",
            "gcp:organizations/getProject:getProject",
            {"projectId": project},
            gcp.organizations.AwaitableGetProjectResult,
            parent=self,
            after=[self.apis["cloudresourcemanager"], self.apis["cloudbilling"]],
        )
        self.project_number = self.tied(described.apply(lambda found: found.number))
        known = pulumi.Output.all(self.project_number, identity.id)
        self.platform_agent = known.apply(lambda both: _agent(both[0], "aiplatform"))
        self.tuning_agent = known.apply(lambda both: _agent(both[0], "vertex-moss-ft"))

    def tied(self, looked_up: pulumi.Output[_T]) -> pulumi.Output[_T]:
        """Returns what was looked up, dependent on all APIs.

        A look-up that waits for an API has that dependency once it was made, but not while a preview cannot make it; a
        plan would then refuse the resources behind it.
        """
        enabled = (api.id for api in self.apis.values())
        return pulumi.Output.all(looked_up, *enabled).apply(lambda known: known[0])


def _agent(project_number: str, service: str) -> str:
    return f"serviceAccount:service-{project_number}@gcp-sa-{service}.iam.gserviceaccount.com"
