"""From exec to the port on standard output, with compiled bytecode; the peer is a bare gRPC server in Python."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

from tests.bench.figure import Figure

RUNS = 9

BARE = """
import asyncio, grpc.aio
async def serve():
    server = grpc.aio.server()
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    await server.start()
    await server.wait_for_termination()
asyncio.run(serve())
"""


def measure(folder: Path) -> list[Figure]:
    """Returns the time to be ready."""
    del folder
    provider = [str(Path(sys.executable).with_name("pulumi-resource-tunestack")), "127.0.0.1:1"]
    bare = [sys.executable, "-c", BARE]
    seconds = [(_seconds(provider), _seconds(bare)) for _ in range(RUNS)]
    ours, peers = (statistics.median(column) for column in zip(*seconds, strict=True))
    return [
        Figure("provider, exec to port", ours, "s", limit=0.3),
        Figure("provider, exec to port", ours, "s", "bare grpc.aio", peers),
    ]


def _seconds(command: list[str]) -> float:
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    assert process.stdout.readline().strip().isdigit()
    took = time.perf_counter() - started
    process.kill()
    process.communicate()
    return took
