"""The provider as a process: how it starts, what it survives, and that it always ends."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import psutil
import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from tunestack.provider import server

PROVIDER = Path(__file__).with_name("slow_provider.py")
URN = "urn:pulumi:local::tunestack::tunestack:index:TuningJob::tickets"
KILLED = 5.0
"""Seconds after its interrupt, the engine kills."""
SOON = 30.0
"""Seconds: a busy machine may be slow, and what does not end by itself never does."""


@dataclass
class Process:
    popen: subprocess.Popen[str]
    port: int

    def signal(self, number: signal.Signals) -> None:
        self.popen.send_signal(number)

    def ends(self) -> int:
        return self.popen.wait(SOON)

    def runs(self) -> bool:
        return self.popen.poll() is None


@pytest.fixture
def start() -> Iterator[Callable[..., Process]]:
    started = []

    def run(*arguments: str) -> Process:
        popen = subprocess.Popen(
            [sys.executable, str(PROVIDER), *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(popen)
        assert popen.stdout is not None
        return Process(popen, int(popen.stdout.readline()))

    yield run
    for popen in started:
        popen.kill()
        popen.communicate()


@pytest.fixture
async def connect() -> AsyncIterator[Callable[[int], Any]]:
    channels = []

    def stub(port: int) -> Any:
        channel = grpc.aio.insecure_channel(f"127.0.0.1:{port}")
        channels.append(channel)
        return provider_pb2_grpc.ResourceProviderStub(channel)

    yield stub
    for channel in channels:
        await channel.close(None)


def create(**inputs: Any) -> provider_pb2.CreateRequest:
    properties = Struct()
    properties.update(inputs)
    return provider_pb2.CreateRequest(urn=URN, properties=properties)


async def started(stub: Any, request: provider_pb2.CreateRequest) -> asyncio.Future[Any]:
    """A create that the provider has begun with: a later call on the same connection has been answered."""
    call: asyncio.Future[Any] = asyncio.ensure_future(stub.Create(request))
    await asyncio.sleep(0)
    await stub.GetPluginInfo(Empty())
    return call


async def code_of(call: asyncio.Future[Any]) -> grpc.StatusCode:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    code: grpc.StatusCode = caught.value.code()
    return code


async def test_first_line_is_the_port(start: Callable[..., Process], connect: Callable[[int], Any]) -> None:
    provider = start("127.0.0.1:1")
    assert (await connect(provider.port).GetPluginInfo(Empty())).version == "0.1.0"


async def test_nobody_else_can_reach_it(start: Callable[..., Process]) -> None:
    provider = start("127.0.0.1:1")
    listening = [c.laddr for c in psutil.Process(provider.popen.pid).net_connections() if c.status == "LISTEN"]
    assert [tuple(address) for address in listening] == [("::ffff:127.0.0.1", provider.port)]


async def test_interrupt_does_not_end_a_provider_in_use(
    start: Callable[..., Process], connect: Callable[[int], Any]
) -> None:
    """A terminal sends Ctrl-C to every process; the engine goes on until the steps under way are done."""
    provider = start("127.0.0.1:1")
    stub = connect(provider.port)
    call = await started(stub, create(blocks=0.5))
    provider.signal(signal.SIGINT)
    provider.signal(signal.SIGINT)
    assert (await call).id == "7"
    assert (await stub.Create(create())).id == "7", "the next step finds it as well"
    assert provider.runs()


async def test_normal_end(start: Callable[..., Process], connect: Callable[[int], Any]) -> None:
    """Cancel, then an interrupt, as the engine does at the end of every run: its user waits for this."""
    provider = start("127.0.0.1:1")
    stub = connect(provider.port)
    await stub.Create(create())
    await stub.Cancel(Empty())
    assert provider.runs()
    provider.signal(signal.SIGINT)
    assert provider.ends() == 0


async def test_interrupted_run(start: Callable[..., Process], connect: Callable[[int], Any]) -> None:
    provider = start("127.0.0.1:1")
    stub = connect(provider.port)
    call = await started(stub, create(waits=True))
    provider.signal(signal.SIGINT)
    await stub.Cancel(Empty())
    assert await code_of(call) is grpc.StatusCode.CANCELLED
    assert provider.runs()
    provider.signal(signal.SIGINT)
    assert provider.ends() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_without_an_engine_a_signal_ends_it(start: Callable[..., Process], number: signal.Signals) -> None:
    provider = start()
    provider.signal(number)
    assert provider.ends() == 0


async def test_terminate_ends_waits_first(start: Callable[..., Process], connect: Callable[[int], Any]) -> None:
    provider = start("127.0.0.1:1")
    call = await started(connect(provider.port), create(waits=True))
    provider.signal(signal.SIGTERM)
    assert await code_of(call) is grpc.StatusCode.CANCELLED
    assert provider.ends() == 0


async def test_terminate_lets_a_short_call_finish(start: Callable[..., Process], connect: Callable[[int], Any]) -> None:
    """What a create did is worth nothing without its answer."""
    provider = start("127.0.0.1:1")
    call = await started(connect(provider.port), create(blocks=0.5))
    provider.signal(signal.SIGTERM)
    assert (await call).id == "7"
    assert provider.ends() == 0


async def test_a_blocked_thread_does_not_keep_it(start: Callable[..., Process], connect: Callable[[int], Any]) -> None:
    """A regular exit of Python joins its threads, however long a remote service takes to answer."""
    provider = start("127.0.0.1:1")
    call = await started(connect(provider.port), create(blocks=3600))
    provider.signal(signal.SIGTERM)
    with pytest.raises(grpc.aio.AioRpcError):
        await call
    assert provider.ends() == 0
    assert server._GRACE <= KILLED - 1, "and before the engine kills"


async def test_blocking_calls_do_not_queue(start: Callable[..., Process], connect: Callable[[int], Any]) -> None:
    """Python's default is four threads more than there are cores, and waits of an hour would fill them."""
    stub = connect(start("127.0.0.1:1").port)
    await asyncio.gather(*(stub.Create(create(meets=48)) for _ in range(48)))


LAUNCHER = """
import subprocess, sys, time
provider = subprocess.Popen([sys.executable, *sys.argv[1:]], stdout=subprocess.PIPE, text=True)
print(provider.pid, provider.stdout.readline().strip(), flush=True)
time.sleep(3600)
"""


@pytest.fixture
def orphan() -> Iterator[Callable[[], tuple[subprocess.Popen[str], psutil.Process, int]]]:
    """A provider whose parent, in the engine's place, can be killed."""
    providers = []
    launchers = []

    def run() -> tuple[subprocess.Popen[str], psutil.Process, int]:
        launcher = subprocess.Popen(
            [sys.executable, "-c", LAUNCHER, str(PROVIDER), "127.0.0.1:1"], stdout=subprocess.PIPE, text=True
        )
        launchers.append(launcher)
        assert launcher.stdout is not None
        pid, port = map(int, launcher.stdout.readline().split())
        providers.append(psutil.Process(pid))
        return launcher, providers[-1], port

    yield run
    for launcher in launchers:
        launcher.kill()
        launcher.communicate()
    for provider in providers:
        if provider.is_running():
            provider.kill()


def gone(process: psutil.Process) -> bool:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


async def test_orphan_ends(orphan: Callable[[], Any], connect: Callable[[int], Any]) -> None:
    """kill -9 of the CLI leaves its providers, and a create that nobody will hear of goes on for hours."""
    launcher, provider, port = orphan()
    call = await started(connect(port), create(waits=True))
    launcher.kill()
    assert await code_of(call) is grpc.StatusCode.CANCELLED
    assert await asyncio.to_thread(gone, provider)


async def test_orphan_with_a_blocked_loop_ends(
    orphan: Callable[[], Any], connect: Callable[[int], Any], tmp_path: Path
) -> None:
    launcher, provider, port = orphan()
    hogging = tmp_path / "hogging"
    call = asyncio.ensure_future(connect(port).Create(create(hogs=str(hogging))))
    while not hogging.exists():  # noqa: ASYNC110 - made by another process
        await asyncio.sleep(0.01)
    launcher.kill()
    assert await asyncio.to_thread(gone, provider)
    with pytest.raises(grpc.aio.AioRpcError):
        await call


def test_a_living_parent_is_left_alone(start: Callable[..., Process]) -> None:
    provider = start("127.0.0.1:1")
    time.sleep(3)
    assert provider.runs()


def test_start_imports_nothing_heavy() -> None:
    """The start is part of every preview: google.genai alone takes longer than all of it."""
    program = (
        "import sys; from tunestack.provider.sdk import import_sdk_in_parts; import_sdk_in_parts();"
        "import tunestack.provider.tunestack_provider, tunestack.provider.server; print(*sorted(sys.modules))"
    )
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    heavy = (
        "google.genai",
        "google.cloud.",
        "google.auth",
        "vertexai",
        "requests",
        "httpx",
        "pydantic",
        "rich",
        "typer",
        "pulumi.automation",
    )
    loaded = [name for name in output.split() if name.startswith(heavy)]
    assert loaded == []


def test_an_sdk_put_together_in_another_way_is_imported_as_a_whole() -> None:
    program = (
        "import sys, tunestack.provider; from tunestack.provider.sdk import import_sdk_in_parts;"
        "sys.modules['pulumi.runtime.settings'] = None; import_sdk_in_parts(); import tunestack.provider.server;"
        "import pulumi.runtime.rpc; print('pulumi.automation' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


def test_start_is_quiet_and_small(start: Callable[..., Process]) -> None:
    provider = start("127.0.0.1:1")
    assert psutil.Process(provider.popen.pid).memory_info().rss < 100 * 2**20
    os.kill(provider.popen.pid, signal.SIGTERM)
    output, errors = provider.popen.communicate(timeout=SOON)
    assert (output, errors) == ("", "")
