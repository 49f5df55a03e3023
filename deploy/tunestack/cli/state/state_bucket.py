"""The bucket: nobody outside may read it, and nothing that was in it is lost at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from tunestack.cli import calls
from tunestack.cli.calls import RefusedError
from tunestack.cli.stack import StackError
from tunestack.cli.state.step import Step
from tunestack.connection import Connection

NONCURRENT_DAYS: Final = 90
"""How long a state is kept that a later one has replaced: the engine writes one a resource, of some KiB."""

SOFT_DELETE_SECONDS: Final = 30 * 86_400
"""How long what was deleted can be brought back, bucket included; 90 days at the most:
https://cloud.google.com/storage/docs/soft-delete."""

_STATES: Final = ".pulumi/"
"""Folder of all that the engine keeps in a bucket."""

_OF_REPLACED: Final = frozenset({"daysSinceNoncurrentTime", "noncurrentTimeBefore", "numNewerVersions"})
"""Conditions that only versions meet which a later one has replaced:
https://cloud.google.com/storage/docs/lifecycle#conditions."""

_RULE: Final = {"action": {"type": "Delete"}, "condition": {"daysSinceNoncurrentTime": NONCURRENT_DAYS}}


def find(connection: Connection, name: str) -> dict[str, Any] | None:
    """Returns the bucket as it is; None where there is none.

    Raises:
        StackError: it cannot be that one.
        RefusedError: the service refuses to tell.
    """
    try:
        return calls.find(connection, calls.STORAGE, f"b/{name}", projection="noAcl")
    except RefusedError as error:
        if error.code != 403:
            raise
        raise StackError(
            f"bucket {name} is another project's, or you may not look at it: names of buckets are shared by all "
            "of Cloud Storage. Name another one with --bucket"
        ) from error


def steps(connection: Connection, name: str, bucket: dict[str, Any] | None) -> Iterator[Step]:
    """Yields what is to be done for the bucket.

    Args:
        connection: to the project and location.
        name: of the bucket.
        bucket: as `find` returned it.

    Raises:
        StackError: it cannot be that one.
        RefusedError: the service refuses to tell.
    """
    if bucket is None:
        says = f"make bucket gs://{name} in {connection.location}: {', '.join(_told())}"
        yield Step(says, lambda: _make(connection, name))
        return
    _check(connection, name, bucket)
    patch = _missing(bucket)
    if not patch:
        yield Step(f"bucket gs://{name} is there: {', '.join(_told(bucket=bucket))}")
        return
    says = f"change bucket gs://{name}: {', '.join(_told(patch))}"
    yield Step(says, lambda: calls.send(connection, "PATCH", calls.STORAGE, f"b/{name}", patch))


def _check(connection: Connection, name: str, bucket: dict[str, Any]) -> None:
    if str(bucket.get("location", "")).lower() != connection.location.lower():
        raise StackError(
            f"bucket {name} is there, in {str(bucket.get('location')).lower()} and not in {connection.location}; a "
            "bucket cannot be moved: name its location with --location, or another bucket with --bucket"
        )
    if rule := next(filter(_deletes_states, _rules(bucket)), None):
        raise StackError(
            f"bucket {name} has a rule by which states go that are in use: {json.dumps(rule)}; a stack without its "
            "state is made a second time. Take that rule out, or name another bucket with --bucket"
        )
    number = calls.get(connection, calls.RESOURCE_MANAGER, f"projects/{connection.project}").get("projectNumber")
    if str(bucket.get("projectNumber")) != str(number):
        raise StackError(
            f"bucket {name} is of the project with the number {bucket.get('projectNumber')}, and not of "
            f"{connection.project}: name that project with --project, or another bucket with --bucket"
        )


def _rules(bucket: dict[str, Any]) -> list[dict[str, Any]]:
    return list((bucket.get("lifecycle") or {}).get("rule") or ())


def _deletes_states(rule: dict[str, Any]) -> bool:
    """Says whether a rule deletes what no later version has replaced, where the engine keeps its states."""
    condition = rule.get("condition") or {}
    prefixes = condition.get("matchesPrefix") or [""]
    return (
        (rule.get("action") or {}).get("type") == "Delete"
        and condition.get("isLive") is not False
        and condition.keys().isdisjoint(_OF_REPLACED)
        and any(_STATES.startswith(prefix) or prefix.startswith(_STATES) for prefix in prefixes)
    )


def _make(connection: Connection, name: str) -> None:
    body = {"name": name, "location": connection.location, **_wanted([_RULE])}
    try:
        calls.send(connection, "POST", calls.STORAGE, "b", body, project=connection.project)
    except RefusedError as error:
        if error.code == 409:
            raise StackError(
                f"the name {name} is taken: names of buckets are shared by all of Cloud Storage. Name another one "
                "with --bucket"
            ) from error
        raise


def _wanted(rules: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "iamConfiguration": {
            "uniformBucketLevelAccess": {"enabled": True},
            "publicAccessPrevention": "enforced",
        },
        "versioning": {"enabled": True},
        "lifecycle": {"rule": rules},
        "softDeletePolicy": {"retentionDurationSeconds": str(SOFT_DELETE_SECONDS)},
    }


def _noncurrent_days(bucket: dict[str, Any]) -> int | None:
    """Returns after how many days a replaced version is deleted; None where that is not so."""
    deleting = (rule for rule in _rules(bucket) if (rule.get("action") or {}).get("type") == "Delete")
    return min((days for rule in deleting if (days := rule["condition"].get("daysSinceNoncurrentTime"))), default=None)


def _soft_delete_seconds(bucket: dict[str, Any]) -> int:
    return int((bucket.get("softDeletePolicy") or {}).get("retentionDurationSeconds") or 0)


def _missing(bucket: dict[str, Any]) -> dict[str, Any]:
    """Returns what a bucket does not have yet; rules of its owner's own stay, and a longer soft delete does."""
    rules = _rules(bucket)
    has_rule = _noncurrent_days(bucket) is not None
    wanted = _wanted([*rules, *([] if has_rule else [_RULE])])
    access = bucket.get("iamConfiguration") or {}
    is_so = {
        "iamConfiguration": bool((access.get("uniformBucketLevelAccess") or {}).get("enabled"))
        and access.get("publicAccessPrevention") == "enforced",
        "versioning": bool((bucket.get("versioning") or {}).get("enabled")),
        "lifecycle": has_rule,
        "softDeletePolicy": _soft_delete_seconds(bucket) >= SOFT_DELETE_SECONDS,
    }
    return {field: value for field, value in wanted.items() if not is_so[field]}


def _told(fields: dict[str, Any] | None = None, *, bucket: dict[str, Any] | None = None) -> Iterator[str]:
    """Yields what a bucket gets, or one has that is there: by its owner's own rules, where it has some."""
    days = (bucket and _noncurrent_days(bucket)) or NONCURRENT_DAYS
    seconds = _soft_delete_seconds(bucket) if bucket else SOFT_DELETE_SECONDS
    texts = {
        "iamConfiguration": "access by IAM alone, public access prevented",
        "versioning": "versions kept",
        "lifecycle": f"replaced ones for {days} days",
        "softDeletePolicy": f"deleted ones for {seconds // 86_400} days",
    }
    return (text for field, text in texts.items() if fields is None or field in fields)
