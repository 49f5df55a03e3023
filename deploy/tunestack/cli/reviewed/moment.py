"""All that a plan depends on, at the moment when it is made: files, states, the engine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tunestack.cli.reviewed.checkout import Checkout
from tunestack.cli.stack import Engine, StackError

_NOT_THE_STATE = frozenset(
    {"created", "modified", "sourcePosition", "stackTrace", "dependencies", "propertyDependencies"}
)
"""What an up that changes nothing writes anew: times, places in the program, and names in another order."""

_SIGNATURE = "4dabf18193072939515e22adb298388d"
"""Key of an object that stands for a secret (resource.SigKey in pulumi/pulumi), which is encrypted anew each time."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What a plan depends on.

    Attributes:
        stack: whose plan it is.
        made_at: when, in ISO 8601.
        checkout: the files.
        engine: the engine's version.
        resources: a digest of each resource in the stack's state, by urn.
        outputs: a digest of the outputs of each stack that this one reads, by name.
    """

    stack: str
    made_at: str
    checkout: Checkout
    engine: str
    resources: Mapping[str, str]
    outputs: Mapping[str, str]

    @classmethod
    def now(cls, stack: str, needs: Iterable[str], engine: Engine) -> Moment:
        """Looks at everything; to be called before a preview, so that what moves meanwhile is seen afterwards.

        Args:
            stack: that is previewed.
            needs: names of the stacks that it reads.
            engine: in the project's folder.

        Raises:
            StackError: there is no such stack.
        """
        return cls(
            stack,
            datetime.now(UTC).isoformat(timespec="seconds"),
            Checkout.of(engine.folder or Path()),
            engine.run("version").strip(),
            _digests(stack, engine),
            {name: _outputs(name, engine) for name in needs},
        )


def _digests(stack: str, engine: Engine) -> dict[str, str]:
    """Returns digests by urn; those of several resources with one urn, such as replaced ones, are joined."""
    digests: dict[str, str] = {}
    deployment = engine.deployment(stack)
    for resource in deployment.get("resources") or ():
        kept = {name: value for name, value in resource.items() if name not in _NOT_THE_STATE}
        digests[resource["urn"]] = digests.get(resource["urn"], "") + _digest(_without_secrets(kept))
    for operation in deployment.get("pending_operations") or ():
        urn = operation["resource"]["urn"]
        digests[urn] = digests.get(urn, "") + operation["type"]
    return digests


def _outputs(stack: str, engine: Engine) -> str:
    try:
        resources = engine.deployment(stack).get("resources") or ()
    except StackError:
        return ""  # it is not there yet; a preview that cannot do without says so itself
    stacks = [each for each in resources if each["type"] == "pulumi:pulumi:Stack"]
    return _digest([_without_secrets(each.get("outputs")) for each in stacks])


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return "" if _SIGNATURE in value else {name: _without_secrets(each) for name, each in value.items()}
    return [_without_secrets(each) for each in value] if isinstance(value, list) else value


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
