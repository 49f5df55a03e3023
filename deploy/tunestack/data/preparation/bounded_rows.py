"""A bound on the bytes of one row: what is longer is an unclosed quote or bracket, or no table at all."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from tunestack.data.preparation.table import MAX_ROW_BYTES

if TYPE_CHECKING:
    from typing_extensions import Buffer


class TooLongError(Exception):
    """A row is longer than what is kept in memory."""

    def __str__(self) -> str:
        return f"a row of more than {MAX_ROW_BYTES // 2**20} MiB"


class BoundedRows(io.RawIOBase):
    """Reads a file for a parser that keeps a row in memory; fails before that is too much.

    Args:
        file: what is read.
    """

    def __init__(self, file: io.BufferedReader) -> None:
        self._file = file
        self._since = 0

    def next_row(self) -> None:
        """Takes note that the parser is done with a row."""
        self._since = 0

    def readable(self) -> bool:
        """Says that it is."""
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        """Reads what comes next."""
        read = self._file.readinto(buffer)
        self._since += read
        if self._since > MAX_ROW_BYTES:
            raise TooLongError
        return read
