"""What every request passes before it reaches a room: the request log and the faults."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final, Protocol

from emulator.errors import ServiceError
from emulator.held import read_ahead
from emulator.request_log import DROPPED, LEFT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from emulator.faults import Faults
    from emulator.held import Held
    from emulator.request_log import RequestLog

_LOG = logging.getLogger("emulator")
_OWN: Final = "/emulator/"  # the control plane: neither logged nor disturbed


class Connection(Protocol):
    """A connection of the HTTP server."""

    client: tuple[str, int] | None
    transport: asyncio.Transport


class Connections:
    """The server's open connections, once there is a server."""

    def __init__(self) -> None:
        self.open: Iterable[Connection] = ()

    def drop(self, client: tuple[str, int] | None) -> None:
        """Cuts the connection of a client without another byte."""
        for connection in list(self.open):
            if connection.client == client:
                connection.transport.abort()


class Front:
    """ASGI middleware. An answer is in the log before its first byte is on its way."""

    def __init__(self, app: ASGIApp, log: RequestLog, faults: Faults, held: Held, connections: Connections) -> None:
        self._app = app
        self._log = log
        self._faults = faults
        self._held = held
        self._connections = connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http" or scope["path"].startswith(_OWN):
            await self._app(scope, receive, send)
            return
        method, path = scope["method"], scope["path"]
        query = scope["query_string"].decode("latin-1")

        begun = False

        async def logged(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                self._log.add(method, path, query, message["status"])
            await send(message)

        async def held(message: Message) -> None:
            if message["type"] == "http.response.start" and not await self._held.hold(method, path, receive):
                message["status"] = LEFT
            await logged(message)

        async def serve(answer: Send, receive: Receive = receive) -> None:
            try:
                await self._app(scope, receive, answer)
            except Exception as error:
                _LOG.exception("%s %s failed", method, path)
                if begun:
                    raise  # the server cuts the connection, so that the client sees that the answer is not whole
                refusal = ServiceError("INTERNAL", f"The emulator failed: {error}. Its log has more.")
                await refusal.response()(scope, receive, answer)

        fault = self._faults.take(method, path)
        if fault is None:
            await serve(logged)
        elif fault.status:
            await fault.answer()(scope, receive, logged)
        elif fault.drop:
            if fault.drop == "after":
                await serve(_swallow)
            self._log.add(method, path, query, DROPPED)
            self._connections.drop(tuple(scope["client"]))
        elif fault.hold == "after":
            await serve(held)
        elif fault.hold:
            whole = await read_ahead(receive)
            if await self._held.hold(method, path, receive):
                await serve(logged, whole)
            else:
                self._log.add(method, path, query, LEFT)
        else:
            await asyncio.sleep(fault.delay_seconds)
            await serve(logged)


async def _swallow(message: Message) -> None:
    """Takes an answer that nobody is to see."""
