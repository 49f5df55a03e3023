"""The lifecycles on an emulator over a socket, called as the engine calls them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.provider.lifecycles.tuning_methods import METHODS, Tuner, put_checkpoint
from tests.running_emulator import Emulator
from tunestack.connection import Connection
from tunestack.provider.lifecycle import (
    CheckRequest,
    CreateRequest,
    CreateResult,
    DeleteRequest,
    DiffRequest,
    DiffResult,
    Lifecycle,
    Properties,
    ReadRequest,
    ReadResult,
    Severity,
    UpdateRequest,
    UpdateResult,
)
from tunestack.provider.properties import plain_map, wrap_map
from tunestack.provider.run import Run
from tunestack.provider.tunestack_provider import TunestackProvider

PROJECT = "demo-project"
JOBS = f"/v1beta1/projects/{PROJECT}/locations/us-central1/tuningJobs"


@dataclass
class Listener:
    """Keeps what the lifecycles tell."""

    lines: list[tuple[Severity, str]] = field(default_factory=list)

    async def log(self, severity: Severity, message: str, urn: str = "", *, ephemeral: bool = False) -> None:
        self.lines.append((severity, message))

    @property
    def told(self) -> list[str]:
        """What was told so that a user sees it."""
        return [message for severity, message in self.lines if severity is not Severity.DEBUG]


class Resource:
    """One resource of a stack, and the calls of the engine on it, in plain values."""

    def __init__(self, run: Run, kind: str, name: str, stack: str = "test") -> None:
        provider = TunestackProvider()
        provider._run = run
        self.lifecycle: Lifecycle = provider.lifecycle(f"tunestack:index:{kind}")
        self.urn = f"urn:pulumi:{stack}::tunestack::infra:index:Tuning$tunestack:index:{kind}::{name}"

    async def checked(self, inputs: dict[str, Any]) -> Properties:
        result = await self.lifecycle.check(CheckRequest(self.urn, None, wrap_map(inputs)))
        assert not result.failures, result.failures
        return result.inputs

    async def create(self, inputs: dict[str, Any], *, preview: bool = False, seconds: float = 0) -> CreateResult:
        return await self.lifecycle.create(CreateRequest(self.urn, await self.checked(inputs), seconds, preview))

    async def diff(self, made: CreateResult | ReadResult, old: dict[str, Any], new: dict[str, Any]) -> DiffResult:
        request = DiffRequest(
            self.urn, made.resource_id, made.properties, wrap_map(old), wrap_map(plain_map(await self.checked(new)))
        )
        return await self.lifecycle.diff(request)

    async def read(self, resource_id: str, state: Properties | None = None, inputs: Any = None) -> ReadResult:
        return await self.lifecycle.read(ReadRequest(self.urn, resource_id, state or {}, wrap_map(inputs or {})))

    async def update(
        self, made: CreateResult, old: dict[str, Any], new: dict[str, Any], *, preview: bool = False
    ) -> UpdateResult:
        request = UpdateRequest(
            self.urn, made.resource_id, made.properties, wrap_map(old), await self.checked(new), 0, preview
        )
        return await self.lifecycle.update(request)

    async def delete(self, resource_id: str, seconds: float = 0) -> None:
        await self.lifecycle.delete(DeleteRequest(self.urn, resource_id, {}, {}, seconds))


@dataclass
class Cloud:
    """A project with the API enabled, training data in a bucket, and jobs that do not move by themselves."""

    emulator: Emulator
    listener: Listener = field(default_factory=Listener)

    def __post_init__(self) -> None:
        self.connection = Connection(PROJECT, "us-central1", self.emulator.url, poll_seconds=0.05)
        self.run = self.new_run()

    @property
    def inputs(self) -> dict[str, Any]:
        """What declares a tuning job here."""
        return {
            "baseModel": "google/gemma3@gemma-3-1b-it",
            "mode": "FULL",
            "trainingUri": "gs://demo-data/train.jsonl",
            "contentHash": "ab" * 32,
            "outputUri": "gs://demo-data",
            "epochs": 1,
        }

    def new_run(self) -> Run:
        """Starts another run of the engine: nothing of the last one is remembered."""
        self.listener.lines.clear()
        self.run = Run(self.connection, self.listener)
        return self.run

    def resource(self, kind: str, name: str = "tickets", stack: str = "test") -> Resource:
        return Resource(self.run, kind, name, stack)

    def jobs(self) -> list[dict[str, Any]]:
        """Returns the jobs, newest first."""
        found: list[dict[str, Any]] = self.emulator.http.get(JOBS).json().get("tuningJobs", [])
        return found

    def set_job(self, name: str, **fields: Any) -> None:
        """Changes a job where the emulator keeps it."""
        documents = self.emulator.application.state.services.documents
        document = documents.get("tuningJobs", name)
        document["job"].update(fields)
        documents.put("tuningJobs", name, document)

    def end_job(self, name: str, state: str = "JOB_STATE_SUCCEEDED", *checkpoints: str) -> None:
        """Ends a job in a state, with checkpoints."""
        (job,) = (job for job in self.jobs() if job["name"] == name)
        for checkpoint in checkpoints:
            folder = f"{job['outputUri'].rstrip('/')}/postprocess/node-0/checkpoints/{checkpoint}"
            for file in ("config.json", "model-00001-of-00001.safetensors"):
                self.write(f"{folder}/{file}")
        self.set_job(name, state=state)

    def write(self, uri: str) -> None:
        bucket, _, name = uri.removeprefix("gs://").partition("/")
        self.emulator.application.state.services.storage.write(bucket, name, b"weights")

    def forget(self, name: str) -> None:
        """Answers for a job as if there were none, which no call of the service leads to."""
        self.fault(method="GET", path=f".*/{name}", status=404, times=None)

    def fault(self, **rule: Any) -> None:
        assert self.emulator.http.post("/emulator/faults", json=rule).is_success

    def submissions(self) -> int:
        """Returns how often a job was asked for."""
        return sum(call["method"] == "POST" and call["path"] == JOBS for call in self.emulator.requests())


@pytest.fixture
def vertex() -> dict[str, float]:
    """What the emulated Vertex AI takes its time for, in seconds; tests override it."""
    return {"tuningPending": 600.0}


@pytest.fixture
def cloud(start_emulator: Callable[..., Emulator], vertex: dict[str, float]) -> Iterator[Cloud]:
    emulator = start_emulator({"vertex": vertex})
    for path, body in (
        (f"/su/v1/projects/{PROJECT}/services/aiplatform.googleapis.com:enable", {}),
        (f"/storage/v1/b?project={PROJECT}", {"name": "demo-data"}),
    ):
        assert emulator.http.post(path, json=body).is_success
    made = Cloud(emulator)
    made.write("gs://demo-data/train.jsonl")
    yield made
    made.connection.storage.close()


@pytest.fixture
def tuner(cloud: Any, tmp_path: Path) -> Tuner:
    return Tuner(cloud, tmp_path / "weights")


@pytest.fixture
def inputs_of(cloud: Any, tuner: Tuner) -> Callable[[str], dict[str, Any]]:
    """What declares a job of a method; a checkpoint lies where one is needed."""

    def declare(method: str) -> dict[str, Any]:
        given = {**cloud.inputs, **METHODS[method]}
        if method == "continuous":
            del given["baseModel"], given["mode"]
            # It lies in another place than it was tuned in.
            given["preTunedModel"] = tuner.tune("gemini-3.1-flash-lite")
            assert "/locations/us/" in given["preTunedModel"]
        if method == "gemini":
            del given["mode"]
        put_checkpoint(cloud)
        return given

    return declare
