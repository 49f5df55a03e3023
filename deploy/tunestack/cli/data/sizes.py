"""How the sizes of examples are spread: from how many there are of each."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from itertools import accumulate
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

CLASSES = 10
"""Of a histogram, about."""

SHARES = {"min": 0.0, "median": 0.5, "p95": 0.95, "max": 1.0}


def spread(sizes: Mapping[int, int]) -> dict[str, int]:
    """Returns the least, the middle, what 95 % do not exceed, and the greatest; each is one of the sizes."""
    ordered = sorted(sizes)
    reached = list(accumulate(sizes[size] for size in ordered))
    if not reached:
        return {}
    ranks = {name: max(ceil(share * reached[-1]), 1) for name, share in SHARES.items()}
    return {name: ordered[bisect_left(reached, rank)] for name, rank in ranks.items()}


def histogram(sizes: Mapping[int, int]) -> list[tuple[int, int, int]]:
    """Returns first size, last size and count of about ten classes of one width.

    The last class holds what exceeds the 95 % as well, however far it lies.
    """
    if not sizes:
        return []
    found = spread(sizes)
    width = _round_number((found["p95"] - found["min"]) / CLASSES)
    counts: Counter[int] = Counter()
    for size, count in sizes.items():
        counts[min(size, found["p95"]) // width] += count
    first, last = min(counts), max(counts)
    return [
        (place * width, found["max"] if place == last else (place + 1) * width - 1, counts[place])
        for place in range(first, last + 1)
    ]


def _round_number(number: float) -> int:
    """Returns the next of 1, 2, 5, 10, 20, 50, …."""
    tens = 1
    while True:
        for digit in (1, 2, 5):
            if digit * tens >= number:
                return digit * tens
        tens *= 10
