"""What a check found: one line each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum


class Status(Enum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    """Works, but not as somebody may expect; or could not be looked at."""
    PROBLEM = "problem"
    """Would stop a `pulumi up`."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line.

    Attributes:
        check: what was looked at.
        status: how bad it is.
        says: what was found.
        advice: what to do about it, mostly commands to run.
    """

    check: str
    status: Status
    says: str
    advice: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """One look at something.

    Attributes:
        name: what is looked at.
        look: does it; any exception becomes a finding.
        late: how bad it is when there is no answer in time.
    """

    name: str
    look: Callable[[], Iterable[Finding]]
    late: Status = Status.WARNING


def ok(check: str, says: str) -> Finding:
    """Returns a line that nothing has to be done about."""
    return Finding(check, Status.OK, says)


def warning(check: str, says: str, *advice: str) -> Finding:
    """Returns a line about what does not stop an `up`, or could not be looked at."""
    return Finding(check, Status.WARNING, says, advice)


def problem(check: str, says: str, *advice: str) -> Finding:
    """Returns a line about what would stop an `up`."""
    return Finding(check, Status.PROBLEM, says, advice)


def worst(findings: Sequence[Finding]) -> Status:
    """Returns the worst status among lines; OK where there are none."""
    order = list(Status)
    return max((finding.status for finding in findings), key=order.index, default=Status.OK)
