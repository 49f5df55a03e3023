"""The process: one port that stays the same, one emulator a data folder, a clean end on SIGTERM."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import signal
import socket
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import uvicorn

from emulator.clock import timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from starlette.applications import Starlette

HOST: Final = "127.0.0.1"
ADDRESS_FILE: Final = "emulator.json"
_PORTS: Final = range(20_000, 30_000)
"""Below where the systems take the ports of outgoing connections from: 32768 on Linux, 49152 on macOS and Windows."""
_GRACE: Final = 3  # seconds that open requests have when the process is asked to end


class ServerError(Exception):
    """The emulator cannot run here. The message says what to do."""


def address(data: Path) -> dict[str, Any]:
    """What the data folder says of its emulator: url, port, and of the last process pid and started. Empty when new."""
    try:
        noted: dict[str, Any] = json.loads((data / ADDRESS_FILE).read_bytes())
    except FileNotFoundError:
        return {}
    return noted


def serve(create: Callable[[], Starlette], data: Path, port: int | None = None) -> None:
    """Serves until SIGTERM or SIGINT.

    Args:
        create: makes what to serve, once the folder and the port are this process's.
        data: the folder of its state.
        port: the port; by default the one of the last time, or a free one the first time.

    Raises:
        ServerError: the port is taken, or another emulator has the folder.
    """
    # uvicorn ends orderly on these signals, and then raises them once more for whoever handled them before.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    with only_one(data) as lock, listen(data, port) as listener:
        os.dup(lock)  # and never closed: the folder is held until the process is gone, for which `stop` waits
        taken = listener.getsockname()[1]
        noted = {"url": f"http://{HOST}:{taken}", "port": taken, "pid": os.getpid(), "started": timestamp()}
        partial = data / f"{ADDRESS_FILE}.new"
        partial.write_text(json.dumps(noted))
        partial.replace(data / ADDRESS_FILE)
        new_server(create()).run(sockets=[listener])


class _Server(uvicorn.Server):
    """One that leaves no connection open: uvicorn ends with those that came while it was closing the others."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)  # in which the loop closes them


def new_server(application: Starlette) -> uvicorn.Server:
    """A server that is ready to run on a socket."""
    config = uvicorn.Config(
        application,
        http="h11",
        loop="asyncio",
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=60,  # clients keep connections; uvicorn's 5 s would cut those that wait between polls
        timeout_graceful_shutdown=_GRACE,
    )
    server = _Server(config)
    application.state.connections.open = server.server_state.connections
    return server


def listen(data: Path, port: int | None) -> socket.socket:
    """The listening socket of an emulator.

    Raises:
        ServerError: the port is taken.
    """
    port = port if port is not None else address(data).get("port")
    if port is not None:
        try:
            return _bind(port)
        except OSError as error:
            message = (
                f"Port {port} on {HOST}, which the emulator in {data} uses, is taken by another program"
                f" ({error.strerror}). End that program. If that cannot be, delete {data / ADDRESS_FILE} to get another"
                " port; stacks that were applied before then hold the old address and need `pulumi refresh`."
            )
            raise ServerError(message) from error
    # Data folders start their search at different places, so that two of them seldom want the same port.
    first = zlib.crc32(os.fsencode(data)) % len(_PORTS)
    for number in [*_PORTS[first:], *_PORTS[:first]]:
        with contextlib.suppress(OSError):
            return _bind(number)
    message = f"No port between {_PORTS.start} and {_PORTS.stop} is free on {HOST}; give one with --port."
    raise ServerError(message)


@contextlib.contextmanager
def only_one(data: Path) -> Iterator[int]:
    """Holds the data folder for this process, by a lock on a file whose descriptor it yields.

    Raises:
        ServerError: another emulator has it.
    """
    with (data / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            message = (
                f"An emulator runs in {data} already; `python -m emulator status --data {data}` tells its address."
            )
            raise ServerError(message) from error
        yield lock.fileno()


def running(data: Path) -> bool:
    """Whether an emulator holds the data folder now."""
    try:
        with only_one(data):
            return False
    except FileNotFoundError:
        return False
    except ServerError:
        return True


def _end(_: int, __: FrameType | None) -> NoReturn:
    sys.exit(0)


def _bind(port: int) -> socket.socket:
    # With its protocol named, asyncio turns Nagle's algorithm off for each connection, which else costs 40 ms a reply.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener
