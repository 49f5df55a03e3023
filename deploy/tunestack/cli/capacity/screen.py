"""What was found, for people: a table of machines by region, and a sentence on each endpoint."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Sequence

from tunestack.catalogue.amounts import exact_price
from tunestack.cli import terminal
from tunestack.cli.capacity.answers import Answer, Row
from tunestack.cli.sources import Sources
from tunestack.quotas import UNLIMITED

_UNKNOWN = "?"
_HEADINGS = ("for", "region", "machine", "accelerators", "fits", "quota", "in use", "available", "USD/h", "source", "")


def show(found: Sequence[Answer]) -> None:
    """Prints the table, then what each endpoint would take, then what could not be looked at."""
    sources = Sources()
    rows = [_cells(answer, row, sources) for answer in found for row in answer.rows]
    terminal.print_lines(terminal.table(_HEADINGS, rows, right=("quota", "in use", "USD/h"), drop_empty=True))
    terminal.print_lines(["", *map(_sentence, (answer for answer in found if answer.question.endpoint))])
    terminal.print_lines(sources.lines())
    if any(not answer.question.checkpoint_uris for answer in found):
        asked = "the service says what can be had for a checkpoint alone: name one with --checkpoint, or tune first"
        terminal.print_lines([f"note: {asked}"], sys.stderr)
    unseen = dict.fromkeys(text for answer in found for text in answer.capacity.unseen)
    terminal.print_lines((f"note: {text}" for text in unseen), sys.stderr)


def _cells(answer: Answer, row: Row, sources: Sources) -> tuple[str, ...]:
    machine, accelerator, count = row.machine
    today = datetime.datetime.now(datetime.UTC).date()
    age = row.source.told_age(today) if row.source and row.usd_per_hour is not None else ""
    is_taken = bool(answer.question.endpoint) and row.machine == answer.choice
    return (
        answer.question.label,
        answer.capacity.region,
        f"{machine} *" if is_taken else machine,
        f"{count} × {accelerator}" if accelerator else _UNKNOWN,
        _fits(answer, row),
        _UNKNOWN if row.granted is None else "no limit" if row.granted == UNLIMITED else str(row.granted),
        _UNKNOWN if row.in_use is None else str(row.in_use),
        {True: "yes", False: "no", None: _UNKNOWN}[row.available],
        exact_price(row.usd_per_hour),
        sources(row.source),
        age,
    )


def _fits(answer: Answer, row: Row) -> str:
    size = answer.capacity.weight_bytes
    if row.holds is None or size is None or row.usable_bytes is None:
        return _UNKNOWN
    return "yes" if row.holds else f"no: {size / 2**30:.1f} of {row.usable_bytes / 2**30:.1f} GiB"


def _sentence(answer: Answer) -> str:
    where, serving = f"{answer.question.label} in {answer.capacity.region}", answer.question.serving
    if serving:
        where = f"{where}: serves on {serving}; the next roll"
    if answer.choice is None:
        colour = None if serving else "red"
        return terminal.styled(f"{where}: none of the machines can be had now: {answer.reason}", colour)
    machine, _, reason = answer.reason.partition(": ")
    return terminal.styled(f"{where}: {machine} (*): {reason}")
