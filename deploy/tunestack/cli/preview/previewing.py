"""Previews many stacks at the same time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tunestack.cli.preview.following import Following
from tunestack.cli.preview.report import Report, Told
from tunestack.cli.preview.shortage import shortages
from tunestack.cli.reviewed import plans
from tunestack.cli.reviewed.moment import Moment
from tunestack.cli.stack import StackError
from tunestack.cli.stacks.commands import AT_ONCE
from tunestack.cli.stacks.engine_runs import EngineRun, Options, Workspace
from tunestack.cli.stacks.selection import select
from tunestack.cli.stacks.stack_files import ProjectFile, StackFile, entries, ordered, read_all


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
        names = {file.name for file in chosen}
        # What a region takes is made by its foundation: whoever reviews the one has to know of the other.
        above = {file.foundation for file in chosen} & files.keys()
        beside = [files[name] for name in above - names]
        in_order = [file for group in ordered([*chosen, *beside]) for file in group]
    except StackError as error:
        return [_failed(name, str(error)) for name in asked.only or asked.names]
    work = _Work(Workspace(project), asked, names, names | above)
    with ThreadPoolExecutor(asked.at_once) as pool:
        following = Following({report.stack: report for report in pool.map(work.report, [*chosen, *beside])})
        following.go_through(in_order)
        return list(pool.map(lambda file: _warned(file, following), chosen))


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


def _warned(file: StackFile, following: Following) -> Report:
    """Returns a report with a warning for each endpoint for whose next checkpoint no machine can be had."""
    report = following.reports[file.name]
    if report.waits_for:
        rolled = [name for name, entry in entries(file.config, "serving").items() if entry.get("model")]
    else:
        rolled = following.rolled[file.name]
    return msgspec.structs.replace(report, warnings=[*report.warnings, *shortages(file.name, rolled)])
