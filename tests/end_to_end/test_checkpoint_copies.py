"""A program of one's own takes a checkpoint of another project by a reviewed plan, and goes back to an earlier run."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.infra.conftest import Program
from tests.key_server import SECRETS_PROVIDER
from tests.running_emulator import Emulator

pytestmark = [pytest.mark.engine, pytest.mark.timeout(500)]

PROGRAM = """
import os
import pulumi
from tunestack import CheckpointCopy, Provider, get_run, get_run_output

provider = Provider("prod", project="prod-project", location="europe-west4", api_endpoint=os.environ["EMULATOR"])
run = get_run(os.environ["RUN"], like=os.environ["LATEST"], opts=pulumi.InvokeOptions(provider=provider))
assert run.is_of_same_model and run.epochs == 2, run
copy = CheckpointCopy(
    "support",
    source_uri=run.checkpoint_uri,
    destination_uri="gs://prod-data/models/support",
    base_model=run.base_model,
    origin={"stack": "dev", "run": run.job.rpartition("/")[2], "mode": run.mode, "epochs": str(run.epochs)},
    opts=pulumi.ResourceOptions(provider=provider),
)
pulumi.export("uri", copy.uri)
pulumi.export("copied", copy.copied_files)
latest = get_run_output(provider.id.apply(lambda _: os.environ["LATEST"]), opts=pulumi.InvokeOptions(provider=provider))
pulumi.export("latest", latest.apply(lambda run: run.epochs))
"""
JOBS = "/v1beta1/projects/dev-project/locations/us-central1/tuningJobs"


class Prod:
    """The stack of the program, and the project that it takes runs from."""

    def __init__(self, folder: Path, environment: dict[str, str], emulator: Emulator) -> None:
        self.folder, self.environment, self.emulator = folder, environment, emulator
        self.runs: list[str] = []

    def tuned(self, weights: bytes) -> None:
        """Has the other project tune, at once."""
        body = {
            "baseModel": "google/gemma3@gemma-3-1b-it",
            "outputUri": f"gs://dev-data/support/{len(self.runs)}",
            "supervisedTuningSpec": {
                "trainingDatasetUri": "gs://dev-data/train.jsonl",
                "tuningMode": "TUNING_MODE_FULL",
                "hyperParameters": {"epochCount": "2"},
            },
            "labels": {"tunestack-owner": "0123456789abcdef"},
        }
        job = self.emulator.http.post(JOBS, json=body).json()
        documents = self.emulator.application.state.services.documents
        document = documents.get("tuningJobs", job["name"])
        document["job"]["state"] = "JOB_STATE_SUCCEEDED"
        documents.put("tuningJobs", job["name"], document)
        self.runs.append(job["name"])
        self.write(weights)

    def write(self, weights: bytes) -> None:
        """Makes the last run's checkpoint."""
        folder = f"support/{len(self.runs) - 1}/postprocess/node-0/checkpoints/final"
        store = self.emulator.application.state.services.storage
        for name, content in (("config.json", b"{}"), ("model-00001-of-00001.safetensors", weights)):
            store.write("dev-data", f"{folder}/{name}", content)

    def pulumi(self, *arguments: str, run: int = -1, fails: bool = False) -> str:
        names = {"RUN": self.runs[run].rpartition("/")[2], "LATEST": self.runs[-1], "EMULATOR": self.emulator.url}
        return Program(self.folder, {**self.environment, **names}, self.emulator).pulumi(*arguments, fails=fails)

    def up(self, *arguments: str, **named: Any) -> str:
        return self.pulumi("up", "--yes", "--skip-preview", *arguments, **named)

    def weights(self) -> dict[str, bytes]:
        """What lies in the project's own bucket, by the folder of the copy."""
        store = self.emulator.application.state.services.storage
        found = [each["name"] for each in store.list("prod-data") if each["name"].endswith(".safetensors")]
        return {f"gs://prod-data/{name.rpartition('/')[0]}": store.read("prod-data", name) for name in found}


@pytest.fixture
def prod(tmp_path: Path, pulumi_environment: dict[str, str], start_emulator: Callable[..., Emulator]) -> Prod:
    emulator = start_emulator({"vertex": {"tuningPending": 600.0}})
    for project in ("dev", "prod"):
        enable = f"/su/v1/projects/{project}-project/services/aiplatform.googleapis.com:enable"
        assert emulator.http.post(enable, json={}).is_success
        body = {"name": f"{project}-data", "location": "us-central1" if project == "dev" else "europe-west4"}
        assert emulator.http.post(f"/storage/v1/b?project={project}-project", json=body).is_success
    emulator.application.state.services.storage.write("dev-data", "train.jsonl", b"{}")
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "__main__.py").write_text(PROGRAM)
    project_file = {
        "name": "support",
        "runtime": {"name": "python", "options": {"virtualenv": sys.prefix}},
        "plugins": {"providers": [{"name": "tunestack", "path": str(Path(sys.prefix) / "bin")}]},
    }
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project_file))
    made = Prod(folder, pulumi_environment, emulator)
    made.tuned(b"first")
    made.pulumi("stack", "init", "prod", "--secrets-provider", SECRETS_PROVIDER)
    return made


def test_a_run_is_promoted_as_it_was_reviewed_and_taken_back(prod: Prod) -> None:
    shown = prod.pulumi("preview", "--save-plan", "plan.json")
    number = prod.runs[0].rpartition("/")[2]
    line = (
        f"takes run {number} of dev: google/gemma3@gemma-3-1b-it FULL, 2 epochs; copies 7 bytes in 2 files from "
        "gs://dev-data/support/0/postprocess/node-0/checkpoints/final"
    )
    assert line in shown
    prod.write(b"other weights")
    assert "CheckpointCopy::support violates plan: properties changed:" in prod.up("--plan", "plan.json", fails=True)
    assert prod.weights() == {}
    prod.write(b"first")
    prod.up("--plan", "plan.json")
    ((first, weights),) = prod.weights().items()
    assert weights == b"first"

    prod.tuned(b"second")
    prod.up()
    assert prod.weights()[first] == b"first"
    assert b"second" in prod.weights().values()
    prod.pulumi("up", "--yes", "--skip-preview", "--refresh", "--expect-no-changes")
    prod.up(run=0)
    assert json.loads(prod.pulumi("stack", "output", "--json")) == {"uri": first, "copied": 0, "latest": 2}
