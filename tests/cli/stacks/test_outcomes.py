"""The table at the end, and what stands below it."""

from __future__ import annotations

import pytest

from tunestack.cli.stacks.engine_events import Event
from tunestack.cli.stacks.engine_runs import EngineRun
from tunestack.cli.stacks.outcomes import Outcome, Result, changes, lines


def told(*outcomes: Outcome, only: tuple[str, ...] = ()) -> list[str]:
    """Returns what stands below the table."""
    shown = list(lines(outcomes, "tunestack up prod", only))
    return shown[shown.index("", 1) :]


@pytest.mark.parametrize(
    ("counts", "says", "foreseen"),
    [
        ({"create": 2, "same": 5}, "2 created", "2 to create"),
        (
            {"replace": 1, "create-replacement": 1, "delete-replaced": 1},
            "1 replaced",
            "1 to replace",
        ),
        ({"same": 3, "read": 1, "refresh": 2}, "", ""),
        ({"delete": 1_000, "update": 1}, "1 updated, 1,000 deleted", "1 to update, 1,000 to delete"),
    ],
)
def test_changes_in_words(counts: dict[str, int], says: str, foreseen: str) -> None:
    assert (changes(counts), changes(counts, foreseen=True)) == (says, foreseen)


def test_a_long_error_is_cut_but_for_its_end() -> None:
    error = "\n".join(["Traceback:", *(f"  line {index}" for index in range(30)), "KeyError: 'support'"])
    shown = told(Outcome("prod", Result.FAILED, EngineRun("prod", "up", False, error=error)))
    assert shown[1] == "prod: Traceback:"
    assert shown[-3:] == ["  …", "  KeyError: 'support'", "  `tunestack up prod` goes on from here."]


def test_what_a_terminal_would_obey_is_spelled_out() -> None:
    shown = told(Outcome("prod", Result.FAILED, why="\x1b[31mred"))
    assert shown[1] == "prod: \\x1b[31mred"


def test_alike_outcomes_are_told_once() -> None:
    waiting = [Outcome(name, Result.HELD_BACK, why="not begun: prod comes first") for name in ("a", "b", "c")]
    assert [line for line in told(*waiting) if "not begun" in line] == ["a, b and c: not begun: prod comes first"]


def test_a_lock_is_recovered_from() -> None:
    error = "the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end"
    run = EngineRun("prod-east", "up", False, error=error)
    shown = told(Outcome("prod", Result.UPDATED), Outcome("prod-east", Result.FAILED, run))
    assert "`tunestack recover --stack prod-east`, then `tunestack up prod --only prod-east`" in shown[-1]


def test_a_run_by_a_plan_that_failed_needs_another_plan() -> None:
    replan = "tunestack preview prod --save-plan plans"
    failed = Outcome("prod-east", Result.FAILED, EngineRun("prod-east", "up", False, error="no machine"))
    refused = Outcome("prod-west", Result.FAILED, why="preview again")
    shown = list(lines((refused, failed), "tunestack up prod --reviewed plans", (), replan))
    assert "  Then `tunestack up prod --reviewed plans --only prod-west`." in shown
    assert shown[-1] == (
        "  `tunestack preview prod --save-plan plans --only prod-east` plans what is left; once that is reviewed, "
        "`tunestack up prod --reviewed plans --only prod-east` applies it."
    )


def test_a_stopped_run_tells_of_jobs_that_go_on() -> None:
    job: Event = {"resourcePreEvent": {"metadata": {"type": "tunestack:index:TuningJob"}}}
    for events, tells in (([job], True), ([], False)):
        # Of a program that still waits for a resource, the engine says the second.
        for says in ("update canceled", "context canceled"):
            run = EngineRun("prod", "up", False, events, error=says, interrupted=True)
            shown = told(Outcome.of_up(run, {}))
            assert any("tunestack jobs list --stack prod" in line for line in shown) is tells
            assert not any(says in line for line in shown), "that is what was asked for"


def test_outputs_of_another_shape() -> None:
    """A program of the user's may export what it likes, and secrets are hidden."""
    run = EngineRun("prod", "up", True)
    hidden = {"support": {"state": "SERVING", "estimatedHourlyCostUsd": "[secret]"}}
    for endpoints, hourly in (("[secret]", 0), (["one"], 0), ({"support": "one"}, 0), (hidden, None)):
        outcome = Outcome.of_up(run, {"endpoints": endpoints})
        assert outcome.hourly_usd == hourly
        assert list(lines([outcome], "tunestack up prod"))


@pytest.mark.parametrize(("version", "hourly"), [("", 0), ("1", 1.15)], ids=["its first", "its next"])
def test_what_an_endpoint_costs_that_waits_for_a_model(version: str, hourly: float) -> None:
    endpoint = {"state": "PENDING", "modelVersion": version, "estimatedHourlyCostUsd": 1.15}
    outcome = Outcome.of_up(EngineRun("prod", "up", True), {"endpoints": {"support": endpoint}})
    assert (outcome.result, outcome.hourly_usd) == (Result.PENDING, hourly)


@pytest.mark.parametrize(
    ("prices", "total"),
    [((1.15, 1.0), "2.15"), ((1.15, 1.0, None), "at least 2.15"), ((None, None), "unknown"), ((0.0, 0.0), "0.00")],
)
def test_a_total_is_no_more_than_is_known(prices: tuple[float | None, ...], total: str) -> None:
    run = EngineRun("prod", "up", True)
    served = [{"support": {"state": "SERVING", "estimatedHourlyCostUsd": price}} for price in prices]
    shown = list(lines([Outcome.of_up(run, {"endpoints": each}) for each in served], "tunestack up prod"))
    assert next(line for line in shown if line.startswith("all")).split(maxsplit=1)[1].strip() == total
