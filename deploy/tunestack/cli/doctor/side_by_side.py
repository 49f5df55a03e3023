"""Checks at the same time, each with as long as it is given: one that hangs costs only its own line."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tunestack.cli.doctor.finding import Check, Finding, Status
from tunestack.cli.doctor.troubles import trouble


@dataclass
class _Look:
    check: Check
    findings: list[Finding] = field(default_factory=list)

    def __post_init__(self) -> None:
        # A daemon: a look that hangs must not keep the command from its end, as a pool's threads would.
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.findings = list(self.check.look())
        except Exception as error:  # whatever it is, it costs this line and no other
            self.findings = [trouble(self.check.name, error)]


def findings(checks: Sequence[Check], seconds: float) -> Iterator[Finding]:
    """Yields what all checks found, in their order.

    Args:
        checks: what to look at.
        seconds: how long each may take.
    """
    deadline = time.monotonic() + seconds
    for look in [_Look(check) for check in checks]:
        look.thread.join(max(deadline - time.monotonic(), 0))
        if not look.thread.is_alive():
            yield from look.findings
            continue
        says = f"no answer within {seconds:g} s"
        yield Finding(look.check.name, look.check.late, says, ("run it again, or with a longer --timeout",))


def not_looked_at(names: Sequence[str], why: str) -> Finding:
    """Returns the one line for all that could not be looked at."""
    return Finding("the rest", Status.WARNING, f"not looked at: {', '.join(names)}; {why}")
