"""Blocks of lines: nothing lost, nothing twice, each line at its place, memory bounded."""

from __future__ import annotations

import hashlib
import io
import tracemalloc
from base64 import b64encode
from typing import TYPE_CHECKING

import google_crc32c
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunestack.data import check
from tunestack.data import lines as lines_module
from tunestack.data.lines import LineReader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module", autouse=True)
def small_blocks() -> Iterator[None]:
    """Blocks of a few bytes, so that short contents have many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines_module, "BLOCK_BYTES", 8)
        patch.setattr(lines_module, "READ_BYTES", 24)
        patch.setattr(lines_module, "MAX_LINE_BYTES", 20)
        yield


@given(st.lists(st.binary(max_size=60).map(lambda line: line.replace(b"\n", b"")), max_size=12), st.booleans())
def test_every_line_comes_once_at_its_place(rows: list[bytes], end: bool) -> None:
    content = b"\n".join(rows) + (b"\n" if end else b"")
    reader = LineReader(io.BytesIO(content))
    found = []
    for block in reader.blocks():
        assert block.lines == block.raw.split(b"\n")
        for number, (line, offset) in enumerate(zip(block.lines, block.offsets(), strict=True), block.first_line):
            found.append((number, offset, line))
    expected, offset = [], 0
    for number, line in enumerate(content.split(b"\n"), 1):
        expected.append((number, offset, line))
        offset += len(line) + 1
    if content == b"" or content.endswith(b"\n"):
        expected.pop()
    assert [place[:2] for place in found] == [place[:2] for place in expected]
    for (_, _, line), (_, _, whole) in zip(found, expected, strict=True):
        assert line == whole or (len(whole) > 20 and len(line) == 21 and whole.startswith(line))
    assert reader.bytes == len(content)
    assert reader.sha256 == hashlib.sha256(content).hexdigest()
    assert reader.crc32c == b64encode(google_crc32c.value(content).to_bytes(4, "big")).decode()


@pytest.mark.parametrize(
    ("unit", "count", "kind"),
    [
        (b"x" * 1_000_000, 100, "line-too-long"),
        (b"[" * 1_000_000, 4, "nested-too-deeply"),
        (b'{"a":' * 200_000, 4, "nested-too-deeply"),
        (b'{"messages": [' + b"[]," * 1_000_000 + b"[]]}", 1, "wrong-type"),
        (b'{"prompt": "a"' + b',"b":1' * 500_000 + b"}", 1, "duplicate-key"),
        (b'{"prompt": ' + b"9" * 1_000_000, 1, "truncated-line"),
        (b'{"prompt": ' + b"9" * 1_000_000 + b"}", 1, "wrong-type"),
        (b"\x00" * 1_000_000, 3, "bad-json"),
    ],
)
def test_hostile_lines_end_in_an_error_within_bounded_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unit: bytes, count: int, kind: str
) -> None:
    monkeypatch.undo()
    for name, value in (("BLOCK_BYTES", 64 * 1024), ("READ_BYTES", 1024 * 1024), ("MAX_LINE_BYTES", 4 * 1024 * 1024)):
        monkeypatch.setattr(lines_module, name, value)
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
