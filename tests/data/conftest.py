"""Fixtures of the data tests: files to check, and a real storage service on a port of its own."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Protocol

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from emulator.application import create_application
from emulator.server import listen, new_server
from emulator.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Write(Protocol):
    def __call__(self, *lines: str | bytes, name: str = "train.jsonl") -> Path: ...


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file of the given lines, a newline after each."""

    def write_lines(*lines: str | bytes, name: str = "train.jsonl") -> Path:
        path = tmp_path / name
        path.write_bytes(b"".join(line.encode() + b"\n" if isinstance(line, str) else line + b"\n" for line in lines))
        return path

    return write_lines


@pytest.fixture
def emulator_url(tmp_path: Path) -> Iterator[str]:
    """Serves the storage emulator until the test ends."""
    data = tmp_path / "emulator"
    data.mkdir()
    listener = listen(data, 0)
    server = new_server(create_application(Settings(data=data)))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.001)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=120)
    assert not thread.is_alive(), "the server did not end"


@pytest.fixture
def client(emulator_url: str) -> Callable[[], storage.Client]:
    """Makes the official storage client, pointed at the emulator; the bucket `data` is there."""

    def make() -> storage.Client:
        nobody = AnonymousCredentials()  # type: ignore[no-untyped-call]
        client = storage.Client(project="demo", credentials=nobody, client_options={"api_endpoint": emulator_url})
        client._http.trust_env = False
        return client

    make().create_bucket("data")
    return make
