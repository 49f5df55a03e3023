"""What changed between two versions of a data file, told by their signatures."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from array import array
    from collections.abc import Sequence

    from tunestack.data.signature import Signature

SMALL = 20_000
"""Lines up to which Python's own dictionaries are faster than importing numpy (0.1 s)."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Examples that one file has and the other has not; a line that stands twice counts twice.

    Args:
        added: examples of the later file alone.
        removed: examples of the earlier file alone.
        changed: examples with the same input in both, and another last answer. They are no part of the two above.
        added_lines: lines of the first added ones, in the later file.
        removed_lines: lines of the first removed ones, in the earlier file.
        changed_lines: lines of the first changed ones, in the earlier and in the later file.
    """

    added: int
    removed: int
    changed: int
    added_lines: tuple[int, ...] = ()
    removed_lines: tuple[int, ...] = ()
    changed_lines: tuple[tuple[int, int], ...] = ()

    @property
    def same(self) -> bool:
        """Whether both hold the same examples, in whatever order."""
        return not (self.added or self.removed or self.changed)

    def __str__(self) -> str:
        if self.same:
            return "the same examples"
        parts = []
        if self.added or self.removed:
            both = [f"+{self.added:,}"] * bool(self.added) + [f"−{self.removed:,}"] * bool(self.removed)
            parts.append(f"{' '.join(both)} example{'s' * (self.added + self.removed != 1)}")
        if self.changed:
            parts.append(f"{self.changed:,} changed")
        return ", ".join(parts)


def compare(before: Signature, after: Signature, *, limit: int = 0) -> Comparison:
    """Counts the examples added, removed and changed.

    Args:
        before: of the earlier file.
        after: of the later one.
        limit: of how many of each the lines are told.
    """
    added = _surplus(after.lines, before.lines)
    removed = _surplus(before.lines, after.lines)
    inputs_added = [after.inputs[at] for at in added]
    inputs_removed = [before.inputs[at] for at in removed]
    pairs = _pairs(inputs_removed, inputs_added)
    if pairs:
        paired_before, paired_after = (set(side) for side in zip(*pairs, strict=True))
        changed = sorted((removed[first], added[second]) for first, second in pairs)
        removed = [at for number, at in enumerate(removed) if number not in paired_before]
        added = [at for number, at in enumerate(added) if number not in paired_after]
    else:
        changed = []
    return Comparison(
        len(added),
        len(removed),
        len(changed),
        tuple(at + 1 for at in added[:limit]),
        tuple(at + 1 for at in removed[:limit]),
        tuple((first + 1, second + 1) for first, second in changed[:limit]),
    )


def _surplus(numbers: array[int], others: array[int]) -> list[int]:
    """Returns where the numbers stand that the others do not hold as often: the later ones of equal ones.

    Blank lines, whose number is 0, are none.
    """
    if len(numbers) + len(others) > SMALL:
        return _surplus_of_many(numbers, others)
    left = Counter(others)
    surplus = []
    for at, number in enumerate(numbers):
        if left[number] > 0:
            left[number] -= 1
        elif number:
            surplus.append(at)
    return surplus


def _surplus_of_many(numbers: array[int], others: array[int]) -> list[int]:
    import numpy as np

    sorted_others = np.sort(np.frombuffer(others, np.uint64))
    given = np.frombuffer(numbers, np.uint64)
    order = np.argsort(given, kind="stable")
    in_order = given[order]
    # The how-many-eth of its value each number is, against how many of that value the others have.
    rank = np.arange(len(given)) - np.searchsorted(in_order, in_order, side="left")
    held = np.searchsorted(sorted_others, in_order, side="right") - np.searchsorted(
        sorted_others, in_order, side="left"
    )
    surplus: list[int] = np.sort(order[(rank >= held) & (in_order != 0)]).tolist()
    return surplus


def _pairs(before: Sequence[int], after: Sequence[int]) -> list[tuple[int, int]]:
    """Pairs the places of equal numbers: the first with the first, the second with the second."""
    places: dict[int, list[int]] = {}
    for at in range(len(before) - 1, -1, -1):
        places.setdefault(before[at], []).append(at)
    return [(places[number].pop(), at) for at, number in enumerate(after) if places.get(number)]
