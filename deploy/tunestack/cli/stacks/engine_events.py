"""What the engine tells in its events: those of `--event-log`, which the Automation API reads as well.

The names are those of apitype.EngineEvent in github.com/pulumi/pulumi (sdk/go/common/apitype/events.go).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Stands where a preview does not know a value (plugin.UnknownStringValue in pulumi/pulumi)."""

CANCELLED = "update canceled"
"""What the engine says after it was asked to stop (pkg/engine in pulumi/pulumi)."""

BARE = frozenset({CANCELLED, "context canceled", "update failed", "preview failed", "destroy failed", "refresh failed"})
"""What it adds to the reasons why a run failed, and to what policies found."""

Event = Mapping[str, Any]
"""An event as JSON."""

_COLOURS = re.compile(r"<\{%.*?%\}>")
"""Marks of the engine for colours (sdk/go/common/diag/colors in pulumi/pulumi)."""


@dataclass(frozen=True, slots=True)
class Step:
    """What the engine would do to a resource.

    Attributes:
        urn: of the resource.
        operation: the engine's word, such as `create` or `delete-replaced`.
        is_own: whether the resource exists beyond the engine: no component, provider, reference or stack.
        old: the state before; None for a new resource.
        new: the state after, with `UNKNOWN` in places; None for one that goes.
        differences: path of each property that differs.
        details: what the provider says of each, where it does: `diffKind`, `inputDiff`.
    """

    urn: str
    operation: str
    is_own: bool
    old: Mapping[str, Any] | None
    new: Mapping[str, Any] | None
    differences: tuple[str, ...]
    details: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """A line that the program, a provider or the engine told."""

    urn: str
    severity: str
    text: str


@dataclass(frozen=True, slots=True)
class Violation:
    """What a policy found.

    Attributes:
        policy: its name.
        level: `advisory` or `mandatory`.
        text: what is wrong, and how to comply.
        urn: of the resource; empty where the stack as a whole is meant.
        severity: from `low` to `critical`; empty where the engine tells none.
    """

    policy: str
    level: str
    text: str
    urn: str
    severity: str = ""

    @property
    def is_note(self) -> bool:
        """Whether there is nothing to do about it, such as a value that only the update can look at."""
        return self.level == "advisory" and self.severity == "low"


def typed(urn: str) -> tuple[str, str]:
    """Returns type and name of a resource: `gcp:storage:Bucket`, as the engine shows it, and `data`."""
    kind, name = urn.split("::", 3)[2:]
    package, _, rest = kind.rpartition("$")[2].partition(":")
    module, _, own = rest.partition(":")
    # A type's module names its file as well, which says the same once more: gcp:storage/bucket:Bucket.
    return ":".join((package, module.partition("/")[0], own)), name


def steps(events: Iterable[Event]) -> Iterator[Step]:
    """Yields each step once, when its outcome is known."""
    for event in events:
        metadata = (event.get("resOutputsEvent") or {}).get("metadata")
        if metadata:
            old, new, details = metadata.get("old"), metadata.get("new"), metadata.get("detailedDiff") or {}
            yield Step(
                metadata["urn"],
                metadata["op"],
                bool((new or old or {}).get("custom")) and not metadata["type"].startswith("pulumi:"),
                old,
                new,
                tuple(details or metadata.get("diffs") or ()),
                details,
            )


_LIST = re.compile(r"\d+ errors? occurred:\n+(?=\t\* )|^\t\* ", re.MULTILINE)
"""What the engine puts around and before each of the reasons why a resource came out otherwise than it should."""

_LOG = re.compile(r"\Asdk-v2/\w+\.go:\d+: sdk\.helper_schema: ")
"""How pulumi-gcp's own log begins where it has an error, which the engine tells after it."""


def messages(events: Iterable[Event]) -> Iterator[Message]:
    """Yields what was told to people, each text once: Check runs twice where a resource is replaced."""
    seen = set()
    for event in events:
        told = event.get("diagnosticEvent")
        if told and told["severity"] != "debug" and not told.get("ephemeral"):
            text = _COLOURS.sub("", told["message"]).strip()
            message = Message(told.get("urn") or "", told["severity"], _LIST.sub("", text))
            if message not in seen and message.text and not _LOG.match(text):
                seen.add(message)
                yield message


def violations(events: Iterable[Event]) -> Iterator[Violation]:
    """Yields what policies found."""
    for event in events:
        found = event.get("policyEvent")
        if found:
            yield Violation(
                found["policyName"],
                found.get("enforcementLevel", "mandatory"),
                _COLOURS.sub("", found["message"]).strip(),
                found.get("resourceUrn") or "",
                found.get("severity") or "",
            )


def summary(events: Iterable[Event]) -> Mapping[str, Any]:
    """Returns how the run ended; empty where it was cut off."""
    ends = [event["summaryEvent"] for event in events if event.get("summaryEvent")]
    return ends[-1] if ends else {}


def configuration(events: Iterable[Event]) -> Mapping[str, str]:
    """Returns the stack's configuration as the engine shows it: secrets hidden, structures as JSON."""
    preludes = [event["preludeEvent"] for event in events if event.get("preludeEvent")]
    return preludes[0].get("config") or {} if preludes else {}
