"""A project whose jobs are where a test puts them, and clients that are closed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.cli.conftest import PROJECT, PULUMI_PROJECT
from tests.running_emulator import NO_DELAYS, Emulator
from tunestack.cli import place as places
from tunestack.connection import Connection
from tunestack.tuning.ownership import Owner

JOBS = f"/v1beta1/projects/{PROJECT}/locations/us-central1/tuningJobs"
GEMMA, LLAMA = "google/gemma3@gemma-3-1b-it", "meta/llama3_1@llama-3.1-8b-instruct"
HERE = ("--project", PROJECT, "--location", "us-central1")
NOW = datetime.now(UTC)
STATISTICS = {"totalBillableTokenCount": "9880", "tuningStepCount": "100"}
OUT_OF_LUCK = {"code": 13, "message": "Out of luck."}


def owner(name: str, stack: str = "dev") -> dict[str, str]:
    """The labels of a job of a stack's model."""
    return Owner(f"urn:pulumi:{stack}::{PULUMI_PROJECT}::tunestack:index:TuningJob::{name}").labels("0" * 16)


class Cloud:
    """A project whose jobs are where the test puts them."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        enable = f"/su/v1/projects/{PROJECT}/services/aiplatform.googleapis.com:enable"
        assert emulator.http.post(enable, json={}).is_success
        assert emulator.http.post(f"/storage/v1/b?project={PROJECT}", json={"name": "demo-data"}).is_success
        emulator.application.state.services.storage.write("demo-data", "train.jsonl", b"{}")

    def submit(self, name: str, labels: dict[str, str] | None = None, model: str = GEMMA, **fields: Any) -> str:
        """Submits a job, sets fields of it, and returns its number."""
        mode = "TUNING_MODE_PEFT_ADAPTER" if model == LLAMA else "TUNING_MODE_FULL"
        spec = {"trainingDatasetUri": "gs://demo-data/train.jsonl", "hyperParameters": {"epochCount": 3}}
        folder = f"gs://demo-data/{PULUMI_PROJECT}/dev/{name}/{'0' * 16}"
        asked = {
            "baseModel": model,
            "supervisedTuningSpec": {**spec, "tuningMode": mode},
            "outputUri": folder,
            "tunedModelDisplayName": name,
            "labels": labels or {},
        }
        made = self.emulator.http.post(JOBS, json=asked)
        assert made.is_success, made.text
        self.set(made.json()["name"], **fields)
        return str(made.json()["name"].rpartition("/")[2])

    def set(self, name: str, **fields: Any) -> None:
        """Changes a job, named by its end, where the emulator keeps it."""
        documents = self.emulator.application.state.services.documents
        (key,) = [job["name"] for job in self.jobs() if job["name"].endswith(name)]
        document = documents.get("tuningJobs", key)
        document["job"].update(fields)
        documents.put("tuningJobs", key, document)

    def jobs(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.emulator.http.get(JOBS).json().get("tuningJobs", [])
        return found

    def fault(self, **rule: Any) -> None:
        assert self.emulator.http.post("/emulator/faults", json=rule).is_success

    def state(self, number: str) -> str:
        (state,) = [job["state"] for job in self.jobs() if job["name"].endswith(number)]
        return str(state)


def running(step: int = 40) -> dict[str, Any]:
    """What the service says of a job on its way."""
    return {
        "state": "JOB_STATE_RUNNING",
        "tuningJobState": "TUNING_JOB_STATE_TUNING",
        "startTime": (NOW - timedelta(days=2, hours=3.5)).isoformat(),
        "tuningJobMetadata": {"completedEpochCount": "1", "completedStepCount": str(step)},
        "tuningDataStats": {"supervisedTuningDataStats": {"totalBillableTokenCount": "9880", "tuningStepCount": "100"}},
    }


def ended(state: str = "SUCCEEDED", **more: Any) -> dict[str, Any]:
    """What it says of one that has ended."""
    return {
        **running(100),
        "state": f"JOB_STATE_{state}",
        "endTime": (NOW - timedelta(days=1, hours=1.5)).isoformat(),
        "tuningJobMetadata": {"completedEpochCount": "3", "completedStepCount": "100"},
        **more,
    }


@pytest.fixture(autouse=True)
def closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Closes the clients of each command, which the end of its process does otherwise."""
    made: list[Connection] = []
    connect = places._connection

    def remember(*arguments: str) -> Connection:
        made.append(connect(*arguments))
        return made[-1]

    monkeypatch.setattr(places, "_connection", remember)
    yield
    for connection in made:
        for client in {"genai", "storage"} & vars(connection).keys():
            getattr(connection, client).close()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cloud, dict[str, str]]]:
    """A project with jobs of two stacks and one of nobody's, which no test changes; and their numbers by name."""
    settings = {"delays": NO_DELAYS, "vertex": {"tuningPending": 600.0}}
    emulator = Emulator(tmp_path_factory.mktemp("emulator"), settings)
    cloud = Cloud(emulator)
    numbers = {
        "old": cloud.submit("tickets", {**owner("tickets"), "environment": "test"}, **ended()),
        "running": cloud.submit("tickets", {**owner("tickets"), "environment": "test"}, **running()),
        "llama": cloud.submit("answers", owner("answers"), LLAMA),
        "other": cloud.submit("tickets", owner("tickets", "prod"), **ended("FAILED", error=OUT_OF_LUCK)),
        "by hand": cloud.submit("by-hand", **ended("CANCELLED")),
    }
    yield cloud, numbers
    emulator.http.close()
    emulator.stop()


@pytest.fixture
def own_cloud(start_emulator: Callable[..., Emulator]) -> Cloud:
    """A project of the test's own."""
    return Cloud(start_emulator({"vertex": {"tuningPending": 600.0}}))


@pytest.fixture
def stack(filled: tuple[Cloud, dict[str, str]], engine: Callable[..., None]) -> None:
    """The stack `dev` of the filled project."""
    outputs = {"project": PROJECT, "location": "us-central1", "apiEndpoint": filled[0].emulator.url}
    engine(outputs)
