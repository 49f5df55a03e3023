"""What a user may want to do next, and what was done otherwise than asked."""

from __future__ import annotations

import sys
from pathlib import PurePath
from shlex import quote
from typing import TYPE_CHECKING

from tunestack.cli import terminal
from tunestack.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tunestack.catalogue.data_rules import DataRules
    from tunestack.data.report import Report

TABLES = frozenset({".csv", ".tsv", ".parquet", ".json"})
"""Ends of tables' names."""

PACKED = frozenset({".gz", ".zip", ".zst"})
"""Ends of compressed files' names."""


def of_another_kind(report: Report) -> str | None:
    """Returns a hint on a file in no known format: what it most likely is."""
    if report.format is not None:
        return None
    end = PurePath(report.name).suffix.lower()
    if end in PACKED:
        return f"hint: {report.name} seems to be compressed, which the service does not read; unpack it"
    if end in TABLES:
        return f"hint: tunestack data convert {quote(report.name)} TARGET.jsonl makes training data of a table"
    if report.problem_counts.get("unknown-format"):
        options = "--map prompt=KEY --map completion=KEY"
        return f"hint: tunestack data convert {quote(report.name)} TARGET.jsonl {options} makes training data of it"
    return None


def of_linked_images(reports: Iterable[Report]) -> str | None:
    """Returns a hint on images that were only counted."""
    linked = sum(report.images.linked for report in reports)
    if not linked:
        return None
    return f"hint: --images looks at {counted(linked, 'linked image')}: whether each is there, its kind and its size"


def note_errors(reports: Iterable[Report], rules: Sequence[DataRules] = ()) -> None:
    """Notes, on standard error, which files have errors: what was counted in them holds for the rest alone.

    Args:
        reports: on the files.
        rules: of the models that they were checked for.
    """
    models = "".join(f" --model {quote(rule.model)}" for rule in rules)
    for report in reports:
        if not report.ok:
            errors = counted(report.error_count, "error")
            _note(f"{report.name} has {errors}; see tunestack data check {quote(report.name)}{models}")


def note_kept(report: Report) -> None:
    """Notes, on standard error, that an object was not read."""
    _note(f"{report.name} was not read: it is as it was when a preview checked it, and has its verdict beside it")


def _note(text: str) -> None:
    terminal.print_lines([terminal.styled(f"note: {text}")], sys.stderr)
