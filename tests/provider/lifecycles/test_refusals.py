"""Every row of the catalogue with what it does not have, asked for across gRPC; no service is there to be asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Any, NamedTuple

import grpc.aio
import pytest
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from tunestack.catalogue import distillation, gemini_models, machines, open_models, regions
from tunestack.connection import Connection
from tunestack.provider import server
from tunestack.provider.lifecycle import Severity
from tunestack.provider.run import Run
from tunestack.provider.tunestack_provider import TunestackProvider

JOB = {"trainingUri": "gs://data/train.jsonl", "contentHash": "ab" * 32, "outputUri": "gs://output", "epochs": 3}
DEPLOYMENT = {"endpoint": "projects/p/locations/us-central1/endpoints/1", "checkpointUri": "gs://output/final"}
KEY = "projects/p/locations/{}/keyRings/r/cryptoKeys/k"
INSTEAD = ("nearest", "write", "leave", "remove", "all: ", "it is in ", "use a key")
"""One of these is in each refusal: it says what can be done."""


class Silent:
    """Takes what is told."""

    async def log(self, severity: Severity, message: str, urn: str = "", *, ephemeral: bool = False) -> None:
        pass


class Asked(NamedTuple):
    """What is asked of a resource in a location, and the input that is wrong; none where all is right."""

    inputs: dict[str, Any]
    wrong: str = ""
    location: str = "us-central1"
    kind: str = "TuningJob"


class Plugins:
    """A provider for each location, behind a socket of its own."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self._stubs: dict[str, Any] = {}

    async def failures(self, asked: Asked) -> dict[str, str]:
        """Returns what Check refuses, by input."""
        if asked.location not in self._stubs:
            self._stubs[asked.location] = await self._started(asked.location)
        inputs = Struct()
        inputs.update(asked.inputs)
        urn = f"urn:pulumi:test::tunestack::infra:index:Tuning$tunestack:index:{asked.kind}::tickets"
        answer = await self._stubs[asked.location].Check(provider_pb2.CheckRequest(urn=urn, news=inputs))
        return {failure.property: failure.reason for failure in answer.failures}

    async def _started(self, location: str) -> Any:
        provider = TunestackProvider()
        # Nothing listens there, so that a call to a service would fail.
        provider._run = Run(Connection("p", location, "http://127.0.0.1:9"), Silent())
        running, port, _ = await server.start(provider, "127.0.0.1:9")
        self._stack.push_async_callback(running.stop, None)
        channel = await self._stack.enter_async_context(grpc.aio.insecure_channel(f"127.0.0.1:{port}"))
        return provider_pb2_grpc.ResourceProviderStub(channel)


@pytest.fixture
async def plugins() -> AsyncIterator[Plugins]:
    async with AsyncExitStack() as stack:
        yield Plugins(stack)


def open_jobs() -> Iterator[Asked]:
    lists = distillation()
    for row in open_models():
        right = {**JOB, "baseModel": row.name, "mode": next(iter(row.modes))}
        for mode in ("FULL", "PEFT_ADAPTER"):
            yield Asked({**right, "mode": mode}, "" if mode in row.modes else "mode")
        yield from (Asked(right, "", region.name) for region in regions())
        yield from (Asked(right, "location", place) for place in ("europe-west1", "us", "mars"))
        yield Asked({**right, "images": 1}, "" if "image" in row.modalities else "baseModel")
        yield Asked({**right, "adapterSize": 3}, "adapterSize")
        yield Asked({**right, "kmsKeyName": KEY.format("global")}, "kmsKeyName", "global")
        yield Asked({**right, "learningRateMultiplier": 2.0}, "learningRateMultiplier")
        yield Asked({**right, "tunedModelDisplayName": "Tickets"}, "tunedModelDisplayName")
        yield Asked({**right, "exportLastCheckpointOnly": True}, "exportLastCheckpointOnly")
        yield Asked({**right, "preTunedCheckpoint": "1"}, "preTunedCheckpoint")
        yield Asked({key: value for key, value in right.items() if key != "mode"}, "mode")
        for teacher in lists.teachers:
            yield Asked({**right, "teacherModel": teacher}, "" if row.name in lists.students else "baseModel")
        student = {**JOB, "baseModel": lists.students[0], "mode": "FULL"}
        yield Asked({**student, "teacherModel": row.name}, "teacherModel")
    for teacher in lists.teachers:
        yield Asked({**JOB, "baseModel": teacher, "mode": "FULL"}, "baseModel")


def gemini_jobs() -> Iterator[Asked]:
    for row in gemini_models():
        right = {**JOB, "baseModel": row.name}
        place = row.regions[0] if row.regions else "us-central1"
        yield Asked(right, "", place)
        yield Asked(right, "location", "global")
        yield from (Asked(right, "location", other) for other in ("us", "mars"))
        if row.regions:
            yield Asked(right, "location", "us-west1")
        yield Asked({**right, "kmsKeyName": KEY.format(place)}, "kmsKeyName" if row.cmek is False else "", place)
        for name, value in (
            ("mode", "FULL"),
            ("mode", "PEFT_ADAPTER"),
            ("batchSize", 8),
            ("learningRate", 1e-5),
            ("customBaseModel", "gs://my-bucket/base"),
            ("adapterSize", 32),
            ("adapterSize", 3),
            ("preTunedCheckpoint", "1"),
            ("tunedModelDisplayName", "n" * 129),
            ("learningRateMultiplier", 0),
        ):
            yield Asked({**right, name: value}, name, place)
        for teacher in distillation().teachers:
            yield Asked({**right, "teacherModel": teacher}, "baseModel", place)


def deployments() -> Iterator[Asked]:
    for row in open_models():
        for machine in machines():
            asked = {
                **DEPLOYMENT,
                "baseModel": row.name,
                "machineType": machine.name,
                "acceleratorType": machine.accelerator_type,
                "acceleratorCount": machine.accelerator_count,
            }
            if not machine.holds(row.weight_bytes):
                yield Asked(asked, "machineType", kind="ModelDeployment")
            else:
                yield Asked(asked, "baseModel" if row.servable is False else "", kind="ModelDeployment")
    for gemini in gemini_models():
        served = {"machineType": "g2-standard-12", "acceleratorType": "NVIDIA_L4"}
        yield Asked({**DEPLOYMENT, **served, "baseModel": gemini.name}, "baseModel", kind="ModelDeployment")


@pytest.mark.parametrize("every", [open_jobs, gemini_jobs, deployments])
async def test_every_row_with_what_it_does_not_have(plugins: Plugins, every: Any) -> None:
    cases = list(every())
    assert {bool(case.wrong) for case in cases} == {True, False}
    for case in cases:
        found = await plugins.failures(case)
        if case.wrong:
            assert case.wrong in found, case
            assert any(word in found[case.wrong] for word in INSTEAD), (case, found)
        else:
            assert not found, (case, found)
