"""What came of each stack, in one table, and what to do about those that did not go well."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tunestack.cli.stacks.engine_events import BARE, Event
from tunestack.cli.stacks.engine_runs import EngineRun
from tunestack.cli.terminal import styled, table
from tunestack.resource_types import JOB, MODEL
from tunestack.wording import printable, together

_TOLD_LINES = 8
"""Lines of an error below the table; all of it stands among the engine's lines above."""

_OPERATIONS = {
    "create": ("created", "to create"),
    "update": ("updated", "to update"),
    "replace": ("replaced", "to replace"),
    "delete": ("deleted", "to delete"),
    "import": ("imported", "to import"),
}
"""What the engine counts, as people say it afterwards and beforehand; parts of a replacement count as the whole."""


class Result(StrEnum):
    """How it went with a stack."""

    UPDATED = "updated"
    UNCHANGED = "unchanged"
    PENDING = "pending"
    DESTROYED = "destroyed"
    FAILED = "failed"
    STOPPED = "stopped"
    HELD_BACK = "not begun"

    @property
    def is_well(self) -> bool:
        """Whether stacks that need this one can go on; a pending one has told what is to be known by now."""
        return self not in (Result.FAILED, Result.STOPPED, Result.HELD_BACK)

    @property
    def colour(self) -> str:
        """In which it is shown."""
        if self is Result.FAILED:
            return "red"
        return "green" if self.is_well and self is not Result.PENDING else "yellow"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a stack.

    Attributes:
        stack: its name.
        result: how it went.
        run: of the engine; None where there was none.
        outputs: of the stack after it; secret ones stay hidden.
        why: it was not begun, or failed before the engine ran.
    """

    stack: str
    result: Result
    run: EngineRun | None = None
    outputs: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""

    @classmethod
    def of_up(cls, run: EngineRun, outputs: Mapping[str, Any]) -> Outcome:
        """Returns what came of an up."""
        if not run.ok:
            result = Result.STOPPED if run.interrupted else Result.FAILED
        elif any(endpoint.get("state") == "PENDING" for endpoint in _endpoints(outputs).values()):
            result = Result.PENDING
        else:
            result = Result.UPDATED if changes(run.changes) else Result.UNCHANGED
        return cls(run.stack, result, run, outputs)

    @classmethod
    def of_destroy(cls, run: EngineRun) -> Outcome:
        """Returns what came of a destroy."""
        stopped = Result.STOPPED if run.interrupted else Result.FAILED
        return cls(run.stack, Result.DESTROYED if run.ok else stopped, run)

    @property
    def hourly_usd(self) -> float | None:
        """What its endpoints cost an hour; None where the price of one is not known."""
        prices = [
            endpoint.get("estimatedHourlyCostUsd")
            for endpoint in _endpoints(self.outputs).values()
            # What waits for its next model has the version before serve meanwhile.
            if endpoint.get("state") == "SERVING" or endpoint.get("modelVersion")
        ]
        known = [price for price in prices if isinstance(price, int | float)]
        return sum(known) if len(known) == len(prices) else None

    @property
    def error(self) -> str:
        """Why it did not go well."""
        return self.why or (self.run.error if self.run else "")

    def document(self) -> dict[str, Any]:
        """Returns the outcome for machines."""
        return {
            "stack": self.stack,
            "result": self.result.value,
            "changes": self.run.changes if self.run else {},
            "endpoints": dict(_endpoints(self.outputs)),
            "hourlyCostUsd": self.hourly_usd,
            "error": self.error,
        }


def changes(counts: Mapping[str, int], *, foreseen: bool = False) -> str:
    """Writes how many resources there were, or would be, by operation; nothing where none changes."""
    return ", ".join(f"{counts[name]:,} {told[foreseen]}" for name, told in _OPERATIONS.items() if counts.get(name))


def lines(outcomes: Sequence[Outcome], command: str, only: Sequence[str] = (), replan: str = "") -> Iterator[str]:
    """Yields the table, and below it what to do.

    Args:
        outcomes: of all stacks, in their order.
        command: that was given.
        only: the stacks that it was given for; empty for all.
        replan: the command that makes new plans, where the runs keep to reviewed ones: a run that has not come to its
            end has moved the state, so that its plan is none any more.
    """
    again = " ".join([command, *(f"--only {stack}" for stack in only)])
    served = any(_endpoints(outcome.outputs) for outcome in outcomes)
    headings = ["stack", "result", "changes", *(["endpoints", "USD/h"] if served else [])]
    rows = [[*_row(outcome), *(_costs(outcome) if served else [])] for outcome in outcomes]
    if served and len(rows) > 1:
        hourly = [outcome.hourly_usd for outcome in outcomes]
        known = sum(price for price in hourly if price is not None)
        least = f"at least {known:.2f}" if known else "unknown"
        rows.append(["all", "", "", "", least if None in hourly else f"{known:.2f}"])
    yield ""
    yield from table(headings, rows, right={"USD/h"})
    told: dict[tuple[str, ...], list[Outcome]] = {}
    for outcome in outcomes:
        alone = again if len(outcomes) == 1 else f"{command} --only {outcome.stack}"
        new_plan = f"{replan} --only {outcome.stack}" if replan else ""
        told.setdefault(tuple(_advice(outcome, again, alone, new_plan)), []).append(outcome)
    for advice, alike in told.items():
        if advice:
            names = styled(together([outcome.stack for outcome in alike]), alike[0].result.colour, bold=True)
            yield ""
            yield f"{names}: {advice[0]}"
            yield from (f"  {line}" for line in advice[1:])


def _row(outcome: Outcome) -> list[str]:
    return [outcome.stack, outcome.result.value, changes(outcome.run.changes) if outcome.run else ""]


def _costs(outcome: Outcome) -> list[str]:
    told = []
    for name, endpoint in _endpoints(outcome.outputs).items():
        chosen = str(endpoint.get("machineType") or "")
        told.append(f"{name} {str(endpoint.get('state') or 'unknown').lower()}{f' on {chosen}' if chosen else ''}")
    hourly = outcome.hourly_usd
    return ["\n".join(told), "" if not told else "unknown" if hourly is None else f"{hourly:.2f}"]


def _advice(outcome: Outcome, again: str, alone: str, replan: str) -> list[str]:
    shown = [printable(line) for line in outcome.error.splitlines() if line.strip()]
    if len(shown) > _TOLD_LINES:
        # Of a traceback the last line says what was wrong.
        shown = [*shown[: _TOLD_LINES - 2], "…", shown[-1]]
    match outcome.result:
        case Result.FAILED if "is currently locked" in outcome.error or "the stack is locked" in outcome.error:
            return [*shown, f"Where that run was killed: `tunestack recover --stack {outcome.stack}`, then `{alone}`."]
        case Result.FAILED if replan and outcome.run is None:  # its plan was refused, and says how to get another
            return [*shown, f"Then `{alone}`."]
        case Result.FAILED if replan:
            return [*shown, f"`{replan}` plans what is left; once that is reviewed, `{alone}` applies it."]
        case Result.FAILED:
            return [*shown, f"`{alone}` goes on from here."]
        case Result.STOPPED:
            goes_on = f"`{replan}` plans what is left" if replan else f"`{again}` goes on from there"
            what = f"stopped; what was done is in its state, and {goes_on}."
            jobs = (
                f"Tuning jobs that were submitted go on and are billed: `tunestack jobs list --stack {outcome.stack}`."
            )
            return [
                what,
                *(line for line in shown if line not in BARE),
                *([jobs] if _submits(outcome) else []),
            ]
        case Result.HELD_BACK:
            return [*shown, f"`{again}` goes on from here."]
        case Result.PENDING:
            return [f"an endpoint waits for its model; `{alone}` goes on when its tuning job has ended."]
    return []


def _submits(outcome: Outcome) -> bool:
    """Says whether the run was at a tuning job, or at waiting for one."""
    events: Iterable[Event] = outcome.run.events if outcome.run else ()
    return any(
        event["resourcePreEvent"]["metadata"]["type"] in (JOB, MODEL) for event in events if "resourcePreEvent" in event
    )


def _endpoints(outputs: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """Returns the endpoints among outputs; none where a program exports something else by that name."""
    found = outputs.get("endpoints")
    entries = found.items() if isinstance(found, dict) else ()
    return {name: endpoint for name, endpoint in entries if isinstance(endpoint, dict)}
