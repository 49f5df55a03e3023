"""`tunestack up`: previews, a question, the updates in their order, and what came of them."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tunestack.cli.preview.plain import lines
from tunestack.cli.preview.previewing import Asked, preview
from tunestack.cli.preview.report import Report
from tunestack.cli.stack import StackError
from tunestack.cli.stacks.engine_runs import POLICY_PACK, Options
from tunestack.cli.stacks.rounds import INTERRUPTED, Request, Round
from tunestack.cli.stacks.selection import order, select
from tunestack.cli.stacks.stack_files import ProjectFile, StackFile, read_all, section
from tunestack.cli.terminal import confirm


@dataclass(frozen=True, slots=True)
class Up(Request):
    """What `tunestack up` is asked to do.

    Attributes:
        reviewed: folder of reviewed plans that the runs must keep to; without it, there are none.
        message: kept with the runs.
    """

    reviewed: Path | None
    message: str


def update(asked: Up) -> int:
    """Brings stacks up; returns the exit status.

    Raises:
        StackError: nothing was done: there is no such stack, or nobody could be asked.
    """
    files = read_all()
    chosen = select(asked.names, asked.only, files)
    work = Round(ProjectFile.find(), chosen, asked)
    if len(chosen) > 1:
        work.output.say(f"order: {order(chosen)}")
    if not asked.only:
        for told in _missed(work, files):
            work.output.say(told)
    work.initialise()
    options = Options(refresh=asked.refresh, message=asked.message, colour=work.output.in_colour)
    reports: Sequence[Report] = ()
    if not (asked.skips_preview or asked.reviewed):
        try:
            reports = _previews(work, asked)
        except KeyboardInterrupt:
            work.output.say("stopped; nothing was changed")
            return INTERRUPTED
    left_out = _hopeless(work, reports)
    going = [file.name for file in chosen if file.name not in left_out]
    if going and not (asked.is_sure or asked.reviewed):
        confirm(f"Update {', '.join(going)}?")
    outcomes = work.up(options, plan_of=_plan_of(work, asked, reports), left_out=left_out)
    again, replan = ["tunestack", "up", *asked.names], list[str]()
    if asked.reviewed:
        again += ["--reviewed", str(asked.reviewed)]
        replan = ["tunestack", "preview", *asked.names, "--save-plan", str(asked.reviewed)]
    return work.finish(outcomes, shlex.join(again), asked.only, shlex.join(replan))


def _missed(work: Round, files: Mapping[str, StackFile]) -> Iterator[str]:
    """Tells of stacks that may be meant as well, and that nothing says so of."""
    for name, file in files.items():
        if name not in work.files and file.problem:
            yield f"left out: {name}, since {file.problem}"
        elif file.foundation and file.foundation not in files:
            yield f"{name} is a region of {file.foundation}, and there is no stack of that name"
    for name in work.workspace.stacks.keys() - files.keys():
        if work.workspace.resources(name):
            yield (
                f"left out: {name}, which is up and has no file; tunestack status --stack {name} shows what it has, "
                f"and pulumi destroy --stack {name} removes it"
            )


def _previews(work: Round, asked: Up) -> list[Report]:
    work.output.say(f"previewing {', '.join(work.files)}")
    reports = preview(Asked(asked.names, asked.only, asked.refresh, at_once=asked.at_once))
    for report in reports:
        work.output.say("")
        for line in lines(report):
            work.output.say(line)
    work.output.say("")
    return reports


def _hopeless(work: Round, reports: Sequence[Report]) -> dict[str, str]:
    """Returns the stacks whose preview failed, and why; not those that one they need may yet set right.

    What a policy stops is stopped whatever moves: the update skips its preview, which alone knows what jobs cost.
    """
    return {
        report.stack: "\n".join(["not begun, since its preview failed:", *_why(report)])
        for report in reports
        if report.failed and (_stopped(report) or not _follows(work.files[report.stack], reports))
    }


def _follows(file: StackFile, reports: Sequence[Report]) -> bool:
    """Says whether a stack reads outputs of one that is about to change."""
    return any((report.changes or report.outputs) and report.stack in file.needs for report in reports)


def _why(report: Report) -> list[str]:
    return [*(error.text for error in report.errors), *_stopped(report)]


def _stopped(report: Report) -> list[str]:
    return [finding.text for finding in report.findings if finding.level == "mandatory"]


def _plan_of(work: Round, asked: Up, reports: Sequence[Report]) -> Callable[[str], Path | None]:
    """Returns what is asked just before each stack's update, which skips its preview."""
    if asked.reviewed:
        from tunestack.cli.reviewed import plans

        return partial(plans.check, asked.reviewed, engine=work.workspace.engine)
    # A preview alone shows a policy what jobs cost, and what serves before it does. One that knew other outputs of
    # those before it has not shown all.
    unseen = {
        report.stack
        for report in reports
        if (report.waits_for or _follows(work.files[report.stack], reports))
        and (_tunes(work.files[report.stack]) or _is_limited(work, work.files[report.stack]))
    }

    def look(stack: str) -> None:
        if stack in unseen:
            run = work.workspace.update("preview", stack, Options(refresh=asked.refresh))
            if not run.ok:
                raise StackError(run.error)

    return look


def _is_limited(work: Round, file: StackFile) -> bool:
    """Says whether somebody has set limits, of which that of what is served is for the stack as a whole."""
    pack = work.workspace.project.program_folder / POLICY_PACK
    return bool(section(file.config, "policies")) or (pack / "limits.json").is_file()


def _tunes(file: StackFile) -> bool:
    models = section(file.config, "models").values()
    return any(not (isinstance(model, dict) and "promote" in model) for model in models)
