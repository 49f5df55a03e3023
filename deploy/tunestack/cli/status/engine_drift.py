"""Drift as the engine finds it: a refresh that is only shown, of every resource that it keeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tunestack.cli.status.live import Drift


def look(folder: Path, stack: str) -> tuple[list[Drift], list[str]]:
    """Returns what a refresh would change in the state, and why it could not be looked at if it failed."""
    from tunestack.cli.stacks import engine_runs

    run = engine_runs.run("refresh", stack, folder=folder, options=engine_runs.Options(only_preview=True))
    found = list(of(run.events, stack))
    return found, [] if run.ok else [f"the engine's refresh: {run.error}"]


def of(events: list[dict[str, Any]], stack: str) -> Iterator[Drift]:
    """Yields a line for each resource that a refresh found changed or gone."""
    for event in events:
        step: Mapping[str, Any] = (event.get("resOutputsEvent") or {}).get("metadata") or {}
        if step.get("op") not in ("update", "delete"):
            continue
        diff: Mapping[str, Any] = step.get("detailedDiff") or {}
        if diff and str(step.get("type")).startswith("tunestack:") and _is_only_more(diff):
            continue
        kind = str(step.get("type") or "").rpartition(":")[2]
        title = f"{kind} {str(step.get('urn') or '').rpartition('::')[2]}"
        changed = ", ".join(sorted(diff or step.get("diffs") or ()))
        says = "it is gone" if step["op"] == "delete" else f"changed outside of the engine: {changed or 'its outputs'}"
        yield Drift(title, says, f"pulumi up --refresh --stack {stack}")


def _is_only_more(diff: Mapping[str, Any]) -> bool:
    """Says whether a newer release of ours tells of more than the one before it did: nothing has changed.

    A refresh compares the other way round, so that what is new reads as deleted.
    """
    return all(not each.get("inputDiff") and each.get("diffKind") in ("add", "delete") for each in diff.values())
