"""Blocks of lines: nothing lost, nothing twice, each line at its place, by numpy and without."""

from __future__ import annotations

import hashlib
import io
import sys
from base64 import b64encode
from itertools import pairwise
from typing import TYPE_CHECKING

import google_crc32c
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tunestack.data.lines import blocks as lines
from tunestack.data.lines import bytewise
from tunestack.data.lines.blocks import blocks
from tunestack.data.lines.digests import DigestedFile

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module", params=["numpy", "Python"], autouse=True)
def small_blocks(request: pytest.FixtureRequest) -> Iterator[None]:
    """Blocks of a few bytes, so that short contents have many; cut by numpy and without."""
    import numpy  # noqa: F401

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "BLOCK_BYTES", 8)
        patch.setattr(lines, "READ_BYTES", 24)
        patch.setattr(lines, "MAX_LINE_BYTES", 20)
        patch.setattr(bytewise, "_WORTH_A_CALL", 0 if request.param == "numpy" else sys.maxsize)
        yield


LINES = st.lists(st.binary(max_size=60).map(lambda line: line.replace(b"\n", b"")), max_size=12)
OBJECTS = st.lists(st.sampled_from([b"{}", b"{", b"}", b"", b"\r", b"{}\r", b"\r{}", b"{} {}", b"}\r\r"]), max_size=9)


@example(rows=[b"x" * 22], end=False)  # as many bytes as of a shorter line and its newline
@given(rows=st.one_of(LINES, OBJECTS), end=st.booleans())
def test_every_line_comes_once_at_its_place(rows: list[bytes], end: bool) -> None:
    content = b"\n".join(rows) + (b"\n" if end else b"")
    file = DigestedFile(io.BytesIO(content))
    found = []
    offset = 0
    for block in blocks(file):
        assert block.offset == offset
        assert block.is_cut == (len(content[offset:].partition(b"\n")[0]) > len(block.raw))
        pieces = block.raw.split(b"\n")
        assert list(block.rows.lengths) == [len(piece) for piece in pieces] or (block.is_cut and len(pieces) == 1)
        assert block.rows.longest >= max(block.rows.lengths)
        objects = all(
            before.removesuffix(b"\r").endswith(b"}") and after.startswith(b"{") for before, after in pairwise(pieces)
        )
        assert objects or not block.rows.between_objects
        for piece in pieces:
            found.append((offset, piece))
            offset += len(piece) + 1
        offset = block.offset + block.bytes
    file.close()
    expected, offset = [], 0
    for line in content.split(b"\n"):
        expected.append((offset, line))
        offset += len(line) + 1
    if content == b"" or content.endswith(b"\n"):
        expected.pop()
    assert [place for place, _ in found] == [place for place, _ in expected]
    for (_, line), (_, whole) in zip(found, expected, strict=True):
        assert line == whole or (len(whole) > 20 and len(line) == 21 and whole.startswith(line))
    assert file.digests.bytes == len(content)
    assert file.digests.sha256 == hashlib.sha256(content).hexdigest()
    assert file.digests.crc32c == b64encode(google_crc32c.value(content).to_bytes(4, "big")).decode()


@given(st.lists(st.sampled_from([b'"', b"\\", b"\\\\", b'\\"', b"a", b"\xc3\xa9", b": "]), max_size=30))
def test_quotation_marks_around_strings_are_told_from_those_inside(pieces: list[bytes]) -> None:
    raw = b"".join(pieces)
    bare, escaped = 0, False
    for byte in raw:
        bare += byte == ord('"') and not escaped
        escaped = byte == ord("\\") and not escaped
    for line_count in (1, sys.maxsize):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(bytewise, "_LONG", 1 if line_count == 1 else 4_000)
            assert bytewise.bare_quotes(raw, line_count) in {bare, None}
            if b'\\\\"' not in raw:
                assert bytewise.bare_quotes(raw, line_count) == bare


class _Failing(io.RawIOBase):
    def __init__(self) -> None:
        self.reads = 0

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        self.reads += 1
        if self.reads > 3:
            raise OSError(5, "Input/output error")
        buffer[:] = b"\n" * len(buffer)
        return len(buffer)


def test_an_error_of_reading_ahead_comes_to_the_reader() -> None:
    with pytest.raises(OSError, match="Input/output"):
        list(blocks(DigestedFile(_Failing())))
