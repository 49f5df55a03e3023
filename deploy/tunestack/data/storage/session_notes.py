"""What is kept of an upload under way, so that a later run goes on with it.

Whoever has the address of its session may write this one object: it is kept as Google's own command line tools keep it,
in a file of the user's cache that nobody else can read, until the upload is over. It never stands in a message.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from tunestack import user_cache

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.cloud.storage import Blob


class _Kept(msgspec.Struct, frozen=True):
    """The session, and the content that it belongs to."""

    session: str
    bytes: int
    crc32c: str


class Notes:
    """The notes on one upload; without a file there are none.

    Args:
        file: opened for reading and writing.
    """

    def __init__(self, file: BinaryIO | None) -> None:
        self._file = file

    def read(self, size: int, crc32c: str) -> str | None:
        """Returns the session of an earlier run that sent the same content."""
        if self._file is None:
            return None
        try:
            kept = msgspec.json.decode(self._file.read(), type=_Kept)
        except (OSError, msgspec.DecodeError):
            return None
        return kept.session if (kept.bytes, kept.crc32c) == (size, crc32c) else None

    def write(self, session: str, size: int, crc32c: str) -> None:
        """Notes a session that was begun."""
        self.forget()
        if self._file is not None:
            self._file.write(msgspec.json.encode(_Kept(session, size, crc32c)))
            self._file.flush()

    def forget(self) -> None:
        """Leaves nothing."""
        if self._file is not None:
            self._file.seek(0)
            self._file.truncate()


@contextmanager
def notes_on(blob: Blob) -> Iterator[Notes]:
    """Gives the notes on the upload of one object, unless another process has them or there is no place for them."""
    key = hashlib.sha256(f"{blob.client.api_endpoint} {blob.bucket.name} {blob.name}".encode()).hexdigest()
    try:
        path = user_cache.folder("uploads") / f"{key[:32]}.json"
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
    except OSError:
        yield Notes(None)
        return
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield Notes(None)
            return
        try:
            yield Notes(file)
        finally:
            if not os.fstat(file.fileno()).st_size:
                path.unlink(missing_ok=True)
