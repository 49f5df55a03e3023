"""Puts a checked file into a bucket, once: an object is named by its content, so what is there is never sent again.

Everything here blocks; callers that must not block use a thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunestack.data.report import UnreadableDataError
from tunestack.retries import CALL_SECONDS, is_transport_error, repeatable

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.cloud.storage import Blob, Client

    from tunestack.data.report import Report

CONTENT_TYPE = "application/jsonl"

CHUNK_BYTES = 16 * 1024 * 1024
"""Larger files go up resumably in such pieces, so that a broken connection costs one of them."""

TIMEOUT_SECONDS = 120.0
"""How long one request may take: a chunk at 150 kB/s."""


class UploadError(Exception):
    """A file that could not be put where it belongs; the message says why and what to do."""


def object_name(report: Report, prefix: str) -> str:
    """Names the object that holds a file of this content: `<prefix>/<16 digits of its SHA-256>/<file name>`."""
    return "/".join(part for part in (prefix.strip("/"), report.sha256[:16], report.path.name) if part)


def object_uri(report: Report, bucket: str, prefix: str) -> str:
    """Returns the `gs://` address that `upload` will return."""
    return f"gs://{bucket}/{object_name(report, prefix)}"


def upload(report: Report, bucket: str, prefix: str, client: Callable[[], Client]) -> str:
    """Uploads a checked file unless the bucket has it.

    Args:
        report: the file's report; the upload must have its checksum, so a file that changed since is refused.
        bucket: name of the bucket.
        prefix: folder in the bucket; may be empty.
        client: makes the storage client; called once.

    Returns:
        The object's `gs://` address.

    Raises:
        UploadError: another content lies at that address, or the file changed after it was checked.
        UnreadableDataError: the file cannot be read any more.
        google.api_core.exceptions.GoogleAPIError: the service refused, or retries ran out.
    """
    from google.api_core.exceptions import PreconditionFailed

    uri = object_uri(report, bucket, prefix)
    home = client().bucket(bucket)
    name = object_name(report, prefix)
    if present := home.get_blob(name, timeout=CALL_SECONDS, retry=repeatable):
        return _same(present, report, uri)
    blob = home.blob(name, chunk_size=CHUNK_BYTES if report.bytes > CHUNK_BYTES else None)
    try:
        blob.upload_from_filename(
            str(report.path),
            content_type=CONTENT_TYPE,
            if_generation_match=0,
            checksum="crc32c",
            timeout=TIMEOUT_SECONDS,
            retry=repeatable,
        )
    except PreconditionFailed:  # another run was faster, or the answer to the first attempt was lost
        blob.reload(timeout=CALL_SECONDS, retry=repeatable)
        return _same(blob, report, uri)
    except OSError as error:
        if is_transport_error(error):  # requests' errors are OSErrors, too
            raise
        message = f"{report.path} cannot be read: {error.strerror or error}; check it again"
        raise UnreadableDataError(message) from error
    if blob.crc32c != report.crc32c:
        blob.delete(if_generation_match=blob.generation, timeout=CALL_SECONDS, retry=repeatable)
        raise UploadError(f"{report.path} changed after it was checked; run again")
    return uri


def _same(blob: Blob, report: Report, uri: str) -> str:
    """Makes sure that the object there is the file."""
    if (blob.size, blob.crc32c) != (report.bytes, report.crc32c):
        raise UploadError(f"{uri} holds something else than {report.path}; delete the object, then run again")
    return uri
