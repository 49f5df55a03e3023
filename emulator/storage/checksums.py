"""The two checksums that Cloud Storage keeps of every object."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Final

import google_crc32c

if TYPE_CHECKING:
    from pathlib import Path

_BLOCK: Final = 1 << 20  # bytes read at once


class Checksums:
    """MD5 and CRC32C, fed piece by piece.

    Args:
        components: how many objects the content was composed of; 0 when it came in one piece. Of a composed object
            the service tells this number and no MD5.
    """

    def __init__(self, components: int = 0) -> None:
        self.components = components
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._crc32c = google_crc32c.Checksum()  # type: ignore[no-untyped-call]
        self.size = 0

    def update(self, piece: bytes) -> None:
        """Takes the next bytes."""
        self._md5.update(piece)
        self._crc32c.update(piece)  # type: ignore[no-untyped-call]
        self.size += len(piece)

    @property
    def md5(self) -> str:
        """As `md5Hash`: base64."""
        return base64.b64encode(self._md5.digest()).decode()

    @property
    def crc32c(self) -> str:
        """As `crc32c`: base64 of the big-endian value."""
        return base64.b64encode(self._crc32c.digest()).decode()  # type: ignore[no-untyped-call]


def checksums_of(file: Path) -> Checksums:
    """The checksums of a whole file, which is never held in memory."""
    sums = Checksums()
    with file.open("rb") as stream:
        while piece := stream.read(_BLOCK):
            sums.update(piece)
    return sums
