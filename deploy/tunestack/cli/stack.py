"""A stack as the engine keeps it: its outputs, read by the engine's own command."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tunestack.connection import Connection

BACKEND_SECONDS = 60.0
"""How long the engine may take to say what its backend has; of one that nobody answers at, it asks again and again."""


class StackError(Exception):
    """Something about the stack that the user can mend."""


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack and its outputs; secret ones stay hidden.

    Attributes:
        name: of the stack.
        outputs: by name, as the program exported them.
    """

    name: str
    outputs: Mapping[str, Any]

    @classmethod
    def select(cls, name: str) -> Stack:
        """Reads a stack of the project in the current folder.

        Raises:
            StackError: there is no engine, no such stack, or it was not applied yet.
        """
        outputs = Engine().outputs(name)
        if "project" not in outputs:
            raise StackError(
                f"stack {name} exports no project, location and endpoints, which this command reads"
                if outputs
                else f"stack {name} has no outputs yet; run pulumi up --stack {name} first"
            )
        return cls(name, outputs)

    def connection(self, endpoint: Mapping[str, Any] | None = None) -> Connection:
        """Returns the way to the stack's project, in an endpoint's region or in the stack's own location."""
        location = endpoint["id"].split("/")[3] if endpoint else self.outputs["location"]
        return Connection(self.outputs["project"], location, self.outputs.get("apiEndpoint") or "", poll_seconds=1.0)


def resources_left(stack: str) -> list[str]:
    """Returns type and name of each resource that a stack's state still has, in the order in which they were made.

    Raises:
        StackError: there is no engine or no such stack.
    """
    deployment = Engine().deployment(stack)
    interrupted = [operation["resource"] for operation in deployment.get("pending_operations") or ()]
    urns = dict.fromkeys(resource["urn"] for resource in (*(deployment.get("resources") or ()), *interrupted))
    typed = [urn.split("::", 3)[2:] for urn in urns]
    # The stack itself and its providers are the engine's own; they exist nowhere else.
    own = ("pulumi:pulumi:Stack", "pulumi:providers:")
    return [f"{kind.rpartition('$')[2]} {name}" for kind, name in typed if not kind.rpartition("$")[2].startswith(own)]


@dataclass(frozen=True, slots=True)
class Engine:
    """The engine's command, in a folder and an environment; by default those of this process.

    Attributes:
        folder: where it runs.
        environment: all of its variables.
        is_apart: whether a Ctrl-C of the terminal does not reach it.
    """

    folder: Path | None = None
    environment: Mapping[str, str] | None = None
    is_apart: bool = False

    def executable(self) -> str:
        """Returns where the engine is.

        Raises:
            StackError: there is none.
        """
        path = None if self.environment is None else self.environment.get("PATH", "")
        pulumi = shutil.which("pulumi", path=path)
        if pulumi is None:
            raise StackError("there is no pulumi on PATH; for a local stack, run `. .tunestack/env` first")
        return pulumi

    def run(self, *arguments: str, stdin: str | None = None, seconds: float | None = None) -> str:
        """Runs the engine and returns what it prints; ends it after a time, if one is given.

        Raises:
            StackError: there is none, or it refused.
            subprocess.TimeoutExpired: it took too long.
        """
        finished = subprocess.run(
            [self.executable(), *arguments, "--non-interactive"],
            capture_output=True,
            text=True,
            check=False,
            input=stdin,
            cwd=self.folder,
            env=self.environment,
            process_group=0 if self.is_apart else None,
            timeout=seconds,
        )
        if finished.returncode:
            raise StackError((finished.stderr.strip() or finished.stdout.strip()).removeprefix("error: "))
        return finished.stdout

    def backend(self) -> str:
        """Returns the address at which the engine keeps stacks, however it was told: by variable, login or Pulumi.yaml.

        Raises:
            StackError: there is no engine, or nobody is logged in.
        """
        return str(json.loads(self._ask("whoami", "--json"))["url"])

    def outputs(self, stack: str) -> dict[str, Any]:
        """Returns the outputs of a stack; secret ones stay hidden.

        Raises:
            StackError: there is no engine or no such stack.
        """
        return dict(json.loads(self.run("stack", "output", "--json", "--stack", stack)))

    def deployment(self, stack: str) -> dict[str, Any]:
        """Returns a stack's state; secrets stay encrypted, so that no key is needed. Nothing before its first up.

        Raises:
            StackError: there is no engine or no such stack.
        """
        return json.loads(self.run("stack", "export", "--stack", stack))["deployment"] or {}

    def last_update(self, stack: str) -> dict[str, Any]:
        """Returns what the engine's history says of its last run on a stack; nothing before the first.

        Raises:
            StackError: there is no engine or no such stack.
        """
        runs = json.loads(self.run("stack", "history", "--json", "--page-size", "1", "--stack", stack) or "[]")
        return dict(runs[0]) if runs else {}

    def stacks(self) -> list[dict[str, Any]]:
        """Returns the project's stacks that the backend has, with their full names.

        Raises:
            StackError: there is no engine, or the backend cannot be reached.
        """
        return list(json.loads(self._ask("stack", "ls", "--json", "--fully-qualify-stack-names")))

    def _ask(self, *arguments: str) -> str:
        """Runs the engine for what its backend knows, which it would wait for without an end."""
        try:
            return self.run(*arguments, seconds=BACKEND_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise StackError(
                f"the backend in which the engine keeps its stacks has not answered within {BACKEND_SECONDS:.0f} s; "
                "PULUMI_BACKEND_URL, `pulumi login` or Pulumi.yaml said which one it is"
            ) from error
