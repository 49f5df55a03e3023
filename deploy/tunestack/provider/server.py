"""A provider as the process that the Pulumi engine starts: its port on stdout, its end when the engine's has come."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import grpc.aio
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS

from tunestack.provider.engine_log import EngineLog
from tunestack.provider.parent_watchdog import watch_parent
from tunestack.provider.secret_mask import SecretMask
from tunestack.provider.servicer import Servicer

if TYPE_CHECKING:
    from tunestack.provider.lifecycle import Provider

_GRACE = 3.0
"""Seconds for calls under way to end. The engine kills five seconds after its interrupt (pulumi/pulumi, plugin.go)."""

_THREADS = 64
"""Blocking calls at a time. Python's own limit, four more than there are cores, is below what the engine runs."""

_NEW_OBJECTS = 50_000
"""Objects between two looks of the garbage collector, 700 by default. Importing Google's libraries makes so many that
a sixth of its time, 0.65 s of CPU, was spent on looking; memory stays the same 100 MiB."""


def serve(provider: Provider) -> None:
    """Serves until the engine has no more use for the provider, then ends the process.

    The engine's address is the last command line argument; without one messages go to standard error.
    """
    gc.set_threshold(_NEW_OBJECTS)
    asyncio.run(_run(provider, sys.argv[-1] if len(sys.argv) > 1 else ""))


async def start(provider: Provider, engine_address: str) -> tuple[grpc.aio.Server, int, Servicer]:
    """Starts to serve on a free port of the loopback interface; returns the server, its port and what answers."""
    mask = SecretMask()
    servicer = Servicer(provider, EngineLog(engine_address, mask), mask)
    server = grpc.aio.server(options=_GRPC_CHANNEL_OPTIONS)
    server.add_generic_rpc_handlers((servicer.handlers(),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    return server, port, servicer


async def _run(provider: Provider, engine_address: str) -> None:
    server, port, servicer = await start(provider, engine_address)
    ended = asyncio.Event()

    def interrupted() -> None:
        # A terminal's Ctrl-C may reach the provider too, while the engine still needs it: the engine then sends Cancel,
        # and an interrupt of its own once it is done. With no engine there is nobody to wait for.
        if servicer.cancelled or not servicer.spoken_to:
            ended.set()

    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(_THREADS))
    loop.add_signal_handler(signal.SIGINT, interrupted)
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    watch_parent(lambda: loop.call_soon_threadsafe(ended.set))
    print(port, flush=True)
    await ended.wait()
    await servicer.end_waits()
    await server.stop(_GRACE)
    sys.stdout.flush()
    sys.stderr.flush()
    # A thread still talking to a remote service must not keep the process alive, as a regular exit would let it.
    os._exit(0)
