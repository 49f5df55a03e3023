"""Where a command looks: the project and location of a stack, or those that the user names."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import typer

from tunestack.cli.stack import Engine, StackError
from tunestack.connection import Connection
from tunestack.resource_types import JOB

EMULATOR_URL = "TUNESTACK_EMULATOR_URL"
_EMULATOR_FILE = Path(".tunestack", "emulator", "emulator.json")
_POLL_SECONDS = 1.0
"""Between two looks at an emulator: its jobs take seconds, not hours."""


@dataclass(frozen=True)
class Place:
    """A project and a location, and the stack that named them.

    Attributes:
        connection: the way there.
        stack: name of the stack; empty where the user named the project.
        outputs: of the stack, as the program exported them; empty where it has none yet.
    """

    connection: Connection
    stack: str = ""
    outputs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_emulated(self) -> bool:
        """Whether it is an emulator, whose tokens and prices are nobody's."""
        return bool(self.connection.api_endpoint)

    @cached_property
    def job_names(self) -> Mapping[str, str]:
        """The names of the stack's tuning jobs by what the jobs' labels say of their owner."""
        from tunestack.tuning.ownership import digest

        if not self.stack:
            return {}
        deployment = Engine().deployment(self.stack)
        urns = [resource["urn"] for resource in deployment.get("resources") or () if resource["type"] == JOB]
        return {digest(urn): urn.rpartition("::")[2] for urn in urns}

    def stack_label(self) -> str:
        """Returns what the labels of the stack's jobs say of whose they are.

        Raises:
            StackError: there is no such stack, or its backend does not tell of which Pulumi project it is.
        """
        from tunestack.cli.recover import full_name
        from tunestack.tuning.ownership import digest

        parts = full_name(Engine(), self.stack).split("/")
        if len(parts) != 3:
            raise StackError(
                f"the backend does not say which Pulumi project stack {self.stack} belongs to, so its jobs cannot be "
                "told from others; --all shows all of the location"
            )
        return digest(f"urn:pulumi:{parts[2]}::{parts[1]}")


def find(stack: str, project: str = "", location: str = "") -> Place:
    """Returns the place of a stack, by its outputs or, where it has none yet, by its configuration; or the one named.

    Args:
        stack: name of a stack of the project in the current folder, or empty.
        project: id of a Google Cloud project, without a stack.
        location: of that project; with a stack, another one than the stack's.

    Raises:
        typer.BadParameter: neither a stack nor a project is named, or both.
        StackError: there is no such stack, or nothing tells where it is.
    """
    if stack and project:
        raise typer.BadParameter(f"--project is for looking without a stack: stack {stack} names a project itself")
    if not stack:
        if not (project and location):
            raise typer.BadParameter("name the stack with --stack, or the place with --project and --location")
        return Place(_connection(project, location, os.environ.get(EMULATOR_URL, "")))
    outputs = Engine().outputs(stack)
    if "project" in outputs and "location" in outputs:
        endpoint = outputs.get("apiEndpoint") or ""
        return Place(_connection(outputs["project"], location or outputs["location"], endpoint), stack, outputs)
    return Place(_configured(stack, location), stack)


def priced_by(stack: str) -> Connection | None:
    """Returns whose prices are meant: a local stack's emulator, or $TUNESTACK_EMULATOR_URL; None for Google Cloud."""
    if not stack:
        url = os.environ.get(EMULATOR_URL, "")
        return _connection("", "global", url) if url else None
    connection = find(stack).connection
    return connection if connection.api_endpoint else None


def configuration(stack: str) -> dict[str, Any]:
    """Returns what a stack's YAML says below `tunestack:`, whether it was applied or not; what is secret is missing.

    Raises:
        StackError: there is no engine or no such stack.
    """
    listed = json.loads(Engine().run("config", "--json", "--stack", stack))
    return {
        key.removeprefix("tunestack:"): entry.get("objectValue", entry.get("value"))
        for key, entry in listed.items()
        if key.startswith("tunestack:") and not entry.get("secret")
    }


def _configured(stack: str, location: str) -> Connection:
    config = configuration(stack)
    missing = [key for key in ("project", "location") if not config.get(key)]
    if missing:
        keys = " and ".join(f"tunestack:{key}" for key in missing)
        raise StackError(
            f"stack {stack} says nowhere where it is: its outputs have no project and location, and its configuration "
            f"no {keys}. Export the two from a program of your own, or name them with --project and --location instead "
            "of the stack"
        )
    # An own program's default provider takes the emulator's address from the configuration, as it does the project.
    endpoint = emulator_url() if config.get("emulator") == "true" else config.get("apiEndpoint", "")
    return _connection(config["project"], location or config["location"], endpoint)


def emulator_url() -> str:
    """Returns where the emulator of local stacks listens: $TUNESTACK_EMULATOR_URL, else what it wrote itself.

    Raises:
        StackError: none has been started.
    """
    if url := os.environ.get(EMULATOR_URL):
        return url.rstrip("/")
    for folder in (Path.cwd(), *Path.cwd().parents):  # the engine finds its project upwards, too
        try:
            return str(json.loads((folder / _EMULATOR_FILE).read_text("utf-8"))["url"]).rstrip("/")
        except (OSError, ValueError, KeyError):
            continue
    raise StackError(
        f"the emulator of this stack does not run: there is no {_EMULATOR_FILE}, and {EMULATOR_URL} is not set. "
        "`make emulator` starts it"
    )


def _connection(project: str, location: str, api_endpoint: str) -> Connection:
    if not api_endpoint:
        return Connection(project, location)
    return Connection(project, location, api_endpoint.rstrip("/"), poll_seconds=_POLL_SECONDS)
