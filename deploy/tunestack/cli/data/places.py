"""Where data lies: a file, an object in a bucket, or standard input."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tunestack.data.stream import Stream

if TYPE_CHECKING:
    from google.cloud.storage import Client

    from tunestack.data.storage.objects import PinnedObject


STANDARD = "-"
"""How standard input and standard output are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject(Stream):
    """An object in a bucket, at the generation that was there when it was named."""

    pinned: PinnedObject


def source(address: str, *, once: bool = False) -> Path | Stream:
    """Returns what an address names.

    Args:
        address: a path, a `gs://` address, or `-`.
        once: whether it is read but once, so that it may be standard input.

    Raises:
        UnreadableDataError: there is no such object, or it may not be read.
        typer.BadParameter: it is standard input, which can be read but once.
    """
    if address == STANDARD:
        if not once:
            raise typer.BadParameter("standard input can be read only once, and this reads more often: name a file")
        return Stream("standard input", lambda: sys.stdin.buffer, None)
    if is_object(address):
        from tunestack.data.storage.objects import pin, stream_of

        pinned = pin(address, client)
        read = stream_of(pinned, client)
        return StoredObject(read.name, read.open, read.bytes, pinned=pinned)
    return Path(address)


def size(data: Path | Stream) -> int | None:
    """Returns how many bytes there are to read; None when that is not known."""
    if not isinstance(data, Path):
        return data.bytes
    try:
        return data.stat().st_size if data.is_file() else None  # of a pipe nobody knows
    except OSError:  # told by whoever reads it
        return None


def is_object(address: str) -> bool:
    """Says whether an address names an object in a bucket.

    Raises:
        typer.BadParameter: it names something else that is no file.
    """
    scheme, found, _ = address.partition("://")
    if found and scheme != "gs":
        raise typer.BadParameter(f"{address} is neither a path nor a gs:// address")
    return bool(found)


@cache
def client() -> Client:
    """Returns a client as Google's library finds it: default credentials, or STORAGE_EMULATOR_HOST."""
    from google.cloud.storage import Client

    # No project is needed to read and write objects, and credentials of a person often name none.
    return Client(project=None)


def name(data: Path | Stream) -> str:
    """Returns how messages name a file."""
    return str(data) if isinstance(data, Path) else data.name
