"""Where the engine keeps the state of stacks, so far as its locks can be reached: a folder or a bucket."""

from __future__ import annotations

import json
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from tunestack.cli.stack import StackError
from tunestack.retries import CALL_SECONDS, repeatable

if TYPE_CHECKING:
    from google.cloud.storage import Client

_BOOKS = ".pulumi"
"""The engine's folder in every backend of its own making; locks and stacks lie below (backend/diy in pulumi/pulumi)."""

_CHECKSUM = ".attrs"
"""Ending of the file that holds the checksum of the one beside it, as JSON (fileblob in gocloud.dev)."""


@dataclass(frozen=True, slots=True)
class StoredLock:
    """A lock as it lies in a backend.

    Attributes:
        name: its own, below the locks of its stack.
        content: what the engine wrote.
        age_seconds: since it was written.
    """

    name: str
    content: bytes
    age_seconds: float


class Backend(ABC):
    """The locks of stacks. A stack has its full name: `organization/PROJECT/STACK`, or `STACK` in old backends."""

    is_shared = False
    """Whether other machines write here, too, so that a machine's name alone may not say which one is meant."""

    @abstractmethod
    def locks(self, stack: str) -> Sequence[StoredLock]:
        """Returns the locks of a stack."""

    @abstractmethod
    def place(self, stack: str, name: str, content: bytes) -> None:
        """Adds a lock."""

    @abstractmethod
    def remove(self, stack: str, name: str) -> None:
        """Removes a lock; it is no error when it is gone."""

    def has_pending(self, stack: str) -> bool:
        """Says whether the state may hold operations that were cut off; False only where it surely holds none."""
        del stack
        return True

    def may_have_failed(self, stack: str) -> bool:
        """Says whether the last run of a stack may have failed; False only where it surely did not."""
        del stack
        return True

    def mend(self, *, only_look: bool = False) -> Sequence[str]:
        """Removes what keeps the engine from reading its own files; returns their names."""
        del only_look
        return ()


@dataclass(frozen=True)
class Folder(Backend):
    """A backend at `file://`."""

    root: Path

    def _locks(self, stack: str) -> Path:
        return self.root / _BOOKS / "locks" / stack

    def locks(self, stack: str) -> Sequence[StoredLock]:
        """Reads all files, those that a killed engine was writing too: the engine minds them as well."""
        found = []
        for file in sorted(self._locks(stack).glob("*")):
            if file.suffix != _CHECKSUM:
                try:
                    age = time.time() - file.stat().st_mtime
                    found.append(StoredLock(file.name, file.read_bytes(), age))
                except FileNotFoundError:
                    continue  # its process has just ended
        return found

    def place(self, stack: str, name: str, content: bytes) -> None:
        """Writes the file at once as a whole, since the engine fails on half a lock."""
        folder = self._locks(stack)
        folder.mkdir(parents=True, exist_ok=True)
        # Beside the folder, and with an ending that no state has: what is inside counts as a lock.
        beside = folder.with_name(f"{name}{_CHECKSUM}")
        beside.write_bytes(content)
        beside.rename(folder / name)

    def remove(self, stack: str, name: str) -> None:
        """Removes the file and its checksum."""
        for file in (name, f"{name}{_CHECKSUM}"):
            (self._locks(stack) / file).unlink(missing_ok=True)

    def has_pending(self, stack: str) -> bool:
        """Looks into the state where it is not compressed; the engine's own export takes a third of a second."""
        state = self.root / _BOOKS / "stacks" / f"{stack.removeprefix('organization/')}.json"
        try:
            return b'"pending_operations"' in state.read_bytes()
        except FileNotFoundError:
            return any(state.parent.glob(f"{state.name}.*z*"))  # .gz or .zst

    def may_have_failed(self, stack: str) -> bool:
        """Looks into the last entry of the history where it is not compressed, which is faster than the engine, too."""
        history = self.root / _BOOKS / "history" / stack.removeprefix("organization/")
        # Named after the time of their end, in digits that stay as many as they are.
        runs = sorted(run for run in history.glob("*.history.json*") if run.suffix != _CHECKSUM)
        try:
            return bool(runs) and json.loads(runs[-1].read_bytes())["result"] != "succeeded"
        except (ValueError, KeyError):  # .gz or .zst
            return True

    def mend(self, *, only_look: bool = False) -> Sequence[str]:
        """Removes half-written checksums: an engine that was killed meanwhile has left one, and says `EOF` ever after.

        The file beside it is whole, since it is written under another name first. A missing checksum is none to miss.
        """
        books = self.root / _BOOKS
        folders = (
            books.glob(f"*{_CHECKSUM}"),
            *((books / part).rglob(f"*{_CHECKSUM}") for part in ("stacks", "locks")),
        )
        mended = []
        for file in chain(*folders):
            try:
                json.loads(file.read_bytes())
            except FileNotFoundError:
                continue
            except ValueError:
                if not only_look:
                    file.unlink(missing_ok=True)
                mended.append(str(file.relative_to(books)))
        return mended


class Bucket(Backend):
    """A backend at `gs://`.

    Args:
        client: of Cloud Storage.
        name: of the bucket.
        prefix: folder in the bucket; may be empty.
    """

    is_shared = True

    def __init__(self, client: Client, name: str, prefix: str) -> None:
        self._bucket = client.bucket(name)
        self._prefix = f"{prefix}/" if prefix else ""

    def _locks(self, stack: str) -> str:
        return f"{self._prefix}{_BOOKS}/locks/{stack}/"

    def locks(self, stack: str) -> Sequence[StoredLock]:
        """Reads all objects below the stack's locks."""
        from google.api_core.exceptions import NotFound

        folder, found = self._locks(stack), []
        for blob in self._bucket.client.list_blobs(self._bucket, prefix=folder, timeout=CALL_SECONDS, retry=repeatable):
            try:
                content = blob.download_as_bytes(timeout=CALL_SECONDS, retry=repeatable)
            except NotFound:
                continue  # its process has just ended
            found.append(StoredLock(blob.name.removeprefix(folder), content, time.time() - blob.updated.timestamp()))
        return found

    def place(self, stack: str, name: str, content: bytes) -> None:
        """Writes the object; its name is nobody else's."""
        blob = self._bucket.blob(self._locks(stack) + name)
        blob.upload_from_string(content, timeout=CALL_SECONDS, retry=repeatable)

    def remove(self, stack: str, name: str) -> None:
        """Deletes the object."""
        from google.api_core.exceptions import NotFound

        try:
            self._bucket.blob(self._locks(stack) + name).delete(timeout=CALL_SECONDS, retry=repeatable)
        except NotFound:
            return


def backend_at(url: str) -> Backend:
    """Returns the backend at an address, as `pulumi whoami` tells it.

    Raises:
        StackError: its locks are none that could be looked into.
    """
    parts = urlsplit(url)
    if parts.scheme == "file":
        # The engine takes `~`, and paths relative to where it runs, in the place of a host.
        return Folder(Path(unquote(f"{parts.netloc}{parts.path}")).expanduser().absolute())
    if parts.scheme == "gs":
        from google.cloud.storage import Client

        # The engine takes the address of an emulator without a scheme, and Google's library for Python only with one.
        emulator = os.environ.get("STORAGE_EMULATOR_HOST", "")
        address = emulator if "://" in emulator or not emulator else f"http://{emulator}"
        # No project is needed to read and delete objects, and credentials of a person often name none.
        client = Client(project=None, client_options={"api_endpoint": address} if address else None)
        return Bucket(client, parts.netloc, parts.path.strip("/"))
    raise StackError(
        f"the state is kept at {url}, whose locks only the engine can see. If a run was killed and the next one is "
        "refused since another update is in progress, make sure that no pulumi works on the stack any more, on any "
        "machine, and run `pulumi cancel`: it ends that update and removes its lock, but neither changes the state nor "
        "what runs remotely. Used while a pulumi still works on the stack, it lets two of them write the same state. "
        "Creations that were cut off are then forgotten by `pulumi refresh --clear-pending-creates`"
    )
