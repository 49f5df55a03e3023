"""A service that takes connections and never answers: noticed by each call, tried again, given up with a reason."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tunestack import connection as connections
from tunestack import data, retries
from tunestack.connection import Connection
from tunestack.data.storage import bucket, upload_session
from tunestack.retries import STOPPED
from tunestack.service_errors import explain
from tunestack.serving import asked_endpoint, deployments, models, operations, predict
from tunestack.tuning import artifacts, jobs

PLACE = "projects/p/locations/us-central1"


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch) -> Iterator[Connection]:
    """A service that never answers, and calls that notice it after 0.2 s instead of a minute."""
    for module in (connections, asked_endpoint, bucket, deployments, models, operations):
        monkeypatch.setattr(module, "CALL_SECONDS", 0.2)
    monkeypatch.setattr(upload_session, "PIECE_SECONDS", 0.2)
    monkeypatch.setattr(artifacts, "CALL_SECONDS", 0.2)
    monkeypatch.setattr(predict, "ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(retries, "RETRY_SECONDS", 1.0)
    with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:
        yield Connection("p", "us-central1", f"http://127.0.0.1:{listener.getsockname()[1]}", poll_seconds=0.05)


def upload(connection: Connection, tmp_path: Any) -> None:
    file = tmp_path / "train.jsonl"
    file.write_text('{"prompt": "2 + 2", "completion": "4"}\n')
    data.upload(file, data.check(file), "data", "", lambda: connection.storage)


def question(connection: Connection, _: Any) -> None:
    """What is asked of an endpoint that was found."""
    found = asked_endpoint.AskedEndpoint(f"{PLACE}/endpoints/1")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asked_endpoint, "look", lambda *_: found)
        predict.answer(connection, found.name, "Hello")


CALLS: dict[str, Callable[[Connection, Any], object]] = {
    "upload": upload,
    "list objects": lambda connection, _: artifacts.checkpoints(connection, "gs://data/tickets/1"),
    "get a job": lambda connection, _: jobs.get(connection, f"{PLACE}/tuningJobs/1"),
    "get a model": lambda connection, _: models.get(connection, f"{PLACE}/models/1"),
    "get an endpoint": lambda connection, _: deployments.deployed(connection, f"{PLACE}/endpoints/1"),
    "list endpoints": lambda connection, _: deployments.endpoint_of(connection, f"{PLACE}/models/1"),
    "look up what to ask": lambda connection, _: predict.answer(connection, f"{PLACE}/endpoints/1", "Hello"),
    "predict": question,
}


@pytest.mark.parametrize("call", CALLS)
def test_silence_is_given_up_with_a_reason(deaf: Connection, call: str, tmp_path: Any) -> None:
    started = time.monotonic()
    with pytest.raises(Exception, match=r"timed out|Read timed out|timeout") as caught:
        CALLS[call](deaf, tmp_path)
    assert 0.4 < time.monotonic() - started < 60, "repeated, and not for ever"
    assert explain(caught.value) == f"the emulator at {deaf.api_endpoint} does not answer; start it with make emulator"


@pytest.mark.parametrize("call", ["upload", "list objects"])
def test_the_storage_library_hears_that_the_user_stops(
    deaf: Connection, call: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "RETRY_SECONDS", 120.0)
    stopped = threading.Event()
    STOPPED.set(stopped)
    threading.Timer(0.5, stopped.set).start()
    started = time.monotonic()
    try:
        with pytest.raises(OSError, match=r"timed out"):
            CALLS[call](deaf, tmp_path)
    finally:
        STOPPED.set(None)
    assert time.monotonic() - started < 60, "not for the two minutes of a service that nobody stops asking"
