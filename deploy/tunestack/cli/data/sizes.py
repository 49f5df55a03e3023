"""Characters of each example of a file, to say how they are spread."""

from __future__ import annotations

from array import array
from collections import Counter
from math import ceil
from typing import TYPE_CHECKING

from tunestack.data.demands import Demands
from tunestack.data.fast.half import FastHalf
from tunestack.data.lines import blocks as lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tunestack.catalogue.data_rules import DataRules
    from tunestack.data.lines.blocks import Readable
    from tunestack.data.report import Format

CLASSES = 10
"""Of a histogram, about."""


def sizes(
    file: Readable, data_format: Format, rules: Sequence[DataRules], progress: Callable[[int], None]
) -> array[int]:
    """Returns the characters of each example, whole or faulty, in the order of the file.

    Args:
        file: read from its start to its end.
        data_format: of its examples.
        rules: of the models that it is meant for.
        progress: told how many bytes are done.
    """
    demands = Demands.of(rules)
    fast = FastHalf(data_format, demands)
    found = array("Q")
    for block in lines.blocks(file):
        right = None if block.is_cut else fast.look(block.raw, block.rows)
        found.extend(right.totals() if right else _one_by_one(block.raw.split(b"\n"), data_format, demands))
        progress(block.offset + block.bytes)
    return found


def _one_by_one(block: Sequence[bytes], data_format: Format, demands: Demands) -> Iterator[int]:
    """Yields the characters of each example of a block in which one at least is in doubt."""
    from tunestack.data.exact.line import examine

    for line in block:
        exact = examine(line, data_format, 0, demands, lambda *_, **__: None)
        if not exact.blank:
            yield exact.characters


def spread(numbers: Sequence[int]) -> dict[str, int]:
    """Returns the least, the middle, what 95 % do not exceed, and the greatest; each is one of the numbers."""
    ordered = sorted(numbers)
    shares = {"min": 0.0, "median": 0.5, "p95": 0.95, "max": 1.0}
    return {name: ordered[max(ceil(share * len(ordered)) - 1, 0)] for name, share in shares.items()} if ordered else {}


def histogram(numbers: Sequence[int]) -> list[tuple[int, int, int]]:
    """Returns first number, last number and count of about ten classes of one width.

    The last class holds what exceeds the 95 % as well, however far it lies.
    """
    if not numbers:
        return []
    found = spread(numbers)
    width = _round_number((found["p95"] - found["min"]) / CLASSES)
    counts = Counter(min(number, found["p95"]) // width for number in numbers)
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
