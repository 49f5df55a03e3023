"""Long-running operations of the service, waited for in a thread that the user can stop."""

from __future__ import annotations

import importlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import tenacity

from tunestack.retries import CALL_SECONDS, is_transient, repeatable, retrying


class StoppedError(Exception):
    """Nobody waits any longer, and the service goes on; the message says with what."""


class OperationFailedError(Exception):
    """The service ended an operation with an error: what it was asked for has not happened.

    Args:
        message: the service's words.
        rpc_code: the error's google.rpc.Code.
    """

    def __init__(self, message: str, rpc_code: int = 0) -> None:
        super().__init__(message)
        self.rpc_code = rpc_code


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

    def start(
        self,
        client: Any,
        call: Callable[[], Any],
        what: str,
        passes: Callable[[BaseException], bool] = is_transient,
    ) -> None:
        """Makes a request that may be repeated, and waits for the end of the operation that it starts.

        What the service refuses the second time, it may have done the first time, when its answer was lost: the caller
        looks.

        Args:
            client: of the API that the operation is of.
            call: makes the request.
            what: what is waited for.
            passes: says of a failed request whether the same one may pass later.

        Raises:
            OperationFailedError: the operation ended with an error.
            StoppedError: the user, or the deadline, ended the wait.
            google.api_core.exceptions.GoogleAPICallError: the service refused the request, or cannot be reached.
        """
        again = retrying().copy(retry=tenacity.retry_if_exception(passes))
        self.finish(client, again(call), what)

    def finish(self, client: Any, operation: Any, what: str) -> Any:
        """Returns an operation as it is at its end; see `start`."""
        present = operation.operation

        @repeatable
        def look() -> Any:
            # The operation's own `done` repeats for ten minutes by itself, and does not hear that the user stops.
            return client.get_operation({"name": present.name}, timeout=CALL_SECONDS)

        def is_over() -> bool:
            nonlocal present
            present = present if present.done else look()
            return bool(present.done)

        self.until(is_over, what)
        if present.HasField("error"):
            raise OperationFailedError(present.error.message, present.error.code)
        return present

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

    def settle(self, client: Any, resource: str, kind: str = "") -> None:
        """Waits until nothing that was started on a resource is under way any more, whoever started it.

        Args:
            client: of the API that the operations are of.
            resource: whose operations; a location has its own.
            kind: of what operations, `Deploy`; all when empty.
        """
        self.until(lambda: not _under_way(client, resource, kind), "waits for what was started before")


@repeatable
def _under_way(client: Any, resource: str, kind: str) -> bool:
    from google.api_core.exceptions import NotFound
    from google.longrunning import operations_pb2

    metadata = f".{kind}OperationMetadata" if kind else ""
    request = operations_pb2.ListOperationsRequest(name=resource)
    while True:
        try:
            page = _page(client, request)
        except NotFound:
            return False
        if any(not operation.done and operation.metadata.type_url.endswith(metadata) for operation in page.operations):
            return True
        if not page.next_page_token:
            return False
        request.page_token = page.next_page_token


def _page(client: Any, request: Any) -> Any:
    """Returns operations of a list, also those that somebody began by the other version of the API, as gcloud does."""
    from google.protobuf.json_format import ParseError

    try:
        return client.list_operations(request, timeout=CALL_SECONDS)
    except ParseError:
        # Over REST, by which emulators are asked, only types that are imported are understood.
        importlib.import_module("google.cloud.aiplatform_v1.types")
        return client.list_operations(request, timeout=CALL_SECONDS)
