"""How far a large file is, shown beside a resource while a thread reads or sends it."""

from __future__ import annotations

import asyncio
import time

from tunestack.provider.lifecycle import InterruptedWaitError
from tunestack.provider.run import Progress, Run

QUIET_SECONDS = 1.0
"""What takes less is not shown, and the rest not more often."""

_UNITS = ((1_000_000_000, "GB", 2), (1_000_000, "MB", 0))


class TransferProgress:
    """Called with the bytes done so far, from any thread.

    Args:
        run: the run; when the user stops it, so does the thread.
        urn: the resource.
        doing: what is done, such as `checks gs://bucket/train.jsonl`.
        total: the file's size.
    """

    def __init__(self, run: Run, urn: str, doing: str, total: int) -> None:
        self._run, self._doing, self._total = run, doing, total
        self._progress = Progress(run, urn)
        self._loop = asyncio.get_running_loop()
        self._next = time.monotonic() + QUIET_SECONDS

    def __call__(self, done: int) -> None:
        """Shows it from time to time.

        Raises:
            InterruptedWaitError: the user stopped the run.
        """
        if self._run.stopped.is_set():
            raise InterruptedWaitError(f"interrupted while it {self._doing}; the next run takes it up again")
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + QUIET_SECONDS
        state = f"{self._doing}: {shown_bytes(done)} of {shown_bytes(self._total)}"
        asyncio.run_coroutine_threadsafe(self._progress.show(state), self._loop)


def shown_bytes(number: int) -> str:
    """Returns a size as people read it."""
    for unit, name, digits in _UNITS:
        if number >= unit:
            return f"{number / unit:.{digits}f} {name}"
    return f"{number:,} bytes"
