"""A running emulator for every test that asks for one: real sockets, a folder of its own, a port of its own."""

from __future__ import annotations

import asyncio
import threading
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import httpx
import msgspec
import pytest
import uvicorn.server
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client

from emulator import clock
from emulator.application import create_application
from emulator.server import listen, new_server
from emulator.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from starlette.applications import Starlette

    from emulator.vertex.tuned_gemini import TunedGemini

NO_DELAYS = {"apiEnabled": 0, "agentCreated": 0, "tuningAgentCreated": 0, "iamGranted": 0, "quotaGranted": 0}


# A server looks ten times a second whether it is to end, and twice more whether it may: 0.2 s of waiting in each test.
vars(uvicorn.server)["asyncio"] = SimpleNamespace(
    **{**vars(asyncio), "sleep": lambda seconds: asyncio.sleep(min(seconds, 0.01))}
)


class Emulator:
    """An emulator in a thread of the test's process.

    Attributes:
        url: where it listens; the same after a restart.
        data: the folder of its state.
        http: a client whose paths start at `url`.
        application: the present application; `application.state.services` are its parts.
    """

    def __init__(self, data: Path, settings: dict[str, Any]) -> None:
        self.data = data
        self._settings = msgspec.structs.replace(msgspec.convert(settings, Settings), data=data)
        # None of those that the system gives outgoing connections: one of them could take it while this restarts.
        self._port: int | None = None
        self.start()
        self.http = self._client()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        listener = listen(self.data, self._port)
        self._port = listener.getsockname()[1]
        self.application: Starlette = create_application(self._settings)
        self._server: uvicorn.Server = new_server(self.application)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listener]})
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive(), "the server did not start"
            time.sleep(0.001)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=120)
        assert not self._thread.is_alive(), "the server did not end"

    def restart(self) -> None:
        """Ends it and starts it again on the same folder and port."""
        self.http.close()
        self.stop()
        self.start()
        self.http = self._client()

    def _client(self) -> httpx.Client:
        # Nothing to verify, on plain HTTP; loading the certificates for it takes 14 ms.
        return httpx.Client(base_url=self.url, trust_env=False, timeout=120, verify=False)  # noqa: S501

    def requests(self, since: int = 0) -> list[dict[str, Any]]:
        """What the request log has."""
        found: list[dict[str, Any]] = self.http.get("/emulator/requests", params={"since": since}).json()["requests"]
        return found

    def held(self) -> list[dict[str, Any]]:
        """The calls that faults hold, before or after they have acted."""
        found: list[dict[str, Any]] = self.http.get("/emulator/faults/held").json()["held"]
        return found

    def release(self) -> None:
        """Lets the held calls go on."""
        assert self.http.post("/emulator/faults/release").is_success

    def tuned_gemini(self) -> TunedGemini:
        """The registry of tuned Gemini models, where a test ends jobs at once instead of having them run."""
        from emulator.vertex.checkpoints import Checkpoints
        from emulator.vertex.endpoints import Endpoints
        from emulator.vertex.models import Models
        from emulator.vertex.operations import Operations
        from emulator.vertex.settings import VertexSettings
        from emulator.vertex.tuned_gemini import TunedGemini

        services = self.application.state.services
        operations = Operations(services)
        models = Models(services, VertexSettings(), operations, Checkpoints(services))
        return TunedGemini(services, models, Endpoints(services, operations))

    def storage_client(self, project: str = "demo") -> Client:
        """The official client, pointed here and without credentials."""
        credentials = AnonymousCredentials()  # type: ignore[no-untyped-call]
        client = Client(project=project, credentials=credentials, client_options={"api_endpoint": self.url})
        client._http.trust_env = False
        return client


@pytest.fixture
def start_emulator(tmp_path: Path) -> Iterator[Callable[..., Emulator]]:
    """Starts emulators with given settings (the JSON of a settings file); each ends with the test."""
    running: list[Emulator] = []

    def start(settings: dict[str, Any] | None = None) -> Emulator:
        data = tmp_path / f"emulator-{len(running)}"
        data.mkdir()
        settings = settings or {}
        running.append(Emulator(data, {**settings, "delays": NO_DELAYS | settings.get("delays", {})}))
        return running[-1]

    yield start
    for emulator in running:
        emulator.http.close()
        emulator.stop()


@pytest.fixture
def advance(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves the clock of every emulator of the test on by some seconds."""
    offset = 0.0

    def move(seconds: float) -> None:
        nonlocal offset
        offset += seconds

    monkeypatch.setattr(clock, "now", lambda: time.time() + offset)
    return move


@pytest.fixture
def emulator(start_emulator: Callable[..., Emulator]) -> Emulator:
    """An emulator whose every delay is zero."""
    return start_emulator()
