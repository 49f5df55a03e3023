"""Who may do what: the service agents on the buckets, and the account that tuning jobs run as."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import pulumi
import pulumi_gcp as gcp

from infra.buckets import Buckets
from infra.naming import account_id
from infra.services import Services

OBJECT_USER = "roles/storage.objectUser"
"""Reads, writes and deletes objects, and no more: what the tuning page asks for on both buckets."""

_AGENT_DEADLINE_SECONDS = 600.0
"""How long a service agent may take to exist; Google names no limit, users report minutes."""
_AGENT_PAUSES_SECONDS = (1.0, 2.0, 4.0, 8.0, 15.0)


class Access(pulumi.ComponentResource):
    """Binds the agents to the buckets and makes the account that tuning jobs run as.

    Args:
        resource_name: the name in the program.
        project: the Google Cloud project's id.
        services: the enabled APIs and their agents.
        buckets: data and checkpoints.
        submitters: IAM members who may submit tuning jobs.
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
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("infra:index:Access", resource_name, None, opts)
        stack = pulumi.get_stack()
        account = gcp.serviceaccount.Account(
            "tuning",
            project=project,
            account_id=account_id(stack, "tuning"),
            display_name=f"Tuning jobs of {stack}",
            description="Tuning jobs run as this account. It has no keys.",
            opts=pulumi.ResourceOptions(parent=self, depends_on=[services]),
        )
        self.service_account: pulumi.Output[str] = account.email
        members = {
            "tuning-agent": services.tuning_agent,
            "platform-agent": services.platform_agent,
            # A job that runs as an account of its own reads its data and writes its checkpoints as that account.
            "tuning-account": account.member,
        }
        patience = pulumi.ResourceHookBinding(on_error=[pulumi.ErrorHook("agent-exists", _wait_for_agent())])
        self.bindings = [
            gcp.storage.BucketIAMMember(
                f"{purpose}-{who}",
                bucket=bucket.name,
                role=OBJECT_USER,
                member=member,
                opts=pulumi.ResourceOptions(parent=self, depends_on=[services], hooks=patience),
            )
            for purpose, bucket in (("data", buckets.data), ("output", buckets.output))
            for who, member in members.items()
        ]
        # The steps of a tuning job are pipeline steps that start as the account. No other role: it cannot read
        # other buckets, cannot impersonate anyone and cannot change policies.
        self._project_role("tuning-account", project, account.member, services)
        for submitter in submitters:
            self._project_role(submitter, project, submitter, services)
            # Whoever submits a job that runs as an account needs iam.serviceAccounts.actAs on it.
            gcp.serviceaccount.IAMMember(
                f"act-as-{submitter}",
                service_account_id=account.name,
                role="roles/iam.serviceAccountUser",
                member=submitter,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({"serviceAccount": self.service_account})

    def _project_role(self, name: str, project: str, member: pulumi.Input[str], services: Services) -> None:
        gcp.projects.IAMMember(
            f"{name}-uses-vertex",
            project=project,
            role="roles/aiplatform.user",
            member=member,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[services]),
        )


def _wait_for_agent() -> pulumi.ErrorHookFunction:
    """Returns a hook that lets a binding try again while its member does not exist yet.

    Agents come into being some time after their API is enabled, and until then a binding is refused with a 400 that
    says so. The provider does not wait for that.
    """
    first_seen: dict[str, float] = {}

    async def retry(failure: pulumi.ErrorHookArgs) -> bool:
        newest = failure.errors[0] if failure.errors else ""
        started = first_seen.setdefault(failure.urn, time.monotonic())
        if "does not exist" not in newest or time.monotonic() - started > _AGENT_DEADLINE_SECONDS:
            return False
        pause = _AGENT_PAUSES_SECONDS[min(len(failure.errors), len(_AGENT_PAUSES_SECONDS)) - 1]
        await asyncio.sleep(pause)
        return True

    return retry
