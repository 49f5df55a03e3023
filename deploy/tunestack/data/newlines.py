"""Where lines end and how often a byte stands in them: by numpy, once that is imported, or by Python itself.

numpy is several times as fast, and takes 0.1 s to import: as long as it takes to look at 50 MB.
"""

from __future__ import annotations

import sys
from array import array
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_NEWLINE, _RETURN, _OPENING, _CLOSING = b"\n\r{}"
_MOST = 2**32 - 1
_WORTH_A_CALL = 4_000
"""Bytes that Python looks at while numpy is being called."""


class Rows(NamedTuple):
    """The lines of a block.

    Attributes:
        lengths: of each, in bytes, as 32-bit numbers.
        longest: no line is longer.
        between_objects: whether each newline stands between the end of an object and the start of another.
    """

    lengths: array[int]
    longest: int
    between_objects: bool

    @classmethod
    def of_one(cls, length: int) -> Rows:
        """Returns a single line's."""
        return cls(array("I", [min(length, _MOST)]), length, between_objects=True)


def rows(raw: bytes) -> Rows:
    """Finds the lines of a block."""
    lengths = array("I", [min(len(line), _MOST) for line in raw.split(b"\n")])
    between = raw.count(b"}\n{") + (raw.count(b"}\r\n{") if b"\r" in raw else 0)
    return Rows(lengths, max(lengths), between == len(lengths) - 1)


def count(raw: bytes, byte: bytes) -> int:
    """Counts a byte."""
    if "numpy" not in sys.modules or len(raw) < _WORTH_A_CALL:
        return raw.count(byte)
    import numpy as np

    return int(np.count_nonzero(np.frombuffer(raw, np.uint8) == byte[0]))


def blocks(content: memoryview, block_bytes: int) -> Iterator[tuple[bytes, Rows]]:
    """Cuts whole lines into blocks of about so many bytes, and at least one line; leaves out what follows the last.

    A block comes without its last newline.
    """
    by = _blocks_by_numpy if "numpy" in sys.modules and len(content) > _WORTH_A_CALL else _blocks_by_python
    return by(content, block_bytes)


def _blocks_by_python(content: memoryview, block_bytes: int) -> Iterator[tuple[bytes, Rows]]:
    text = content.obj
    start = 0
    while start < len(content):
        stop = min(start + block_bytes, len(content))
        end = text.rfind(b"\n", start, stop)
        if end < 0 and (end := text.find(b"\n", stop, len(content))) < 0:
            return
        raw = bytes(content[start:end])
        yield raw, rows(raw)
        start = end + 1


def _blocks_by_numpy(content: memoryview, block_bytes: int) -> Iterator[tuple[bytes, Rows]]:
    import numpy as np

    values = np.frombuffer(content, np.uint8)
    newlines = np.flatnonzero(values == _NEWLINE)
    if not len(newlines):
        return
    sizes = np.diff(newlines, prepend=-1) - 1
    longest = int(sizes.max())
    between = _are_between_objects(values, newlines[:-1])
    lengths = memoryview(sizes.astype(np.uint32).tobytes())
    # The last newline of each block: the last one within its bytes, or the next one behind.
    first = start = 0
    while first < len(newlines):
        last = max(int(newlines.searchsorted(start + block_bytes)) - 1, first)
        end = int(newlines[last])
        lengths_here = array("I")
        lengths_here.frombytes(lengths[4 * first : 4 * last + 4])
        raw = bytes(content[start:end])
        yield raw, Rows(lengths_here, longest, between) if between else rows(raw)
        first, start = last + 1, end + 1


def _are_between_objects(values: Any, newlines: Any) -> bool:
    if not len(newlines):
        return True
    if newlines[0] < len(b"{}"):
        return False
    before = values[newlines - 1]
    if (before == _RETURN).any():
        before = values[newlines - 1 - (before == _RETURN)]
    return bool((before == _CLOSING).all() and (values[newlines + 1] == _OPENING).all())
