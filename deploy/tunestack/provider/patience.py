"""A life that waits for what is late: an agent, an account, an API or a grant that was made a moment ago."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tunestack.late_identities import NOBODYS_PROJECTS, Kind, Late, recognise
from tunestack.new_buckets import is_new
from tunestack.provider.inputs import without_unknown
from tunestack.provider.lifecycle import (
    CheckRequest,
    CheckResult,
    CreateRequest,
    CreateResult,
    DeleteRequest,
    DiffRequest,
    DiffResult,
    InterruptedWaitError,
    Lifecycle,
    Properties,
    ReadRequest,
    ReadResult,
    Severity,
    UpdateRequest,
    UpdateResult,
)
from tunestack.provider.run import Pace, Progress, Run
from tunestack.serving.operations import OperationFailedError
from tunestack.tuning.artifacts import split

T = TypeVar("T")

LONGEST_PAUSE_SECONDS = 15.0
"""Between two attempts: each is a whole create, and what is awaited takes minutes."""


def late_identity(error: BaseException) -> Late | None:
    """Returns what the service's own refusal, behind an error of ours, waits for.

    What a tuning job has failed for sounds the same but is over: only refusals count, and operations that failed.
    """
    cause: BaseException | None = error
    while cause is not None:
        is_refusal = isinstance(getattr(cause, "code", None), int) or isinstance(cause, OperationFailedError)
        if is_refusal and (late := recognise(str(cause))):
            return late
        cause = cause.__cause__
    return None


class PatientLifecycle(Lifecycle):
    """Repeats a create or an update that was refused for something late; each finds what it has done already.

    Nothing else waits: a preview makes no identities, and what is read or deleted was there before.

    Args:
        lifecycle: whose creates and updates to repeat.
        run: the provider's run.
    """

    def __init__(self, lifecycle: Lifecycle, run: Run) -> None:
        self._lifecycle = lifecycle
        self._run = run

    async def check(self, request: CheckRequest) -> CheckResult:
        """As the lifecycle does."""
        return await self._lifecycle.check(request)

    async def diff(self, request: DiffRequest) -> DiffResult:
        """As the lifecycle does."""
        return await self._lifecycle.diff(request)

    async def create(self, request: CreateRequest) -> CreateResult:
        """As the lifecycle does, again and again while something is late."""
        if request.preview:
            return await self._lifecycle.create(request)
        return await self._patiently(
            request.urn, request.inputs, request.timeout, lambda: self._lifecycle.create(request)
        )

    async def read(self, request: ReadRequest) -> ReadResult:
        """As the lifecycle does."""
        return await self._lifecycle.read(request)

    async def update(self, request: UpdateRequest) -> UpdateResult:
        """As the lifecycle does, again and again while something is late."""
        if request.preview:
            return await self._lifecycle.update(request)
        return await self._patiently(request.urn, request.new, request.timeout, lambda: self._lifecycle.update(request))

    async def delete(self, request: DeleteRequest) -> None:
        """As the lifecycle does."""
        await self._lifecycle.delete(request)

    async def _patiently(
        self, urn: str, inputs: Properties, seconds: float, operation: Callable[[], Awaitable[T]]
    ) -> T:
        pace, progress = Pace(min(LONGEST_PAUSE_SECONDS, self._run.connection.poll_seconds)), Progress(self._run, urn)
        first_seen: dict[Kind, float] = {}
        while True:
            try:
                return await operation()
            except InterruptedWaitError:
                raise
            except Exception as error:
                late = late_identity(error)
                if late is None:
                    raise
                if not await self._is_worth_a_wait(late, inputs):
                    await self._run.tell(urn, late.advice, severity=Severity.WARNING)
                    raise
                now = time.monotonic()
                waited = now - first_seen.setdefault(late.kind, now)
                most = min(late.seconds, seconds or late.seconds)
                if waited >= most:
                    advice = f"; {late.advice}" if late.advice else ""
                    message = f"gave up after {waited:.0f} s of waiting for {late}{advice}"
                    await self._run.tell(urn, message, severity=Severity.WARNING)
                    raise
            await progress.show(f"waits for {late}; at most {most:.0f} s")
            await self._run.pause(pace.seconds(), f"interrupted while waiting for {late}; the next pulumi up goes on")

    async def _is_worth_a_wait(self, late: Late, inputs: Properties) -> bool:
        if late.kind is Kind.NEW_BUCKET:
            client = self._run.connection.storage
            return any([await self._run.call(is_new, client, bucket) for bucket in _buckets(inputs)])
        # Whether a right of whoever runs this was granted a moment ago cannot be known here.
        return late.kind is not Kind.PERMISSION and late.project not in NOBODYS_PROJECTS


def _buckets(inputs: Properties) -> set[str]:
    """Returns the buckets in which a resource with these inputs keeps something."""
    known = without_unknown(inputs)
    folders = [known[name] for name in ("outputUri", "artifactsUri", "destinationUri") if name in known]
    return {split(folder)[0] for folder in folders} | ({known["bucket"]} if "bucket" in known else set())
