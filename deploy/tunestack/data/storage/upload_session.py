"""A resumable upload: in pieces, from where the service says it is, also after the process was killed.

The address of a session is all that it takes to go on with it, for a week: see `session_notes`.

Source: https://cloud.google.com/storage/docs/performing-resumable-uploads.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import urlsplit

import msgspec

from tunestack.data.report import UnreadableDataError
from tunestack.data.storage.session_notes import notes_on
from tunestack.retries import CALL_SECONDS, repeatable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import requests
    from google.cloud.storage import Blob

PIECE_BYTES = 16 * 1024 * 1024
"""A broken connection costs at most one such piece; the service wants multiples of 256 KiB."""

PIECE_SECONDS = 120.0
"""How long one piece may take: 150 kB/s."""

CONTENT_TYPE = "application/jsonl"

_OVER = frozenset({400, 404, 410, 412})
"""Answers of the service for a session that is gone, or that can only fail again."""


def send(
    file: BinaryIO,
    blob: Blob,
    *,
    size: int,
    crc32c: str,
    if_generation_match: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Mapping[str, Any]:
    """Sends a file, from where an earlier run has left it if one has.

    Args:
        file: opened for reading.
        blob: the object that it becomes.
        size: of the file, in bytes.
        crc32c: what the service shall find of its bytes; it refuses others.
        if_generation_match: 0 where nothing may lie there yet.
        progress: told how many bytes the service has; what it raises ends the upload for now.

    Returns:
        The object as the service describes it.

    Raises:
        google.api_core.exceptions.GoogleAPICallError: the service refused; with 412 something lies there.
        requests.exceptions.RequestException: the connection stayed broken.
        UnreadableDataError: the file is shorter now.
    """
    from google.api_core.exceptions import GoogleAPICallError

    with notes_on(blob) as notes:
        earlier = notes.read(size, crc32c)
        while True:
            if not (session := earlier):
                session = blob.create_resumable_upload_session(
                    content_type=CONTENT_TYPE,
                    size=size,
                    checksum=None,
                    if_generation_match=if_generation_match,
                    timeout=CALL_SECONDS,
                    retry=repeatable,
                )
                notes.write(session, size, crc32c)
            try:
                described = _Upload(session, file, size, crc32c, None if earlier else 0).finish(progress)
            except GoogleAPICallError as error:
                if error.code in _OVER:
                    notes.forget()
                    if earlier:  # it ended or expired meanwhile, or belongs to an emulator that is gone
                        earlier = None
                        continue
                raise
            notes.forget()
            return described


class _Upload:
    """One session, from wherever it is to its end."""

    def __init__(self, session: str, file: BinaryIO, size: int, crc32c: str, has: int | None) -> None:
        import requests

        self._session, self._file, self._size, self._crc32c = session, file, size, crc32c
        self._http = requests.Session()  # the address is the permission: no credentials go with it
        self._has = has  # bytes that the service has; None: it has to be asked

    def finish(self, progress: Callable[[int], None] | None) -> Mapping[str, Any]:
        with self._http:
            while (described := self._step()) is None:
                if progress and self._has:
                    progress(self._has)
        return described

    @repeatable
    def _step(self) -> Mapping[str, Any] | None:
        """Asks how far it is, or sends the next piece; after a failure it is asked again."""
        has, self._has = self._has, None
        if has is None or has == self._size:
            return self._put(b"", f"bytes */{self._size}")
        self._file.seek(has)
        piece = self._file.read(min(PIECE_BYTES, self._size - has))
        if not piece:
            raise UnreadableDataError(f"{self._file.name} became shorter while it was sent; run again")
        return self._put(piece, f"bytes {has}-{has + len(piece) - 1}/{self._size}")

    def _put(self, piece: bytes, content_range: str) -> Mapping[str, Any] | None:
        import requests
        from google.api_core.exceptions import from_http_status

        is_last = content_range.endswith(f"-{self._size - 1}/{self._size}")
        headers = {"Content-Range": content_range, **({"X-Goog-Hash": f"crc32c={self._crc32c}"} if is_last else {})}
        try:
            answer = self._http.put(
                self._session, data=piece, headers=headers, timeout=PIECE_SECONDS, allow_redirects=False
            )
        except requests.exceptions.RequestException as error:
            # Its own words would show the address.
            there = urlsplit(self._session)
            request = requests.Request("PUT", f"{there.scheme}://{there.netloc}")
            raise type(error)(f"the upload was cut off ({type(error).__name__})", request=request) from None
        if answer.status_code == 308:  # "resume incomplete"
            until = re.fullmatch(r"bytes=0-(\d+)", answer.headers.get("Range", ""))
            self._has = int(until[1]) + 1 if until else 0
            return None
        if answer.ok:
            return msgspec.json.decode(answer.content, type=dict[str, Any])
        raise from_http_status(answer.status_code, _message(answer), response=answer)  # type: ignore[no-untyped-call]  # Google's has no hints


def _message(answer: requests.Response) -> str:
    try:
        return str(answer.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return answer.text[:200] or answer.reason
