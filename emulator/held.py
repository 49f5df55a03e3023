"""Requests that stand still, so that something can be done to whoever asked or serves."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.types import Message, Receive


class Held:
    """The requests that stand still now."""

    def __init__(self) -> None:
        self._count = itertools.count(1)
        self._requests: dict[int, tuple[str, str, asyncio.Event]] = {}

    def list(self) -> list[dict[str, Any]]:
        """Method, path and a number of each, in the order in which they came."""
        return [{"method": method, "path": path, "index": index} for index, (method, path, _) in self._requests.items()]

    def release(self) -> None:
        """Lets all of them go on."""
        for _, _, released in self._requests.values():
            released.set()

    async def hold(self, method: str, path: str, receive: Receive) -> bool:
        """Stands still. Whether it was released; else the client is gone."""
        index, released = next(self._count), asyncio.Event()
        self._requests[index] = (method, path, released)
        waits = [asyncio.create_task(released.wait()), asyncio.create_task(_client_left(receive))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            return released.is_set()
        finally:
            for wait in waits:
                wait.cancel()
            del self._requests[index]


async def read_ahead(receive: Receive) -> Receive:
    """Takes the whole request off the connection, whose end shows only then; gives it out again by what it returns."""
    messages: list[Message] = []
    more = True
    while more:
        messages.append(await receive())
        more = messages[-1].get("more_body", False)

    async def again() -> Message:
        return messages.pop(0) if messages else await receive()

    return again


async def _client_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
