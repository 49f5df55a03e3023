"""Previews many stacks at the same time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from tunestack.cli.preview.headline import headline
from tunestack.cli.preview.report import Report, Told
from tunestack.cli.preview.shortage import shortages
from tunestack.cli.reviewed import plans
from tunestack.cli.reviewed.moment import Moment
from tunestack.cli.stack import StackError
from tunestack.cli.stacks.commands import AT_ONCE
from tunestack.cli.stacks.engine_runs import EngineRun, Options, Workspace
from tunestack.cli.stacks.selection import select
from tunestack.cli.stacks.stack_files import ProjectFile, StackFile, read_all, section
from tunestack.resource_types import COPY, JOB
from tunestack.wording import together


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be previewed.

    Attributes:
        names: of stacks or environments.
        only: those of their stacks that are meant; all when empty.
        refresh: whether everything that is there is looked at first.
        initialise: whether a stack that the backend does not have is made there, empty.
        plans: folder for plans that can be applied as they were reviewed; without it none are made.
        at_once: how many stacks are previewed at the same time.
    """

    names: Sequence[str]
    only: Sequence[str] = ()
    refresh: bool = False
    initialise: bool = False
    plans: Path | None = None
    at_once: int = AT_ONCE


def preview(asked: Asked) -> list[Report]:
    """Previews stacks; what fails is a report, too, so that whoever reviews a change always has one.

    Raises:
        StackError: there is no project.
    """
    project = ProjectFile.find()
    try:
        files = read_all()
        chosen = select(asked.names, asked.only, files)
    except StackError as error:
        return [_failed(name, str(error)) for name in asked.only or asked.names]
    names = {file.name for file in chosen}
    # What a region takes is made by its foundation: whoever reviews the one has to know of the other.
    above = {file.foundation for file in chosen} & files.keys()
    beside = [files[name] for name in above - names]
    work = _Work(Workspace(project), asked, names, names | above)
    with ThreadPoolExecutor(asked.at_once) as pool:
        reports = {report.stack: report for report in pool.map(work.report, [*chosen, *beside])}
        return list(pool.map(lambda file: _after(reports[file.name], file, reports), chosen))


@dataclass(frozen=True, slots=True)
class _Work:
    workspace: Workspace
    asked: Asked
    chosen: Collection[str]
    seen: Collection[str]
    """Those chosen, and the foundations that are looked at beside them."""

    def report(self, file: StackFile) -> Report:
        if file.problem:
            return _failed(file.name, file.problem)
        try:
            waits_for = [name for name in file.needs if name in self.seen and not self.workspace.resources(name)]
            if waits_for:
                return Report(file.name, failed=False, is_complete=False, waits_for=waits_for)
            run = self._run(file)
        except StackError as error:
            return _failed(file.name, str(error))
        # The engine has hidden the stack's secrets in all that it tells, in messages of the program as well.
        return Report.of(run.events, file.name, run.error)

    def _run(self, file: StackFile) -> EngineRun:
        if file.name not in self.chosen:
            return self.workspace.update("preview", file.name)
        if file.name not in self.workspace.stacks:
            if not self.asked.initialise:
                raise StackError(
                    f"the backend has no stack {file.name} yet; make it with --initialise, or with: "
                    f"pulumi stack init {file.name} --no-select"
                )
            self.workspace.initialise(file.name, file.secrets_provider)
        folder = self.asked.plans
        if folder is None:
            return self.workspace.update("preview", file.name, Options(refresh=self.asked.refresh))
        plans.discard(folder, file.name)
        # Before the preview, so that what moves while it runs is seen afterwards.
        moment = Moment.now(file.name, file.needs, self.workspace.engine)
        options = Options(refresh=self.asked.refresh, save_plan=plans.plan_file(folder, file.name))
        run = self.workspace.update("preview", file.name, options)
        if run.ok:
            plans.save(folder, moment)
        else:
            plans.discard(folder, file.name)
        return run


def _failed(stack: str, error: str) -> Report:
    return Report(stack, failed=True, is_complete=False, errors=[Told("", error)])


def _after(report: Report, file: StackFile, reports: Mapping[str, Report]) -> Report:
    """Adds what is about to change in a region's foundation, of which its own preview cannot know."""
    above = reports.get(file.foundation)
    if above is None:
        return msgspec.structs.replace(report, foundation="" if report.waits_for else file.foundation)
    if report.waits_for:
        deployed = [name for name, entry in _serving(file).items() if entry.get("model")]
        return msgspec.structs.replace(report, warnings=[*report.warnings, *shortages(file.name, deployed)])
    rolled = [] if above.failed else _rolled(above, file)
    return msgspec.structs.replace(
        report,
        foundation=file.foundation,
        upstream=_upstream(above, file, rolled),
        warnings=[*report.warnings, *shortages(file.name, rolled)],
    )


def _serving(file: StackFile) -> dict[str, Mapping[str, Any]]:
    return {name: entry for name, entry in section(file.config, "serving").items() if isinstance(entry, dict)}


def _rolled(above: Report, file: StackFile) -> list[str]:
    """Returns the endpoints that get a checkpoint which the foundation is about to make."""
    new = [change.name for change in above.changes if change.type in (JOB, COPY) and change.kind != "delete"]
    return [name for name, entry in _serving(file).items() if entry.get("model") in new]


def _upstream(above: Report, file: StackFile, rolled: Sequence[str]) -> str:
    if above.failed:
        return f"{above.stack}, from which the models come: {headline(above)}"
    if not rolled:
        return ""
    models = together(sorted({str(_serving(file)[name]["model"]) for name in rolled}))
    return (
        f"{above.stack} goes first: {headline(above)}. Then this stack copies the new checkpoint of {models} and rolls "
        f"{', '.join(rolled)} to it, which a preview can show only after that"
    )
