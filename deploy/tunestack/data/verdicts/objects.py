"""Verdicts on an object in Cloud Storage, kept beside it by generation: `<object>.tunestack/<generation>.json`.

The signature lies there too, `<generation>.signature`. Deleting any of this costs one more check and nothing else.

Everything here blocks; callers that must not block use a thread.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tunestack.data.report import Report, UnreadableDataError
from tunestack.data.signatures.signature import Signature, SignatureError
from tunestack.data.storage.objects import PinnedObject, explained, stream_of
from tunestack.data.verdicts.kept import NotKeptError, Record
from tunestack.retries import CALL_SECONDS, repeatable
from tunestack.service_errors import explain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from google.cloud.storage import Blob, Client

    from tunestack.catalogue.data_rules import DataRules

_MOST_BYTES = 128 * 1024 * 1024
"""What is larger was not written here: half a million linked images are a quarter of it, and a signature has 12 bytes
an example."""

_ATTEMPTS = 5
"""How often a record is written anew because another process has just written it."""


@dataclass(frozen=True, slots=True)
class ObjectPlace:
    """One generation of an object."""

    pinned: PinnedObject
    client: Callable[[], Client]

    @property
    def name(self) -> str:
        """The `gs://` address."""
        return self.pinned.uri

    @property
    def content(self) -> str:
        """Address, generation and checksum: copied elsewhere, the record is worth nothing."""
        return f"{self.pinned.uri}#{self.pinned.generation} {self.pinned.bytes} {self.pinned.crc32c}"

    @property
    def size(self) -> int:
        """Its bytes."""
        return self.pinned.bytes

    def find(self, question: str) -> Report | None:
        """Returns the verdict that is kept, by one call; see `Place`."""
        report = self._record()[0].find(question)
        return report if report is not None and self._is_of_this(report) else None

    def keep(self, question: str, report: Report) -> None:
        """Keeps a verdict beside the object; see `Place`."""
        from google.api_core.exceptions import PreconditionFailed

        with _explained():
            if report.signature is not None:
                self._write(self._beside("signature"), report.signature.to_bytes(), "application/octet-stream")
            for _ in range(_ATTEMPTS):
                record, generation = self._record()
                try:
                    content = record.added(question, report).written()
                    return self._write(self._beside("json"), content, "application/json", generation)
                except PreconditionFailed:
                    continue
        raise NotKeptError("others write it all the time")

    def keep_signature(self, signature: Callable[[], Signature]) -> None:
        """Keeps the signature alone, unless it is there.

        Raises:
            NotKeptError: it cannot be kept.
        """
        blob = self._beside("signature")
        with _explained():
            if not blob.exists(timeout=CALL_SECONDS, retry=repeatable):
                self._write(blob, signature().to_bytes(), "application/octet-stream")

    def signature(self) -> Signature | None:
        """Returns the signature that is kept; see `Place`."""
        try:
            return Signature.from_bytes(self._read(self._beside("signature")) or b"")
        except SignatureError:
            return None

    def check(
        self, rules: Sequence[DataRules], against: Report | None, progress: Callable[[int], None] | None
    ) -> Report:
        """Reads the object; see `Place`."""
        from tunestack.data.scan import check

        report = check(stream_of(self.pinned, self.client), rules=rules, against=against, progress=progress)
        if not self._is_of_this(report):
            raise UnreadableDataError(f"{self.name} came damaged: other bytes than its checksum says; run again")
        return report

    def _is_of_this(self, report: Report) -> bool:
        return (report.bytes, report.crc32c) == (self.pinned.bytes, self.pinned.crc32c)

    def _beside(self, kind: str) -> Blob:
        pinned = self.pinned
        return self.client().bucket(pinned.bucket).blob(f"{pinned.name}.tunestack/{pinned.generation}.{kind}")

    def _record(self) -> tuple[Record, int]:
        """Returns what is kept, and the generation of the object that keeps it; 0 where there is none."""
        blob = self._beside("json")
        written = self._read(blob)
        return Record.read(written or b"", self.content), 0 if written is None else int(blob.generation)

    def _read(self, blob: Blob) -> bytes | None:
        from google.api_core.exceptions import Forbidden, NotFound, RequestRangeNotSatisfiable

        with explained(f"gs://{blob.bucket.name}/{blob.name}"):
            try:
                content: bytes = blob.download_as_bytes(
                    end=_MOST_BYTES, raw_download=True, checksum=None, timeout=CALL_SECONDS, retry=repeatable
                )
            except (NotFound, Forbidden):
                return None
            except RequestRangeNotSatisfiable:  # it is empty
                blob.reload(timeout=CALL_SECONDS, retry=repeatable)
                return b""
        return content

    def _write(self, blob: Blob, content: bytes, content_type: str, generation: int | None = None) -> None:
        blob.upload_from_string(
            content,
            content_type=content_type,
            if_generation_match=generation,
            checksum="crc32c",
            timeout=CALL_SECONDS,
            retry=repeatable,
        )


@contextmanager
def _explained() -> Iterator[None]:
    """Says in words of ours why something could not be kept.

    Raises:
        NotKeptError: the call failed.
    """
    try:
        yield
    except Exception as error:
        if reason := explain(error):
            raise NotKeptError(reason) from error
        raise
