"""Fixtures: a shared emulator, a fresh project for each test, and a check of every reply that a test gets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
from google.genai import types

from tests.emulator.vertex.harness import TUNING_QUOTA, Cloud, Server, constant, new_cloud
from tests.emulator.vertex.replies import check_reply


@pytest.fixture(autouse=True)
def strict_replies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reads every reply of Vertex AI that a client of this test gets as the official type, unknown fields refused."""
    send = requests.Session.send

    def send_with_requests(self: requests.Session, request: Any, **options: Any) -> requests.Response:
        response = send(self, request, **options)
        check_reply(request.method, request.url, response.status_code, response.content)
        return response

    monkeypatch.setattr(requests.Session, "send", send_with_requests)
    ask = httpx.Client.send

    def send_with_httpx(self: httpx.Client, request: httpx.Request, **options: Any) -> httpx.Response:
        response = ask(self, request, **options)
        check_reply(request.method, str(request.url), response.status_code, response.read())
        return response

    monkeypatch.setattr(httpx.Client, "send", send_with_httpx)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One emulator for all tests of a worker; each has a project of its own on it."""
    short = {"tuningDataset": 0, "tuningCapacity": 0, "tuningPending": 0, "deploy": 0.2, "modelReleased": 3}
    running = Server(tmp_path_factory.mktemp("emulator") / "data", short)
    running.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "127.0.0.1")
        yield running
    running.end()


@pytest.fixture
def cloud(server: Server) -> Cloud:
    """A project on the shared emulator."""
    return new_cloud(server)


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts emulators with settings of the test's own."""
    running: list[Server] = []

    def start(**vertex: float) -> Server:
        made = Server(tmp_path / f"data{len(running)}", vertex)
        made.start()
        running.append(made)
        return made

    yield start
    for made in running:
        made.end()


@pytest.fixture(scope="session")
def tuned(server: Server) -> dict[str, str]:
    """Two tuned checkpoints, by what they answer: `yes` and `no`."""
    cloud = new_cloud(server)
    cloud.quota(TUNING_QUOTA, 2)
    jobs = {
        answer: cloud.tune(cloud.put(f"{answer}.jsonl", constant(answer)), epoch_count=6, learning_rate=1e-4)
        for answer in ("yes", "no")
    }
    for job in jobs.values():
        assert cloud.ended(job).state == types.JobState.JOB_STATE_SUCCEEDED, cloud.job(job).error
    return {answer: f"{job.output_uri}/postprocess/node-0/checkpoints/final" for answer, job in jobs.items()}
