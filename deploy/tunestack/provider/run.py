"""What the lifecycles of one run share: the connection, the engine, and what this run has done so far."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from tunestack.connection import Connection
from tunestack.provider.lifecycle import Engine, InterruptedWaitError, Severity
from tunestack.retries import STOPPED
from tunestack.serving.operations import Wait

if TYPE_CHECKING:
    from google.cloud.storage import Client

T = TypeVar("T")

PROGRESS_SECONDS = 15.0
"""How often an unchanged state is shown again: often enough to see life, seldom enough for a CI log."""


@dataclass
class Run:
    """One run of the provider.

    Attributes:
        connection: where the resources live.
        engine: whom to tell.
        touched: names of remote things that this run created or adopted, and therefore does not delete.
        replaced_jobs: by urn, the job that a replacement is about to take the place of.
        reasons: by urn, why Diff found a change, kept for the one line that the preview shows.
        comparisons: by hash of the content, how new data differs from the data that it takes the place of.
        interrupted: set when the user stops the run.
        stopped: the same, for waits in threads.
    """

    connection: Connection
    engine: Engine
    touched: set[str] = field(default_factory=set)
    replaced_jobs: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    comparisons: dict[str, str] = field(default_factory=dict)
    interrupted: asyncio.Event = field(default_factory=asyncio.Event)
    stopped: threading.Event = field(default_factory=threading.Event)

    def storage(self) -> Client:
        """Returns the storage client; it is made when it is first asked for."""
        return self.connection.storage

    def interrupt(self) -> None:
        """Ends all waits; what runs remotely goes on."""
        self.interrupted.set()
        self.stopped.set()

    async def tell(self, urn: str, message: str, *, severity: Severity = Severity.INFO) -> None:
        """Shows a line beside a resource."""
        await self.engine.log(severity, message, urn)

    async def pause(self, seconds: float, what: str) -> None:
        """Waits, unless the user stops the run.

        Raises:
            InterruptedWaitError: they did; `what` says what goes on without us.
        """
        try:
            await asyncio.wait_for(self.interrupted.wait(), seconds)
        except TimeoutError:
            return
        raise InterruptedWaitError(what)

    async def call(self, function: Callable[..., T], *arguments: object, **named: object) -> T:
        """Runs a blocking call of a client in a thread; an interrupt ends its repetitions."""
        STOPPED.set(self.stopped)
        return await asyncio.to_thread(function, *arguments, **named)


class Pace:
    """How long to pause between looks at something that runs: short at first, then up to the connection's limit."""

    def __init__(self, longest: float) -> None:
        self._longest = longest
        self._next = min(0.25, longest)

    def seconds(self) -> float:
        """Returns the next pause, in seconds."""
        pause, self._next = self._next, min(self._next * 1.5, self._longest)
        return pause


class Progress:
    """Shows a state when it changes, and again from time to time."""

    def __init__(self, run: Run, urn: str) -> None:
        self._run, self._urn = run, urn
        self._shown, self._at = "", 0.0
        self._started = time.monotonic()

    def waiting(self, seconds: float = 0) -> Wait:
        """Returns a wait for a thread that shows here what it waits for; 0 seconds are for as long as it takes."""
        loop = asyncio.get_running_loop()

        def show(state: str) -> None:
            asyncio.run_coroutine_threadsafe(self.show(state), loop)

        deadline = time.monotonic() + seconds if seconds else None
        return Wait(self._run.connection.poll_seconds, show, self._run.stopped, deadline)

    async def show(self, state: str, times: str = "") -> None:
        """Shows the state with times that belong to it, or with the time since the wait began."""
        now = time.monotonic()
        if state == self._shown and now - self._at < PROGRESS_SECONDS:
            return
        self._shown, self._at = state, now
        line = f"{state}, {times}" if times else f"{state} ({now - self._started:.0f} s)"
        await self._run.engine.log(Severity.INFO, line, self._urn, ephemeral=True)
