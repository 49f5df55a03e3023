"""What lies in a checkpoint's folder: its files by name, size and checksum, of which nothing is read.

Everything here blocks; callers that must not block use a thread.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from tunestack.retries import CALL_SECONDS, repeatable
from tunestack.tuning import artifacts
from tunestack.tuning.specification import HASH_LENGTH

if TYPE_CHECKING:
    from tunestack.connection import Connection

_FIELDS = "items(name,size,crc32c,md5Hash,generation,contentType,contentEncoding),nextPageToken"


class NoCheckpointError(Exception):
    """There is no checkpoint in the folder, or not all of one; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class File:
    """One file of a folder.

    Attributes:
        name: below the folder.
        bytes: its size.
        crc32c: its checksum as Cloud Storage writes it.
        generation: Cloud Storage's number of this very content at this address.
        content_type: as whoever wrote it said, or empty.
        content_encoding: likewise.
        md5: its other checksum, empty of an object that was composed of parts.
    """

    name: str
    bytes: int
    crc32c: str
    generation: int = 0
    content_type: str = ""
    content_encoding: str = ""
    md5: str = ""

    def is_same(self, other: File | None) -> bool:
        """Says whether the other has the same content."""
        return other is not None and (self.bytes, self.crc32c) == (other.bytes, other.crc32c)

    def may_be_taken_from(self, other: File) -> bool:
        """Says whether a file of another checkpoint has the same content, by more than the 32 bits of a CRC32C."""
        return self.is_same(other) and self.name == other.name and bool(self.md5) and self.md5 == other.md5


@dataclass(frozen=True)
class Folder:
    """A folder as it was listed.

    Attributes:
        uri: its address, without a slash at the end.
        files: what lies in it, at any depth, by name.
    """

    uri: str
    files: tuple[File, ...]

    @cached_property
    def bytes(self) -> int:
        """What the files have together."""
        return sum(file.bytes for file in self.files)

    @cached_property
    def content(self) -> str:
        """SHA-256 over names, sizes and checksums: the same for every copy, whenever and wherever it was made."""
        listing = "\n".join(f"{file.name}\t{file.bytes}\t{file.crc32c}" for file in self.files)
        return hashlib.sha256(listing.encode()).hexdigest()

    def by_name(self) -> dict[str, File]:
        """Returns the files by their names."""
        return {file.name: file for file in self.files}


def copy_uri(destination_uri: str, content: str) -> str:
    """Returns the folder that a checkpoint of this content has below a destination."""
    return f"{destination_uri.rstrip('/')}/{content[:HASH_LENGTH]}"


def listed(connection: Connection, uri: str) -> Folder:
    """Returns what lies in a folder, in one call for a thousand files.

    Raises:
        google.api_core.exceptions.NotFound: there is no such bucket.
        google.api_core.exceptions.GoogleAPICallError: the bucket cannot be read.
    """
    return Folder(uri.rstrip("/"), tuple(sorted(_files(connection, uri), key=lambda file: file.name)))


def beside(connection: Connection, uri: str) -> list[Folder]:
    """Returns the other folders that lie where this one lies; none where there is no such bucket yet."""
    from google.api_core.exceptions import NotFound

    parent, _, own = uri.rstrip("/").rpartition("/")
    folders: dict[str, list[File]] = {}
    try:
        for file in _files(connection, parent):
            folder, is_below, name = file.name.partition("/")
            if is_below and folder != own:
                folders.setdefault(folder, []).append(replace(file, name=name))
    except NotFound:
        return []
    return [Folder(f"{parent}/{folder}", tuple(files)) for folder, files in folders.items()]


def _files(connection: Connection, uri: str) -> Iterator[File]:
    bucket, folder = artifacts.split(uri)
    prefix = f"{folder}/".lstrip("/")
    blobs = connection.storage.list_blobs(bucket, prefix=prefix, fields=_FIELDS, timeout=CALL_SECONDS, retry=repeatable)
    for blob in blobs:
        if not blob.name.endswith("/"):  # the marks that consoles make for empty folders
            yield File(
                blob.name.removeprefix(prefix),
                blob.size,
                blob.crc32c,
                blob.generation,
                blob.content_type or "",
                blob.content_encoding or "",
                blob.md5_hash or "",
            )


def present(connection: Connection, uri: str) -> Folder:
    """Returns what lies in a folder; nothing where there is no such bucket yet."""
    from google.api_core.exceptions import NotFound

    try:
        return listed(connection, uri)
    except NotFound:
        return Folder(uri.rstrip("/"), ())


def look(connection: Connection, uri: str) -> Folder:
    """Returns the checkpoint in a folder.

    Raises:
        NoCheckpointError: there is none, or not all of one.
        google.api_core.exceptions.GoogleAPICallError: the bucket cannot be read.
    """
    from google.api_core.exceptions import NotFound

    try:
        found = listed(connection, uri)
    except NotFound as error:
        raise NoCheckpointError(f"there is no bucket {artifacts.split(uri)[0]}") from error
    if not found.files:
        raise NoCheckpointError(f"there is nothing in {uri}; it may have been deleted, or have expired")
    if not artifacts.is_whole({file.name for file in found.files}):
        raise NoCheckpointError(
            f"there is no whole checkpoint in {uri}: it takes a config.json and all parts of its *.safetensors"
        )
    return found
