"""The key that the secrets of stacks are encrypted with, and the ring it is on."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import tenacity

from tunestack.cli import calls
from tunestack.cli.calls import RefusedError
from tunestack.cli.stack import StackError
from tunestack.cli.state.step import Step
from tunestack.connection import Connection

RING, KEY = "tunestack", "pulumi-secrets"
"""Names of what is made; neither a ring nor a key can ever be deleted, so they are few."""

ROTATION: Final = timedelta(days=90)
"""What Google advises for symmetric keys: https://cloud.google.com/kms/docs/key-rotation#how_often_to_rotate_keys."""

API: Final = "cloudkms.googleapis.com"
API_SECONDS: Final = 180.0
"""How long an API that was just enabled may be unknown: "a few minutes", as the service's own refusal says."""

_OPERATION_SECONDS: Final = 2.0
"""Between two looks at the enabling of an API, which takes some seconds."""

NAME: Final = re.compile(r"projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+")


def steps(connection: Connection, name: str, *, is_own: bool) -> Iterator[Step]:
    """Yields what is to be done for the key.

    Args:
        connection: to the project and location.
        name: of the key.
        is_own: whether it is made where it is missing.

    Raises:
        StackError: the key that the user named is none that could be used.
        RefusedError: the service refuses to tell.
    """
    if not is_own:
        yield _existing(connection, name)
        return
    is_enabled = _is_enabled(connection)
    if is_enabled and (key := calls.find(connection, calls.KEYS, name)):
        yield Step(f"key {name} is there{_rotation(key)}")
        return
    if not is_enabled:
        yield Step(f"enable {API} in {connection.project}", lambda: _enable(connection))
    ring = name.partition("/cryptoKeys/")[0]
    if not (is_enabled and calls.find(connection, calls.KEYS, ring)):
        yield Step(f"make key ring {ring}; it cannot be deleted", lambda: _make(connection, ring, {}))
    says = f"make key {name}, rotated every {ROTATION.days} days; it cannot be deleted, its versions can"
    yield Step(says, lambda: _make(connection, name, _new_key()))


def policy(connection: Connection, name: str) -> dict[str, Any]:
    """Returns the policy of a key; conditions included."""
    return calls.get(connection, calls.KEYS, f"{name}:getIamPolicy", **{"options.requestedPolicyVersion": "3"})


@tenacity.retry(
    retry=tenacity.retry_if_exception(lambda error: isinstance(error, RefusedError) and error.code == 409),
    wait=tenacity.wait_random_exponential(max=5),
    stop=tenacity.stop_after_delay(60),
    reraise=True,
)
def bind(connection: Connection, name: str, role: str, member: str) -> None:
    """Gives a member a role on a key; reads again when somebody else has changed the policy meanwhile."""
    read = policy(connection, name)
    if not holds(read, role, member):
        read["bindings"] = [*(read.get("bindings") or ()), {"role": role, "members": [member]}]
        read["version"] = 3
        calls.send(connection, "POST", calls.KEYS, f"{name}:setIamPolicy", {"policy": read})


def holds(read: dict[str, Any], role: str, member: str) -> bool:
    """Says whether a policy gives a member a role without a condition."""
    return any(
        each["role"] == role and member in each["members"] and not each.get("condition")
        for each in read.get("bindings") or ()
    )


def _is_enabled(connection: Connection) -> bool:
    """Says whether keys can be asked for."""
    answer = calls.get(connection, calls.SERVICE_USAGE, f"projects/{connection.project}/services/{API}")
    return answer.get("state") == "ENABLED"


def _existing(connection: Connection, name: str) -> Step:
    key = calls.find(connection, calls.KEYS, name)
    if key is None:
        raise StackError(f"there is no key {name}; leave out --key, and one is made")
    if key.get("purpose") != "ENCRYPT_DECRYPT":
        raise StackError(f"key {name} is for {key.get('purpose')}; secrets need one for ENCRYPT_DECRYPT")
    return Step(f"key {name} is there{_rotation(key)}")


def _rotation(key: dict[str, Any]) -> str:
    period = str(key.get("rotationPeriod") or "")
    return f", rotated every {float(period[:-1]) / 86_400:.0f} days" if period else ", never rotated by itself"


def _new_key() -> dict[str, Any]:
    return {
        "purpose": "ENCRYPT_DECRYPT",
        "rotationPeriod": f"{int(ROTATION.total_seconds())}s",
        "nextRotationTime": (datetime.now(UTC) + ROTATION).isoformat(),
    }


def _is_early(error: BaseException) -> bool:
    return isinstance(error, RefusedError) and error.reason == "SERVICE_DISABLED"


@tenacity.retry(
    retry=tenacity.retry_if_exception(_is_early),
    wait=tenacity.wait_exponential(min=0.2, max=10),
    stop=tenacity.stop_after_delay(API_SECONDS),
    reraise=True,
)
def _make(connection: Connection, name: str, body: dict[str, Any]) -> None:
    """Makes a key or a ring; waits for the API where it was just enabled."""
    parent, _, own = name.rpartition("/")
    kind = "cryptoKeyId" if parent.endswith("/cryptoKeys") else "keyRingId"
    try:
        calls.send(connection, "POST", calls.KEYS, parent, body, **{kind: own})
    except RefusedError as error:
        if error.code != 409:  # somebody has made it meanwhile, or the answer of our own request was lost
            raise


def _enable(connection: Connection) -> None:
    path = f"projects/{connection.project}/services/{API}:enable"
    operation = calls.send(connection, "POST", calls.SERVICE_USAGE, path, {})
    ends = time.monotonic() + API_SECONDS
    while not operation.get("done") and time.monotonic() < ends:
        time.sleep(_OPERATION_SECONDS)
        operation = calls.get(connection, calls.SERVICE_USAGE, operation["name"])
    if error := operation.get("error"):
        raise StackError(f"{API} cannot be enabled in {connection.project}: {error.get('message')}")
