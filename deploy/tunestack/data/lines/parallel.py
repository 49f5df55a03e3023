"""Looks at a large file in several processes: this one digests its bytes, others look at ranges of it.

What the ranges hold is put together in the order of the file, so that the report is the same as that of one process.
What a killed worker had is looked at again, by the others, and by this process when there are none.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections import deque
from contextlib import contextmanager, suppress
from threading import Condition, Thread
from typing import IO, TYPE_CHECKING, cast

from tunestack.data.lines.blocks import blocks
from tunestack.data.lines.digests import Digests
from tunestack.data.lines.worker import Range, Task
from tunestack.data.report import UnreadableDataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from io import FileIO

    from tunestack.data.lines.inspection import Inspection
    from tunestack.data.lines.tally import Tally

RANGE_BYTES = 8 * 1024 * 1024
"""What a process looks at in 15 ms, so that none waits long for the last one; a worker's answer to it is 200 kB."""

_PIECE_BYTES = 96 * 1024
_WORKERS_ENVIRONMENT = {
    # glibc keeps the memory that each block needs, instead of asking the system for it each time.
    "MALLOC_MMAP_THRESHOLD_": str(2**26),
    "MALLOC_TRIM_THRESHOLD_": str(2**28),
    # numpy starts no threads for algebra, of which there is none.
    "OPENBLAS_NUM_THREADS": "1",
}

_PROGRESS_BYTES = 4 * 1024 * 1024
_WAIT_SECONDS = 0.1


def look(file: FileIO, inspection: Inspection, progress: Callable[[int], None], size: int, workers: int) -> Digests:
    """Looks at all lines of a file, and digests it.

    Args:
        file: at its start.
        inspection: takes what all lines hold.
        progress: told how many bytes are done.
        size: of the file.
        workers: how many processes to start.

    Raises:
        UnreadableDataError: the file changed meanwhile.
    """
    before = os.fstat(file.fileno())
    with _started(workers, file.fileno()) as processes:
        start = _look_until_the_format_is_known(file, inspection)
        tally = inspection.tally
        if inspection.format:
            task = Task(
                file.fileno(),
                size,
                inspection.name,
                inspection.demands,
                inspection.limit,
                inspection.format,
                inspection.format_line,
                tally.sizes is not None,
            )
            starts = range(start, size, RANGE_BYTES)
            ranges = _Ranges(task, [Range(each, min(each + RANGE_BYTES, size)) for each in starts])
        else:  # no line says what it is, and all have been looked at
            ranges = _Ranges(None, [])
        for process in processes:
            ranges.give_to(process)
        digests = Digests()
        file.seek(0)
        told = 0
        for done in ranges.results(_digested(file, digests)):
            if done:
                tally.update(done, inspection.limit)
                start += RANGE_BYTES
            if min(start, digests.bytes) - told >= _PROGRESS_BYTES:
                told = min(start, digests.bytes)
                progress(told)
    after = os.fstat(file.fileno())
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or digests.bytes != size:
        raise UnreadableDataError(f"{inspection.name} changed while it was read; check it again")
    return digests


def _look_until_the_format_is_known(file: FileIO, inspection: Inspection) -> int:
    """Looks at the first blocks; returns the first byte that was not looked at."""
    end = 0
    for block in blocks(file):
        inspection.block(block)
        end = block.offset + block.bytes
        if inspection.format:
            break
    return end


def _digested(file: FileIO, digests: Digests) -> Iterator[None]:
    while piece := file.read(_PIECE_BYTES):
        digests.update_piece(piece)
        yield None


@contextmanager
def _started(workers: int, file: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Starts workers; when all is done, or nothing more is to be done, none is left."""
    processes: list[subprocess.Popen[bytes]] = []
    try:
        with suppress(OSError):  # where no process can be started, this one looks at everything
            processes.extend(_start(file) for _ in range(workers))
        yield processes
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()


def _start(file: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "tunestack.data.lines.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | _WORKERS_ENVIRONMENT,
        pass_fds=[file],
        process_group=0,  # Ctrl-C at a terminal is this process's alone
    )


class _Ranges:
    """Ranges that are to be looked at, and what was found in them."""

    def __init__(self, task: Task | None, ranges: Sequence[Range]) -> None:
        self._task = task
        self._ranges = ranges
        self._todo = deque(range(len(ranges)))
        self._found: dict[int, Tally] = {}
        self._failure: Exception | None = None
        self._workers = 0
        self._change = Condition()

    def give_to(self, process: subprocess.Popen[bytes]) -> None:
        """Lets a worker look at ranges as long as there are any."""
        self._workers += 1
        Thread(target=self._serve, args=(process,), daemon=True).start()

    def results(self, meanwhile: Iterator[None]) -> Iterator[Tally | None]:
        """Yields what each range holds, in order, and None where the next one is not known yet.

        Args:
            meanwhile: work for this thread, while others wait for the workers.
        """
        working = True
        for number in range(len(self._ranges)):
            while number not in self._found:
                if working:
                    working = next(meanwhile, self) is None
                elif self._workers:
                    with self._change:
                        self._change.wait(_WAIT_SECONDS)
                else:
                    self._look_here()
                if self._failure:
                    raise self._failure
                yield None
            yield self._found.pop(number)
        for _ in meanwhile:
            yield None

    def _look_here(self) -> None:
        """Looks at a range in this process: no worker is left."""
        if self._task and (number := self._next()) is not None:
            self._found[number] = self._ranges[number].look(self._task)

    def _next(self) -> int | None:
        with self._change:
            return self._todo.popleft() if self._todo else None

    def _serve(self, process: subprocess.Popen[bytes]) -> None:
        """Sends ranges to a worker, one after the other, in a thread of its own."""
        number = None
        try:
            with cast("IO[bytes]", process.stdin) as requests, cast("IO[bytes]", process.stdout) as answers:
                pickle.dump(self._task, requests)
                while (number := self._next()) is not None:
                    pickle.dump(self._ranges[number], requests)
                    requests.flush()
                    self._take(number, pickle.load(answers))  # noqa: S301 - from a process of ours
        except (OSError, EOFError, ValueError, pickle.UnpicklingError):
            pass  # it was killed
        finally:
            with self._change:
                self._workers -= 1
                if number is not None:  # the worker was killed with it
                    self._todo.appendleft(number)
                self._change.notify_all()

    def _take(self, number: int, answer: Tally | Exception) -> None:
        with self._change:
            if isinstance(answer, Exception):
                self._failure = answer
            else:
                self._found[number] = answer
            self._change.notify_all()
