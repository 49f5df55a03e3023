"""Puts a checked file into a bucket, once: an object is named by its content, so what is there is never sent again.

Everything here blocks; callers that must not block use a thread.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tunestack.data.report import UnreadableDataError
from tunestack.data.storage import upload_session
from tunestack.data.storage.objects import PinnedObject, address_parts
from tunestack.data.storage.upload_session import CONTENT_TYPE
from tunestack.retries import CALL_SECONDS, is_transport_error, repeatable

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from google.cloud.storage import Blob, Client

    from tunestack.data.report import Report

RESUMABLE_BYTES = 16 * 1024 * 1024
"""Larger files go up in pieces, so that a broken connection costs one of them."""

_BLOCK = 4 * 1024 * 1024


class UploadError(Exception):
    """A file that could not be put where it belongs; the message says why and what to do."""


def object_name(report: Report, prefix: str) -> str:
    """Names the object that holds a file of this content: `<prefix>/<16 digits of its SHA-256>/<file name>`."""
    return "/".join(part for part in (prefix.strip("/"), report.sha256[:16], Path(report.name).name) if part)


def object_uri(report: Report, bucket: str, prefix: str) -> str:
    """Returns the `gs://` address that `upload` will put the file at."""
    return f"gs://{bucket}/{object_name(report, prefix)}"


def upload(
    path: Path,
    report: Report,
    bucket: str,
    prefix: str,
    client: Callable[[], Client],
    progress: Callable[[int], None] | None = None,
) -> PinnedObject:
    """Uploads a checked file unless the bucket has it.

    Args:
        path: where the file lies.
        report: its report; the upload must have its checksum, so a file that changed since is refused.
        bucket: name of the bucket.
        prefix: folder in the bucket; may be empty.
        client: makes the storage client.
        progress: told how many bytes of a large file the service has; what it raises ends the upload for now.

    Returns:
        The object.

    Raises:
        UploadError: another content lies at that address, or the file changed after it was checked.
        UnreadableDataError: the file cannot be read any more.
        google.api_core.exceptions.GoogleAPIError: the service refused, or retries ran out.
    """
    from google.api_core.exceptions import PreconditionFailed

    home = client().bucket(bucket)
    name = object_name(report, prefix)
    if present := home.get_blob(name, timeout=CALL_SECONDS, retry=repeatable):
        return _same(present, report)
    blob = home.blob(name)
    try:
        _send(path, blob, report.bytes, report.crc32c, if_generation_match=0, progress=progress)
    except PreconditionFailed:  # another run was faster, or the answer to the first attempt was lost
        blob.reload(timeout=CALL_SECONDS, retry=repeatable)
        return _same(blob, report)
    if blob.crc32c != report.crc32c:
        blob.delete(if_generation_match=blob.generation, timeout=CALL_SECONDS, retry=repeatable)
        raise UploadError(f"{report.name} changed after it was checked; run again")
    return _pinned(blob)


def put(
    path: Path,
    uri: str,
    client: Callable[[], Client],
    *,
    replace: bool = False,
    progress: Callable[[int], None] | None = None,
) -> PinnedObject:
    """Uploads any file to an address.

    Args:
        path: where the file lies.
        uri: `gs://bucket/name`.
        client: makes the storage client.
        replace: whether an object that lies there may be replaced.
        progress: told how many bytes of a large file the service has; what it raises ends the upload for now.

    Returns:
        The object.

    Raises:
        UploadError: something lies there, there is no bucket, or the file changed while it was sent.
        UnreadableDataError: the address is none, or the file cannot be read.
        google.api_core.exceptions.GoogleAPIError: the service refused, or retries ran out.
    """
    from google.api_core.exceptions import NotFound, PreconditionFailed

    bucket, name = address_parts(uri)
    blob = client().bucket(bucket).blob(name)
    size, crc32c = _measured(path)
    try:
        _send(path, blob, size, crc32c, if_generation_match=None if replace else 0, progress=progress)
    except PreconditionFailed:
        raise UploadError(f"{uri} is there already; choose another address, or replace it expressly") from None
    except NotFound:
        raise no_bucket(uri) from None
    return _pinned(blob)


def no_bucket(uri: str) -> UploadError:
    """Returns what is wrong where an object cannot be written for want of its bucket."""
    bucket, _ = address_parts(uri)
    return UploadError(f"there is no bucket {bucket}; look for a typing error in {uri}, or make the bucket")


def _send(
    path: Path,
    blob: Blob,
    size: int,
    crc32c: str,
    *,
    if_generation_match: int | None,
    progress: Callable[[int], None] | None,
) -> None:
    """Makes the file the object, which is described by `blob` afterwards."""
    from google.api_core.exceptions import BadRequest

    condition: dict[str, Any] = {"if_generation_match": if_generation_match}
    try:
        if size <= RESUMABLE_BYTES:
            blob.upload_from_filename(
                str(path),
                content_type=CONTENT_TYPE,
                checksum="crc32c",
                timeout=upload_session.PIECE_SECONDS,
                retry=repeatable,
                **condition,
            )
            return
        with path.open("rb") as file:
            described = upload_session.send(file, blob, size=size, crc32c=crc32c, progress=progress, **condition)
        blob._set_properties(described)  # noqa: SLF001 - what the library itself does with this answer
    except BadRequest as error:
        if _measured(path) != (size, crc32c):
            raise UploadError(f"{path} changed after it was checked; run again") from error
        raise
    except OSError as error:
        if is_transport_error(error):  # requests' errors are OSErrors, too
            raise
        raise UnreadableDataError(f"{path} cannot be read: {error.strerror or error}; check it again") from error


def _measured(path: Path) -> tuple[int, str]:
    """Returns a file's size and its CRC32C as Cloud Storage writes it."""
    import base64

    import google_crc32c

    size, checksum = 0, 0
    try:
        with path.open("rb", buffering=0) as file:
            while block := file.read(_BLOCK):
                size += len(block)
                checksum = google_crc32c.extend(checksum, block)
    except OSError as error:
        raise UnreadableDataError(f"{path} cannot be read: {error.strerror or error}") from error
    return size, base64.b64encode(checksum.to_bytes(4, "big")).decode()


def _same(blob: Blob, report: Report) -> PinnedObject:
    """Makes sure that the object there is the file."""
    if (blob.size, blob.crc32c) != (report.bytes, report.crc32c):
        uri = f"gs://{blob.bucket.name}/{blob.name}"
        raise UploadError(f"{uri} holds something else than {report.name}; delete the object, then run again")
    return _pinned(blob)


def _pinned(blob: Blob) -> PinnedObject:
    """Returns what the library knows of an object that it has seen or made."""
    return PinnedObject(
        blob.bucket.name, blob.name, blob.generation, blob.size, blob.crc32c, blob.storage_class or "STANDARD"
    )
