"""What a run of a file's lines holds: added up block by block, and range by range in the order of the file."""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tunestack.data.links import Links

if TYPE_CHECKING:
    from tunestack.data.exact.values import Examination
    from tunestack.data.fast.right import Right
    from tunestack.data.report import Format, Problem

MAX_COMPARED = 20_000_000
"""Lines whose hashes are kept, in 16 bytes each: twice as many as Gemini takes examples. Later ones are not compared.
"""


@dataclass(slots=True)
class Tally:
    """Counts, hashes and problems. Lines are numbered from the first one looked at; offsets are the file's.

    Attributes:
        lines: how many there are, blank ones included.
        hashes: see `signature`, as are `inputs`.
        lengths: bytes of each line.
        first_lines: where each format stands first.
        problems: the first ones of each kind.
        counts: of all of them.
        sizes: how many examples have so many characters, where that is asked for.
    """

    lines: int = 0
    examples: int = 0
    characters: int = 0
    non_ascii: int = 0
    longest: int = 0
    turns: int = 0
    texts_only: int = 0
    inline: int = 0
    linked: int = 0
    inline_bytes: int = 0
    links: Links = field(default_factory=Links)
    hashes: array[int] = field(default_factory=lambda: array("Q"))
    inputs: array[int] = field(default_factory=lambda: array("I"))
    lengths: array[int] = field(default_factory=lambda: array("I"))
    first_lines: dict[Format, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    sizes: Counter[int] | None = None

    def add(self, found: Right | Examination, examples: int) -> None:
        """Adds what was counted in examples."""
        self.examples += examples
        for name in _FOUND:
            setattr(self, name, getattr(self, name) + getattr(found, name))

    def update(self, later: Tally, limit: float) -> None:
        """Adds the lines that follow.

        Args:
            later: of them.
            limit: how many problems of each kind are kept.
        """
        seen = Counter(self.counts)
        for problem in later.problems:
            seen[problem.kind] += 1
            if seen[problem.kind] <= limit:
                self.problems.append(replace(problem, line=self.lines + problem.line) if self.lines else problem)
        self.counts.update(later.counts)
        if self.sizes is not None and later.sizes is not None:
            self.sizes.update(later.sizes)
        self.links.update(later.links, lines=self.lines)
        for data_format, line in later.first_lines.items():
            self.first_lines.setdefault(data_format, self.lines + line)
        room = max(MAX_COMPARED - len(self.hashes), 0)
        for own, other in ((self.hashes, later.hashes), (self.inputs, later.inputs), (self.lengths, later.lengths)):
            own.extend(other if len(other) <= room else other[:room])
        self.longest = max(self.longest, later.longest)
        for name in _SUMS:
            setattr(self, name, getattr(self, name) + getattr(later, name))


_FOUND = ("characters", "non_ascii", "turns", "texts_only", "inline", "linked", "inline_bytes")
_SUMS = ("lines", "examples", *_FOUND)
