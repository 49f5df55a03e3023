"""The digests of a file's bytes, taken on another core while its lines are looked at."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

import google_crc32c

from tunestack.data.lines import blocks as lines

if TYPE_CHECKING:
    from queue import SimpleQueue

    from tunestack.data.lines.blocks import Readable

_CRC_BYTES = 64 * 1024
"""CRC32C is taken of pieces that stay in the processor's cache, since its library wants a copy of each."""


_PIECES_AHEAD = 3
"""One is looked at, one waits, one is read."""


class Digests:
    """SHA-256 and CRC32C of the bytes so far."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self._crc32c = 0
        self.bytes = 0

    @property
    def sha256(self) -> str:
        """In hexadecimal digits."""
        return self._sha256.hexdigest()

    @property
    def crc32c(self) -> str:
        """As Cloud Storage writes it: base64 of the big-endian value."""
        return base64.b64encode(self._crc32c.to_bytes(4, "big")).decode("ascii")

    def update(self, content: memoryview) -> None:
        """Adds bytes."""
        for start in range(0, len(content), _CRC_BYTES):
            self.update_piece(bytes(content[start : start + _CRC_BYTES]))

    def update_piece(self, piece: bytes) -> None:
        """Adds bytes that stay in the processor's cache."""
        self._sha256.update(piece)
        self._crc32c = google_crc32c.extend(self._crc32c, piece)
        self.bytes += len(piece)


class DigestedFile:
    """Passes a file's bytes on, digested. A thread reads ahead: waiting and digesting take no time of their own.

    A short file is over before the thread is started.
    """

    def __init__(self, file: Readable) -> None:
        self.digests = Digests()
        self._file = file
        self._unread = memoryview(b"")
        self._ahead: _ReadAhead | None = None

    def readinto(self, buffer: memoryview, /) -> int:
        """Reads some bytes."""
        if not self._unread:
            self._unread = self._next()
        read = min(len(self._unread), len(buffer))
        buffer[:read] = self._unread[:read]
        self._unread = self._unread[read:]
        return read

    def close(self) -> None:
        """Ends the reading; the file itself stays open."""
        if self._ahead:
            self._ahead.stop()

    def _next(self) -> memoryview:
        if self._ahead is None and self.digests.bytes:
            self._ahead = _ReadAhead(self._file, self.digests)
        if self._ahead:
            return self._ahead.next()
        buffer = memoryview(bytearray(lines.READ_BYTES))
        return buffer[: _read(self._file, buffer, self.digests)]


class _ReadAhead:
    """A thread that reads and digests, some pieces ahead."""

    def __init__(self, file: Readable, digests: Digests) -> None:
        from queue import SimpleQueue
        from threading import Thread

        self._read: SimpleQueue[tuple[memoryview, int] | BaseException] = SimpleQueue()
        self._free: SimpleQueue[memoryview] = SimpleQueue()
        self._used: memoryview | None = None
        self._ended = self._stopped = False
        for _ in range(_PIECES_AHEAD):
            self._free.put(memoryview(bytearray(lines.READ_BYTES)))
        Thread(target=self._run, args=(file, digests), daemon=True).start()

    def next(self) -> memoryview:
        if self._ended:
            return memoryview(b"")
        if self._used is not None:
            self._free.put(self._used)
        piece = self._read.get()
        if isinstance(piece, BaseException):
            self._ended = True
            raise piece
        self._used, read = piece
        self._ended = not read
        return self._used[:read]

    def stop(self) -> None:
        self._stopped = True
        self._free.put(memoryview(b""))  # wakes the thread where it waits

    def _run(self, file: Readable, digests: Digests) -> None:
        try:
            read = 1
            while read and not self._stopped:
                buffer = self._free.get()
                read = 0 if self._stopped else _read(file, buffer, digests)
                self._read.put((buffer, read))
        except BaseException as error:  # it is the reader's, in the thread that asks next
            self._read.put(error)


def _read(file: Readable, buffer: memoryview, digests: Digests) -> int:
    read = file.readinto(buffer) or 0
    digests.update(buffer[:read])
    return read
