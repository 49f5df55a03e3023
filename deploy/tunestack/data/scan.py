"""Checks data files before anything is uploaded or paid for."""

from __future__ import annotations

from array import array
from collections import Counter
from functools import partial
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from tunestack.data.demands import Demands
from tunestack.data.exact import examine
from tunestack.data.formats import surely_right
from tunestack.data.lines import MAX_LINE_BYTES, LineReader
from tunestack.data.report import Problem, Report, UnreadableDataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Set
    from decimal import Decimal

    from tunestack.data.lines import Block
    from tunestack.data.report import Format

RECOMMENDED_EXAMPLES = 100
"""The lower end of the 100 to 500 examples that Google's tuning documentation recommends."""

VALIDATION_PERCENT = 25
VALIDATION_ROWS = 5_000
"""What the service takes as a validation file of open models: a share of the training file's bytes, and rows.

Source: github.com/google/skills, agent-platform-tuning, references/data_prep.md, August 2026.
"""


def check(
    path: Path | str,
    *,
    max_sequence_tokens: int | None = None,
    tokens_per_character: Decimal | None = None,
    problem_limit: int = 20,
) -> Report:
    """Checks a training file: every line, in one pass, within bounded memory.

    Args:
        path: a JSONL file of prompt/completion or chat examples.
        max_sequence_tokens: the model's longest sequence; longer examples are warned of where the ratio is given too.
        tokens_per_character: the catalogue's ratio for model and mode.
        problem_limit: how many problems of each kind are told in full; all are counted.

    Raises:
        UnreadableDataError: the file is not there or cannot be read.
    """
    return _Scan(path, _longest(max_sequence_tokens, tokens_per_character), problem_limit).run(RECOMMENDED_EXAMPLES)


def check_pair(
    training: Path | str,
    validation: Path | str | None,
    *,
    max_sequence_tokens: int | None = None,
    tokens_per_character: Decimal | None = None,
    problem_limit: int = 20,
) -> tuple[Report, Report | None]:
    """Checks a training and a validation file, and the two together.

    Args:
        training: see `check`.
        validation: see `check`; None when there is none.
        max_sequence_tokens: see `check`.
        tokens_per_character: see `check`.
        problem_limit: see `check`.

    Returns:
        A report on each; what is wrong between the two stands in the validation file's.

    Raises:
        UnreadableDataError: a file is not there or cannot be read.
    """
    longest = _longest(max_sequence_tokens, tokens_per_character)
    learnt = _Scan(training, longest, problem_limit)
    report = learnt.run(RECOMMENDED_EXAMPLES)
    if validation is None:
        return report, None
    return report, _Scan(validation, longest, problem_limit, training=learnt).run(recommended=1)


def _longest(max_sequence_tokens: int | None, tokens_per_character: Decimal | None) -> float:
    """Characters that fit the sequence, by the ratio."""
    if max_sequence_tokens is None or not tokens_per_character:
        return inf
    return float(max_sequence_tokens / tokens_per_character)


class _Scan:
    """One pass over a file."""

    def __init__(self, path: Path | str, longest: float, limit: int, training: _Scan | None = None) -> None:
        self.path = Path(path)
        self.file = str(path)
        self.longest = longest
        self.limit = limit
        self.training = training
        self.format: Format | None = None
        self.format_line = 0
        self.bytes = 0
        self.examples = 0
        self.characters = 0
        self.problems: list[Problem] = []
        self.counts: Counter[str] = Counter()
        # Equal lines are found by Python's hash of their bytes: 64 bits with a secret key, so that no two different
        # lines of a file are likely to share one, nor can be made to.
        self.hashes = array("q")
        self.seen: set[int] = set()
        self.blank: set[int] = set()
        self.repeats = 0
        self.repeating: list[tuple[int, array[int]]] = []

    def run(self, recommended: int) -> Report:
        try:
            with self.path.open("rb", buffering=0) as file:
                reader = LineReader(file)
                for block in reader.blocks():
                    self._block(block)
        except OSError as error:
            message = f"{self.file} cannot be read: {error.strerror or error}; write the path of a JSONL file"
            raise UnreadableDataError(message) from error
        self.bytes = reader.bytes
        self._repeated_lines()
        self._whole(recommended)
        return Report(
            name=self.file,
            format=self.format,
            examples=self.examples,
            bytes=reader.bytes,
            characters=self.characters,
            sha256=reader.sha256,
            crc32c=reader.crc32c,
            problems=tuple(sorted(self.problems, key=lambda problem: (problem.line, problem.offset))),
            problem_counts=dict(self.counts),
        )

    def _block(self, block: Block) -> None:
        lines = block.lines
        self._remember(block)
        characters = None
        if self.format and max(map(len, lines)) <= min(self.longest, MAX_LINE_BYTES):
            characters = surely_right(self.format, block.raw, lines)
        if characters is not None:
            self.examples += len(lines)
            self.characters += characters
            return
        for number, (line, offset) in enumerate(zip(lines, block.offsets(), strict=True), block.first_line):
            self._line(line, number, offset)

    def _line(self, line: bytes, number: int, offset: int) -> None:
        characters = None
        if self.format and len(line) <= MAX_LINE_BYTES:
            characters = surely_right(self.format, line, (line,))
        if characters is None:
            found = examine(line, self.format, self.format_line, Demands.of(()), partial(self._tell, number, offset))
            if self.format is None and found.names:
                self.format, self.format_line = found.names, number
            if found.blank:
                self.blank.add(hash(line))
                return
            characters = found.characters
        self.examples += 1
        self.characters += characters
        if characters > self.longest:
            reason = f"about {characters / self.longest:.1f} times the model's longest sequence"
            expected = f"at most about {self.longest:,.0f} characters"
            self._tell(number, offset, "over-long", "$", reason, expected, "shorten it, or it is cut")

    def _remember(self, block: Block) -> None:
        """Keeps the lines' hashes; what a block repeats is found out at the end, when it is known that any does."""
        hashes = list(map(hash, block.lines))
        self.hashes.fromlist(hashes)
        self.seen.update(hashes)
        repeats = len(self.hashes) - len(self.seen)
        if repeats > self.repeats or (self.training and not self.training.seen.isdisjoint(hashes)):
            self.repeats = repeats
            self.repeating.append((block.first_line, array("q", block.offsets())))

    def _repeated_lines(self) -> None:
        """Finds lines that stood before, in this file or in the training file."""
        if not self.repeating:
            return
        self.seen.clear()
        twice: set[int] = set()
        for key in self.hashes:
            (twice if key in self.seen else self.seen).add(key)
        first = _first_lines(self.hashes, twice - self.blank)
        taught: dict[int, int] = {}
        if self.training:
            taught = _first_lines(self.training.hashes, (self.training.seen & self.seen) - self.blank)
        for first_line, offsets in self.repeating:
            for number, offset in enumerate(offsets, first_line):
                key = self.hashes[number - 1]
                if first.get(key, number) < number:
                    reason = f"the same as line {first[key]}"
                    self._tell(number, offset, "duplicate", "$", reason, "each example once", "remove one of them")
                if self.training and key in taught:
                    reason = f"stands in {self.training.file} as well, line {taught[key]}"
                    expected = "examples that were not trained on"
                    self._tell(number, offset, "in-both-files", "$", reason, expected, "remove it from one of them")

    def _whole(self, recommended: int) -> None:
        tell = partial(self._tell, 0, 0)
        if not self.examples:
            tell("no-examples", "$", "no examples", "one example a line", "write the examples")
        elif self.examples < recommended:
            expected = f"{recommended} or more, as is recommended"
            tell("few-examples", "$", f"{self.examples} examples", expected, "add examples")
        if self.training is None:
            return
        if self.bytes * 100 > self.training.bytes * VALIDATION_PERCENT:
            reason = f"{self.bytes:,} bytes to validate {self.training.bytes:,} bytes of {self.training.file}"
            expected = f"at most {VALIDATION_PERCENT} % of the training file's bytes"
            tell("validation-too-large", "$", reason, expected, "move examples to the training file")
        if self.examples > VALIDATION_ROWS:
            reason = f"{self.examples:,} examples to validate"
            tell("validation-too-many", "$", reason, f"at most {VALIDATION_ROWS:,}", "move some to the training file")

    def _tell(
        self,
        line: int,
        line_offset: int,
        kind: str,
        path: str,
        reason: str,
        expected: str,
        remedy: str,
        offset: int = 0,
    ) -> None:
        """Counts a problem, and keeps it if it is among the first of its kind."""
        self.counts[kind] += 1
        if self.counts[kind] <= self.limit:
            place = line_offset + offset
            self.problems.append(Problem(self.file, line, place, path, kind, reason, expected, remedy))


def _first_lines(hashes: Iterable[int], keys: Set[int]) -> dict[int, int]:
    """Numbers the lines on which the keys stand first."""
    first: dict[int, int] = {}
    for number, key in enumerate(hashes, 1):
        if key in keys:
            first.setdefault(key, number)
    return first
