"""`tunestack preview` of five stacks, 3 jobs and 2 endpoints each; the peer is the engine on as many resources."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bootstrap import engine, gcp_plugin
from bootstrap.cache import Cache
from bootstrap.local_stack import LocalStack
from tests.bench.emulator_process import running
from tests.bench.figure import Figure

CHECKOUT = Path(__file__).resolve().parent.parent.parent
STACKS = [f"stack-{number}" for number in range(1, 6)]
RUNS = 3
EXAMPLES = 100

# The emulator's own work is none of the measurement.
QUICK = {"vertex": {"tuningDataset": 0.3, "deploy": 0.1, "operation": 0.05, "modelReleased": 0.1}}


@dataclass
class Project:
    """A project with five stacks."""

    folder: Path
    environment: dict[str, str]

    def together(self, *arguments: str) -> float:
        """Runs the engine on all stacks at the same time; returns the seconds."""
        started = time.perf_counter()
        runs = [self._start("pulumi", *arguments, "--stack", stack, "--non-interactive") for stack in STACKS]
        for run in runs:
            told = run.communicate()[0]
            assert run.returncode == 0, told
        return time.perf_counter() - started

    def tunestack_preview(self) -> tuple[float, list[dict[str, Any]]]:
        """Returns the seconds of one preview of all stacks, and what it said."""
        started = time.perf_counter()
        run = self._start("tunestack", "preview", *STACKS, "--json")
        told = run.communicate()[0]
        assert run.returncode == 0, told
        return time.perf_counter() - started, json.loads(told)

    def _start(self, *command: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def resources(self) -> int:
        """Returns how many resources the first stack has, without components and what is the engine's own."""
        exported = self._start("pulumi", "stack", "export", "--stack", STACKS[0]).communicate()[0]
        resources = json.loads(exported)["deployment"]["resources"]
        return sum(each.get("custom", False) and not each["type"].startswith("pulumi:") for each in resources)


def measure(folder: Path) -> list[Figure]:
    """Returns how long previews take: of stacks that stay as they are, and of new data in all of them."""
    folder = folder / "five-stacks"
    folder.mkdir()
    settings = folder / "settings.json"
    settings.write_text(json.dumps(QUICK), encoding="utf-8")
    with running(folder / "emulator", "--settings", str(settings)) as url:
        full = _applied(folder / "full", CHECKOUT / "infra", url, {})
        as_many = _program(folder / "as-many")
        bare = _applied(folder / "bare", as_many, url, {"bench:resources": full.resources()})
        unchanged = [(full.tunestack_preview()[0], bare.together("preview")) for _ in range(RUNS)]
        data = full.folder / "data" / "train.jsonl"
        data.write_text("".join(data.read_text(encoding="utf-8").splitlines(keepends=True)[1:]), encoding="utf-8")
        changed, reports = full.tunestack_preview()
    assert [len(report["costs"]["training"]) for report in reports] == [3] * len(STACKS)
    ours, peers = (statistics.median(column) for column in zip(*unchanged, strict=True))
    what, peer = "preview of five stacks, 3 jobs and 2 endpoints each", "engine, as many resources"
    return [
        Figure(what, ours, "s", peer, peers, limit=2),
        Figure(f"{what}, new data in all", changed, "s", peer, peers, limit=2),
    ]


def _program(folder: Path) -> Path:
    """Returns a program that finds the modules of infra/ which it shares with the real one."""
    shutil.copytree(CHECKOUT / "infra", folder, ignore=shutil.ignore_patterns("__pycache__", "policies"))
    shutil.copy(CHECKOUT / "tests" / "bench" / "as_many_resources" / "__main__.py", folder)
    return folder


def _applied(folder: Path, program: Path, url: str, more: dict[str, Any]) -> Project:
    stack = LocalStack(CHECKOUT, folder / "tunestack")
    stack.prepare(engine.obtain(Cache.of_user(), os.environ["PATH"]))
    gcp_plugin.place_stand_in(stack)
    shutil.copytree(program, folder / "infra", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(CHECKOUT / "Pulumi.yaml", folder / "Pulumi.yaml")
    (folder / ".venv").symlink_to(CHECKOUT / ".venv")
    for part in ("data", "stacks"):
        (folder / part).mkdir()
    tickets = CHECKOUT / "examples" / "tickets" / "train.jsonl"
    lines = tickets.read_text(encoding="utf-8").splitlines(keepends=True)[:EXAMPLES]
    (folder / "data" / "train.jsonl").write_text("".join(lines), encoding="utf-8")
    salt = yaml.safe_load((CHECKOUT / "stacks" / "Pulumi.local.yaml").read_text(encoding="utf-8"))["encryptionsalt"]
    # Without the path the program's own modules would come from the checkout, by way of its editable install.
    environment = {**stack.environment(os.environ), "TUNESTACK_EMULATOR_URL": url, "PYTHONPATH": str(folder)}
    made = Project(folder, environment)
    for name in STACKS:
        content = yaml.safe_dump({"config": {**_config(f"{folder.name}-{name}"), **more}, "encryptionsalt": salt})
        (folder / "stacks" / f"Pulumi.{name}.yaml").write_text(content, encoding="utf-8")
        subprocess.run(
            ["pulumi", "stack", "init", name, "--no-select"],
            cwd=folder,
            env=made.environment,
            check=True,
            capture_output=True,
        )
    made.together("up", "--yes", "--skip-preview")
    return made


def _config(project: str) -> dict[str, Any]:
    """Returns the configuration of a stack in a project of its own."""
    machine = {"machineType": "g2-standard-12", "acceleratorType": "NVIDIA_L4"}
    model = {"dataset": "tickets", "baseModel": "google/gemma3@gemma-3-1b-it", "mode": "FULL"}
    config = {
        "project": project,
        "location": "us-central1",
        "emulator": True,
        "buckets": {"forceDestroy": True},
        "quota": {"concurrentTuningJobs": 3, "servingAccelerators": {"NVIDIA_L4": 4}, "contactEmail": "a@example.com"},
        "datasets": {"tickets": {"training": "data/train.jsonl"}},
        "models": {f"model-{epochs}": {**model, "epochs": epochs} for epochs in (1, 2, 3)},
        "serving": {f"endpoint-{epochs}": {**machine, "model": f"model-{epochs}"} for epochs in (1, 2)},
    }
    return {f"tunestack:{key}": value for key, value in config.items()}
