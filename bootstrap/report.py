"""What bootstrapping prints: one line a choice, and the progress of a long step."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

LINE_SECONDS: Final = 15.0
"""How often a log that is not a terminal gets a progress line."""

CLEAR_LINE: Final = "\r\x1b[2K"


class BootstrapError(Exception):
    """A step that cannot go on.

    Args:
        message: what was tried, in order, and what to do.
    """


def say(subject: str, text: str) -> None:
    """Prints one line of the form `engine     pulumi v3.259.0, …`."""
    print(f"{subject:<10} {text}", flush=True)


class Progress:
    """A step that is under way; `doing` may be set from any thread and shows with the elapsed time."""

    def __init__(self, subject: str, doing: str) -> None:
        self._subject = subject
        self._started = time.monotonic()
        self.doing = doing

    def line(self) -> str:
        """What shows now."""
        minutes, seconds = divmod(int(time.monotonic() - self._started), 60)
        return f"{self._subject:<10} {self.doing} ({minutes}:{seconds:02d})"


@contextmanager
def progress(subject: str, doing: str) -> Iterator[Progress]:
    """Shows a step while it runs: rewritten each second on a terminal, a line now and then in a log."""
    shown, ended, terminal = Progress(subject, doing), threading.Event(), sys.stdout.isatty()

    def show() -> None:
        while not ended.wait(1.0 if terminal else LINE_SECONDS):
            if terminal:
                print(CLEAR_LINE + shown.line()[: shutil.get_terminal_size().columns - 1], end="", flush=True)
            else:
                print(shown.line(), flush=True)
        if terminal:
            print(CLEAR_LINE, end="", flush=True)

    if not terminal:
        say(subject, doing)
    thread = threading.Thread(target=show, daemon=True)
    thread.start()
    try:
        yield shown
    finally:
        ended.set()
        thread.join()
