"""Compares what the check says of a file with what the obvious validator says."""

from __future__ import annotations

import io
from collections import defaultdict
from typing import TYPE_CHECKING

from tests.data.obvious_validator import judge
from tunestack.data import scan
from tunestack.data.demands import Demands
from tunestack.data.exact import examine
from tunestack.data.report import KINDS
from tunestack.data.stream import Stream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.data.obvious_validator import Verdict
    from tunestack.catalogue.data_rules import DataRules
    from tunestack.data import Report

OF_SEVERAL_LINES = {"duplicate", "in-both-files"}
JSON_KINDS = {"bad-json", "truncated-line"}
"""Which of these a line has is a matter of where its JSON ends, not of right and wrong."""


def disagreements(content: bytes, rules: Sequence[DataRules]) -> list[str]:
    """Says where the check of a file, and its exact half on each line, differ from the obvious validator."""
    wanted = judge(content, rules)
    report = scan.check(Stream("f", lambda: io.BytesIO(content), len(content)), rules=rules, problem_limit=None)
    return [*_of_lines(content, rules, wanted), *_of_file(report, wanted)]


def _of_file(report: Report, wanted: Verdict) -> list[str]:
    lines: defaultdict[int, set[str]] = defaultdict(set)
    for problem in report.problems:
        assert problem.kind in KINDS, problem
        assert 0 <= problem.offset <= report.bytes, problem
        assert str(problem).isprintable(), problem
        if problem.kind not in OF_SEVERAL_LINES:
            lines[problem.line].add("json" if problem.kind in JSON_KINDS else problem.kind)
    file = lines.pop(0, set())
    found = [
        f"line {line}: {sorted(lines.get(line, ()))}, where {sorted(wanted.lines.get(line, ()))} is right"
        for line in sorted(lines.keys() | wanted.lines.keys())
        if lines.get(line) != wanted.lines.get(line)
    ]
    pairs = {
        "file": (file, wanted.file),
        "format": (report.format, wanted.format),
        "examples": (report.examples, wanted.examples),
        "characters": (report.characters, wanted.characters),
        "turns": (report.turns, wanted.turns),
        "texts only": (report.texts_only, wanted.examples - wanted.with_files),
        "images": ((report.images.inline, report.images.linked), (wanted.inline, wanted.linked)),
        "links": ({uri: (place.line, place.mime_type) for uri, place in report.links.items()}, wanted.links),
    }
    return [
        *found,
        *(f"{name}: {ours}, where {right} is right" for name, (ours, right) in pairs.items() if ours != right),
    ]


def _of_lines(content: bytes, rules: Sequence[DataRules], wanted: Verdict) -> list[str]:
    """The exact half alone, which the scan only asks of lines in doubt."""
    demands = Demands.of(rules)
    found, file_format, first = [], None, 0
    rows = content.split(b"\n")
    for number, row in enumerate(rows[:-1] if rows[-1] == b"" else rows, 1):
        kinds: set[str] = set()

        def tell(kind: str, path: str, *said: str, offset: int = 0, kinds: set[str] = kinds) -> None:
            kinds.add("json" if kind in JSON_KINDS else kind)

        holds = examine(row, file_format, first, demands, tell)  # type: ignore[arg-type]
        demands.tell_over_long(holds.characters, tell)  # type: ignore[arg-type]
        if holds.names and not file_format:
            file_format, first = holds.names, number
        if kinds != wanted.lines.get(number, set()):
            found.append(
                f"exact half, line {number}: {sorted(kinds)}, where {sorted(wanted.lines.get(number, ()))} is right"
            )
    return found
