"""A provider for the tests of the process, started as the engine starts one: `python slow_provider.py ENGINE`."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

from tunestack.provider.lifecycle import (
    CheckResult,
    CreateResult,
    DiffResult,
    InitFailedError,
    InterruptedWaitError,
    Lifecycle,
    PropertyChange,
    Provider,
    ReadResult,
    UpdateResult,
)
from tunestack.provider.properties import UNKNOWN, changed, plain_map, wrap, wrap_map
from tunestack.provider.server import serve


class Slow(Lifecycle):
    """Create does as the inputs say: sleeps in a thread (`blocks`) or, after it has made a file, in the event loop
    (`hogs`), waits in a thread for as many like it (`meets`) or to be cancelled (`waits`), leaves something half made
    (`fails`), breaks (`breaks`).
    """

    def __init__(self, cancelled: asyncio.Event, meetings: dict[int, threading.Barrier]) -> None:
        self.cancelled = cancelled
        self.meetings = meetings

    async def check(self, request: Any) -> CheckResult:
        return CheckResult(request.new)

    async def diff(self, request: Any) -> DiffResult:
        return DiffResult(
            {name: PropertyChange(change) for name, change in changed(request.old_inputs, request.new).items()}
        )

    async def create(self, request: Any) -> CreateResult:
        inputs = plain_map(request.inputs)
        if request.preview:
            return CreateResult("", {**request.inputs, "result": wrap(UNKNOWN)})
        if inputs.get("fails"):
            raise InitFailedError("7", wrap_map({**inputs, "result": UNKNOWN}), ["no capacity", "try again"])
        if inputs.get("breaks"):
            raise KeyError("endpoint")
        if seconds := inputs.get("blocks"):
            await asyncio.to_thread(time.sleep, seconds)
        if parties := inputs.get("meets"):
            meeting = self.meetings.setdefault(int(parties), threading.Barrier(int(parties)))
            await asyncio.to_thread(meeting.wait, 30)
        if inputs.get("waits"):
            await self.cancelled.wait()
            raise InterruptedWaitError
        if made := inputs.get("hogs"):
            Path(made).touch()  # noqa: ASYNC240 - as the line below
            time.sleep(3600)  # noqa: ASYNC251 - a defect, as any lifecycle may have one
        return CreateResult("7", wrap_map({**inputs, "result": 1}))

    async def read(self, request: Any) -> ReadResult:
        return ReadResult(request.resource_id, request.state, request.inputs)

    async def update(self, request: Any) -> UpdateResult:
        return UpdateResult(wrap_map({**plain_map(request.new), "result": 2}))

    async def delete(self, request: Any) -> None:
        pass


class SlowProvider(Provider):
    name = "slow"
    version = "0.1.0"

    def __init__(self) -> None:
        self.cancelled = asyncio.Event()
        self.meetings: dict[int, threading.Barrier] = {}

    async def schema(self) -> str:
        return "{}"

    async def check_config(self, request: Any) -> CheckResult:
        return CheckResult(request.new)

    async def diff_config(self, request: Any) -> DiffResult:
        return DiffResult()

    async def configure(self, inputs: Any, engine: Any) -> None:
        pass

    def lifecycle(self, resource_type: str) -> Lifecycle:
        return Slow(self.cancelled, self.meetings)

    async def invoke(self, token: str, arguments: Any) -> Any:
        return arguments

    async def cancel(self) -> None:
        self.cancelled.set()


if __name__ == "__main__":
    serve(SlowProvider())
