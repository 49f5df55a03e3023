"""A project of several stacks, kept by a `pulumi` of the test's own, with what they made in an emulator."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import PROJECT, PULUMI_PROJECT
from tests.cli.jobs.conftest import Cloud, ended
from tests.running_emulator import Emulator
from tunestack.cli.locks import Lock

REGION = f"projects/{PROJECT}/locations/us-central1"
ENDPOINT = f"{REGION}/endpoints/7"

PULUMI = """#!/bin/sh
cd "{folder}"
stack=""; for word in "$@"; do case "$before" in --stack) stack="$word";; esac; before="$word"; done
case "$1 $2" in
  "whoami --json") echo '{{"url": "file://{folder}"}}';;
  "stack ls") cat listed;;
  "stack export") cat "$stack.state";;
  "stack history") cat "$stack.history";;
esac
"""


class Stacks:
    """The stacks of a project, and the service that they are on.

    Attributes:
        cloud: the service.
        job: number of the tuning job of `dev`.
    """

    def __init__(self, folder: Path, emulator: Emulator) -> None:
        self._folder = folder
        self.emulator = emulator
        self.cloud = Cloud(emulator)
        self._known: list[str] = []
        self.job = self.cloud.submit("tickets", **ended())
        (folder / "stacks").mkdir()
        (folder / "Pulumi.yaml").write_text(f"name: {PULUMI_PROJECT}\nstackConfigDir: stacks\nruntime: python\n")
        script = folder / "pulumi"
        script.write_text(PULUMI.format(folder=folder))
        script.chmod(0o755)
        self.keep()

    def file(self, name: str, **config: Any) -> None:
        """Writes a stack's file."""
        told = {f"tunestack:{key}": value for key, value in config.items()}
        (self._folder / "stacks" / f"Pulumi.{name}.yaml").write_text(json.dumps({"config": told}))

    def keep(self) -> None:
        """Writes down which stacks there are."""
        listed = [{"name": f"organization/{PULUMI_PROJECT}/{name}", "current": False} for name in self._known]
        (self._folder / "listed").write_text(json.dumps(listed))

    def state(self, name: str, *resources: dict[str, Any], result: str = "succeeded", **outputs: Any) -> None:
        """Writes what the engine keeps of a stack."""
        told = {"project": PROJECT, "location": "us-central1", "apiEndpoint": self.emulator.url} | outputs
        own = {"urn": f"urn:pulumi:{name}::{PULUMI_PROJECT}::pulumi:pulumi:Stack::x", "type": "pulumi:pulumi:Stack"}
        kept = [{**own, "outputs": told}, *resources]
        for each in resources:
            each["urn"] = f"urn:pulumi:{name}::{PULUMI_PROJECT}::{each['type']}::{each.pop('name')}"
        (self._folder / f"{name}.state").write_text(json.dumps({"version": 3, "deployment": {"resources": kept}}))
        run = {"kind": "update", "result": result, "endTime": "2026-11-20T20:00:00.000Z"}
        (self._folder / f"{name}.history").write_text(json.dumps([run]))
        self._known = sorted({*self._known, name})
        self.keep()

    def never_up(self, name: str) -> None:
        """Has a stack no history."""
        (self._folder / f"{name}.history").write_text("[]")

    def lock(self, name: str) -> Lock:
        """Has this process work on a stack."""
        folder = self._folder / ".pulumi" / "locks" / "organization" / PULUMI_PROJECT / name
        folder.mkdir(parents=True)
        (folder / "1.json").write_bytes((lock := Lock.own()).content())
        return lock

    def deploy(
        self, endpoint: str, *ids: str, machine: str = "g2-standard-12", replicas: int = 1, model: str = "theirs"
    ) -> None:
        """Has an endpoint serve something; the last of it is a version of a model."""
        number = endpoint.rpartition("/")[2]
        documents = self.emulator.application.state.services.documents
        if not self.emulator.http.get(f"/v1beta1/{endpoint}").is_success:
            path = f"/v1beta1/{REGION}/endpoints?endpointId={number}"
            assert self.emulator.http.post(path, json={"displayName": "support"}).is_success
        (key,) = [key for key, _ in documents.list("endpoints") if key.endswith(f"/{number}")]
        endpoint_document = documents.get("endpoints", key)
        resources = {"machineSpec": {"machineType": machine}, "minReplicaCount": replicas}
        deployed: list[dict[str, Any]] = [{"id": each, "dedicatedResources": resources} for each in ids]
        for last in deployed[-1:]:
            last |= {"model": f"projects/1/locations/us-central1/models/{model}", "modelVersionId": "2"}
        endpoint_document["deployedModels"] = deployed
        endpoint_document["trafficSplit"] = {ids[0]: 100} if ids else {}
        documents.put("endpoints", key, endpoint_document)


def dev(stacks: Stacks) -> list[dict[str, Any]]:
    """What the stack `dev` keeps: a job and its model, an endpoint that serves it, a bucket."""
    job = f"{REGION}/tuningJobs/{stacks.job}"
    uri = "gs://demo-data/run/final"
    return [
        {"name": "tickets", "type": "tunestack:index:TuningJob", "id": job, "outputs": {"job": job}},
        {
            "name": "tickets",
            "type": "tunestack:index:TunedModel",
            "inputs": {"job": job},
            "outputs": {"state": "JOB_STATE_SUCCEEDED", "finalCheckpointUri": uri, "billedTokens": 9880},
        },
        {"name": "support", "type": "gcp:vertex/aiEndpoint:AiEndpoint", "id": ENDPOINT},
        {
            "name": "support",
            "type": "tunestack:index:ModelDeployment",
            "id": f"{REGION}/models/support",
            "inputs": {"endpoint": ENDPOINT, "machineType": "g2-standard-12"},
            "outputs": {"deployedModelId": "11", "state": "SERVING", "estimatedHourlyCostUsd": 1.15},
        },
        {
            "name": "output",
            "type": "gcp:storage/bucket:Bucket",
            "id": "demo-data",
            "outputs": {"name": "demo-data", "publicAccessPrevention": "enforced"},
        },
    ]


@pytest.fixture
def stacks(tmp_path: Path, start_emulator: Callable[..., Emulator], monkeypatch: pytest.MonkeyPatch) -> Stacks:
    """`dev`, which is up; `local`, whose file is all there is of it; and `gone`, which was destroyed."""
    folder = tmp_path / "shop"
    folder.mkdir()
    made = Stacks(folder, start_emulator({"vertex": {"tuningPending": 600.0}}))
    storage = made.emulator.application.state.services.storage
    storage.write("demo-data", "run/final/model.safetensors", b"x")
    patch = {"iamConfiguration": {"publicAccessPrevention": "enforced"}}
    assert made.emulator.http.patch("/storage/v1/b/demo-data", json=patch).is_success
    made.deploy(ENDPOINT, "11")
    for name in ("dev", "local"):
        made.file(name, project=PROJECT, location="us-central1", emulator=True)
    made.state("dev", *dev(made))
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PATH", os.pathsep.join((str(folder), os.environ["PATH"])))
    return made
