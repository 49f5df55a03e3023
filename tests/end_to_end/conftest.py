"""Whole stacks: the program, the real engine, both providers, an emulator that trains and serves."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.infra.conftest import CHECKOUT, Program
from tests.running_emulator import Emulator

PROJECT = "tunestack-test"
MODELS = f"/v1beta1/projects/{PROJECT}/locations/us-central1"


class Stack(Program):
    """A stack that tunes one model on a few tickets and serves it."""

    def model(self, **changes: Any) -> None:
        """Changes what is said of the model."""
        self.configure(models={"tickets": {**self.config["models"]["tickets"], **changes}})

    def up(self, *, fails: bool = False) -> str:
        """Applies the program."""
        return self.pulumi("up", "--yes", "--skip-preview", "--suppress-outputs", fails=fails)

    def preview(self) -> dict[str, Any]:
        """Returns what would change: operation and diagnostics by resource, of our own resources alone."""
        printed = json.loads(self.pulumi("preview", "--json"))
        steps = {step["urn"].split("::", 2)[2]: step for step in printed["steps"]}
        return {
            "operations": {
                _short(urn): step["op"]
                for urn, step in steps.items()
                if "tunestack:index:" in urn and step["op"] != "same"
            },
            "others": sorted(
                urn for urn, step in steps.items() if "tunestack:index:" not in urn and step["op"] != "same"
            ),
            "messages": {
                _short(told["urn"].split("::", 2)[2]): told["message"].strip()
                for told in printed["diagnostics"]
                if told.get("urn")
            },
            "steps": {_short(urn): step for urn, step in steps.items()},
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Starts the CLI and does not wait for it."""
        return subprocess.Popen(
            ["pulumi", *arguments, "--non-interactive", "--color", "never"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def tunestack(self, *arguments: str, fails: bool = False) -> str:
        """Runs our own command and gives what it printed."""
        return self.run("tunestack", *arguments, fails=fails)

    def jobs(self) -> list[dict[str, Any]]:
        """Returns the tuning jobs of the project, oldest first."""
        found = self.emulator.http.get(f"{MODELS}/tuningJobs").json().get("tuningJobs", [])
        return sorted(found, key=lambda job: str(job["createTime"]))

    def predict(self, prompt: str) -> str:
        """Asks the stack's endpoint."""
        endpoint = self.outputs()["endpoints"]["support"]["id"]
        instance = {"prompt": prompt, "max_tokens": 40, "temperature": 0, "raw_response": True}
        reply = self.emulator.http.post(f"/v1beta1/{endpoint}:predict", json={"instances": [instance]}, timeout=60)
        return str(reply.json()["predictions"][0])

    def hurry(self) -> None:
        """Starts the emulator again with nothing that takes long; its jobs go on where they were."""
        quick = {**self.emulator._settings.vertex, "tuningCapacity": 0.1}
        self.emulator._settings = msgspec.structs.replace(self.emulator._settings, vertex=quick)
        self.emulator.restart()

    def store(self, uri: str, content: str) -> None:
        """Writes an object."""
        bucket, _, name = uri.removeprefix("gs://").partition("/")
        self.emulator.application.state.services.storage.write(bucket, name, content.encode())

    def data(self) -> Path:
        """Returns the training file."""
        return self.folder / "data" / "train.jsonl"


def _short(urn: str) -> str:
    kind, name = urn.rsplit("::", 1)
    return f"{kind.rpartition(':')[2]} {name}"


@pytest.fixture
def vertex() -> dict[str, float]:
    """What the emulated Vertex AI takes its time for, in seconds; tests override it."""
    return {"tuningDataset": 0.3, "deploy": 0.1, "operation": 0.05, "modelReleased": 0.1}


@pytest.fixture
def stack(
    tmp_path: Path,
    pulumi_environment: dict[str, str],
    start_emulator: Callable[..., Emulator],
    vertex: dict[str, float],
) -> Stack:
    """A project with the checkout's program, a configuration of its own, and nothing applied yet."""
    emulator = start_emulator({"vertex": vertex})
    folder = tmp_path / "project"
    for part in ("stacks", "data"):
        (folder / part).mkdir(parents=True)
    (folder / "Pulumi.yaml").write_text((CHECKOUT / "Pulumi.yaml").read_text())
    (folder / ".venv").symlink_to(CHECKOUT / ".venv")
    # A copy: behind a link the provider would find the checkout's Pulumi.yaml, and its data.
    shutil.copytree(CHECKOUT / "infra", folder / "infra", ignore=shutil.ignore_patterns("__pycache__"))
    for name, count in (("train", 60), ("validation", 10)):
        lines = (CHECKOUT / "examples" / "tickets" / f"{name}.jsonl").read_text().splitlines(keepends=True)
        (folder / "data" / f"{name}.jsonl").write_text("".join(lines[:count]))
    # Without this the program's own modules would come from the checkout, by way of its editable install.
    environment = {**pulumi_environment, "TUNESTACK_EMULATOR_URL": emulator.url, "PYTHONPATH": str(folder)}
    made = Stack(folder, environment, emulator)
    made.configure(
        project=PROJECT,
        location="us-central1",
        emulator=True,
        labels={"environment": "test"},
        buckets={"forceDestroy": True, "intermediateCheckpointDays": 30},
        quota={"concurrentTuningJobs": 1, "contactEmail": "ada@example.com"},
        datasets={"tickets": {"training": "data/train.jsonl", "validation": "data/validation.jsonl"}},
        models={
            "tickets": {
                "dataset": "tickets",
                "baseModel": "google/gemma3@gemma-3-1b-it",
                "mode": "FULL",
                "epochs": 1,
            }
        },
        serving={
            "support": {
                "model": "tickets",
                "machineType": "g2-standard-12",
                "acceleratorType": "NVIDIA_L4",
                "smokePrompt": "Hello, I cannot log in to the Team plan.",
                "heldOut": "data/validation.jsonl",
                "rollout": {"maxSurgeReplicas": 1},
            }
        },
    )
    made.init("local")
    return made
