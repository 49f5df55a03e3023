"""Lines that hold an example that stood before: in the same file, or in the one that is trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from array import array
    from collections.abc import Sequence

SMALL = 50_000
"""Lines up to which Python's own dictionaries are faster than importing numpy (0.1 s)."""

Pairs = tuple["Sequence[int]", "Sequence[int]"]
"""Lines in their order, counted from 1, and beside each the line on which its example stands first."""


def repeated(hashes: array[int]) -> Pairs:
    """Finds the examples of a file that stood before."""
    if len(hashes) > SMALL:
        return _repeated_of_many(hashes)
    first: dict[int, int] = {}
    pairs = [(line, first.setdefault(each, line)) for line, each in enumerate(hashes, 1) if each]
    again = [pair for pair in pairs if pair[0] != pair[1]] if len(first) < len(pairs) else []
    return [line for line, _ in again], [before for _, before in again]


def shared(hashes: array[int], others: array[int]) -> Pairs:
    """Finds the examples of a file that another one has, too; the first line is the other's."""
    if len(hashes) + len(others) > SMALL:
        return _shared_with_many(hashes, others)
    first: dict[int, int] = {}
    for line, each in enumerate(others, 1):
        first.setdefault(each, line)
    lines = [line for line, each in enumerate(hashes, 1) if each and each in first]
    return lines, [first[hashes[line - 1]] for line in lines]


def _repeated_of_many(hashes: array[int]) -> Pairs:
    import numpy as np

    given = np.frombuffer(hashes, np.uint64)
    in_order = np.sort(given)
    if not (in_order[1:] == in_order[:-1]).any():  # which is several times as fast as to sort places
        return [], []
    places = np.argsort(given, kind="stable")
    again = np.append(False, in_order[1:] == in_order[:-1])
    starts = np.maximum.accumulate(np.where(again, 0, np.arange(len(again))))
    again &= in_order != 0
    return _by_line(places[again], places[starts[again]])


def _shared_with_many(hashes: array[int], others: array[int]) -> Pairs:
    import numpy as np

    given, learnt = np.frombuffer(hashes, np.uint64), np.frombuffer(others, np.uint64)
    if not len(given) or not len(learnt):
        return [], []
    known = np.flatnonzero(_are_in(learnt, np.sort(given)))
    known = known[np.argsort(learnt[known], kind="stable")]
    both = np.flatnonzero(_are_in(given, learnt[known]) & (given != 0))
    return _by_line(both, known[np.searchsorted(learnt[known], given[both])])


def _are_in(numbers: Any, in_order: Any) -> Any:
    import numpy as np

    if not len(in_order):
        return np.zeros(len(numbers), np.bool_)
    return in_order[np.minimum(np.searchsorted(in_order, numbers), len(in_order) - 1)] == numbers


def _by_line(places: Any, first: Any) -> Pairs:
    order = places.argsort()
    return places[order] + 1, first[order] + 1
