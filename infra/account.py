"""The account that tuning jobs run as, where the stack makes one."""

from __future__ import annotations

import pulumi
import pulumi_gcp as gcp
import tenacity

from infra.naming import account_id
from infra.patience import looking_again
from infra.services import Services


def make_account(project: str, services: Services, parent: pulumi.Resource) -> gcp.serviceaccount.Account:
    """Makes the account, or takes over the one that an earlier create of this stack made."""
    stack = pulumi.get_stack()
    name = account_id(stack, "tuning")
    display_name = f"Tuning jobs of {pulumi.get_project()}/{stack}"[:100]

    async def refuse_others(_: pulumi.ResourceHookArgs) -> None:
        email = f"{name}@{project}.iam.gserviceaccount.com"
        found = await _find(email, project, parent)
        if found and found.display_name != display_name:
            raise RuntimeError(
                f'there is an account {email} already, "{found.display_name}", which is not this stack\'s. To use it, '
                f"set tunestack:serviceAccount to it; if it was made for this stack, change its display name: gcloud "
                f'iam service-accounts update {email} --project {project} --display-name "{display_name}"'
            )

    hook = pulumi.ResourceHook("accounts-of-others", refuse_others, pulumi.ResourceHookOptions(on_dry_run=True))
    return gcp.serviceaccount.Account(
        "tuning",
        project=project,
        account_id=name,
        display_name=display_name,
        description="Tuning jobs run as this account. It has no keys.",
        # Its id is of our choice: a create whose answer was lost would otherwise be refused ever after. It would take
        # whatever has that id, which a destroy then deletes: hence the hook.
        create_ignore_already_exists=True,
        opts=pulumi.ResourceOptions(
            parent=parent, depends_on=[services], hooks=pulumi.ResourceHookBinding(before_create=[hook])
        ),
    )


async def _find(email: str, project: str, parent: pulumi.Resource) -> gcp.serviceaccount.GetAccountResult | None:
    """Looks for an account; None where there is none, or where that cannot be known before its API is enabled."""

    async def look() -> gcp.serviceaccount.GetAccountResult:
        found: gcp.serviceaccount.GetAccountResult = await pulumi.runtime.invoke_async(
            "gcp:serviceaccount/getAccount:getAccount",
            {"accountId": email, "project": project},
            pulumi.InvokeOptions(parent=parent),
            gcp.serviceaccount.AwaitableGetAccountResult,
        )
        return found

    try:
        return await tenacity.AsyncRetrying(**looking_again())(look)
    except Exception:
        return None  # the create itself will tell whatever else is wrong
