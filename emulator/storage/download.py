"""Object content on its way out: whole or a range, streamed from disk."""

from __future__ import annotations

import re
from datetime import datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from emulator.storage.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

_BLOCK: Final = 1 << 20  # bytes read and sent at once
_RANGE: Final = re.compile(r"bytes=(\d*)-(\d*)")


def download(resource: Mapping[str, Any], path: Path, asked: str | None) -> Response:
    """The content of a generation.

    Args:
        resource: its metadata.
        path: its file.
        asked: the Range header; one that is no single range of bytes is ignored, as HTTP wants it.

    Raises:
        StorageError: the range starts behind the end (416).
    """
    stream = path.open("rb")  # from here on the content is this file's, whatever is put in its place
    size = stream.seek(0, 2)
    start, end, status = 0, size, 200
    part = _RANGE.fullmatch(asked) if asked else None
    if part is not None and (part[1] or part[2]):
        start, end = _bounds(part[1], part[2], size)
        status = 206
        if start >= size:
            stream.close()
            raise StorageError(416, "requestedRangeNotSatisfiable", "Request range not satisfiable")
    stream.seek(start)
    headers = _headers(resource) | {"Content-Length": str(end - start)}
    if status == 206:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    return StreamingResponse(_blocks(stream, end - start), status_code=status, headers=headers)


def _bounds(first: str, last: str, size: int) -> tuple[int, int]:
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(size, int(last) + 1 if last else size)


async def _blocks(stream: BinaryIO, left: int) -> AsyncIterator[bytes]:
    with stream:
        while left and (block := await run_in_threadpool(stream.read, min(_BLOCK, left))):
            left -= len(block)
            yield block


def _headers(resource: Mapping[str, Any]) -> dict[str, str]:
    sums = [f"crc32c={resource['crc32c']}"] + ([f"md5={resource['md5Hash']}"] if "md5Hash" in resource else [])
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Type": resource["contentType"],
        "Cache-Control": resource.get("cacheControl", "no-cache, no-store, max-age=0, must-revalidate"),
        "ETag": resource["etag"],
        "Last-Modified": format_datetime(datetime.fromisoformat(resource["updated"]), usegmt=True),
        "X-Goog-Generation": resource["generation"],
        "X-Goog-Hash": ",".join(sums),
        "X-Goog-Metageneration": resource["metageneration"],
        "X-Goog-Storage-Class": resource["storageClass"],
        "X-Goog-Stored-Content-Encoding": resource.get("contentEncoding", "identity"),
        "X-Goog-Stored-Content-Length": resource["size"],
    }
    for field, header in (
        ("contentDisposition", "Content-Disposition"),
        ("contentEncoding", "Content-Encoding"),
        ("contentLanguage", "Content-Language"),
    ):
        if field in resource:
            headers[header] = resource[field]
    return headers
