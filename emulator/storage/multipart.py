"""The body of a multipart upload (multipart/related): metadata first, then content, passed on piece by piece."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from emulator.payload import parse_object
from emulator.storage.errors import invalid

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_BOUNDARY: Final = re.compile(r'boundary="?([^";]+)"?')
_HEAD_LIMIT: Final = 1 << 20  # bytes of metadata and part headers; far above what metadata may be (8 KiB)
_TYPE: Final = re.compile(rb"^content-type:\s*(.+?)\s*$", re.IGNORECASE | re.MULTILINE)


class Multipart:
    """Reads one body. `metadata` and `content_type` are there once `start` has returned; then iterate `content`."""

    def __init__(self, header: str, stream: AsyncIterator[bytes]) -> None:
        match = _BOUNDARY.search(header)
        if match is None:
            raise invalid("A multipart upload needs a boundary in its Content-Type.")
        self._delimiter = b"\r\n--" + match[1].encode()
        self._stream = stream
        self._rest = b"\r\n"  # so that the first boundary looks like the others
        self.metadata: dict[str, Any] = {}
        self.content_type = ""

    async def start(self) -> None:
        """Reads up to the first byte of the content.

        Raises:
            StorageError: the body is not what multipart/related says.
        """
        await self._until(self._delimiter)
        await self._until(b"\r\n\r\n")
        self.metadata = parse_object(await self._until(self._delimiter))
        head = await self._until(b"\r\n\r\n")
        match = _TYPE.search(head.replace(b"\r\n", b"\n"))
        self.content_type = match[1].decode("latin-1") if match else ""

    async def content(self) -> AsyncIterator[bytes]:
        """The content of the second part.

        Raises:
            StorageError: the body ends before its last boundary.
        """
        held = self._rest
        async for piece in self._stream:
            held += piece
            end = held.find(self._delimiter)
            if end >= 0:
                yield held[:end]
                return
            # The last bytes may be the first of the boundary.
            safe = len(held) - len(self._delimiter) + 1
            if safe > 0:
                yield held[:safe]
                held = held[safe:]
        end = held.find(self._delimiter)
        if end < 0:
            raise invalid("The multipart body ends before its last boundary.")
        yield held[:end]

    async def _until(self, mark: bytes) -> bytes:
        while (position := self._rest.find(mark)) < 0:
            if len(self._rest) > _HEAD_LIMIT:
                raise invalid("The metadata part of the multipart body is too long.")
            try:
                self._rest += await anext(self._stream)
            except StopAsyncIteration:
                raise invalid("The multipart body ends before its content.") from None
        found, self._rest = self._rest[:position], self._rest[position + len(mark) :]
        return found
