"""How far a long reading or writing is: a bar on standard error, where that is a terminal."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

    from rich.progress import Progress, TaskID

SILENT_SECONDS = 0.5
"""What is done by then shows no bar, and does not pay for importing one."""

NAME_CHARACTERS = 30
"""Of the file's name that are shown: what is done counts more."""


class Bar:
    """Bytes, rate and time left of one file; called with the bytes that are done.

    Args:
        name: of the file.
        total: its size; None when it is not known.
    """

    def __init__(self, name: str, total: int | None) -> None:
        self._name = name
        self._total = total
        self._shown_from = time.monotonic() + SILENT_SECONDS
        self._is_watched = sys.stderr.isatty()
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, done: int) -> None:
        """Takes note of how many bytes of the file are done."""
        if not self._is_watched:
            return
        if self._bar is None or self._task is None:
            if time.monotonic() < self._shown_from:
                return
            self._bar = _bar()
            self._task = self._bar.add_task(self._name.rpartition("/")[2][-NAME_CHARACTERS:], total=self._total)
            self._bar.start()
        self._bar.update(self._task, completed=done)


def _bar() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
