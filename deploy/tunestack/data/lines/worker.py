"""A process that looks at ranges of a large file, one after the other: `python -m tunestack.data.lines.worker`.

Standard input brings a `Task`, then ranges; standard output takes what each of them holds. It ends with its input, so
that none is left over when the process that started it is killed.
"""

from __future__ import annotations

import gc
import os
import pickle
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tunestack.data.lines.blocks import blocks
from tunestack.data.lines.inspection import Inspection

if TYPE_CHECKING:
    from tunestack.data.demands import Demands
    from tunestack.data.lines.tally import Tally
    from tunestack.data.report import Format

_SEARCH_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Task:
    """What ranges are looked at for.

    Args:
        file: descriptor of the file.
        size: of the file; what was added since is left out.
        name: see `Inspection`, as are the others.
    """

    file: int
    size: int
    name: str
    demands: Demands
    limit: float
    data_format: Format
    format_line: int
    sizes: bool


@dataclass(frozen=True, slots=True)
class Range:
    """The lines that start within these bytes, whole."""

    start: int
    stop: int

    def look(self, task: Task) -> Tally:
        """Looks at the lines; numbers them from 1."""
        inspection = Inspection(
            task.name, task.demands, task.limit, task.data_format, task.format_line, sizes=task.sizes
        )
        start = _start_of_line(task, self.start, self.stop)
        if start < self.stop:
            end = _start_of_line(task, self.stop, task.size)
            for block in blocks(_Part(task.file, start, end), start):
                inspection.block(block)
        return inspection.tally


def _start_of_line(task: Task, at: int, stop: int) -> int:
    """Returns where the first line starts that starts at this byte or behind it, or `stop`."""
    at -= 1
    while 0 <= at < stop:
        piece = os.pread(task.file, _SEARCH_BYTES, at)
        found = piece.find(b"\n")
        if found >= 0 or not piece:
            return min(at + found + 1, stop) if piece else stop
        at += len(piece)
    return min(max(at, 0), stop)


class _Part:
    """Some bytes of a file."""

    def __init__(self, file: int, start: int, end: int) -> None:
        self._file = file
        self._at = start
        self._end = end

    def readinto(self, buffer: memoryview, /) -> int:
        """Reads some of them."""
        read = os.preadv(self._file, [buffer[: self._end - self._at]], self._at) if self._at < self._end else 0
        self._at += read
        return read


def main() -> None:
    """Answers until the input ends."""
    import numpy  # noqa: F401 - `bytewise` uses it once it is imported

    # Nothing here makes cycles of any size, and what a block makes is gone with the next one.
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    task: Task = pickle.load(requests)  # noqa: S301 - from the process that started this one
    while True:
        try:
            wanted: Range = pickle.load(requests)  # noqa: S301 - as above
        except EOFError:
            return
        try:
            answer: Tally | Exception = wanted.look(task)
        except Exception as error:
            answer = error
        pickle.dump(answer, answers, pickle.HIGHEST_PROTOCOL)
        answers.flush()


if __name__ == "__main__":
    main()
