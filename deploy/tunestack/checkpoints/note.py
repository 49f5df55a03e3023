"""The note beside a copy, `<content>.json`: what it is a copy of, and which files make it whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tunestack.checkpoints.folder import File, Folder
from tunestack.retries import CALL_SECONDS, repeatable
from tunestack.tuning import artifacts

if TYPE_CHECKING:
    from google.cloud.storage import Blob

    from tunestack.connection import Connection


class NotedFile(msgspec.Struct, frozen=True):
    """A file of the checkpoint: see `File`."""

    name: str
    bytes: int
    crc32c: str


class Note(msgspec.Struct, frozen=True, rename="camel"):
    """What is kept of a copy, for people, for an import, and for a look whether the copy is whole.

    Attributes:
        source_uri: the checkpoint that was copied.
        content: SHA-256 of names, sizes and checksums.
        files: what the checkpoint has.
        base_model: the open model that was tuned, or empty.
        origin: what the program says of where it comes from.
    """

    source_uri: str
    content: str
    files: tuple[NotedFile, ...]
    base_model: str = ""
    origin: dict[str, str] = {}

    @classmethod
    def of(cls, source: Folder, base_model: str, origin: dict[str, str]) -> Note:
        """Returns the note of a copy of this checkpoint."""
        files = tuple(NotedFile(file.name, file.bytes, file.crc32c) for file in source.files)
        return cls(source.uri, source.content, files, base_model, origin)

    def folder(self, uri: str) -> Folder:
        """Returns what the copy at this address should hold."""
        return Folder(uri, tuple(File(each.name, each.bytes, each.crc32c) for each in self.files))


def write(connection: Connection, copy_uri: str, note: Note) -> None:
    """Puts a note beside a copy."""
    text = msgspec.json.format(msgspec.json.encode(note), indent=1)
    _blob(connection, copy_uri).upload_from_string(
        text, content_type="application/json", timeout=CALL_SECONDS, retry=repeatable
    )


def read(connection: Connection, copy_uri: str) -> Note | None:
    """Returns the note beside a copy; None where there is none that can be read."""
    from google.api_core.exceptions import NotFound

    try:
        text = _blob(connection, copy_uri).download_as_bytes(timeout=CALL_SECONDS, retry=repeatable)
        return msgspec.json.decode(text, type=Note)
    except (NotFound, msgspec.DecodeError):
        return None


def find(connection: Connection, destination_uri: str, source_uri: str) -> Note | None:
    """Returns the newest note below a destination of a copy of this checkpoint, None where there is none."""
    from google.api_core.exceptions import NotFound

    bucket, folder = artifacts.split(destination_uri)
    blobs = connection.storage.list_blobs(
        bucket, prefix=f"{folder}/".lstrip("/"), delimiter="/", timeout=CALL_SECONDS, retry=repeatable
    )
    try:
        copies = [blob for blob in blobs if blob.name.endswith(".json")]
    except NotFound:
        return None
    for blob in sorted(copies, key=lambda each: each.updated, reverse=True):
        note = read(connection, f"gs://{bucket}/{blob.name.removesuffix('.json')}")
        if note and note.source_uri.rstrip("/") == source_uri.rstrip("/"):
            return note
    return None


def _blob(connection: Connection, copy_uri: str) -> Blob:
    bucket, folder = artifacts.split(copy_uri)
    return connection.storage.bucket(bucket).blob(f"{folder}.json")
