"""Drift as the engine finds it: a refresh that is only shown, of every resource that it keeps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from tunestack.cli.stacks.engine_events import Event, Step, steps, typed
from tunestack.cli.status.live import Drift


def look(folder: Path, stack: str) -> tuple[list[Drift], list[str]]:
    """Returns what a refresh would change in the state, and why it could not be looked at if it failed."""
    from tunestack.cli.stacks import engine_runs

    run = engine_runs.run("refresh", stack, folder=folder, options=engine_runs.Options(only_preview=True))
    found = list(of(run.events, stack))
    return found, [] if run.ok else [f"the engine's refresh: {run.error}"]


def of(events: Iterable[Event], stack: str) -> Iterator[Drift]:
    """Yields a line for each resource that a refresh found changed or gone."""
    for step in steps(events):
        kind, name = typed(step.urn)
        if step.operation not in ("update", "delete") or (kind.startswith("tunestack:") and _is_only_more(step)):
            continue
        changed = ", ".join(sorted(step.differences)) or "its outputs"
        says = "it is gone" if step.operation == "delete" else f"changed outside of the engine: {changed}"
        yield Drift(f"{kind.rpartition(':')[2]} {name}", says, f"pulumi up --refresh --stack {stack}")


def _is_only_more(step: Step) -> bool:
    """Says whether a newer release of ours tells of more than the one before it did: nothing has changed.

    A refresh compares the other way round, so that what is new reads as deleted.
    """
    return bool(step.details) and all(
        not each.get("inputDiff") and each.get("diffKind") in ("add", "delete") for each in step.details.values()
    )
