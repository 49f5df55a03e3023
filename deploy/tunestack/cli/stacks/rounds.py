"""The engine on many stacks: previews of all, then each after those that it needs, the others at the same time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tunestack.cli.stack import StackError
from tunestack.cli.stacks.engine_runs import EngineRun, Options, Workspace
from tunestack.cli.stacks.outcomes import Outcome, Result, lines
from tunestack.cli.stacks.prefixed_output import PrefixedOutput
from tunestack.cli.stacks.running import Running
from tunestack.cli.stacks.schedule import walk
from tunestack.cli.stacks.stack_files import ProjectFile, StackFile
from tunestack.cli.stacks.stopping import stops
from tunestack.cli.terminal import print_json, print_lines
from tunestack.wording import together

INTERRUPTED = 130
"""Exit status of what a Ctrl-C ended, as shells have it: 128 and the signal's number."""

_STOPPED = "stopped before it was begun"


@dataclass(frozen=True, slots=True)
class Request:
    """What a command is asked to do to many stacks.

    Attributes:
        names: of stacks or environments.
        only: those of their stacks that are meant; all when empty.
        is_sure: whether nobody is asked.
        skips_preview: whether there are no previews.
        refresh: whether everything is looked at first.
        at_once: how many stacks are worked on at the same time.
        for_machines: whether the result is printed as JSON.
    """

    names: Sequence[str]
    only: Sequence[str]
    is_sure: bool
    skips_preview: bool
    refresh: bool
    at_once: int
    for_machines: bool


class Round:
    """What is done to a selection of stacks.

    Args:
        project: whose stacks they are.
        files: of the selected stacks.
        asked: how many of them are worked on at the same time, and whether standard output is for the result alone.
    """

    def __init__(self, project: ProjectFile, files: Sequence[StackFile], asked: Request) -> None:
        self.files = {file.name: file for file in files}
        self.running = Running()
        self.workspace = Workspace(project, running=self.running)
        self.output = PrefixedOutput(list(self.files), sys.stderr if asked.for_machines else None)
        self._at_once = asked.at_once
        self._for_machines = asked.for_machines

    @property
    def is_stopped(self) -> bool:
        """Whether somebody asked for an end."""
        return self.running.asked > 0

    def initialise(self) -> None:
        """Makes the stacks in the backend that are not there yet.

        Raises:
            StackError: the engine refused.
        """
        for file in self.files.values():
            if file.name not in self.workspace.stacks and not file.problem:
                self.workspace.initialise(file.name, file.secrets_provider)
                self.output.say(f"stack {file.name} is new in the backend")

    def show_destroys(self) -> list[str]:
        """Shows what a destroy of each stack would delete; returns the stacks of which that fails."""
        self.output.say(f"previewing {', '.join(self.files)}")

        def foresee(stack: str) -> EngineRun:
            run = self.workspace.update("destroy", stack, Options(only_preview=True, colour=self.output.in_colour))
            # Without a terminal the engine prints a line when it begins with a resource, and the same when it ends.
            self.output.block(stack, dict.fromkeys(run.output.splitlines()))
            return run

        with stops(self.running, self.output.say), ThreadPoolExecutor(self._at_once) as pool:
            return [run.stack for run in pool.map(foresee, self.files) if not run.ok]

    def up(
        self, options: Options, *, plan_of: Callable[[str], Path | None], left_out: Mapping[str, str]
    ) -> list[Outcome]:
        """Updates each stack after those that it needs.

        Args:
            options: of every run.
            plan_of: is asked just before a stack's run for the plan that it must keep to, if any; raises StackError
                where it must not be begun.
            left_out: stacks that are not begun, and why.
        """

        def update(stack: str) -> Outcome:
            plan, why = None, self.files[stack].problem or left_out.get(stack, "")
            if not (why or self.is_stopped):
                try:
                    plan = plan_of(stack)
                    if told := self._goes_on(stack):
                        self.output.of(stack)(told)
                except StackError as error:
                    why = str(error)
            if self.is_stopped:  # a look that this cut off says nothing of the plan
                return self._without_run(stack, Result.HELD_BACK, _STOPPED)
            if why:
                return self._without_run(stack, Result.FAILED, why)
            run = self.workspace.update("up", stack, replace(options, plan=plan), on_output=self.output.of(stack))
            return Outcome.of_up(run, self._outputs(stack))

        waits_for = {name: frozenset(file.needs) & self.files.keys() for name, file in self.files.items()}
        return self._walk(waits_for, update)

    def destroy(self, options: Options) -> list[Outcome]:
        """Destroys each stack after those that need it; what is left of one keeps those that it needs."""

        def destroy(stack: str) -> Outcome:
            if self.is_stopped:
                return self._without_run(stack, Result.HELD_BACK, _STOPPED)
            run = self.workspace.update("destroy", stack, options, on_output=self.output.of(stack))
            return Outcome.of_destroy(run)

        waits_for = {
            name: frozenset(file.name for file in self.files.values() if name in file.needs) for name in self.files
        }
        return self._walk(waits_for, destroy)

    def finish(self, outcomes: Sequence[Outcome], command: str, only: Sequence[str], replan: str = "") -> int:
        """Prints what came of the stacks, and returns the exit status.

        Args:
            outcomes: of all stacks.
            command: that was given.
            only: the stacks that it was given for; empty for all.
            replan: the command that makes new plans, where there are plans.
        """
        if self._for_machines:
            print_json([outcome.document() for outcome in outcomes])
        elif outcomes:
            print_lines(lines(outcomes, command, only, replan))
        if self.is_stopped:
            return INTERRUPTED
        return 0 if all(outcome.result.is_well for outcome in outcomes) else 1

    def _walk(self, waits_for: Mapping[str, frozenset[str]], perform: Callable[[str], Outcome]) -> list[Outcome]:
        with stops(self.running, self.output.say):
            done = walk(
                waits_for,
                perform,
                went_well=lambda outcome: outcome.result.is_well,
                held_back=lambda stack, others: self._without_run(
                    stack,
                    Result.HELD_BACK,
                    f"not begun: {together(others)} {'comes' if len(others) == 1 else 'come'} first",
                ),
                at_once=self._at_once,
            )
        return list(done.values())

    def _goes_on(self, stack: str) -> str:
        """Says that a run goes on from one that did not end well; nothing where there is none."""
        last = self.workspace.engine.last_update(stack)
        if not last or last["kind"] != "update" or last["result"] == "succeeded":
            return ""
        return f"its last up, of {last['endTime']}, did not end well: this one goes on from there"

    def _without_run(self, stack: str, result: Result, why: str) -> Outcome:
        """Returns what came of a stack on which no engine ran; what it has costs all the same."""
        return Outcome(stack, result, outputs=self._outputs(stack), why=why)

    def _outputs(self, stack: str) -> Mapping[str, Any]:
        """Returns the outputs of a stack; that they cannot be read is no failure of what was done."""
        with suppress(StackError):
            return self.workspace.engine.outputs(stack)
        return {}
