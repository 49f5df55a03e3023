"""Objects in Cloud Storage as training data: looked up, pinned to one generation, read as a stream.

Everything here blocks; callers that must not block use a thread.
"""

from __future__ import annotations

import contextvars
import io
import re
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from tunestack.data.report import UnreadableDataError
from tunestack.retries import CALL_SECONDS, repeatable
from tunestack.service_errors import explain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

    from google.cloud.storage import Client

    from tunestack.data.stream import Stream

PIECE_BYTES = 8 * 1024 * 1024
"""Objects are read in ranges of this size, each a request of its own, so that a broken connection costs one of them."""

PIECES_AHEAD = 4
"""How many are on their way while one is looked at: one stream of Cloud Storage is slower than a check is."""

SLOW_CLASSES = frozenset({"NEARLINE", "COLDLINE", "ARCHIVE"})
"""Storage classes in which every byte that is read costs: https://cloud.google.com/storage/docs/storage-classes."""


class ReplacedObjectError(UnreadableDataError):
    """The object of an address is another one now than the one that was looked up."""


@dataclass(frozen=True, slots=True)
class PinnedObject:
    """One generation of an object: what lies at an address may change, this cannot.

    Attributes:
        bucket: name of the bucket.
        name: name of the object.
        generation: Cloud Storage's number of this very content; every overwrite has a new one.
        bytes: its size.
        crc32c: its checksum as Cloud Storage writes it; composite objects have it as well, other than an MD5.
        storage_class: such as `STANDARD`.
    """

    bucket: str
    name: str
    generation: int
    bytes: int
    crc32c: str
    storage_class: str = "STANDARD"

    @property
    def uri(self) -> str:
        """The `gs://` address, which names whatever lies there at the time."""
        return f"gs://{self.bucket}/{self.name}"

    @property
    def reading_costs(self) -> bool:
        """Whether the storage class charges for every byte that is read."""
        return self.storage_class in SLOW_CLASSES


def is_address(text: str) -> bool:
    """Says whether a file is meant that lies in Cloud Storage, whether or not the address is sound."""
    return text.startswith("gs://")


def address_parts(uri: str) -> tuple[str, str]:
    """Splits `gs://bucket/name` of one object into bucket and name.

    Raises:
        UnreadableDataError: the address is not of that form.
    """
    match = re.fullmatch(r"gs://([a-z0-9][a-z0-9._-]{1,220}[a-z0-9])/(.+)", uri, re.DOTALL)
    if match is None:
        raise UnreadableDataError(
            f"{uri} is not the address of an object; it has to read gs://bucket/folder/file.jsonl"
        )
    if match[2].endswith("/"):
        raise UnreadableDataError(f"{uri} is a folder; write the address of one JSONL file in it")
    return match[1], match[2]


def pin(uri: str, client: Callable[[], Client]) -> PinnedObject:
    """Looks up what lies at an address now: one call, and no content.

    Raises:
        UnreadableDataError: the address is none, nothing lies there, or the service does not say; or the object is
            kept compressed.
    """
    from google.api_core.exceptions import NotFound

    bucket, name = address_parts(uri)
    with explained(uri):
        blob = client().bucket(bucket).blob(name)
        try:
            blob.reload(timeout=CALL_SECONDS, retry=repeatable)
        except NotFound as error:
            raise UnreadableDataError(_missing(uri, client, error)) from error
    if encoding := blob.content_encoding:
        # With gzip a reader gets other bytes than those that size, checksum and ranges count, if it asks the wrong way.
        # Nothing says which way the tuning service asks.
        raise UnreadableDataError(
            f"{uri} is kept with Content-Encoding: {encoding}, and the tuning service may read the compressed bytes; "
            "write it again uncompressed"
        )
    return PinnedObject(bucket, name, blob.generation, blob.size, blob.crc32c, blob.storage_class or "STANDARD")


def stream(uri: str, client: Callable[[], Client]) -> Stream:
    """Returns what lies at an address now, to be checked or copied as it comes.

    Raises:
        UnreadableDataError: see `pin`. Reading may raise it, too: the object went, or the service does not answer.
    """
    return stream_of(pin(uri, client), client)


def stream_of(pinned: PinnedObject, client: Callable[[], Client]) -> Stream:
    """Returns the content of one generation, to be read as it comes."""
    from tunestack.data.stream import Stream

    return Stream(pinned.uri, lambda: open_pinned(pinned, client), pinned.bytes)


def open_pinned(pinned: PinnedObject, client: Callable[[], Client]) -> BinaryIO:
    """Opens one generation for reading, a few pieces ahead."""
    return io.BufferedReader(_Pieces(pinned, client()), PIECE_BYTES)


class _Pieces(io.RawIOBase):
    """The content of one generation, in ranges that are asked for ahead of their turn."""

    def __init__(self, pinned: PinnedObject, client: Client) -> None:
        from concurrent.futures import ThreadPoolExecutor

        self._pinned = pinned
        self._client = client
        self._asked = 0
        self._coming: deque[Future[bytes]] = deque()
        self._rest = memoryview(b"")
        self._pool = ThreadPoolExecutor(PIECES_AHEAD, thread_name_prefix="tunestack-read")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]  # io says any buffer
        if not self._rest:
            self._ask()
            if not self._coming:
                return 0
            self._rest = memoryview(self._coming.popleft().result())
        taken = min(len(buffer), len(self._rest))
        buffer[:taken] = self._rest[:taken]
        self._rest = self._rest[taken:]
        return taken

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        super().close()

    def _ask(self) -> None:
        while len(self._coming) < PIECES_AHEAD and self._asked < self._pinned.bytes:
            end = min(self._asked + PIECE_BYTES, self._pinned.bytes)
            # Each thread gets the caller's event that stops its repetitions.
            context = contextvars.copy_context()
            self._coming.append(self._pool.submit(context.run, self._fetch, self._asked, end))
            self._asked = end

    def _fetch(self, start: int, end: int) -> bytes:
        from google.api_core.exceptions import NotFound

        pinned = self._pinned
        blob = self._client.bucket(pinned.bucket).blob(pinned.name, generation=pinned.generation)
        with explained(pinned.uri):
            try:
                piece: bytes = blob.download_as_bytes(
                    start=start, end=end - 1, raw_download=True, checksum=None, timeout=CALL_SECONDS, retry=repeatable
                )
            except NotFound as error:
                message = f"{pinned.uri} was replaced or deleted while it was read; run again"
                raise ReplacedObjectError(message) from error
        if len(piece) != end - start:
            raise UnreadableDataError(f"{pinned.uri} came incompletely, from byte {start} on; run again")
        return piece


@contextmanager
def explained(uri: str) -> Iterator[None]:
    """Turns the failed call of a service, for whatever reason, into a sentence about the object.

    Raises:
        UnreadableDataError: the call failed.
    """
    try:
        yield
    except UnreadableDataError:
        raise
    except Exception as error:
        if reason := explain(error):
            raise UnreadableDataError(f"{uri} cannot be read: {reason}") from error
        raise


def _missing(uri: str, client: Callable[[], Client], error: Exception) -> str:
    """Says of an address at which nothing lies what may have been meant."""
    bucket, name = address_parts(uri)
    if "bucket does not exist" in str(error):
        return f"there is no bucket {bucket}; look for a typing error in {uri}, or make the bucket and write the object"
    try:
        below = client().list_blobs(bucket, prefix=f"{name}/", max_results=1, timeout=CALL_SECONDS, retry=repeatable)
        is_folder = any(True for _ in below)
    except Exception:  # whoever may not list has been told enough
        is_folder = False
    if is_folder:
        return f"{uri} is a folder; write the address of one JSONL file in it"
    hint = "; write the address of one object, patterns are not followed" if set(name) & set("*?[") else ""
    return f"there is no object {uri}{hint or '; write it there first, or look for a typing error'}"
