"""The Google Cloud APIs that the stack calls, and the service agents that work for them."""

from __future__ import annotations

from typing import TypeVar

import pulumi
import pulumi_gcp as gcp

from infra.patience import Patience

_T = TypeVar("_T")

APIS = ("aiplatform", "cloudbilling", "cloudquotas", "cloudresourcemanager", "iam", "serviceusage", "storage")
"""What the program itself and tuning need: reference of the service, section Names. Cloud Billing is asked when the
project's number is looked up, which fails without."""

API_HOSTS = tuple(f"{api}.googleapis.com" for api in APIS)


class Services(pulumi.ComponentResource):
    """Enables APIs, and names the two agents that read data and write checkpoints.

    Args:
        resource_name: the name in the program.
        project: the Google Cloud project's id.
        patience: with what is late.
        opts: the engine's options.
    """

    def __init__(
        self, resource_name: str, *, project: str, patience: Patience, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("infra:index:Services", resource_name, None, opts)
        self.patience = patience
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
        described = patience.look_up(
            "the project's number",
            "gcp:organizations/getProject:getProject",
            {"projectId": project},
            gcp.organizations.AwaitableGetProjectResult,
            parent=self,
            after=[self.apis["cloudresourcemanager"], self.apis["cloudbilling"]],
        )
        self.project_number: pulumi.Output[str] = self.tied(described.apply(lambda found: found.number))
        self.project_number.apply(patience.know_number)
        self.platform_agent: pulumi.Output[str] = pulumi.Output.all(self.project_number, identity.id).apply(
            lambda known: _agent(known[0], "aiplatform")
        )
        """IAM member of the agent that serves and that reads images."""
        self.tuning_agent: pulumi.Output[str] = pulumi.Output.all(self.project_number, identity.id).apply(
            lambda known: _agent(known[0], "vertex-moss-ft")
        )
        """IAM member of the agent that tunes open models."""
        self.register_outputs({"projectNumber": self.project_number})

    def tied(self, looked_up: pulumi.Output[_T]) -> pulumi.Output[_T]:
        """Returns what was looked up, dependent on all APIs.

        A look-up that waits for an API has that dependency once it was made, but not while a preview cannot make it; a
        plan would then refuse the resources behind it.
        """
        enabled = (api.id for api in self.apis.values())
        return pulumi.Output.all(looked_up, *enabled).apply(lambda known: known[0])


def _agent(project_number: str, service: str) -> str:
    return f"serviceAccount:service-{project_number}@gcp-sa-{service}.iam.gserviceaccount.com"
