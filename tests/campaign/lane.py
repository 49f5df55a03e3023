"""A stack in a folder of its own that can be put back to where it was: project, state, and an emulator on one port."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import httpx
import psutil
import yaml

from bootstrap import engine, gcp_plugin, stale_locks
from bootstrap.cache import Cache
from bootstrap.local_stack import PROJECT, STACK, LocalStack, path_of_user
from emulator.server import address

CHECKOUT: Final = Path(__file__).resolve().parent.parent.parent
CLOUD_PROJECT: Final = "tunestack-campaign"

_CONFIGURATION: Final[Mapping[str, Any]] = {
    "project": CLOUD_PROJECT,
    "location": "us-central1",
    "emulator": True,
    "labels": {"environment": "campaign"},
    "buckets": {"forceDestroy": True, "intermediateCheckpointDays": 30},
    "quota": {"concurrentTuningJobs": 2, "contactEmail": "ada@example.com"},
    "submitters": ["user:ada@example.com"],
    "serving": {
        "support": {
            "model": "tickets",
            "machineType": "g2-standard-12",
            "acceleratorType": "NVIDIA_L4",
            "smokePrompt": "Hello, I cannot log in to the Team plan.",
            "rollout": {"maxSurgeReplicas": 1},
        }
    },
}

_DATASETS: Final[Mapping[str, Any]] = {
    "tickets": {"training": "data/train.jsonl", "validation": "data/validation.jsonl"},
    "prompts": {"training": "data/prompts.jsonl"},
    "conversations": {"training": "data/generate-content.jsonl"},
}

_SERVED: Final[Mapping[str, Any]] = {
    "tickets": {"dataset": "tickets", "baseModel": "google/gemma3@gemma-3-1b-it", "mode": "FULL", "epochs": 1}
}

EVERY_METHOD: Final[Mapping[str, Any]] = {
    "again": {"dataset": "tickets", "continueFrom": {"model": "tickets"}, "mode": "FULL", "epochs": 1},
    "student": {
        "dataset": "prompts",
        "baseModel": "qwen/qwen3@qwen3-4b",
        "teacherModel": "deepseek-ai/deepseek-v3.2-maas",
        "mode": "FULL",
        "epochs": 1,
    },
    "gemini": {"dataset": "conversations", "baseModel": "gemini-3.1-flash-lite", "epochs": 1},
    "further": {"dataset": "conversations", "continueFrom": {"model": "gemini"}, "epochs": 1},
}
"""Models beside the one that is served, so that a stack has a job of each method."""

_EMULATOR_SETTINGS: Final = (
    '{"delays": {"apiEnabled": 0, "agentCreated": 0, "tuningAgentCreated": 0, "iamGranted": 0},'
    ' "vertex": {"tuningDataset": 0.2, "deploy": 0.1, "operation": 0.05, "modelReleased": 0.1}}'
)
"""Waits are short: what is looked for is what happens between the calls."""


class Lane:
    """One stack and everything it runs on.

    Args:
        folder: an empty folder; everything lies there.
        variables: the process environment where the gcp plugin is chosen as `make up` chooses it; None for the
            stand-in.
        others: models beside the one that is served.
    """

    def __init__(
        self, folder: Path, variables: Mapping[str, str] | None, others: Mapping[str, Any] = MappingProxyType({})
    ) -> None:
        self.folder = folder
        self._others = others
        self.project = folder / "project"
        self.stack = LocalStack(self.project, self.project / ".tunestack")
        self.data = self.stack.folder / "emulator"
        self._server: subprocess.Popen[bytes] | None = None
        self._write_project()
        cache = Cache.of_user()
        chosen = engine.obtain(cache, path_of_user(os.environ["PATH"]))
        self.stack.prepare(chosen)
        if variables is None:
            gcp_plugin.place_stand_in(self.stack)
        else:
            gcp_plugin.provide(self.stack, chosen.executable, cache, variables)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
        self.environment = {
            **self.stack.environment(inherited),
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            # An engine ends before it has made much garbage: looking for it takes an eighth of its CPU.
            "GOGC": "off",
            "GOMEMLIMIT": "600MiB",
            # The program's modules come from the project, all others from this checkout.
            "PYTHONPATH": os.pathsep.join(map(str, (self.project, CHECKOUT, CHECKOUT / "deploy"))),
        }
        self.http = httpx.Client(trust_env=False, timeout=30)
        self.start_emulator()
        self.stack.create()

    def _write_project(self) -> None:
        for part in ("stacks", "data", ".tunestack/emulator"):
            (self.project / part).mkdir(parents=True)
        shutil.copy2(CHECKOUT / "Pulumi.yaml", self.project)
        (self.project / ".venv").symlink_to(CHECKOUT / ".venv")
        # A copy: behind a link the provider would find the checkout's Pulumi.yaml, and its data.
        shutil.copytree(CHECKOUT / "infra", self.project / "infra", ignore=shutil.ignore_patterns("__pycache__"))
        for name, count in (("train", 24), ("validation", 4), ("prompts", 24), ("generate-content", 24)):
            lines = (CHECKOUT / "examples" / "tickets" / f"{name}.jsonl").read_text().splitlines(keepends=True)
            (self.project / "data" / f"{name}.jsonl").write_text("".join(lines[:count]))
        (self.folder / "emulator-settings.json").write_text(_EMULATOR_SETTINGS)
        self.configure({})

    def configure(self, model: Mapping[str, Any]) -> None:
        """Writes the stack's configuration, with these changes to each model."""
        models = {name: {**keys, **model} for name, keys in {**_SERVED, **self._others}.items()}
        datasets = {keys["dataset"]: _DATASETS[keys["dataset"]] for keys in models.values()}
        config = {**_CONFIGURATION, "datasets": datasets, "models": models}
        file = self.project / "stacks" / f"Pulumi.{STACK}.yaml"
        present = yaml.safe_load(file.read_text()) if file.exists() else {}
        values = {f"{PROJECT}:{key}": value for key, value in config.items()}
        file.write_text(yaml.safe_dump({**present, "config": values}))

    def start_emulator(self) -> None:
        """Starts the emulator on its port and waits for its first answer."""
        command = [sys.executable, "-m", "emulator", "serve", "--data", str(self.data)]
        command += ["--settings", str(self.folder / "emulator-settings.json")]
        with (self.data / "emulator.log").open("ab") as log:
            self._server = subprocess.Popen(
                command, cwd=CHECKOUT, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = time.monotonic() + 60
        while True:
            if self._server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the emulator in {self.data} did not start; see emulator.log there")
            try:
                health = self.http.get(f"{self.url}/emulator/health").json()
            except (httpx.HTTPError, httpx.InvalidURL, KeyError):
                time.sleep(0.02)
                continue
            if health["pid"] == self._server.pid:
                return

    def kill_emulator(self) -> None:
        """Ends it as kill -9 does."""
        if self._server is not None:
            self._server.kill()
            self._server.wait()
            self._server = None

    @property
    def url(self) -> str:
        return str(address(self.data)["url"])

    def get(self, path: str, **query: Any) -> Any:
        """Asks the emulator."""
        return self.http.get(f"{self.url}{path}", params=query).raise_for_status().json()

    def post(self, path: str, body: Any = None) -> None:
        """Tells the emulator."""
        self.http.post(f"{self.url}{path}", json=body or {}).raise_for_status()

    def start(self, log: Path, *arguments: str) -> psutil.Popen:
        """Starts the CLI; what it prints is added to the log."""
        with log.open("ab") as file:
            file.write(f"\n$ pulumi {' '.join(arguments)}\n".encode())
            file.flush()
            return psutil.Popen(
                ["pulumi", *arguments, "--stack", STACK, "--non-interactive", "--color", "never"],
                cwd=self.project,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                # Signals are for the CLI alone, and not for the campaign when it is the campaign that is interrupted.
                start_new_session=True,
            )

    def recover(self) -> list[str]:
        """What `make up` does before it applies: clears what killed runs left."""
        return stale_locks.clear(self.stack)

    def save(self, name: str) -> None:
        """Keeps everything as it is, to be had again by `restore`."""
        self.kill_emulator()
        for part in self._parts():
            shutil.copytree(part, self.folder / "saved" / name / part.relative_to(self.project), symlinks=True)
        self.start_emulator()

    def restore(self, name: str) -> None:
        """Puts everything back to where it was when it was saved."""
        self.kill_emulator()
        for part in self._parts():
            shutil.rmtree(part)
            shutil.copytree(self.folder / "saved" / name / part.relative_to(self.project), part, symlinks=True)
        self.start_emulator()

    def _parts(self) -> tuple[Path, ...]:
        return (self.data, self.stack.state, self.project / "stacks")

    def close(self) -> None:
        """Ends the emulator."""
        self.kill_emulator()
        self.http.close()
