"""What bytes alone say of lines: where they end, and how many strings they hold. By numpy, once that is imported.

numpy is several times as fast, and takes 0.1 s to import: as long as it takes to look at 50 MB.
"""

from __future__ import annotations

import sys
from array import array
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_NEWLINE, _RETURN, _OPENING, _CLOSING, _QUOTE, _BACKSLASH = b'\n\r{}"\\'
_SPACE = 0x20
_PIECE_BYTES = 64 * 1024
"""What numpy looks at in one go: memory for the answer is at hand, and stays in the processor's cache."""
_MOST = 2**32 - 1
_LONG = 4_000
"""Bytes of a line from which looking for single bytes is faster than counting them."""
_FEW = 64
_WORTH_A_CALL = 4_000
"""Bytes that Python looks at while numpy is being called."""


class Rows(NamedTuple):
    """The lines of a block.

    Attributes:
        lengths: of each, in bytes, as 32-bit numbers.
        longest: no line is longer.
        between_objects: whether each newline stands between the end of an object and the start of another.
        marks: where quotation marks and backslashes are, by numpy; None where that was not looked for, or where bytes
            are that JSON has in no string.
    """

    lengths: array[int]
    longest: int
    between_objects: bool
    marks: Any = None

    @classmethod
    def of_one(cls, length: int) -> Rows:
        """Returns a single line's."""
        return cls(array("I", [min(length, _MOST)]), length, between_objects=True)


def bare_quotes(raw: bytes, lines: int) -> int | None:
    """Counts the quotation marks that start or end a string; None where a backslash before one may be text itself.

    Args:
        raw: JSON.
        lines: how many it has.
    """
    if len(raw) > _LONG * lines and (sparse := _sparse_quotes(raw, len(raw) // _LONG + _FEW)) is not None:
        return sparse
    if "numpy" not in sys.modules or len(raw) < _WORTH_A_CALL:
        return None if b'\\\\"' in raw else raw.count(b'"') - raw.count(b'\\"')
    import numpy as np

    values = np.frombuffer(raw, np.uint8)
    quotes, backslashes = values == _QUOTE, values == _BACKSLASH
    escaped = quotes[1:] & backslashes[:-1]
    if np.count_nonzero(escaped[1:] & backslashes[:-2]):
        return None
    return int(np.count_nonzero(quotes) - np.count_nonzero(escaped))


def _sparse_quotes(raw: bytes, most: int) -> int | None:
    """Counts them where they are far apart, as in images in base64: looking for the next one is fastest then."""
    bare = 0
    at = raw.find(b'"')
    for _ in range(most):
        if at < 0:
            return bare
        before = raw[max(at - _FEW, 0) : at]
        backslashes = len(before) - len(before.rstrip(b"\\"))
        if backslashes == _FEW:
            return None
        bare += backslashes % 2 == 0
        at = raw.find(b'"', at + 1)
    return None


def blocks(buffer: bytearray, filled: int, block_bytes: int) -> Iterator[tuple[bytes, Rows]]:
    """Cuts whole lines into blocks of about so many bytes, and at least one line; leaves out what follows the last.

    A block comes without its last newline.

    Args:
        buffer: starts with a line.
        filled: bytes of it that count.
        block_bytes: of a block, unless its one line is longer.
    """
    if "numpy" in sys.modules and filled > _WORTH_A_CALL and buffer.find(b"\n", 0, _LONG) >= 0:
        return _blocks_by_numpy(buffer, filled, block_bytes)
    return _blocks_by_python(buffer, filled, block_bytes)


def rows(raw: bytes) -> Rows:
    """Finds the lines of a block."""
    if b"\n" not in raw:
        return Rows.of_one(len(raw))
    lengths = array("I", [min(len(line), _MOST) for line in raw.split(b"\n")])
    between = raw.count(b"}\n{") + (raw.count(b"}\r\n{") if b"\r" in raw else 0)
    return Rows(lengths, max(lengths), between == len(lengths) - 1)


def _blocks_by_python(buffer: bytearray, filled: int, block_bytes: int) -> Iterator[tuple[bytes, Rows]]:
    start = 0
    while start < filled:
        stop = min(start + block_bytes, filled)
        end = buffer.rfind(b"\n", start, stop)
        if end < 0 and (end := buffer.find(b"\n", stop, filled)) < 0:
            return
        raw = bytes(memoryview(buffer)[start:end])
        yield raw, rows(raw)
        start = end + 1


def _blocks_by_numpy(buffer: bytearray, filled: int, block_bytes: int) -> Iterator[tuple[bytes, Rows]]:
    import numpy as np

    content = memoryview(buffer)[:filled]
    values = np.frombuffer(content, np.uint8)
    places = _special(values)
    kinds = values[places]
    is_newline = kinds == _NEWLINE
    newlines = places[is_newline]
    if not len(newlines):
        return
    controls = places[(kinds < _SPACE) & ~is_newline]
    marks = places[~is_newline]
    sizes = np.diff(newlines, prepend=-1) - 1
    between = _are_between_objects(values, newlines[:-1])
    lengths = memoryview(sizes.astype(np.uint32).tobytes())
    # The last newline of each block: the last one within its bytes, or the next one behind.
    first = start = 0
    while first < len(newlines):
        last = max(int(newlines.searchsorted(start + block_bytes)) - 1, first)
        end = int(newlines[last])
        lengths_here = array("I")
        lengths_here.frombytes(lengths[4 * first : 4 * last + 4])
        longest = int(sizes[first : last + 1].max())
        raw = bytes(content[start:end])
        found = Rows(lengths_here, longest, between) if between else rows(raw)
        if controls.searchsorted(start) == controls.searchsorted(end):
            found = found._replace(marks=marks[marks.searchsorted(start) : marks.searchsorted(end)] - start)
        yield raw, found
        first, start = last + 1, end + 1


def _special(values: Any) -> Any:
    """Returns where JSON or a line starts, ends or escapes something."""
    import numpy as np

    found = []
    for start in range(0, len(values), _PIECE_BYTES):
        piece = values[start : start + _PIECE_BYTES]
        # One look for all of them: to list the places takes longer than to compare the bytes.
        places = np.flatnonzero((piece < _SPACE) | (piece == _QUOTE) | (piece == _BACKSLASH))
        places += start
        found.append(places)
    return np.concatenate(found)


def _are_between_objects(values: Any, newlines: Any) -> bool:
    if not len(newlines):
        return True
    if newlines[0] < len(b"{}"):
        return False
    before = values[newlines - 1]
    if (before == _RETURN).any():
        before = values[newlines - 1 - (before == _RETURN)]
    return bool((before == _CLOSING).all() and (values[newlines + 1] == _OPENING).all())
