"""What checks said of a content, kept where the content lies, so that nobody reads the same bytes twice.

A verdict counts for one content, one state of the check's own code, one set of rules and, for a validation file, one
training file. Anything else is checked anew.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from tunestack.data.report import Report

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tunestack.catalogue.data_rules import DataRules
    from tunestack.data.signatures.signature import Signature

VERDICTS_KEPT = 4
"""Verdicts on one content, the newest: several stacks, or models, may use the same file."""


class NotKeptError(Exception):
    """A verdict that cannot be kept where it belongs; the message says why."""


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The verdicts on one content: `content` says which, `reports` has them by what they were asked, newest last."""

    content: str
    reports: dict[str, dict[str, Any]] = {}

    @classmethod
    def read(cls, written: bytes, content: str) -> Record:
        """Returns what was kept of this content; nothing where it is of another, damaged or somebody else's."""
        try:
            record = msgspec.json.decode(written, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return cls(content)
        return record if record.content == content else cls(content)

    def find(self, question: str) -> Report | None:
        """Returns the verdict on one question, if it is there and whole."""
        if (written := self.reports.get(question)) is None:
            return None
        try:
            report = Report.from_json(written)
        except ValueError:
            return None
        return report if _is_whole(report) else None

    def added(self, question: str, report: Report) -> Record:
        """Returns the record with one verdict more."""
        others = {each: kept for each, kept in self.reports.items() if each != question}
        newest = dict(list(others.items())[1 - VERDICTS_KEPT :])
        return Record(self.content, {**newest, question: report.to_json()})

    def written(self) -> bytes:
        """Returns what `read` reads."""
        return msgspec.json.encode(self)


class Place(Protocol):
    """Where a data file lies, with what is kept beside it."""

    @property
    def name(self) -> str:
        """What problems call the file."""

    @property
    def content(self) -> str:
        """Tells this content from any other that may lie there."""

    @property
    def size(self) -> int:
        """Its bytes."""

    def find(self, question: str) -> Report | None:
        """Returns the verdict that is kept, if there is one."""

    def keep(self, question: str, report: Report) -> None:
        """Keeps a verdict, and the file's signature with it.

        Raises:
            NotKeptError: it cannot be kept.
        """

    def signature(self) -> Signature | None:
        """Returns the signature that is kept, if there is one."""

    def check(
        self, rules: Sequence[DataRules], against: Report | None, progress: Callable[[int], None] | None
    ) -> Report:
        """Reads the content.

        Raises:
            UnreadableDataError: it cannot be read, or is another one meanwhile.
        """


@dataclass(slots=True)
class Checked:
    """A data file and the verdict on it.

    Attributes:
        place: where it lies.
        report: the verdict.
        not_kept: why it could not be kept; empty where it was, or was there.
    """

    place: Place
    report: Report
    not_kept: str = ""

    def signature(self) -> Signature:
        """Returns the file's signature; reads the file again where none was kept.

        Raises:
            UnreadableDataError: the file cannot be read any more.
        """
        signature = self.report.signature or self.place.signature()
        if signature is None:
            signature = self.place.check((), None, None).signature
        assert signature is not None  # noqa: S101 - a check that has read a file has one
        self.report = replace(self.report, signature=signature)
        return signature


def checked(
    place: Place,
    *,
    rules: Sequence[DataRules] = (),
    against: Checked | None = None,
    progress: Callable[[int], None] | None = None,
) -> Checked:
    """Returns the verdict on a file: the one that is kept, or that of a check, which is kept then.

    Args:
        place: where the file lies.
        rules: of the models that it is for.
        against: the training file, where this is its validation file.
        progress: told how many bytes a check has seen.

    Raises:
        UnreadableDataError: it cannot be read.
    """
    question = question_of(rules, against.report if against else None)
    if (kept := place.find(question)) is not None:
        return Checked(place, named(kept, place.name))
    if against is not None:
        against.signature()
    found = Checked(place, place.check(rules, against.report if against else None, progress))
    try:
        place.keep(question, found.report)
    except NotKeptError as error:
        found.not_kept = str(error)
    return found


def named(report: Report, name: str) -> Report:
    """Returns the report with the file under another name."""
    if report.name == name:
        return report
    return replace(report, name=name, problems=tuple(replace(problem, file=name) for problem in report.problems))


def question_of(rules: Sequence[DataRules], against: Report | None) -> str:
    """Tells what a check was asked: by which code, for which models, and beside which training file."""
    # Where a number comes from changes no verdict.
    asked = sorted({msgspec.json.encode(replace(each, sources=())) for each in rules})
    beside = [against.name.encode(), against.sha256.encode()] if against else []
    return hashlib.sha256(b"\n".join([_code(), *asked, *beside])).hexdigest()[:32]


@cache
def _code() -> bytes:
    """Returns a digest of this room's code: a verdict of other code may be another one."""
    digest = hashlib.sha256()
    here = Path(__file__).parents[1]
    for path in sorted(here.rglob("*.py")):
        digest.update(path.relative_to(here).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.digest()


def _is_whole(report: Report) -> bool:
    """Says whether a kept report has numbers and hashes where a check puts some."""
    numbers = [getattr(report, each.name) for each in fields(report) if each.type in ("int", int)]
    return (
        all(type(number) is int and number >= 0 for number in numbers)
        and isinstance(report.sha256, str)
        and re.fullmatch(r"[0-9a-f]{64}", report.sha256) is not None
        and all(type(count) is int and count > 0 for count in report.problem_counts.values())
    )
