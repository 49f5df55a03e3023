"""One member in one role of a bucket's policy: read, changed and written back under the etag that was read.

Everything here blocks; callers that must not block use a thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import tenacity

from tunestack.late_identities import CONFLICT_SECONDS
from tunestack.retries import CALL_SECONDS, STOPPED, repeatable

if TYPE_CHECKING:
    from google.api_core.iam import Policy
    from google.cloud.storage import Client

POLICY_VERSION = 3
"""The version that knows conditions. An older one would be refused on a bucket that has some:
https://cloud.google.com/iam/docs/policies#versions."""


@dataclass(frozen=True, slots=True)
class Binding:
    """A member that has a role on a bucket, without a condition."""

    bucket: str
    role: str
    member: str

    def holds(self, policy: Policy) -> bool:
        """Says whether the policy has it."""
        return any(self.member in entry["members"] for entry in policy.bindings if self._is_in(entry))

    def add(self, policy: Policy) -> None:
        """Adds it to the policy."""
        policy.bindings = [*policy.bindings, {"role": self.role, "members": {self.member}}]

    def remove(self, policy: Policy) -> None:
        """Takes it out of the policy; other members and conditional bindings stay."""
        policy.bindings = [
            {**entry, "members": set(entry["members"]) - {self.member}} if self._is_in(entry) else entry
            for entry in policy.bindings
        ]

    def _is_in(self, entry: dict[str, Any]) -> bool:
        return bool(entry["role"] == self.role and not entry.get("condition"))


@repeatable
def is_bound(client: Client, binding: Binding) -> bool:
    """Says whether the bucket's policy has the binding.

    Raises:
        google.api_core.exceptions.NotFound: there is no such bucket.
    """
    return binding.holds(_policy(client, binding.bucket))


def bind(client: Client, binding: Binding) -> bool:
    """Adds the binding, and says whether that was necessary.

    Raises:
        google.api_core.exceptions.NotFound: there is no such bucket.
        google.api_core.exceptions.BadRequest: the service refuses the role or the member.
    """
    return _change(client, binding, wanted=True)


def unbind(client: Client, binding: Binding) -> bool:
    """Removes the binding, and says whether that was necessary; a bucket that is gone has none."""
    from google.api_core.exceptions import NotFound

    try:
        return _change(client, binding, wanted=False)
    except NotFound:
        return False


def _change(client: Client, binding: Binding, *, wanted: bool) -> bool:
    from google.api_core.exceptions import Conflict, PreconditionFailed

    # Not the same request again but a new read: the whole of it may be repeated.
    @repeatable
    def once() -> bool:
        policy = _policy(client, binding.bucket)
        if binding.holds(policy) is wanted:
            return False
        if wanted:
            binding.add(policy)
        else:
            binding.remove(policy)
        policy.version = POLICY_VERSION
        client.bucket(binding.bucket).set_iam_policy(policy, timeout=CALL_SECONDS, retry=None)
        return True

    return _unless_stopped((Conflict, PreconditionFailed))(once)


def _unless_stopped(errors: tuple[type[Exception], ...]) -> Callable[[Callable[[], bool]], bool]:
    """Returns a loop that repeats while others change the same policy; Cloud Storage says so with a 412, IAM a 409."""
    stopped = STOPPED.get() or threading.Event()
    return tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(errors),
        wait=tenacity.wait_exponential_jitter(initial=0.25, max=15, jitter=0.5),
        sleep=tenacity.sleep_using_event(stopped),
        stop=tenacity.stop_after_delay(CONFLICT_SECONDS) | tenacity.stop_when_event_set(stopped),
        reraise=True,
    )


def _policy(client: Client, bucket: str) -> Policy:
    found: Policy = client.bucket(bucket).get_iam_policy(
        requested_policy_version=POLICY_VERSION, timeout=CALL_SECONDS, retry=None
    )
    return found
