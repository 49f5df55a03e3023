"""Sources in one of the three formats: they are checked before anything is made of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

from tunestack.data.preparation.error import PreparationError
from tunestack.data.scan import check

if TYPE_CHECKING:
    from tunestack.catalogue.data_rules import DataRules
    from tunestack.data.preparation.source import Source
    from tunestack.data.report import Format

_TOO_MUCH = {"file-too-large", "too-many-examples"}
"""Errors of a whole file that no longer are when it is converted or split."""


def checked(
    source: Source, progress: Callable[[int], None] | None, rules: Sequence[DataRules] = ()
) -> tuple[Format, int]:
    """Makes sure that a source in one of the three formats has no error; returns which it is, and its size.

    Raises:
        PreparationError: it has; the first is named.
    """
    report = check(source.given, rules=rules, problem_limit=1, progress=progress)
    errors = [problem for problem in report.errors if problem.kind not in _TOO_MUCH]
    if errors:
        first = errors[0]
        many = f"; tunestack data check tells all {report.error_count:,}" if report.error_count > 1 else ""
        raise PreparationError(
            f"{first.reason}; expected {first.expected}",
            f"{first.remedy}{many}",
            file=source.name,
            line=first.line,
            path=first.path if first.line else "",
        )
    return cast("Format", report.format), report.bytes  # there is one, or there are no examples, which is an error


def changed(source: Source) -> PreparationError:
    """Returns the error of a source that no longer is what was checked."""
    return PreparationError("changed while it was read", "run again", file=source.name)
