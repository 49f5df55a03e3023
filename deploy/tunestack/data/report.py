"""What a check of a data file says: a report, and each problem with its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from tunestack.data.links import Links

if TYPE_CHECKING:
    from tunestack.data.signatures.signature import Signature

Format = Literal["prompt-completion", "chat", "generate-content"]
Severity = Literal["error", "warning"]

VERSION = 1
"""Of `Report.to_json`. A kept report of another version is worth nothing: the file is checked again."""

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
        "too-many-values": "error",
        "not-an-object": "error",
        "duplicate-key": "error",
        # formats
        "unknown-format": "error",
        "mixed-formats": "error",
        "several-formats": "error",
        "format-not-allowed": "error",
        # content
        "missing-key": "error",
        "extra-key": "error",
        "wrong-type": "error",
        "empty": "error",
        "nan": "error",
        "lone-surrogate": "error",
        "unsupported-part": "error",
        "unknown-role": "error",
        "turn-order": "error",
        "no-assistant": "error",
        # images
        "image-not-allowed": "error",
        "image-address": "error",
        "image-broken": "error",
        "image-kind": "error",
        "image-type": "error",
        "image-type-unknown": "warning",
        "image-trailing": "warning",
        "too-many-images": "error",
        "image-too-large": "error",
        "image-missing": "error",
        "image-location": "warning",
        "image-access": "error",
        "image-access-unknown": "warning",
        "images-not-looked-at": "warning",
        "text-dropped": "error",
        "links-not-kept": "warning",
        # the file as a whole, and two files together
        "no-examples": "error",
        "few-examples": "warning",
        "duplicate": "warning",
        "over-long": "warning",
        "file-too-large": "error",
        "too-many-examples": "error",
        "validation-too-large": "error",
        "validation-too-many": "error",
        "in-both-files": "warning",
        "lines-not-compared": "warning",
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

    def to_json(self) -> dict[str, Any]:
        """Returns what JSON can hold: every field, and the severity."""
        return {name: getattr(self, name) for name in (*_PROBLEM_FIELDS, "severity")}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Problem:
        """Returns the problem that `to_json` wrote."""
        return cls(**{name: value[name] for name in _PROBLEM_FIELDS})


_PROBLEM_FIELDS = ("file", "line", "offset", "path", "kind", "reason", "expected", "remedy")


@dataclass(frozen=True, slots=True)
class Images:
    """The images of a file: parts of its examples, so that one object linked twice counts twice.

    Args:
        inline: written into the file, in base64.
        linked: named by a `gs://` address.
        inline_bytes: of the inline ones, decoded.
    """

    inline: int = 0
    linked: int = 0
    inline_bytes: int = 0

    @property
    def count(self) -> int:
        """All of them."""
        return self.inline + self.linked


@dataclass(frozen=True, slots=True)
class Report:
    """What one file holds.

    Args:
        name: the file as it was named: a path, or a `gs://` address.
        format: the format of its first readable example; None when there is none.
        examples: lines that hold an example, whole or faulty.
        bytes: size of the file.
        characters: characters of the examples' text, the measure behind the catalogue's tokens per character.
        sha256: of the file's bytes, in hexadecimal digits.
        crc32c: of the file's bytes, as Cloud Storage writes it (base64 of the big-endian value).
        problems: the first ones of each kind, by line.
        problem_counts: all of them, by kind.
        longest: characters of the longest example.
        non_ascii: how many of the characters are beyond ASCII, which take more tokens each.
        turns: messages of all examples; two for each of prompt/completion.
        texts_only: examples without an image.
        images: what images there are.
        links: where each linked image stands first.
        signature: what the file is compared with later ones by; None when the report was read from JSON.
        sizes: how many examples have so many characters; None where that was not asked for. However large the file, it
            is small: examples of many different sizes are long ones, and few.
    """

    name: str
    format: Format | None
    examples: int
    bytes: int
    characters: int
    sha256: str
    crc32c: str
    problems: tuple[Problem, ...]
    problem_counts: Mapping[str, int]
    longest: int = 0
    non_ascii: int = 0
    turns: int = 0
    texts_only: int = 0
    images: Images = Images()
    links: Links = field(default_factory=Links)
    signature: Signature | None = field(default=None, compare=False, repr=False)
    sizes: Mapping[int, int] | None = field(default=None, compare=False, repr=False)

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

    def to_json(self) -> dict[str, Any]:
        """Returns the verdict as JSON can hold it: everything but signature and sizes."""
        images = self.images
        return {
            "version": VERSION,
            "ok": self.ok,
            **{written: getattr(self, name) for written, name in _REPORT_FIELDS.items()},
            "problemCounts": dict(self.problem_counts),
            "problems": [problem.to_json() for problem in self.problems],
            "images": {"inline": images.inline, "linked": images.linked, "inlineBytes": images.inline_bytes},
            "links": self.links.to_json(),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Report:
        """Returns the report that `to_json` wrote, without its signature.

        Raises:
            ValueError: another version wrote it, or it is no report.
        """
        try:
            if value["version"] != VERSION:
                raise ValueError(f"a report of version {value['version']}; expected {VERSION}; check the file again")
            images = value["images"]
            return cls(
                **{name: value[written] for written, name in _REPORT_FIELDS.items()},
                problem_counts={kind: count for kind, count in value["problemCounts"].items() if kind in KINDS},
                problems=tuple(Problem.from_json(problem) for problem in value["problems"]),
                images=Images(images["inline"], images["linked"], images["inlineBytes"]),
                links=Links.from_json(value["links"]),
            )
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"no report of a check ({error!r}); check the file again") from error


_REPORT_FIELDS = {
    "name": "name",
    "format": "format",
    "sha256": "sha256",
    "crc32c": "crc32c",
    "bytes": "bytes",
    "examples": "examples",
    "textsOnly": "texts_only",
    "turns": "turns",
    "characters": "characters",
    "nonAscii": "non_ascii",
    "longest": "longest",
}
"""What JSON calls the plain ones."""


class UnreadableDataError(Exception):
    """A data file that cannot be read at all; the message names it and says why."""
