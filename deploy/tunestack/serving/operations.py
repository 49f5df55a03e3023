"""Long-running operations of the service, waited for in a thread that the user can stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tunestack.retries import repeatable, retrying


class StoppedError(Exception):
    """Nobody waits any longer, and the service goes on; the message says with what."""


class OperationFailedError(Exception):
    """The service ended an operation with an error: what it was asked for has not happened."""


@dataclass
class Wait:
    """How to wait.

    Attributes:
        longest_pause: between two looks, in seconds.
        show: told what is being waited for, every time somebody looks.
        stopped: set when the user stops the run.
        deadline: on the monotonic clock; None waits for as long as it takes.
    """

    longest_pause: float
    show: Callable[[str], None]
    stopped: threading.Event = field(default_factory=threading.Event)
    deadline: float | None = None

    def start(self, call: Callable[[], Any], what: str) -> Any:
        """Makes a request that may be repeated, and returns the result of the operation that it starts.

        Raises:
            OperationFailedError: the operation ended with an error.
            StoppedError: the user, or the deadline, ended the wait.
            google.api_core.exceptions.GoogleAPICallError: the service refused the request, or cannot be reached.
        """
        return self.result(retrying()(call), what)

    def result(self, operation: Any, what: str) -> Any:
        """Returns an operation's result; see `start`."""
        from google.api_core.exceptions import GoogleAPICallError

        self.until(lambda: bool(retrying()(operation.done)), what)
        try:
            return operation.result()
        except GoogleAPICallError as error:
            raise OperationFailedError(str(error.message)) from error

    def until(self, done: Callable[[], bool], what: str) -> None:
        """Waits until `done` says so, with growing pauses.

        Raises:
            StoppedError: the user, or the deadline, ended the wait.
        """
        pause = min(0.2, self.longest_pause)
        while not done():
            self.show(what)
            if self.stopped.wait(pause):
                raise StoppedError(f"interrupted while it {what}")
            if self.deadline is not None and time.monotonic() > self.deadline:
                raise StoppedError(f"out of time while it {what}")
            pause = min(pause * 1.5, self.longest_pause)

    def settle(self, client: Any, resource: str) -> None:
        """Waits until nothing that an earlier run has started on a resource is still under way."""
        self.until(lambda: not _under_way(client, resource), "waits for what an earlier run has started")


@repeatable
def _under_way(client: Any, resource: str) -> bool:
    from google.api_core.exceptions import NotFound
    from google.longrunning import operations_pb2

    try:
        found = client.list_operations(operations_pb2.ListOperationsRequest(name=resource))
    except NotFound:
        return False
    return any(not operation.done for operation in found.operations)
