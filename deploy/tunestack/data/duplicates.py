"""Lines that hold an example that stood before: in the same file, or in the one that is trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterator

_SMALL = 50_000
"""Lines up to which Python's own sets are faster than importing numpy (0.1 s)."""


def repeated(hashes: array[int]) -> Iterator[tuple[int, int]]:
    """Yields each line whose example stood before, and the line on which it stands first; counted from 1."""
    wanted = _twice(hashes)
    first: dict[int, int] = {}
    for place in _places(hashes, wanted):
        number = first.setdefault(hashes[place], place + 1)
        if number <= place:
            yield place + 1, number


def shared(hashes: array[int], others: array[int]) -> Iterator[tuple[int, int]]:
    """Yields each line whose example stands in another file, too, and the line on which it stands first there."""
    wanted = _in_both(hashes, others)
    first: dict[int, int] = {}
    for place in _places(others, wanted):
        first.setdefault(others[place], place + 1)
    for place in _places(hashes, wanted):
        yield place + 1, first[hashes[place]]


def _twice(hashes: array[int]) -> set[int]:
    """Returns the hashes that stand more than once, but for that of blank lines."""
    if len(hashes) > _SMALL:
        import numpy as np

        ordered = np.sort(np.frombuffer(hashes, np.uint64))
        return set(ordered[1:][ordered[1:] == ordered[:-1]].tolist()) - {0}
    seen: set[int] = set()
    twice: set[int] = set()
    if len(set(hashes)) < len(hashes):
        for each in hashes:
            (twice if each in seen else seen).add(each)
    return twice - {0}


def _in_both(hashes: array[int], others: array[int]) -> set[int]:
    if len(hashes) + len(others) > _SMALL:
        import numpy as np

        return set(np.intersect1d(np.frombuffer(hashes, np.uint64), np.frombuffer(others, np.uint64)).tolist()) - {0}
    return set(hashes).intersection(others) - {0}


def _places(hashes: array[int], wanted: set[int]) -> list[int]:
    """Returns where the hashes stand that are wanted, in order."""
    if not wanted:
        return []
    if len(hashes) <= _SMALL:
        return [place for place, each in enumerate(hashes) if each in wanted]
    import numpy as np

    given = np.frombuffer(hashes, np.uint64)
    ordered = np.sort(np.fromiter(wanted, np.uint64, len(wanted)))
    nearest = np.minimum(np.searchsorted(ordered, given), len(ordered) - 1)
    places: list[int] = np.flatnonzero(ordered[nearest] == given).tolist()
    return places
