"""Who may do what: the service agents on the buckets, and the account that tuning jobs run as."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from infra import existing
from infra.account import make_account
from infra.buckets import Buckets
from infra.naming import bucket_name
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
        given = existing.account(existing_account, project, services, self) if existing_account else None
        account = given or make_account(project, services, self)
        self.service_account: pulumi.Output[str] = account.email
        members = {
            "platform-agent": services.platform_agent,
            # A job that runs as an account of its own reads its data and writes its checkpoints as that account.
            "tuning-account": account.member,
        }
        self.bindings: list[Binding] = []
        # One bucket may be both, and is bound once: of two equal bindings, one that goes would take the other along.
        for place, purpose in {buckets.existing.get(each, each): each for each in ("output", "data")}.items():
            bucket = buckets.data if purpose == "data" else buckets.output
            is_existing = purpose in buckets.existing
            # The stack may have made the same bucket before, or make again what it had let go of.
            earlier = purpose if is_existing else bucket_name(project, pulumi.get_stack(), f"tuning-{purpose}")

            def options(who: str, *, shared: bool, earlier: str = earlier) -> pulumi.ResourceOptions:
                own = pulumi.ResourceOptions(
                    parent=self, depends_on=[services], aliases=[pulumi.Alias(name=f"{earlier}-{who}")]
                )
                return pulumi.ResourceOptions.merge(own, existing.lasting(shared))

            # The one agent that may not exist before the first job; a binding of pulumi-gcp's could only fail.
            tuning_agent = AgentAccess(
                f"{place}-tuning-agent",
                bucket=bucket.name,
                role=OBJECT_USER,
                member=services.tuning_agent,
                opts=options("tuning-agent", shared=is_existing),
            )
            self.bindings.append(Binding(bucket.name, services.tuning_agent, tuning_agent.state))
            for who, member in members.items():
                bound = gcp.storage.BucketIAMMember(
                    f"{place}-{who}",
                    bucket=bucket.name,
                    role=OBJECT_USER,
                    member=member,
                    opts=options(who, shared=is_existing and (who != "tuning-account" or given is not None)),
                )
                self.bindings.append(Binding(bucket.name, bound.member, bound.id.apply(lambda _: BOUND)))
        # The steps of a tuning job are pipeline steps that start as the account. No other role: it cannot read
        # other buckets, cannot impersonate anyone and cannot change policies.
        self._project_role("tuning-account", project, account.member, services, existing.lasting(given is not None))
        for submitter in submitters:
            # Another stack may have given the same person the same role.
            self._project_role(submitter, project, submitter, services, existing.lasting(True))
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
