"""`tunestack jobs list`: jobs as a table or as JSON."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from itertools import islice

from tunestack.cli import terminal
from tunestack.cli.jobs.described import HEADINGS, NUMBERS, row, to_json
from tunestack.cli.jobs.selection import Selection
from tunestack.cli.place import Place
from tunestack.retries import repeatable
from tunestack.tuning.job import Job


def show(place: Place, selection: Selection, *, limit: int, as_json: bool) -> None:
    """Prints the jobs of a place that are meant, newest first, and says when there are more."""
    found = _newest(place, selection, limit + 1)
    shown = found[:limit]
    if as_json:
        terminal.print_json([to_json(place, job) for job in shown])
    elif shown:
        terminal.print_lines(table(place, shown))
    else:
        whose = f"stack {place.stack}" if place.stack and not selection.everyone else "anybody"
        where = f"{place.connection.project}, {place.connection.location}"
        terminal.print_lines([f"no jobs of {whose} in {where}{' that are asked for' * _is_narrow(selection)}"])
    if len(found) > limit:
        terminal.print_lines([f"note: there are more; --limit shows more than {limit}"], sys.stderr)


def table(place: Place, jobs: list[Job]) -> list[str]:
    """Lays jobs out; columns that say nothing of any of them are left out."""
    at = datetime.now(UTC)
    return terminal.table(HEADINGS, [row(place, job, at) for job in jobs], right=NUMBERS, drop_empty=True)


@repeatable
def _newest(place: Place, selection: Selection, count: int) -> list[Job]:
    return list(islice(selection.of(place), count))


def _is_narrow(selection: Selection) -> bool:
    return bool(selection.states or selection.models or selection.labels)
