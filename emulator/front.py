"""What every request passes before it reaches a room: the request log and the faults."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final, Protocol

from emulator.request_log import DROPPED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from emulator.faults import Faults
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

    def __init__(self, app: ASGIApp, log: RequestLog, faults: Faults, connections: Connections) -> None:
        self._app = app
        self._log = log
        self._faults = faults
        self._connections = connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http" or scope["path"].startswith(_OWN):
            await self._app(scope, receive, send)
            return
        method, path = scope["method"], scope["path"]
        query = scope["query_string"].decode("latin-1")

        async def logged(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._log.add(method, path, query, message["status"])
            await send(message)

        fault = self._faults.take(method, path)
        if fault is None:
            await self._app(scope, receive, logged)
        elif fault.status:
            await fault.answer()(scope, receive, logged)
        elif fault.drop:
            if fault.drop == "after":
                await self._app(scope, receive, _swallow)
            self._log.add(method, path, query, DROPPED)
            self._connections.drop(tuple(scope["client"]))
        else:
            await asyncio.sleep(fault.delay_seconds)
            await self._app(scope, receive, logged)


async def _swallow(message: Message) -> None:
    """Takes an answer that nobody is to see."""
