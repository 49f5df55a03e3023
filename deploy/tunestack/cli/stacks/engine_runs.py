"""One run of the engine on one stack, by Pulumi's Automation API: what it printed, its events, how it ended."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from pulumi.automation import LocalWorkspace

from tunestack.cli.stack import Engine, StackError
from tunestack.cli.stacks.engine_events import BARE, CANCELLED, Event, messages, summary, violations
from tunestack.cli.stacks.event_log import EventLog
from tunestack.cli.stacks.running import Command, Running
from tunestack.cli.stacks.stack_files import ProjectFile

Kind = Literal["preview", "up", "destroy", "refresh"]

POLICY_PACK = Path("policies")
"""Of a project, below the folder of its program; `limits.json` there goes over what the stacks' files say."""


@dataclass(frozen=True, slots=True)
class Options:
    """How the engine is run.

    Attributes:
        refresh: whether it looks at everything first.
        only_preview: whether a destroy or refresh is only shown.
        plan: file of a plan that an up must keep to.
        save_plan: file that a preview writes its plan to.
        message: kept with the run in the stack's history.
        colour: whether what it prints is in colour.
        expect_no_changes: whether changes are a failure.
        more: any other arguments.
    """

    refresh: bool = False
    only_preview: bool = False
    plan: Path | None = None
    save_plan: Path | None = None
    message: str = ""
    colour: bool = False
    expect_no_changes: bool = False
    more: tuple[str, ...] = ()

    def arguments(self, kind: Kind, project: ProjectFile) -> list[str]:
        """Returns what the engine's command is called with, apart from the stack."""
        told = [kind, "--color", "always" if self.colour else "never", "--suppress-outputs", "--suppress-progress"]
        if kind in ("up", "destroy", "refresh") and not self.only_preview:
            told += ["--yes", "--skip-preview"]
        pack = project.program_folder / POLICY_PACK
        if kind in ("preview", "up") and (pack / "PulumiPolicy.yaml").is_file():
            told += ["--policy-pack", str(pack)]
            if (pack / "limits.json").is_file():
                told += ["--policy-pack-config", str(pack / "limits.json")]
        given = {
            "--refresh": self.refresh,
            "--preview-only": self.only_preview,
            "--expect-no-changes": self.expect_no_changes,
        }
        told += [option for option, is_given in given.items() if is_given]
        named = {"--plan": self.plan, "--save-plan": self.save_plan, "--message": self.message}
        for option, value in named.items():
            if value:
                # The engine runs in the project's folder, which need not be the current one.
                told += [option, str(value.absolute()) if isinstance(value, Path) else value]
        return [*told, *self.more]


@dataclass(frozen=True, slots=True)
class EngineRun:
    """How a run ended.

    Attributes:
        stack: on which it was.
        kind: what it did.
        ok: whether it succeeded.
        events: of the engine, as in its event log, without those for debugging; secrets are masked there.
        output: what it printed, both streams.
        error: why it failed, as the engine says it; empty where it did not.
        interrupted: whether it ended early since somebody asked for it.
    """

    stack: str
    kind: Kind
    ok: bool
    events: Sequence[Event] = ()
    output: str = ""
    error: str = ""
    interrupted: bool = False

    @property
    def changes(self) -> dict[str, int]:
        """How many resources there were by operation, such as `create`, `update`, `same`."""
        return dict(summary(self.events).get("resourceChanges") or {})


class Workspace(LocalWorkspace):
    """A project's stacks, by name alone: which one the user has selected stays as it is.

    Args:
        project: whose stacks they are.
        running: where engines are minded that can be asked to stop.
        variables: of the environment, besides those of this process.
    """

    def __init__(
        self, project: ProjectFile, *, running: Running | None = None, variables: Mapping[str, str] | None = None
    ) -> None:
        given = {"PULUMI_SKIP_UPDATE_CHECK": "true", **(variables or {})}
        self.engine = Engine(project.folder, {**os.environ, **given}, is_apart=True)
        self._command = Command(self.engine.executable(), running)
        super().__init__(work_dir=str(project.folder), pulumi_command=self._command, env_vars=given)
        self.project = project
        self._running = running

    def update(
        self,
        kind: Kind,
        stack: str,
        options: Options | None = None,
        *,
        on_event: Callable[[Event], None] | None = None,
        on_output: Callable[[str], None] | None = None,
    ) -> EngineRun:
        """Runs the engine on a stack; see `run`."""
        options = options or Options()
        variables = {
            **self.env_vars,
            "PULUMI_DEBUG_COMMANDS": "true",  # --event-log is one of these
            **({"PULUMI_EXPERIMENTAL": "true"} if options.plan or options.save_plan else {}),
        }
        arguments = [*options.arguments(kind, self.project), "--stack", stack]
        with tempfile.TemporaryDirectory(prefix="tunestack-events-") as folder, EventLog(folder, on_event) as log:
            done = self._command.update([*arguments, "--event-log", str(log.path)], self.work_dir, variables, on_output)
        asked = bool(self._running and self._running.asked)
        if done.code == 0:
            # Asked to stop before it begins, a destroy of the engine deletes nothing and says that it succeeded.
            if asked and kind == "destroy" and not options.only_preview and self._is_left(stack):
                return EngineRun(stack, kind, False, log.events, done.stdout, CANCELLED, interrupted=True)
            return EngineRun(stack, kind, True, log.events, done.stdout)
        error = _why_failed(log.events, done.stdout)
        interrupted = error == CANCELLED or asked
        return EngineRun(stack, kind, False, log.events, done.stdout, error, interrupted)

    def _is_left(self, stack: str) -> bool:
        """Says whether a stack has anything; one whose state cannot be read may have."""
        try:
            return bool(self.engine.deployment(stack).get("resources"))
        except StackError:
            return True

    @cached_property
    def stacks(self) -> dict[str, int]:
        """How many resources each stack of the backend has, by short name; none where it was never up, or is gone.

        Raises:
            StackError: the backend cannot be reached.
        """
        return {each["name"].rpartition("/")[2]: int(each.get("resourceCount") or 0) for each in self.engine.stacks()}

    def resources(self, stack: str) -> int:
        """Returns how many resources the state of a stack has; none where the backend does not know the stack.

        Raises:
            StackError: the backend cannot be reached.
        """
        return self.stacks.get(stack, 0)

    def initialise(self, stack: str, secrets_provider: str = "") -> None:
        """Makes a stack in the backend, without selecting it.

        Raises:
            StackError: the engine refused.
        """
        provider = ["--secrets-provider", secrets_provider] if secrets_provider else []
        self.engine.run("stack", "init", stack, "--no-select", *provider)
        self.stacks[stack] = 0  # another look would ask the backend for all of them


def run(
    kind: Kind,
    stack: str,
    *,
    folder: Path | None = None,
    options: Options | None = None,
    on_event: Callable[[Event], None] | None = None,
    on_output: Callable[[str], None] | None = None,
    running: Running | None = None,
    variables: Mapping[str, str] | None = None,
) -> EngineRun:
    """Runs the engine on one stack of the project in a folder or above it, with the project's policies.

    Args:
        kind: what to do; whatever changes something is done without asking.
        stack: its name; it must exist in the backend.
        folder: the current one by default.
        options: how.
        on_event: is told each event as it comes, in a thread of its own.
        on_output: is told each line as it is printed.
        running: where the engine is minded, so that it can be asked to stop; without it a Ctrl-C of the terminal
            reaches it by itself.
        variables: of the environment, besides those of this process.

    Returns:
        How it ended: a failure of the engine is no exception.

    Raises:
        StackError: there is no engine, or no project.
    """
    workspace = Workspace(ProjectFile.find(folder), running=running, variables=variables)
    return workspace.update(kind, stack, options, on_event=on_event, on_output=on_output)


def _why_failed(events: Sequence[Event], output: str) -> str:
    """Returns the engine's errors and the policies that were broken, each once; else the error that was printed."""
    told = [message.text for message in messages(events) if message.severity == "error"]
    told += [violation.text for violation in violations(events) if violation.level == "mandatory"]
    if told:
        return "\n".join(dict.fromkeys([text for text in told if text not in BARE] or told))
    printed = [line for line in output.splitlines() if line.strip()]
    first = next((place for place, line in enumerate(printed) if line.startswith("error: ")), -1)
    return "\n".join(line.removeprefix("error: ") for line in printed[first:])
