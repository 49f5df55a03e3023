"""The program in a project of its own, against an emulator of its own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from tests.key_server import SECRETS_PROVIDER
from tests.running_emulator import Emulator

CHECKOUT = Path(__file__).resolve().parent.parent.parent


@dataclass
class Program:
    """A Pulumi project whose program is infra/ and whose stack is `local`."""

    folder: Path
    environment: dict[str, str]
    emulator: Emulator
    config: dict[str, Any] = field(default_factory=dict)
    selected: str = ""

    def configure(self, **keys: Any) -> None:
        """Writes the stack's configuration; None takes a key out."""
        self.config |= keys
        config = {f"tunestack:{key}": value for key, value in self.config.items() if value is not None}
        file = self.folder / "stacks" / "Pulumi.local.yaml"
        # What the engine wrote there besides has to stay.
        present = yaml.safe_load(file.read_text()) if file.exists() else {}
        file.write_text(yaml.safe_dump({**present, "config": config}))

    def init(self, stack: str, *options: str) -> None:
        """Makes a stack, and selects it unless told not to."""
        self.pulumi("stack", "init", stack, "--secrets-provider", SECRETS_PROVIDER, *options)
        if "--no-select" not in options:
            self.selected = stack

    def pulumi(self, *arguments: str, fails: bool = False) -> str:
        """Runs the CLI and gives what it printed, both streams as one text."""
        return self.run("pulumi", *arguments, "--non-interactive", "--color", "never", fails=fails)

    def run(self, *command: str, fails: bool = False) -> str:
        """Runs a command in the project and gives what it printed, both streams as one text."""
        done = subprocess.run(
            command,
            check=False,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=240,
        )
        assert (done.returncode != 0) is fails, done.stdout
        return done.stdout

    def outputs(self, stack: str = "") -> dict[str, Any]:
        """What a stack exports, by default the selected one; read from its state, without a run of the engine."""
        backend = Path(urlsplit(self.environment["PULUMI_BACKEND_URL"]).path)
        file = backend / ".pulumi" / "stacks" / "tunestack" / f"{stack or self.selected}.json"
        resources = json.loads(file.read_text())["checkpoint"]["latest"]["resources"]
        return next(dict(each.get("outputs") or {}) for each in resources if each["type"] == "pulumi:pulumi:Stack")


@pytest.fixture
def delays() -> dict[str, float]:
    """What the emulator takes its time for; tests override it."""
    return {}


@pytest.fixture
def vertex() -> dict[str, float]:
    """What the emulated Vertex AI takes its time for; tests override it."""
    return {}


@pytest.fixture
def quotas() -> dict[str, dict[str, int]]:
    """What the emulated project has of which quota, by id; tests override it."""
    return {}


@pytest.fixture
def program(
    tmp_path: Path,
    pulumi_environment: dict[str, str],
    start_emulator: Callable[..., Emulator],
    delays: dict[str, float],
    vertex: dict[str, float],
    quotas: dict[str, dict[str, int]],
) -> Program:
    """A project that has a stack with nothing but the infrastructure in it."""
    emulator = start_emulator({"delays": delays, "vertex": vertex, "quotas": quotas})
    folder = tmp_path / "project"
    (folder / "stacks").mkdir(parents=True)
    (folder / "Pulumi.yaml").write_text((CHECKOUT / "Pulumi.yaml").read_text())
    for shared in ("infra", "examples", ".venv"):
        (folder / shared).symlink_to(CHECKOUT / shared)
    made = Program(folder, {**pulumi_environment, "TUNESTACK_EMULATOR_URL": emulator.url}, emulator)
    made.configure(
        project="tunestack-test",
        location="us-central1",
        emulator=True,
        labels={"environment": "test"},
        buckets={"forceDestroy": True, "intermediateCheckpointDays": 30},
        quota={"concurrentTuningJobs": 2, "contactEmail": "ada@example.com"},
        submitters=["user:ada@example.com"],
    )
    made.init("local")
    return made


@pytest.fixture(autouse=True)
def _no_emulator_of_the_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TUNESTACK_EMULATOR_URL", raising=False)
    assert "TUNESTACK_EMULATOR_URL" not in os.environ
