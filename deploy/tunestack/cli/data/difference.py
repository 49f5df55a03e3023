"""`tunestack data diff`: which examples were added, removed and changed between two versions of a file."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from tunestack.cli import terminal
from tunestack.cli.data import places
from tunestack.cli.data.check import counts, looked_at, summary
from tunestack.cli.data.hints import note_errors
from tunestack.cli.terminal import styled
from tunestack.data.signatures.comparison import compare
from tunestack.data.signatures.signature import Signature

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tunestack.data.report import Report
    from tunestack.data.signatures.comparison import Comparison
    from tunestack.data.stream import Stream

SHOWN_CHARACTERS = 160
"""Of an example; whoever wants all of it has its line."""

CONTEXT_CHARACTERS = 40
"""Shown before the place where two versions of an example part."""

READ_CHARACTERS = 1024 * 1024
"""Of an example: longer ones, and what comes later in them, are not compared to be shown."""


def show(before: str, after: str, *, limit: int, as_json: bool) -> None:
    """Compares two files and prints what changed.

    Args:
        before: path or address of the earlier version.
        after: of the later one.
        limit: how many examples of each kind are shown.
        as_json: print it for machines.
    """
    files = [places.source(before), places.source(after)]
    reports = [looked_at(file, is_compared=True) for file in files]
    earlier, later = (report.signature or Signature() for report in reports)
    found = compare(earlier, later, limit=limit)
    if as_json:
        terminal.print_json(_for_machines(found, reports))
    else:
        terminal.print_lines(f"{styled(report.name, bold=True)}: {summary(report)}" for report in reports)
        terminal.print_lines(("", styled(str(found), bold=True)))
        if not found.same and reports[0].format != reports[1].format:
            terminal.print_lines(("in two formats no example is the same: tunestack data convert makes one of them",))
        terminal.print_lines(_examples(found, *files))
    note_errors(reports)


def _for_machines(found: Comparison, reports: Iterable[Report]) -> dict[str, object]:
    return {
        "files": [counts(report) for report in reports],
        "same": found.same,
        "added": found.added,
        "removed": found.removed,
        "changed": found.changed,
        "addedLines": found.added_lines,
        "removedLines": found.removed_lines,
        "changedLines": found.changed_lines,
    }


def _examples(found: Comparison, before: Path | Stream, after: Path | Stream) -> Iterator[str]:
    """Yields the first examples of each kind."""
    earlier = _texts(before, {*found.removed_lines, *(line for line, _ in found.changed_lines)})
    later = _texts(after, {*found.added_lines, *(line for _, line in found.changed_lines)})
    old, new = places.name(before), places.name(after)
    for line in found.added_lines:
        yield styled(f"+ {new}:{line}: {_cut(later[line])}", "green")
    yield from _rest(found.added, found.added_lines, "added")
    for line in found.removed_lines:
        yield styled(f"- {old}:{line}: {_cut(earlier[line])}", "red")
    yield from _rest(found.removed, found.removed_lines, "removed")
    for first, second in found.changed_lines:
        texts = earlier[first], later[second]
        parted = next((at for at, pair in enumerate(zip(*texts, strict=False)) if len(set(pair)) > 1), 0)
        yield styled(f"~ {old}:{first}: {_cut(texts[0], parted)}", "red")
        yield styled(f"~ {new}:{second}: {_cut(texts[1], parted)}", "green")
    yield from _rest(found.changed, found.changed_lines, "changed")


def _rest(count: int, shown: Iterable[object], kind: str) -> Iterator[str]:
    left = count - sum(1 for _ in shown)
    if left:
        yield f"… and {left:,} more {kind}; --limit shows more"


def _texts(file: Path | Stream, lines: set[int]) -> dict[int, str]:
    """Reads some lines of a file."""
    found: dict[int, str] = {}
    if not lines:
        return found
    with file.open("rb") if isinstance(file, Path) else file.open() as opened:
        for number, line in enumerate(islice(opened, max(lines)), 1):
            if number in lines:
                found[number] = line[:READ_CHARACTERS].decode("utf-8", "replace").rstrip("\n")
    return found


def _cut(text: str, place: int = 0) -> str:
    """Returns what of an example is shown: its beginning, or what stands around a place in it."""
    start = max(place - CONTEXT_CHARACTERS, 0)
    end = start + SHOWN_CHARACTERS
    return f"{'…' * (start > 0)}{text[start:end]}{'…' * (end < len(text))}"
