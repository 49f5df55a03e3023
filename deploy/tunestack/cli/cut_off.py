"""Operations that a killed engine had begun: what the state says of them, and what becomes of that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunestack.resource_types import BUCKET, ENDPOINT, JOB

Deployment = dict[str, Any]
"""What `pulumi stack export` prints below `deployment`."""

_IDS = {
    BUCKET: "{name}",
    "gcp:serviceaccount/account:Account": (
        "projects/{project}/serviceAccounts/{accountId}@{project}.iam.gserviceaccount.com"
    ),
    ENDPOINT: "projects/{project}/locations/{location}/endpoints/{name}",
    "gcp:cloudquota/sQuotaPreference:SQuotaPreference": "{parent}/locations/global/quotaPreferences/{name}",
}
"""Ids of what can be created only once, and then follows from its inputs: a second create would be refused.

Source: section Import of each resource's page in the Pulumi registry, pulumi-gcp 10. What is not here is either found
again by its own create (the resources of tunestack, APIs, members of policies), or has an id that nobody can know.
"""

_COSTS = {JOB: ("; its job may run and be billed: the next pulumi up takes it over; a destroy without that leaves it")}
"""What to say of a creation that may go on costing money, and that the state does not know."""


def settle(deployment: Deployment) -> list[str]:
    """Takes every operation that was cut off out of a state, and puts in what may exist without the state knowing.

    That is marked to be refreshed before the next update, which the engine does by itself: it asks the provider, goes
    on with what is there, and creates what is not.

    Args:
        deployment: is changed.

    Returns:
        What was done, one text each.
    """
    pending = deployment.pop("pending_operations", None) or []
    done = []
    for operation in pending:
        resource, kind = operation["resource"], operation["type"]
        if kind == "deleting" and (there := _resources(deployment, resource["urn"])):
            _look_again(there)
            done.append(f"noted to look whether it is still there, since its deletion was cut off: {resource['urn']}")
        elif kind != "creating":
            done.append(f"forgot that {kind} was cut off, since the next run looks again: {resource['urn']}")
        elif adopted := _adopted(resource, deployment):
            deployment.setdefault("resources", []).append(adopted)
            done.append(f"noted to look for {adopted['id']}, whose creation was cut off: {resource['urn']}")
        else:
            done.append(f"forgot a creation that was cut off: {resource['urn']}{_COSTS.get(resource['type'], '')}")
    return done


def distrust(deployment: Deployment) -> list[str]:
    """Marks everything to be looked for, after a destroy that failed: what is gone already may be in the state.

    A provider that died, or whom nobody waited for, may have deleted without an answer. A destroy that follows would
    not mind, but an `up` would leave it at that.

    Args:
        deployment: is changed.

    Returns:
        What was done, one text.
    """
    doubtful = [
        resource
        for resource in deployment.get("resources") or ()
        if resource.get("custom") and resource.get("id") and not resource["type"].startswith("pulumi:")
    ]
    if not _look_again(doubtful):
        return []
    return [f"noted to look which of {len(doubtful)} resources are still there, since the last destroy failed"]


def _look_again(resources: list[dict[str, Any]]) -> bool:
    """Lets the engine refresh these first; whether it was not to already."""
    new = [resource for resource in resources if not resource.get("refreshBeforeUpdate")]
    for resource in new:
        resource["refreshBeforeUpdate"] = True
    return bool(new)


def _resources(deployment: Deployment, urn: str) -> list[dict[str, Any]]:
    return [resource for resource in deployment.get("resources") or () if resource["urn"] == urn]


def _adopted(resource: Mapping[str, Any], deployment: Deployment) -> dict[str, Any] | None:
    """Returns a resource as if it had been created, None where its id is not known or the state cannot take it."""
    present = {each["urn"] for each in deployment.get("resources") or ()}
    provider = str(resource.get("provider", "")).rpartition("::")[0]
    needed = {
        provider,
        *([resource["parent"]] if resource.get("parent") else ()),
        *(resource.get("dependencies") or ()),
    }
    inputs = {name: value for name, value in resource.get("inputs", {}).items() if not name.startswith("__")}
    try:
        found = _IDS[resource["type"]].format_map({name: value for name, value in inputs.items() if _is_text(value)})
    except KeyError:
        return None
    if resource["urn"] in present or not needed <= present:
        return None  # a replacement: the state has the one that goes
    return {**resource, "id": found, "outputs": inputs, "refreshBeforeUpdate": True}


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)
