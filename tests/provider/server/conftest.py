"""A provider that answers as a test tells it to, over a real socket, and an engine that only takes messages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import grpc.aio
import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2_grpc

from tunestack.provider import server
from tunestack.provider.lifecycle import Engine, Lifecycle, Properties, Provider

URN = "urn:pulumi:local::tunestack::tunestack:index:TuningJob::tickets"


class Answers:
    """Requests as they came, and the answer a test wants for each method: a value, an exception, or a function."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.requests: list[tuple[str, Any]] = []

    async def answer(self, method: str, request: Any) -> Any:
        self.requests.append((method, request))
        answer = self.answers.get(method)
        if isinstance(answer, Exception):
            raise answer
        if not callable(answer):
            return answer
        result: Any = answer(request)
        return await result if hasattr(result, "__await__") else result


class ScriptedLifecycle(Lifecycle):
    def __init__(self, script: Answers) -> None:
        self.script = script

    async def check(self, request: Any) -> Any:
        return await self.script.answer("check", request)

    async def diff(self, request: Any) -> Any:
        return await self.script.answer("diff", request)

    async def create(self, request: Any) -> Any:
        return await self.script.answer("create", request)

    async def read(self, request: Any) -> Any:
        return await self.script.answer("read", request)

    async def update(self, request: Any) -> Any:
        return await self.script.answer("update", request)

    async def delete(self, request: Any) -> Any:
        return await self.script.answer("delete", request)


class ScriptedProvider(Provider):
    name = "scripted"
    version = "1.2.3"

    def __init__(self) -> None:
        self.script = Answers()
        self.engine: Engine | None = None
        self.types: list[str] = []

    async def schema(self) -> str:
        return '{"name": "scripted"}'

    async def check_config(self, request: Any) -> Any:
        return await self.script.answer("check_config", request)

    async def diff_config(self, request: Any) -> Any:
        return await self.script.answer("diff_config", request)

    async def configure(self, inputs: Properties, engine: Engine) -> None:
        self.engine = engine
        await self.script.answer("configure", inputs)

    def lifecycle(self, resource_type: str) -> Lifecycle:
        self.types.append(resource_type)
        return ScriptedLifecycle(self.script)

    async def invoke(self, token: str, arguments: Properties) -> Any:
        return await self.script.answer("invoke", (token, arguments))

    async def cancel(self) -> None:
        await self.script.answer("cancel", None)


class RecordingEngine(engine_pb2_grpc.EngineServicer):
    """The part of the engine that a provider calls."""

    def __init__(self) -> None:
        self.address = ""
        self.messages: list[engine_pb2.LogRequest] = []

    async def Log(self, request: engine_pb2.LogRequest, context: Any) -> Empty:  # noqa: N802
        self.messages.append(request)
        return Empty()


@dataclass
class Plugin:
    """A served provider and a client of it."""

    provider: ScriptedProvider
    stub: provider_pb2_grpc.ResourceProviderAsyncStub
    engine: RecordingEngine
    answers: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.answers = self.provider.script.answers

    def request(self, method: str) -> Any:
        """The last request for a method."""
        return [request for name, request in self.provider.script.requests if name == method][-1]


@pytest.fixture
async def start_engine() -> AsyncIterator[Callable[[], Any]]:
    servers = []

    async def start() -> RecordingEngine:
        engine = RecordingEngine()
        running = grpc.aio.server()
        engine_pb2_grpc.add_EngineServicer_to_server(engine, running)
        engine.address = f"127.0.0.1:{running.add_insecure_port('127.0.0.1:0')}"
        await running.start()
        servers.append(running)
        return engine

    yield start
    for running in servers:
        await running.stop(None)


@pytest.fixture
async def plugin(start_engine: Callable[[], Any]) -> AsyncIterator[Plugin]:
    engine = await start_engine()
    provider = ScriptedProvider()
    running, port, _ = await server.start(provider, engine.address)
    # The engine's client takes any size of metadata; Python's must be told to.
    options = [("grpc.max_metadata_size", 2**24), ("grpc.absolute_max_metadata_size", 2**24)]
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=options) as channel:
        stub: Any = provider_pb2_grpc.ResourceProviderStub(channel)
        yield Plugin(provider, stub, engine)
    await running.stop(None)


@pytest.fixture
def struct() -> Callable[..., Struct]:
    """Makes a wire struct of plain JSON."""

    def make(**values: Any) -> Struct:
        made = Struct()
        made.update(values)
        return made

    return make
