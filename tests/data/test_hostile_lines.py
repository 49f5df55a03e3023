"""Lines that mean harm: each ends in an error, within bounded memory."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import pytest

from tunestack.data import check

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("unit", "count", "kind"),
    [
        (b"x" * 1_000_000, 100, "line-too-long"),
        (b"[" * 1_000_000, 4, "nested-too-deeply"),
        (b'{"a":' * 200_000, 4, "nested-too-deeply"),
        (b'{"messages": [' + b"[]," * 300_000 + b"[]]}", 1, "too-many-values"),
        (b'{"prompt": "a"' + b',"b":1' * 100_000 + b"}", 1, "duplicate-key"),
        (b'{"prompt": ' + b"9" * 1_000_000, 1, "truncated-line"),
        (b'{"prompt": ' + b"9" * 1_000_000 + b"}", 1, "wrong-type"),
        (b"\x00" * 1_000_000, 3, "bad-json"),
    ],
)
def test_hostile_lines_end_in_an_error_within_bounded_memory(
    tmp_path: Path, unit: bytes, count: int, kind: str
) -> None:
    path = tmp_path / "hostile.jsonl"
    with path.open("wb") as file:
        for _ in range(count):
            file.write(unit)
    tracemalloc.start()
    report = check(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert kind in report.problem_counts
    assert max(len(str(problem)) for problem in report.problems) < 1_000
    assert peak < 150e6
