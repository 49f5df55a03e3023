"""Reads a file once, in blocks of whole lines, and digests its bytes on the way."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import google_crc32c

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


BLOCK_BYTES = 128 * 1024
"""Small enough that a block and what is decoded from it stay in the processor's cache: 256 KiB and more are slower."""

MAX_LINE_BYTES = 16 * 1024 * 1024
"""The longest line that is kept in memory; 8,192 tokens of text are some 40 kB, a page of base64 images some MB."""


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines, without their newlines. A line much longer than `MAX_LINE_BYTES` stands alone and is cut past that."""

    first_line: int
    offset: int
    raw: bytes
    lines: list[bytes]


class LineReader:
    """Blocks of lines of a file, and the digests of all its bytes once they are read."""

    def __init__(self, file: _Readable) -> None:
        self._file = file
        self._sha256 = hashlib.sha256()
        self._crc32c = 0
        self.bytes = 0

    @property
    def sha256(self) -> str:
        """Of what was read so far, in hexadecimal digits."""
        return self._sha256.hexdigest()

    @property
    def crc32c(self) -> str:
        """Of what was read so far, as Cloud Storage writes it."""
        return base64.b64encode(self._crc32c.to_bytes(4, "big")).decode("ascii")

    def blocks(self) -> Iterator[Block]:
        """Reads to the end. Memory is bounded by a block and the longest kept line."""
        line, offset = 1, 0  # of the first byte that was not handed out yet
        rest: list[bytes] = []  # the pieces of a line whose end was not read yet
        rest_bytes = 0
        while piece := self._read():
            end = piece.rfind(b"\n") + 1
            if end == 0:
                rest_bytes += len(piece)
                if rest_bytes - len(piece) <= MAX_LINE_BYTES:  # beyond that only the length is of interest
                    rest.append(piece)
                continue
            if rest_bytes > MAX_LINE_BYTES:
                first_end = piece.find(b"\n") + 1
                yield _block(line, offset, b"".join(rest)[: MAX_LINE_BYTES + 1])
                line, offset = line + 1, offset + rest_bytes + first_end
                raw = piece[first_end:end]
            else:
                raw = b"".join((*rest, piece[:end]))
            if raw:
                block = _block(line, offset, raw[:-1])
                yield block
                line, offset = line + len(block.lines), offset + len(raw)
            rest, rest_bytes = [piece[end:]], len(piece) - end
        if rest_bytes:
            yield _block(line, offset, b"".join(rest)[: MAX_LINE_BYTES + 1])

    def _read(self) -> bytes:
        piece = self._file.read(BLOCK_BYTES)
        self._sha256.update(piece)
        self._crc32c = google_crc32c.extend(self._crc32c, piece)
        self.bytes += len(piece)
        return piece


def _block(line: int, offset: int, raw: bytes) -> Block:
    return Block(line, offset, raw, raw.split(b"\n"))
