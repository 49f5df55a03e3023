"""Compares what the check says of a file with what the obvious validator says."""

from __future__ import annotations

import io
from collections import defaultdict
from typing import TYPE_CHECKING

from tests.data.obvious_validator import judge
from tunestack.data import scan
from tunestack.data.demands import Demands
from tunestack.data.exact.line import examine
from tunestack.data.links import Links
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
    exact = ExactHalf(content, Demands.of(rules))
    return [*exact.disagreements(wanted), *_of_file(report, wanted), *_of_halves(report, exact)]


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


class ExactHalf:
    """What the exact half alone says of a file, though the scan only asks it about lines in doubt."""

    def __init__(self, content: bytes, demands: Demands) -> None:
        self.kinds: dict[int, set[str]] = {}
        self.links = Links()
        self.non_ascii = self.longest = self.inline_bytes = 0
        file_format, first, offset = None, 0, 0
        rows = content.split(b"\n")
        for number, row in enumerate(rows[:-1] if rows[-1] == b"" else rows, 1):
            kinds: set[str] = set()

            def tell(
                kind: str,
                path: str,
                reason: str,
                expected: str,
                remedy: str,
                offset: int = 0,
                kinds: set[str] = kinds,
            ) -> None:
                kinds.add("json" if kind in JSON_KINDS else kind)

            holds = examine(row, file_format, first, demands, tell)
            demands.tell_over_long(holds.characters, tell)
            if holds.names and not file_format:
                file_format, first = holds.names, number
            if kinds:
                self.kinds[number] = kinds
            self.non_ascii += holds.non_ascii
            self.longest = max(self.longest, holds.characters)
            self.inline_bytes += holds.inline_bytes
            for address, byte, path, mime_type in holds.links:
                self.links.add(address, number, offset + byte, path, mime_type)
            offset += len(row) + 1

    def disagreements(self, wanted: Verdict) -> list[str]:
        return [
            f"exact half, line {line}: {sorted(self.kinds.get(line, ()))},"
            f" where {sorted(wanted.lines.get(line, ()))} is right"
            for line in sorted(self.kinds.keys() | wanted.lines.keys())
            if self.kinds.get(line) != wanted.lines.get(line)
        ]


def _of_halves(report: Report, exact: ExactHalf) -> list[str]:
    """What the obvious validator does not look at must be the same by both halves, and by the exact one alone."""
    pairs = {
        "non-ASCII": (report.non_ascii, exact.non_ascii),
        "longest": (report.longest, exact.longest),
        "bytes of images": (report.images.inline_bytes, exact.inline_bytes),
        "places of links": (dict(report.links), dict(exact.links)),
    }
    return [f"{name}: {ours}, where {exactly} is exact" for name, (ours, exactly) in pairs.items() if ours != exactly]
