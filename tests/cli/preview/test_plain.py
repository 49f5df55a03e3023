"""Reports on a terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tunestack.cli.preview.plain import lines
from tunestack.cli.preview.report import Report


def test_a_report_of_new_data(recorded: Callable[[str], list[dict[str, Any]]]) -> None:
    told = list(lines(Report.of(recorded("new_data"), "local")))
    assert told[0] == "local: retrains tickets, rolls support"
    assert told[1] == "  ± Dataset tickets  training data: +60 −5 examples (60 → 115)"
    assert told[-3:] == [
        "  training, once: < 0.01 USD (up to 0.02)",
        "  serving, a month of 730 hours: 840.01 USD → 963.31 USD",
        "  3 resources unchanged",
    ]


def test_a_failure_tells_no_costs(recorded: Callable[[str], list[dict[str, Any]]]) -> None:
    told = list(lines(Report.of(recorded("broken_configuration"), "local")))
    assert told[1] == "  the stack's configuration cannot be used:"
    assert len(told) == 4


def test_nothing_that_a_terminal_would_obey_reaches_it() -> None:
    report = Report.of([], "dev", "broken\x1b[2J")
    assert not any("\x1b" in line for line in lines(report))
