"""Cuts bytes into blocks of whole lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tunestack.data.lines import bytewise
from tunestack.data.lines.bytewise import Rows

if TYPE_CHECKING:
    from collections.abc import Iterator


class Readable(Protocol):
    """What bytes come from."""

    def readinto(self, buffer: memoryview, /) -> int | None:
        """Reads some bytes, and says how many; none at the end."""
        ...


BLOCK_BYTES = 1024 * 1024
"""Small enough that a block and what is decoded from it stay in the processor's cache, and large enough that what is
done once a block is no matter."""

READ_BYTES = 2 * BLOCK_BYTES

MAX_LINE_BYTES = 20 * 1024 * 1024
"""The longest line that is kept in memory: Gemini's limit for a request of 20 MB, images included, and a little more.

Source: https://ai.google.dev/gemini-api/docs/image-understanding, 2026-11.
"""


@dataclass(slots=True)
class Block:
    """Whole lines, without the last one's newline. A line longer than `MAX_LINE_BYTES` stands alone, cut behind that.

    Args:
        offset: of its first byte in the file.
        raw: the bytes.
        bytes: of the file that it stands for, newlines included.
        rows: its lines.
    """

    offset: int
    raw: bytes
    bytes: int
    rows: Rows

    @property
    def is_cut(self) -> bool:
        """Whether it is one line, of which only the start was kept."""
        return self.rows.longest > len(self.raw)


def blocks(file: Readable, offset: int = 0) -> Iterator[Block]:
    """Reads to the end. Memory is bounded by what is read at once and the longest kept line.

    Args:
        file: read from where it is, which is the start of a line.
        offset: of that place in the file.
    """
    buffer = bytearray(READ_BYTES)
    filled = 0  # of the buffer, which starts with the start of a line
    while read := file.readinto(memoryview(buffer)[filled:]):
        filled += read
        while True:
            start = 0
            for raw, rows in bytewise.blocks(buffer, filled, BLOCK_BYTES):
                yield Block(offset, raw, len(raw) + 1, rows)
                start += len(raw) + 1
                offset += len(raw) + 1
            filled -= start
            buffer[:filled] = buffer[start : start + filled]
            if filled <= MAX_LINE_BYTES:
                break
            kept = bytes(memoryview(buffer)[: MAX_LINE_BYTES + 1])
            skipped, newline, after = _skip_line(file)
            length = filled + skipped
            yield Block(offset, kept, length + newline, Rows.of_one(length))
            offset, filled = offset + length + newline, len(after)
            buffer = bytearray(max(READ_BYTES, 2 * filled))
            buffer[:filled] = after
        if filled > len(buffer) // 2:
            buffer.extend(bytes(len(buffer)))
    if filled:
        yield Block(offset, bytes(memoryview(buffer)[:filled]), filled, Rows.of_one(filled))


def _skip_line(file: Readable) -> tuple[int, int, bytes]:
    """Reads past the next newline; returns the bytes before it, its own, and what was read of the lines behind it."""
    buffer = bytearray(READ_BYTES)
    skipped = 0
    while read := file.readinto(memoryview(buffer)):
        if (end := buffer.find(b"\n", 0, read)) >= 0:
            return skipped + end, 1, bytes(memoryview(buffer)[end + 1 : read])
        skipped += read
    return skipped, 0, b""
