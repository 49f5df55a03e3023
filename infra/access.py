"""Who may do what: the service agents on the buckets, and the account that tuning jobs run as."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from infra import existing
from infra.buckets import Buckets
from infra.naming import account_id
from infra.services import Services
from tunestack import AgentAccess

OBJECT_USER = "roles/storage.objectUser"
"""Reads, writes and deletes objects, and no more: what the tuning page asks for on both buckets."""

BOUND = "BOUND"


@dataclass(frozen=True, slots=True)
class Binding:
    """Who has a role on a bucket, or will: `state` is BOUND or PENDING."""

    bucket: pulumi.Output[str]
    member: pulumi.Input[str]
    state: pulumi.Input[str]
    role: str = OBJECT_USER


class Access(pulumi.ComponentResource):
    """Binds the agents to the buckets and makes the account that tuning jobs run as.

    Args:
        resource_name: the name in the program.
        project: the Google Cloud project's id.
        services: the enabled APIs and their agents.
        buckets: data and checkpoints.
        submitters: IAM members who may submit tuning jobs.
        existing_account: e-mail address of the account that jobs run as, where the stack does not make one.
        opts: the engine's options.
    """

    def __init__(
        self,
        resource_name: str,
        *,
        project: str,
        services: Services,
        buckets: Buckets,
        submitters: Sequence[str],
        existing_account: str | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("infra:index:Access", resource_name, None, opts)
        stack = pulumi.get_stack()
        given = existing.account(existing_account, project, services, self) if existing_account else None
        account = given or gcp.serviceaccount.Account(
            "tuning",
            project=project,
            account_id=account_id(stack, "tuning"),
            display_name=f"Tuning jobs of {stack}",
            description="Tuning jobs run as this account. It has no keys.",
            # Its id is of our choice: a create whose answer was lost would otherwise be refused ever after.
            create_ignore_already_exists=True,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[services]),
        )
        self.service_account: pulumi.Output[str] = account.email
        members = {
            "platform-agent": services.platform_agent,
            # A job that runs as an account of its own reads its data and writes its checkpoints as that account.
            "tuning-account": account.member,
        }
        self.bindings: list[Binding] = []
        after_apis = pulumi.ResourceOptions(parent=self, depends_on=[services])
        for purpose, bucket in (("data", buckets.data), ("output", buckets.output)):
            # The one agent that may not exist before the first job; a binding of pulumi-gcp's could only fail.
            tuning_agent = AgentAccess(
                f"{purpose}-tuning-agent",
                bucket=bucket.name,
                role=OBJECT_USER,
                member=services.tuning_agent,
                opts=pulumi.ResourceOptions.merge(after_apis, existing.lasting(purpose in buckets.existing)),
            )
            self.bindings.append(Binding(bucket.name, services.tuning_agent, tuning_agent.state))
            for who, member in members.items():
                shared = purpose in buckets.existing and (who != "tuning-account" or given is not None)
                bound = gcp.storage.BucketIAMMember(
                    f"{purpose}-{who}",
                    bucket=bucket.name,
                    role=OBJECT_USER,
                    member=member,
                    opts=pulumi.ResourceOptions.merge(after_apis, existing.lasting(shared)),
                )
                self.bindings.append(Binding(bucket.name, bound.member, bound.id.apply(lambda _: BOUND)))
        # The steps of a tuning job are pipeline steps that start as the account. No other role: it cannot read
        # other buckets, cannot impersonate anyone and cannot change policies.
        self._project_role("tuning-account", project, account.member, services, existing.lasting(given is not None))
        for submitter in submitters:
            self._project_role(submitter, project, submitter, services)
            # Whoever submits a job that runs as an account needs iam.serviceAccounts.actAs on it.
            gcp.serviceaccount.IAMMember(
                f"act-as-{submitter}",
                service_account_id=account.name,
                role="roles/iam.serviceAccountUser",
                member=submitter,
                opts=pulumi.ResourceOptions.merge(
                    pulumi.ResourceOptions(parent=self), existing.lasting(given is not None)
                ),
            )
        self.register_outputs({"serviceAccount": self.service_account})

    def _project_role(
        self,
        name: str,
        project: str,
        member: pulumi.Input[str],
        services: Services,
        more: pulumi.ResourceOptions | None = None,
    ) -> None:
        gcp.projects.IAMMember(
            f"{name}-uses-vertex",
            project=project,
            role="roles/aiplatform.user",
            member=member,
            opts=pulumi.ResourceOptions.merge(pulumi.ResourceOptions(parent=self, depends_on=[services]), more),
        )
