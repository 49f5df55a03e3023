"""IAM policies of projects, buckets and service accounts: read, written with an etag, and asked by the other rooms."""

from __future__ import annotations

import base64
import math
import re
import time
from typing import TYPE_CHECKING, Any, Final

from emulator import clock
from emulator.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from emulator.settings import Settings
    from emulator.state import Documents

Binding = dict[str, Any]

_COLLECTION: Final = "policies"
_ROLE: Final = re.compile(r"roles/[\w.]+|(?:projects|organizations)/[^/]+/roles/[\w.]+")
_MEMBER: Final = re.compile(
    r"allUsers|allAuthenticatedUsers"
    r"|(?:deleted:)?(?:user|group|serviceAccount):[^\s@]+@[^\s@]+"
    r"|domain:[^\s@]+"
    r"|(?:projectOwner|projectEditor|projectViewer):[a-z][a-z0-9:.-]*"
    r"|principal(?:Set)?://\S+"
    r"|serviceAccount:[a-z][a-z0-9-]*\.svc\.id\.goog\[[^\[\]/]+/[^\[\]/]+\]"
)
"""Source: https://cloud.google.com/iam/docs/principal-identifiers."""
_GOOGLE_MADE: Final = re.compile(r"\d+@cloudservices\.gserviceaccount\.com|[a-z][a-z0-9-]*\.svc\.id\.goog\[.*\]")
"""Accounts that are there without anybody asking for them, and the identities of Kubernetes workloads."""


class Policies:
    """One policy a resource: `projects/ID`, `buckets/NAME` or `serviceAccounts/EMAIL`.

    Args:
        documents: where they are kept.
        settings: for how long a new binding does not count yet.
        account_exists: whether a service account or service agent of that email exists.
        parent: the project (`projects/ID`) that a resource inherits from, or None.
    """

    def __init__(
        self,
        documents: Documents,
        settings: Settings,
        account_exists: Callable[[str], bool],
        parent: Callable[[str], str | None],
    ) -> None:
        self._documents = documents
        self._delay = settings.delays.iam_granted
        self._account_exists = account_exists
        self._parent = parent

    def get(self, resource: str) -> dict[str, Any]:
        """The policy with its etag; one that was never written is empty."""
        stored = self._documents.get(_COLLECTION, resource)
        # The etag that IAM gives for a policy that was never set.
        return stored["policy"] if stored else {"version": 1, "etag": "ACAB"}

    def set(self, resource: str, policy: dict[str, Any]) -> dict[str, Any]:
        """Writes a policy and gives it as it is kept: bindings merged and sorted, with a new etag.

        Raises:
            ServiceError: the etag is not the present one (ABORTED), or a role or member is refused (INVALID_ARGUMENT).
        """
        with self._documents.transaction():
            stored = self._documents.get(_COLLECTION, resource)
            present = self.get(resource)["etag"]
            etag = policy.get("etag")
            if etag and etag != present:
                message = (
                    "There were concurrent policy changes. Please retry the whole read-modify-write with exponential"
                    f" backoff. The request's ETag '{etag}' did not match the current policy's ETag '{present}'."
                )
                raise ServiceError("ABORTED", message)
            bindings = _normal(policy.get("bindings") or ())
            known = (stored or {}).get("since", {})
            for role, member in _grants(bindings):
                if _grant_key(role, member) not in known:
                    self._check(role, member)
            return self._write(resource, bindings, known, policy.get("auditConfigs"))

    def reset(self, resource: str, bindings: Sequence[Binding] = ()) -> None:
        """Starts the policy of a resource that has just been created, with bindings that count at once."""
        normal = _normal(bindings)
        self._write(resource, normal, {_grant_key(role, member): 0.0 for role, member in _grants(normal)}, None)

    def drop(self, resource: str) -> None:
        """Forgets the policy of a resource that was deleted."""
        self._documents.delete(_COLLECTION, resource)

    def retire_account(self, email: str, unique_id: str) -> None:
        """Renames a deleted account in every policy, so that a later account of the same name inherits nothing."""
        member, retired = f"serviceAccount:{email}", f"deleted:serviceAccount:{email}?uid={unique_id}"
        for resource, stored in self._documents.list(_COLLECTION):
            bindings = stored["policy"].get("bindings", [])
            if any(member in binding["members"] for binding in bindings):
                renamed = [
                    {**binding, "members": [retired if name == member else name for name in binding["members"]]}
                    for binding in bindings
                ]
                self._write(resource, _normal(renamed), stored["since"], stored["policy"].get("auditConfigs"))

    def allows(self, resource: str, member: str, roles: Collection[str]) -> bool:
        """Whether the member has one of the roles on the resource or on its project, since long enough to count.

        Conditions are kept but not evaluated: a conditional binding counts.
        """
        now = clock.now()
        members = (member, "allUsers", "allAuthenticatedUsers")
        for name in filter(None, (resource, self._parent(resource))):
            since = (self._documents.get(_COLLECTION, name) or {"since": {}})["since"]
            keys = (_grant_key(role, granted_to) for role in roles for granted_to in members)
            if any(now >= since.get(key, math.inf) for key in keys):
                return True
        return False

    def _write(
        self, resource: str, bindings: list[Binding], known: dict[str, float], audit: Sequence[Any] | None
    ) -> dict[str, Any]:
        now = clock.now()
        conditional = any("condition" in binding for binding in bindings)
        policy: dict[str, Any] = {"version": 3 if conditional else 1, "etag": _etag()}
        if bindings:
            policy["bindings"] = bindings
        if audit:
            policy["auditConfigs"] = audit
        keys = [_grant_key(role, member) for role, member in _grants(bindings)]
        since = {key: known.get(key, now + self._delay) for key in keys}
        self._documents.put(_COLLECTION, resource, {"policy": policy, "since": since})
        return policy

    def _check(self, role: str, member: str) -> None:
        if not _ROLE.fullmatch(role):
            raise ServiceError("INVALID_ARGUMENT", f"Role {role} is not supported for this resource.")
        if not _MEMBER.fullmatch(member):
            message = f"The member {member} is of an unknown type. Please set a valid type prefix for the member."
            raise ServiceError("INVALID_ARGUMENT", message)
        kind, _, email = member.partition(":")
        if kind == "serviceAccount" and not _GOOGLE_MADE.fullmatch(email) and not self._account_exists(email):
            raise ServiceError("INVALID_ARGUMENT", f"Service account {email} does not exist.")


def _normal(bindings: Iterable[Binding]) -> list[Binding]:
    """The bindings as the service gives them back: one for each role and condition, members sorted, empty ones gone."""
    merged: dict[tuple[str, str], Binding] = {}
    for binding in bindings:
        if not binding.get("members"):
            continue
        condition = binding.get("condition")
        key = (binding.get("role", ""), repr(sorted(condition.items())) if condition else "")
        entry = merged.setdefault(key, {"role": key[0], "members": []})
        entry["members"] = sorted({*entry["members"], *binding["members"]})
        if condition:
            entry["condition"] = condition
    return [merged[key] for key in sorted(merged)]


def _grants(bindings: Iterable[Binding]) -> Iterable[tuple[str, str]]:
    return ((binding["role"], member) for binding in bindings for member in binding["members"])


def _grant_key(role: str, member: str) -> str:
    return f"{role} {member}"


def _etag() -> str:
    """Eight bytes that grow with time, as the service's etags do."""
    return base64.b64encode(b"\x07" + (time.time_ns() // 1000).to_bytes(7)).decode()
