"""The bucket: nobody outside may read it, and nothing that was in it is lost at once."""

from __future__ import annotations

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
        yield Step(f"bucket gs://{name} is there: {', '.join(_told())}")
        return
    says = f"change bucket gs://{name}: {', '.join(_told(patch))}"
    yield Step(says, lambda: calls.send(connection, "PATCH", calls.STORAGE, f"b/{name}", patch))


def _check(connection: Connection, name: str, bucket: dict[str, Any]) -> None:
    if str(bucket.get("location", "")).lower() != connection.location.lower():
        raise StackError(
            f"bucket {name} is there, in {str(bucket.get('location')).lower()} and not in {connection.location}; a "
            "bucket cannot be moved: name its location with --location, or another bucket with --bucket"
        )
    number = calls.get(connection, calls.RESOURCE_MANAGER, f"projects/{connection.project}").get("projectNumber")
    if str(bucket.get("projectNumber")) != str(number):
        raise StackError(
            f"bucket {name} is of the project with the number {bucket.get('projectNumber')}, and not of "
            f"{connection.project}: name that project with --project, or another bucket with --bucket"
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


def _missing(bucket: dict[str, Any]) -> dict[str, Any]:
    """Returns what a bucket does not have yet; rules of its owner's own stay, and a longer soft delete does."""
    rules = list((bucket.get("lifecycle") or {}).get("rule") or ())
    has_rule = any("daysSinceNoncurrentTime" in (rule.get("condition") or {}) for rule in rules)
    wanted = _wanted([*rules, *([] if has_rule else [_RULE])])
    access = bucket.get("iamConfiguration") or {}
    seconds = int((bucket.get("softDeletePolicy") or {}).get("retentionDurationSeconds") or 0)
    is_so = {
        "iamConfiguration": bool((access.get("uniformBucketLevelAccess") or {}).get("enabled"))
        and access.get("publicAccessPrevention") == "enforced",
        "versioning": bool((bucket.get("versioning") or {}).get("enabled")),
        "lifecycle": has_rule,
        "softDeletePolicy": seconds >= SOFT_DELETE_SECONDS,
    }
    return {field: value for field, value in wanted.items() if not is_so[field]}


def _told(fields: dict[str, Any] | None = None) -> Iterator[str]:
    texts = {
        "iamConfiguration": "access by IAM alone, public access prevented",
        "versioning": "versions kept",
        "lifecycle": f"replaced ones for {NONCURRENT_DAYS} days",
        "softDeletePolicy": f"deleted ones for {SOFT_DELETE_SECONDS // 86_400} days",
    }
    return (text for field, text in texts.items() if fields is None or field in fields)
