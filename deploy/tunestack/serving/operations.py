"""Long-running operations of the service, waited for in a thread that the user can stop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tunestack.retries import retrying


class StoppedError(Exception):
    """The user stopped the wait; the operation goes on."""


@dataclass
class Wait:
    """How to wait.

    Attributes:
        longest_pause: between two looks, in seconds.
        stopped: set when the user stops the run.
        show: told what is being waited for, every time somebody looks.
    """

    longest_pause: float
    show: Callable[[str], None]
    stopped: threading.Event = field(default_factory=threading.Event)

    def result(self, operation: Any, what: str) -> Any:
        """Returns the operation's result.

        Raises:
            StoppedError: the user did not want to wait.
            google.api_core.exceptions.GoogleAPICallError: the operation failed.
        """
        self.until(lambda: retrying()(operation.done), what)
        return operation.result()

    def until(self, done: Callable[[], bool], what: str) -> None:
        """Waits until `done` says so, with growing pauses.

        Raises:
            StoppedError: the user did not want to wait.
        """
        pause = min(0.2, self.longest_pause)
        while not done():
            self.show(what)
            if self.stopped.wait(pause):
                raise StoppedError(what)
            pause = min(pause * 1.5, self.longest_pause)
