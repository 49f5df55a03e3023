"""Who may do what: the service agents on the buckets, and the account that tuning jobs run as."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_gcp as gcp

from infra.buckets import Buckets
from infra.naming import account_id
from infra.services import Services

OBJECT_USER = "roles/storage.objectUser"
"""Reads, writes and deletes objects, and no more: what the tuning page asks for on both buckets."""

_DEADLINE_SECONDS = 600.0
"""How long a service account may take to be known; Google names no limit, users report minutes."""
_PAUSES_SECONDS = (1.0, 2.0, 4.0, 8.0, 15.0)


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
        self._patience = pulumi.ResourceHookBinding(
            on_error=[pulumi.ErrorHook("service-account-exists", _wait_for_account())]
        )
        self.bindings = [
            gcp.storage.BucketIAMMember(
                f"{purpose}-{who}",
                bucket=bucket.name,
                role=OBJECT_USER,
                member=member,
                opts=pulumi.ResourceOptions(parent=self, depends_on=[services], hooks=self._patience),
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
                opts=pulumi.ResourceOptions(parent=self, hooks=self._patience),
            )
        self.register_outputs({"serviceAccount": self.service_account})

    def _project_role(self, name: str, project: str, member: pulumi.Input[str], services: Services) -> None:
        gcp.projects.IAMMember(
            f"{name}-uses-vertex",
            project=project,
            role="roles/aiplatform.user",
            member=member,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[services], hooks=self._patience),
        )


def account_awaited(inputs: Mapping[str, Any], refusal: str) -> str | None:
    """Returns the service account that a binding was refused for, since it is not known yet; None for other reasons.

    Agents come into being some time after their API is enabled, and a new account is known to IAM before it is known
    everywhere. Until then a binding is refused: with a 400 where the account is the member, with a 404 where it is what
    the policy is of.

    Args:
        inputs: of the binding.
        refusal: the provider's message.
    """
    account = str(inputs.get("serviceAccountId") or inputs.get("member", ""))
    address = account.rpartition("/")[2].rpartition(":")[2]
    unknown = re.search(r"service account (?:\S*/)?(\S+) does not exist", refusal, re.IGNORECASE)
    if unknown is None:
        return address if "unknown service account" in refusal.lower() else None
    # The engine masks every secret that it knows in a message, and pulumi-gcp makes secrets of the values of labels: a
    # project's name may well contain one.
    told = ".+".join(re.escape(part) for part in unknown[1].split("[secret]"))
    return address if re.fullmatch(told, address) else None


def _wait_for_account() -> pulumi.ErrorHookFunction:
    """Returns a hook that lets a binding try again while its service account is not known; providers do not wait."""
    first_seen: dict[str, float] = {}

    async def retry(failure: pulumi.ErrorHookArgs) -> bool:
        account = account_awaited(failure.new_inputs or {}, failure.errors[0] if failure.errors else "")
        now = time.monotonic()
        waited = now - first_seen.setdefault(failure.urn, now)
        if account is None or waited > _DEADLINE_SECONDS:
            return False
        pulumi.log.info(
            f"{failure.name} waits for service account {account}, which Google Cloud does not know yet: {waited:.0f} s "
            f"of at most {_DEADLINE_SECONDS:.0f} s"
        )
        await asyncio.sleep(_PAUSES_SECONDS[min(len(failure.errors), len(_PAUSES_SECONDS)) - 1])
        return True

    return retry
