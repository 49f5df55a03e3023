"""The remote calls of a run as places where it can be interrupted: method, path, and which one of the alike."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

_NUMBER: Final = "[0-9]{8,}"
"""Ids that the services draw; project numbers are as long."""

_READING_POSTS: Final = (":getIamPolicy", ":recommendSpec", ":predict", "/models:query", ":countTokens")
"""Custom methods that change nothing."""

_CONFLICTS: Final = (409, 412)
"""Answers to a write that another one was faster than."""

_FEW: Final = 6
"""Of more calls than these that differ only in the object's name, some are walked: the first, the middle, the last, and
one near the end, where a destroy that is cut off has deleted half of the newest checkpoint."""


@dataclass(frozen=True, order=True, slots=True)
class Call:
    """One remote call of a run.

    Attributes:
        method: GET, POST, …
        template: a regular expression for its path; what differs from run to run, and names of objects, stay open.
        occurrence: which one of those that match, from 1 on.
    """

    method: str
    template: str
    occurrence: int

    @property
    def changes(self) -> bool:
        """Whether the service is asked to change something."""
        return _changes(self.method, self.template)

    def __str__(self) -> str:
        path = re.sub(r"\\(.)", r"\1", self.template.replace(_NUMBER, "N").replace(".+", "…"))
        return f"{self.method} {path} #{self.occurrence}"


def of(recordings: Iterable[Iterable[Mapping[str, Any]]]) -> list[Call]:
    """The calls that happen in each of some recordings of the same run, ordered."""
    counts = [
        # What was refused is repeated, and how often that happens is a matter of time.
        Counter((call["method"], _template(call["path"])) for call in calls if call["status"] not in _CONFLICTS)
        for calls in recordings
    ]
    common = counts[0]
    for count in counts[1:]:
        common &= count
    return [
        Call(method, template, occurrence)
        for (method, template), number in sorted(common.items())
        for occurrence in _walked(method, template, number)
    ]


def _walked(method: str, template: str, number: int) -> Iterable[int]:
    if not _changes(method, template):
        # How often something is looked at depends on how long it takes.
        return (1,)
    return range(1, number + 1) if number <= _FEW else (1, (number + 1) // 2, number - 4, number)


def _changes(method: str, template: str) -> bool:
    return method != "GET" and not template.endswith(_READING_POSTS)


def _template(path: str) -> str:
    place, slash, name = re.sub(r"\d{8,}", "00000000", path).partition("/o/")
    return re.escape(place).replace("00000000", _NUMBER) + (slash and "/o/.+" if name else slash.rstrip("/"))
