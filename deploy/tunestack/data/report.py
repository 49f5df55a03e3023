"""What a check of a data file says: a report, and each problem with its place."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Format = Literal["prompt-completion", "chat"]
Severity = Literal["error", "warning"]

KINDS: Mapping[str, Severity] = MappingProxyType(
    {
        # bytes and lines
        "not-utf-8": "error",
        "bom": "error",
        "blank-line": "error",
        "line-too-long": "error",
        # JSON
        "truncated-line": "error",
        "bad-json": "error",
        "nested-too-deeply": "error",
        "not-an-object": "error",
        "duplicate-key": "error",
        # formats
        "unknown-format": "error",
        "unsupported-format": "error",
        "mixed-formats": "error",
        # content
        "missing-key": "error",
        "extra-key": "error",
        "wrong-type": "error",
        "image": "error",
        "empty": "error",
        "nan": "error",
        "lone-surrogate": "error",
        "unknown-role": "error",
        "turn-order": "error",
        "no-assistant": "error",
        # the file as a whole, and two files together
        "no-examples": "error",
        "few-examples": "warning",
        "duplicate": "warning",
        "over-long": "warning",
        "validation-too-large": "error",
        "validation-too-many": "error",
        "in-both-files": "warning",
    }
)
"""Every kind of problem. An error makes the service refuse or misread the file; a warning is likely not meant."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem and its place.

    Args:
        file: the file as it was named.
        line: counted from 1; 0 where the file as a whole is meant.
        offset: bytes from the start of the file, as near to the cause as is known.
        path: JSON path within the line, such as `$.messages[2].content`.
        kind: one of `KINDS`.
        reason: what is wrong.
        expected: what should stand there.
        remedy: how to mend it.
    """

    file: str
    line: int
    offset: int
    path: str
    kind: str
    reason: str
    expected: str
    remedy: str

    @property
    def severity(self) -> Severity:
        """Whether this stops the file from being used."""
        return KINDS[self.kind]

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: {self.path}" if self.line else self.file
        return f"{place}: {self.reason}; expected {self.expected}; {self.remedy}"


@dataclass(frozen=True, slots=True)
class Report:
    """What one file holds.

    Args:
        path: the file as it was named.
        format: the format of its first readable example; None when there is none.
        examples: lines that hold an example, whole or faulty.
        bytes: size of the file.
        characters: characters of the examples' text, the measure behind the catalogue's tokens per character.
        sha256: of the file's bytes, in hexadecimal digits.
        crc32c: of the file's bytes, as Cloud Storage writes it (base64 of the big-endian value).
        problems: the first ones of each kind, by line.
        problem_counts: all of them, by kind.
    """

    path: Path
    format: Format | None
    examples: int
    bytes: int
    characters: int
    sha256: str
    crc32c: str
    problems: tuple[Problem, ...]
    problem_counts: Mapping[str, int]

    @property
    def ok(self) -> bool:
        """Whether nothing but warnings was found."""
        return self.error_count == 0

    @property
    def error_count(self) -> int:
        """How many problems stop the file from being used, told in full or not."""
        return sum(count for kind, count in self.problem_counts.items() if KINDS[kind] == "error")

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that stop the file from being used."""
        return tuple(problem for problem in self.problems if problem.severity == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """The problems that do not."""
        return tuple(problem for problem in self.problems if problem.severity == "warning")


class UnreadableDataError(Exception):
    """A data file that cannot be read at all; the message names it and says why."""
