"""What changed between two files, as multisets, and the same in many lines as in few."""

from __future__ import annotations

import time
from array import array
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunestack.data import Comparison, Signature, compare
from tunestack.data.signatures import comparison

Rows = list[tuple[int, int]]
ROWS = st.lists(st.integers(0, 6).map(lambda line: (line, line % 3)), max_size=12)
"""Few examples and fewer inputs, so that many are alike; 0 is a blank line."""


def signature(rows: Rows) -> Signature:
    return Signature(array("Q", [line for line, _ in rows]), array("I", [question for _, question in rows]))


def obvious(before: Rows, after: Rows) -> tuple[int, int, int]:
    """Counts added, removed and changed by multisets."""
    added = Counter(row for row in after if row[0]) - Counter(before)
    removed = Counter(row for row in before if row[0]) - Counter(after)
    questions = [Counter(row[1] for row in side.elements()) for side in (added, removed)]
    changed = (questions[0] & questions[1]).total()
    return added.total() - changed, removed.total() - changed, changed


@pytest.mark.parametrize("small", [10**9, 0], ids=["few", "many"])
@given(before=ROWS, after=ROWS, limit=st.integers(0, 4))
def test_as_multisets(small: int, before: Rows, after: Rows, limit: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(comparison, "SMALL", small)
        found = compare(signature(before), signature(after), limit=limit)
        everything = compare(signature(before), signature(after), limit=99)
    assert (found.added, found.removed, found.changed) == obvious(before, after)
    assert found.added_lines == everything.added_lines[:limit]
    assert found.changed_lines == everything.changed_lines[:limit]
    assert len(everything.removed_lines) == found.removed
    for old, new in everything.changed_lines:
        assert before[old - 1][1] == after[new - 1][1]
        assert before[old - 1][0] != after[new - 1][0]
    # What is left where both sides are taken away is the same on both sides.
    gone = {*everything.removed_lines, *(old for old, _ in everything.changed_lines)}
    come = {*everything.added_lines, *(new for _, new in everything.changed_lines)}
    kept = Counter(row for number, row in enumerate(before, 1) if number not in gone and row[0])
    assert kept == Counter(row for number, row in enumerate(after, 1) if number not in come and row[0])


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Comparison(0, 0, 0), "the same examples"),
        (Comparison(120, 3, 5), "+120 −3 examples, 5 changed"),
        (Comparison(1, 0, 0), "+1 example"),
        (Comparison(0, 12_000, 0), "−12,000 examples"),
        (Comparison(0, 0, 7), "7 changed"),
    ],
)
def test_in_words(found: Comparison, said: str) -> None:
    assert str(found) == said
    assert found.same == (said == "the same examples")


@pytest.mark.parametrize("shift", [1_000, 1_600_000], ids=["a few", "all changed"])
def test_a_large_file_takes_well_under_a_second(shift: int) -> None:
    count = 1_600_000
    numbers, inputs = np.arange(1, count + 1, dtype=np.uint64), np.arange(count, dtype=np.uint32)
    other = np.where(numbers <= shift, numbers + count, numbers)
    then, now = (Signature(array("Q", each.tobytes()), array("I", inputs.tobytes())) for each in (numbers, other))
    started = time.process_time()
    found = compare(then, now, limit=5)
    assert time.process_time() - started < 3  # below 0.5 s where nothing else runs
    assert (found.added, found.removed, found.changed) == (0, 0, shift)
    assert found.changed_lines == tuple((line, line) for line in range(1, 6))
