"""What changed between two versions of a data file, told by their signatures."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tunestack.data.signatures.signature import Signature

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
    few = len(before) + len(after) <= SMALL
    added, removed, changed_from, changed_to = (_places_of_few if few else _places_of_many)(before, after)
    return Comparison(
        len(added),
        len(removed),
        len(changed_from),
        tuple(int(place) + 1 for place in added[:limit]),
        tuple(int(place) + 1 for place in removed[:limit]),
        tuple((int(old) + 1, int(new) + 1) for old, new in zip(changed_from[:limit], changed_to[:limit], strict=True)),
    )


def _places_of_few(before: Signature, after: Signature) -> tuple[list[int], ...]:
    """Returns where the examples stand that were added, removed, changed from and changed to."""
    added = [place for place in _surplus(after.lines, before.lines) if after.lines[place]]
    removed = [place for place in _surplus(before.lines, after.lines) if before.lines[place]]
    asked_now = [after.inputs[place] for place in added]
    asked_then = [before.inputs[place] for place in removed]
    new, gone = set(_surplus(asked_now, asked_then)), set(_surplus(asked_then, asked_now))
    # What is left has the same inputs on both sides, which pair in their order.
    to = sorted((asked_now[number], place) for number, place in enumerate(added) if number not in new)
    since = sorted((asked_then[number], place) for number, place in enumerate(removed) if number not in gone)
    pairs = sorted((old, place) for (_, old), (_, place) in zip(since, to, strict=True))
    return (
        [added[number] for number in sorted(new)],
        [removed[number] for number in sorted(gone)],
        [old for old, _ in pairs],
        [place for _, place in pairs],
    )


def _surplus(numbers: Sequence[int], others: Sequence[int]) -> list[int]:
    """Returns where the numbers stand that the others do not hold as often: the later ones of equal ones."""
    left = Counter(others)
    surplus = []
    for place, number in enumerate(numbers):
        if left[number] > 0:
            left[number] -= 1
        else:
            surplus.append(place)
    return surplus


def _places_of_many(before: Signature, after: Signature) -> tuple[Any, ...]:
    """Does what `_places_of_few` does, with numpy."""
    import numpy as np

    lines_then, lines_now = (np.frombuffer(each.lines, np.uint64) for each in (before, after))
    inputs_then, inputs_now = (np.frombuffer(each.inputs, np.uint32) for each in (before, after))
    added, removed = _surplus_of_many(lines_now, lines_then), _surplus_of_many(lines_then, lines_now)
    added, removed = added[lines_now[added] != 0], removed[lines_then[removed] != 0]
    asked_now, asked_then = inputs_now[added], inputs_then[removed]
    new, gone = _surplus_of_many(asked_now, asked_then), _surplus_of_many(asked_then, asked_now)
    to, since = np.delete(np.arange(len(added)), new), np.delete(np.arange(len(removed)), gone)
    to = added[to[np.argsort(asked_now[to], kind="stable")]]
    since = removed[since[np.argsort(asked_then[since], kind="stable")]]
    order = np.argsort(since)
    return added[new], removed[gone], since[order], to[order]


def _surplus_of_many(numbers: Any, others: Any) -> Any:
    import numpy as np

    order = np.argsort(numbers, kind="stable")
    in_order, sorted_others = numbers[order], np.sort(others)
    # The how-many-eth of its value each number is, against how many of that value the others have.
    rank = np.arange(len(numbers)) - np.searchsorted(in_order, in_order)
    held = np.searchsorted(sorted_others, in_order, side="right") - np.searchsorted(sorted_others, in_order)
    return np.sort(order[rank >= held])
