"""`tunestack up`: previews, a question, the updates in their order, and what came of them."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tunestack.cli.stacks.engine_runs import EngineRun, Options
from tunestack.cli.stacks.outcomes import Outcome, Result, changes
from tunestack.cli.stacks.rounds import INTERRUPTED, Round
from tunestack.cli.stacks.selection import order, select
from tunestack.cli.stacks.stack_files import ProjectFile, read_all


@dataclass(frozen=True, slots=True)
class Up:
    """What `tunestack up` is asked to do.

    Attributes:
        names: of stacks or environments.
        only: those of their stacks that are meant; all when empty.
        is_sure: whether nobody is asked.
        skips_preview: whether there are no previews.
        reviewed: folder of reviewed plans that the runs must keep to; without it, there are none.
        refresh: whether everything is looked at first.
        message: kept with the runs.
        at_once: how many stacks are worked on at the same time.
        for_machines: whether the result is printed as JSON.
    """

    names: Sequence[str]
    only: Sequence[str]
    is_sure: bool
    skips_preview: bool
    reviewed: Path | None
    refresh: bool
    message: str
    at_once: int
    for_machines: bool


def update(asked: Up) -> int:
    """Brings stacks up; returns the exit status.

    Raises:
        StackError: nothing was done: there is no such stack, or nobody could be asked.
    """
    files = read_all()
    chosen = select(asked.names, asked.only, files)
    work = Round(ProjectFile.find(), chosen, at_once=asked.at_once, for_machines=asked.for_machines)
    if len(chosen) > 1:
        work.voices.say(f"order: {order(chosen)}")
    work.initialise()
    options = Options(refresh=asked.refresh, message=asked.message, colour=work.voices.in_colour)
    left_out: Mapping[str, str] = {}
    if not (asked.skips_preview or asked.reviewed):
        previewed = _previews(work, options)
        if work.is_stopped:
            work.voices.say("stopped; nothing was changed")
            return INTERRUPTED
        left_out = _hopeless(work, previewed)
        if len(left_out) == len(chosen):
            return _finish(work, [Outcome(name, Result.FAILED, why=why) for name, why in left_out.items()], asked)
    if not (asked.is_sure or asked.reviewed):
        work.ask(f"Update {', '.join(file.name for file in chosen if file.name not in left_out)}?")
    return _finish(work, work.up(options, plan_of=_plan_of(asked.reviewed), left_out=left_out), asked)


def _previews(work: Round, options: Options) -> dict[str, EngineRun]:
    """Previews what can be: a stack that needs one of the others knows nothing of it before that is up."""
    later = {
        name: [other for other in file.needs if other in work.files and other != name and not work.resources(other)]
        for name, file in work.files.items()
    }
    runs = work.previews("preview", [name for name, others in later.items() if not others], options)
    for name, others in later.items():
        if others:
            work.voices.say(f"{name}: no preview before {' and '.join(others)} is up")
    for name, run in runs.items():
        moved = [other for other in work.files[name].needs if other in runs and changes(runs[other].changes)]
        follows = f"; {' and '.join(moved)} changes first, and this stack with it" if moved else ""
        work.voices.say(f"{name}: {_foreseen(run)}{follows}")
    return runs


def _foreseen(run: EngineRun) -> str:
    return (changes(run.changes, foreseen=True) or "no changes") if run.ok else "the preview failed"


def _hopeless(work: Round, previewed: Mapping[str, EngineRun]) -> dict[str, str]:
    """Returns the stacks whose preview failed, and why; not those that one they need may yet set right."""
    return {
        name: f"its preview failed, so that it was not begun: {run.error}"
        for name, run in previewed.items()
        if not run.ok
        and not any(other in previewed and changes(previewed[other].changes) for other in work.files[name].needs)
    }


def _plan_of(reviewed: Path | None) -> Callable[[str], Path] | None:
    if reviewed is None:
        return None
    from tunestack.cli.reviewed import plans

    return lambda stack: plans.check(reviewed, stack)


def _finish(work: Round, outcomes: Sequence[Outcome], asked: Up) -> int:
    return work.finish(outcomes, shlex.join(["tunestack", "up", *asked.names]), asked.only)
