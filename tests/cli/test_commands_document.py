"""docs/commands.md tells of every command, and of each option of those that it describes itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from tests.cli.conftest import Command
from tunestack.cli.application import application

DOCUMENT = (Path(__file__).parents[2] / "docs" / "commands.md").read_text("utf-8")
HERE = ("jobs", "models", "prices")


def parts() -> Iterator[str]:
    """Yields each command, and the options of those that the document describes itself, as they stand there."""
    group = typer.main.get_command(application)
    assert isinstance(group, typer.core.TyperGroup)
    for name, command in group.commands.items():
        yield rf"`{name}\b"
        if name in HERE:
            inner = command.commands if isinstance(command, typer.core.TyperGroup) else {"": command}
            yield from (rf"`(\w+ )?{each}\b" for each in inner if each)
            options = (option.opts[0] for each in inner.values() for option in each.params)
            yield from (rf"`{option}\b" for option in options if option.startswith("--"))


@pytest.mark.parametrize("part", sorted(set(parts())))
def test_nothing_is_left_out(part: str) -> None:
    assert re.search(part, DOCUMENT), part


def test_the_table_of_models_is_what_the_command_prints(command: Command) -> None:
    asked, shown = re.findall(r"```console\n\$ tunestack (models .*)\n((?:.*\n)*?)```", DOCUMENT)[0]

    def ageless(text: str) -> str:
        return re.sub(r"\d+ days", "N days", text)

    assert ageless(command(*asked.split()).out) == ageless(shown)
