"""Examples that stand twice: each with the line on which it stands first, among few lines and among many."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunestack.data import check
from tunestack.data.lines import inspection, tally
from tunestack.data.signatures import duplicates

if TYPE_CHECKING:
    from pathlib import Path

HASHES = st.lists(st.integers(0, 6), max_size=14)
"""Few different ones, so that many are alike; 0 is a blank line."""


def pairs(found: duplicates.Pairs) -> list[tuple[int, int]]:
    lines, first = found
    return [(int(line), int(before)) for line, before in zip(lines, first, strict=True)]


@pytest.mark.parametrize("small", [10**9, -1], ids=["few", "many"])
@given(hashes=HASHES, others=HASHES)
def test_each_with_the_line_where_it_stands_first(small: int, hashes: list[int], others: list[int]) -> None:
    numbered = [(line, each) for line, each in enumerate(hashes, 1) if each]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duplicates, "SMALL", small)
        repeated = pairs(duplicates.repeated(array("Q", hashes)))
        shared = pairs(duplicates.shared(array("Q", hashes), array("Q", others)))
    assert repeated == [(line, hashes.index(each) + 1) for line, each in numbered if each in hashes[: line - 1]]
    assert shared == [(line, others.index(each) + 1) for line, each in numbered if each in others]


def test_lines_beyond_what_is_kept_are_not_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (tally, inspection):
        monkeypatch.setattr(module, "MAX_COMPARED", 150)
    path = tmp_path / "long.jsonl"
    path.write_text("".join(f'{{"prompt": "2 + {number % 145}", "completion": "?"}}\n' for number in range(300)))
    report = check(path)
    assert report.examples == 300
    assert report.problem_counts == {"duplicate": 5, "lines-not-compared": 1}
    assert report.signature is None
    assert "300 lines, of which 150 were compared" in str(report.problems[0])
