"""Resumable uploads: sessions that outlive connections and the process."""

from __future__ import annotations

import os
import re
import time
import uuid
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from emulator.storage.checksums import checksums_of
from emulator.storage.errors import StorageError, invalid
from emulator.storage.upload_target import UploadTarget

if TYPE_CHECKING:
    from pathlib import Path

    from emulator.state import Documents
    from emulator.storage.objects import ObjectStore

_COLLECTION: Final = "uploads"
_GRAIN: Final = 256 * 1024
"""What the service keeps of an unfinished upload is a multiple of this. Source:
https://cloud.google.com/storage/docs/performing-resumable-uploads#chunked-upload."""
_LIFETIME: Final = 7 * 24 * 3600  # seconds; source: https://cloud.google.com/storage/docs/resumable-uploads
_RANGE: Final = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")


@dataclass(frozen=True, slots=True)
class Chunk:
    """What a Content-Range says: bytes `start` to `end` (exclusive) of `total`; None where it does not say.

    A request that only asks for the status has no start.
    """

    start: int | None
    end: int | None
    total: int | None

    @classmethod
    def read(cls, header: str | None) -> Chunk:
        """The header of a PUT; without one the body is the whole content.

        Raises:
            StorageError: the header is none.
        """
        if header is None:
            return cls(0, None, None)
        match = _RANGE.fullmatch(header)
        if match is None:
            raise invalid(f"Failed to parse Content-Range header: {header}")
        total = None if match[3] == "*" else int(match[3])
        return cls(None, None, total) if match[1] is None else cls(int(match[1]), int(match[2]) + 1, total)


@dataclass(frozen=True, slots=True)
class Session:
    """An upload under way. `total` is the size that was announced; `result` the object once it is done."""

    upload_id: str
    target: UploadTarget
    total: int | None
    file: Path
    result: dict[str, Any] | None

    @property
    def received(self) -> int:
        """The bytes that are here."""
        return self.file.stat().st_size


class Uploads:
    """The sessions. What was received of one is a file, and its length is what was acknowledged."""

    def __init__(self, documents: Documents, store: ObjectStore) -> None:
        self._documents = documents
        self._store = store
        for upload_id, session in documents.list(_COLLECTION):
            if session["created"] < time.time() - _LIFETIME:
                self.cancel(upload_id)

    def begin(self, target: UploadTarget, total: int | None) -> str:
        """Opens a session and returns its id."""
        upload_id = uuid.uuid4().hex
        self._store.received(upload_id).touch()
        self._documents.put(
            _COLLECTION, upload_id, {"target": asdict(target), "total": total, "created": time.time(), "result": None}
        )
        return upload_id

    def get(self, upload_id: str) -> Session:
        """The session.

        Raises:
            StorageError: it was cancelled, has expired, or never was.
        """
        document = self._documents.get(_COLLECTION, upload_id)
        file = self._store.received(upload_id)
        if document is None or not (document["result"] or file.exists()):
            raise StorageError(404, "notFound", "There is no such upload session, or it was cancelled or has expired.")
        return Session(upload_id, UploadTarget(**document["target"]), document["total"], file, document["result"])

    def settle(self, session: Session) -> int:
        """Cuts what was received of an unfinished upload to what the service would keep, and returns its length."""
        kept = session.received // _GRAIN * _GRAIN
        os.truncate(session.file, kept)
        return kept

    def finish(self, session: Session, hash_header: str) -> dict[str, Any]:
        """Makes what was received the object, and keeps the result for a client that misses the answer.

        Raises:
            StorageError: a checksum differs or a precondition does not hold.
        """
        sums = checksums_of(session.file)
        with self._documents.transaction():
            result = session.target.put(self._store, session.file, sums, hash_header)
            document = self._documents.get(_COLLECTION, session.upload_id) or {}
            self._documents.put(_COLLECTION, session.upload_id, {**document, "result": result})
        return result

    def cancel(self, upload_id: str) -> None:
        """Forgets the session and what was received."""
        self._documents.delete(_COLLECTION, upload_id)
        self._store.received(upload_id).unlink(missing_ok=True)
