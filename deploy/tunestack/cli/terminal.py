"""How the commands speak: plain lines that can be searched, in colour where a person reads them."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, TextIO

import typer

from tunestack.wording import printable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

PIPED_WIDTH = 10_000
"""Columns of a table that no terminal shows: none is cut or wrapped."""


def is_colourful() -> bool:
    """Whether standard output shows colours and its reader wants them; see https://no-color.org."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def styled(text: str, colour: str | None = None, *, bold: bool = False) -> str:
    """Returns a text as it is shown, in its colour where there are colours."""
    shown = printable(text)
    return typer.style(shown, fg=colour, bold=bold) if is_colourful() and (colour or bold) else shown


def sized(size: int) -> str:
    """Returns a number of bytes in a unit that reads well."""
    from rich.filesize import decimal

    return decimal(size)


def print_lines(lines: Iterable[str], stream: TextIO | None = None) -> None:
    """Prints lines as they come, by default on standard output."""
    stream = stream or sys.stdout
    stream.writelines(f"{line}\n" for line in lines)
    stream.flush()


def print_json(value: object, stream: TextIO | None = None) -> None:
    """Prints one JSON value, for machines."""
    print_lines([json.dumps(value, indent=2)], stream)


def confirm(question: str) -> None:
    """Asks whether to go on, not on standard output, and ends the command where the answer is no.

    Raises:
        StackError: nobody can be asked.
    """
    from tunestack.cli.stack import StackError

    if not sys.stdin.isatty():
        raise StackError(f"nothing was done, since nobody can be asked: {question} If so, add --yes")
    typer.confirm(question, abort=True, err=True)


def print_facts(facts: Iterable[tuple[str, str]]) -> None:
    """Prints names and what is known of each, side by side; empty texts are left out, several lines stand aligned."""
    told = [(name, text.split("\n")) for name, text in facts if text]
    width = max(len(name) for name, _ in told)
    for name, (first, *more) in told:
        print_lines([f"{styled(name.ljust(width), bold=True)}  {styled(first)}"])
        print_lines(f"{'':{width}}  {styled(line)}" for line in more)


def table(
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    right: Collection[str] = (),
    drop_empty: bool = False,
) -> list[str]:
    """Lays out a table: within the terminal's width, or as wide as it needs where there is none.

    Args:
        headings: of the columns.
        rows: a text for each column.
        right: headings of columns that are aligned right, such as numbers.
        drop_empty: whether columns are left out that say nothing in any row.
    """
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if drop_empty:
        rows = list(rows)
        said = [index for index in range(len(headings)) if any(row[index] for row in rows)]
        headings, rows = [headings[index] for index in said], [[row[index] for index in said] for row in rows]
    console = Console(width=None if sys.stdout.isatty() else PIPED_WIDTH, highlight=False)
    laid_out = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for heading in headings:
        laid_out.add_column(heading, justify="right" if heading in right else "left", overflow="fold")
    for row in rows:
        laid_out.add_row(*map(Text, row))
    with console.capture() as captured:
        console.print(laid_out)
    return [line.rstrip() for line in captured.get().splitlines()]
