"""Copies a checkpoint to another folder by Cloud Storage's own rewriting: between buckets, places and projects.

A rewrite of a large object, or to another place, takes several calls, each of which goes on where the last one ended.
A file that is in place already is left alone, so a copy that was cut off goes on file by file. Everything here blocks;
callers that must not block use a thread.
"""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tunestack.checkpoints.folder import File, Folder
from tunestack.retries import CALL_SECONDS, repeatable
from tunestack.tuning import artifacts

if TYPE_CHECKING:
    from google.cloud.storage import Blob, Client

    from tunestack.connection import Connection

AT_A_TIME = 8
"""Files that are copied at a time: fewer than the ten connections that Google's client keeps open."""


class CopyError(Exception):
    """A file that could not be copied; the message says why and what to do. What was copied stays."""


def left(source: Folder, there: Folder) -> list[File]:
    """Returns the files of a checkpoint that are not in place in its copy."""
    found = there.by_name()
    return [file for file in source.files if not file.is_same(found.get(file.name))]


def at_hand(missing: Iterable[File], copies: Iterable[Folder]) -> dict[str, tuple[str, File]]:
    """Returns which of these files an earlier copy has, by name: its folder's address and the file there."""
    files = {file.name: file for file in missing}
    return {
        each.name: (copy.uri, each)
        for copy in copies
        for each in copy.files
        if each.name in files and files[each.name].may_be_taken_from(each)
    }


def copy(
    connection: Connection,
    source: Folder,
    there: Folder,
    copies: Iterable[Folder] = (),
    progress: Callable[[int], None] | None = None,
) -> list[File]:
    """Copies what is missing, and makes sure of each file's checksum.

    Args:
        connection: to Cloud Storage.
        source: the checkpoint as it was looked at; other content at its address is refused.
        there: what lies in the folder of the copy.
        copies: earlier ones in the same bucket. What they have is taken from there: no byte of it comes from another
            place, which takes its time and is billed.
        progress: told how many bytes are copied; what it raises ends the copying for now.

    Returns:
        The files that came from the source.

    Raises:
        CopyError: the source was changed meanwhile, there is no bucket, or what arrived is not what was sent.
        google.api_core.exceptions.GoogleAPICallError: the service refused, or retries ran out.
    """
    missing = left(source, there)
    found, near = there.by_name(), at_hand(missing, copies)
    way = _Way(connection.storage, source.uri, there.uri, progress)
    with ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="tunestack-copy") as pool:
        # Each thread gets the caller's event that stops its repetitions.
        brought = [
            pool.submit(contextvars.copy_context().run, way.bring, file, found.get(file.name), near.get(file.name))
            for file in missing
        ]
        try:
            came = [each.result() for each in brought]
        except BaseException:
            way.ended.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [file for file, is_from_source in zip(missing, came, strict=True) if is_from_source]


class _Way:
    """From one folder to another; `ended` once one file has failed."""

    def __init__(
        self, client: Client, source_uri: str, destination_uri: str, progress: Callable[[int], None] | None
    ) -> None:
        self._client = client
        self._source_uri, self._destination_uri = source_uri, destination_uri
        self._progress = progress
        self._lock = threading.Lock()
        self._done: dict[str, int] = {}
        self.ended = threading.Event()

    def bring(self, file: File, instead_of: File | None, near: tuple[str, File] | None) -> bool:
        """Copies a file, from near where it can; says whether it came from the source."""
        from google.api_core.exceptions import NotFound

        if near is not None:
            uri, same = near
            try:
                self._bring(file, instead_of, _blob(self._client, uri, same.name, same.generation))
            except NotFound:
                pass  # somebody has cleared away that copy meanwhile
            else:
                return False
        try:
            self._bring(file, instead_of, _blob(self._client, self._source_uri, file.name, file.generation))
        except NotFound as error:
            raise CopyError(self._missing(file, error)) from error
        return True

    def _bring(self, file: File, instead_of: File | None, source: Blob) -> None:
        from google.api_core.exceptions import PreconditionFailed

        self._tell(file, 0)
        target = _blob(self._client, self._destination_uri, file.name)
        # A body, which the library always sends, takes the place of the source's own metadata. A time that expires the
        # source is among what is not meant for the copy.
        target.content_type = file.content_type or None
        if file.content_encoding:
            target.content_encoding = file.content_encoding
        try:
            self._rewrite(file, source, target, instead_of.generation if instead_of else 0)
        except PreconditionFailed:  # the answer to the last call was lost, or another run was faster
            target.reload(timeout=CALL_SECONDS, retry=repeatable)
        if (target.size, target.crc32c) != (file.bytes, file.crc32c):
            target.delete(if_generation_match=target.generation, timeout=CALL_SECONDS, retry=repeatable)
            raise CopyError(
                f"gs://{target.bucket.name}/{target.name} does not have the checksum of {self._source_uri}/{file.name} "
                "and was deleted again; run the command again"
            )
        self._tell(file, file.bytes)

    def _rewrite(self, file: File, source: Blob, target: Blob, generation: int) -> None:
        from google.api_core.exceptions import BadRequest

        token: str | None = None
        begun_again = False
        while not self.ended.is_set():
            try:
                token, written, _ = target.rewrite(
                    source, token=token, if_generation_match=generation, timeout=CALL_SECONDS, retry=repeatable
                )
            except BadRequest:
                if token is None or begun_again:
                    raise
                token, begun_again = None, True  # the service has forgotten how far it was
                continue
            if token is None:
                return
            self._tell(file, written)
        raise CopyError("ended since another file failed")

    def _tell(self, file: File, done: int) -> None:
        if self._progress is None:
            return
        with self._lock:
            self._done[file.name] = done
            total = sum(self._done.values())
        self._progress(total)

    def _missing(self, file: File, error: Exception) -> str:
        if "bucket does not exist" in str(error):
            return (
                f"there is no bucket {artifacts.split(self._destination_uri)[0]} to copy into, or "
                f"{artifacts.split(self._source_uri)[0]} is gone; make it, then run the command again"
            )
        return (
            f"{self._source_uri}/{file.name} was replaced or deleted after it was looked at; run the command again to "
            "see what the checkpoint is now"
        )


def _blob(client: Client, folder_uri: str, name: str, generation: int | None = None) -> Blob:
    bucket, folder = artifacts.split(folder_uri)
    return client.bucket(bucket).blob(f"{folder}/{name}".lstrip("/"), generation=generation)
