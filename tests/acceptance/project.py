"""The Pulumi project of an acceptance run: a folder of its own with a state of its own, kept until all is removed."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

CHECKOUT: Final = Path(__file__).resolve().parent.parent.parent
STACK: Final = "acceptance"
MODEL: Final = "google/gemma3@gemma-3-1b-it"
EXAMPLES: Final = 100
LABELS: Final = {"made-by": "tunestack-acceptance"}
"""Of all that a run makes, by which what it has left is found."""

_PATIENCE_SECONDS: Final = 180.0
"""For which an engine that was asked to stop may finish its step before it is killed; a step may be an upload."""


class ProjectError(Exception):
    """The engine could not do what it was asked."""


@dataclass(frozen=True)
class Project:
    """The project and the environment to run it in.

    Args:
        folder: where it lies; what an earlier run has left there is gone on with.
        environment: of the engine's processes, without the backend and the passphrase, which are the project's own.
    """

    folder: Path
    environment: Mapping[str, str]

    def write(self, project: str, location: str, emulator: bool) -> None:
        """Writes program, data and configuration; the stack is made where there is none."""
        for made in ("state", "data", "stacks"):
            (self.folder / made).mkdir(parents=True, exist_ok=True)
        if not (passphrase := self.folder / "passphrase").exists():
            passphrase.touch(mode=0o600)
            passphrase.write_text(secrets.token_hex(16), encoding="utf-8")
        shutil.copy(CHECKOUT / "Pulumi.yaml", self.folder)
        shutil.copytree(
            CHECKOUT / "infra",
            self.folder / "infra",
            ignore=shutil.ignore_patterns("__pycache__"),
            dirs_exist_ok=True,
        )
        if not (environment := self.folder / ".venv").is_symlink():
            environment.symlink_to(CHECKOUT / ".venv")
        for name, count in (("train", EXAMPLES), ("validation", EXAMPLES // 10)):
            lines = (CHECKOUT / "examples" / "tickets" / f"{name}.jsonl").read_text("utf-8").splitlines(keepends=True)
            (self.folder / "data" / f"{name}.jsonl").write_text("".join(lines[:count]), encoding="utf-8")
        file = self.folder / "stacks" / f"Pulumi.{STACK}.yaml"
        # The salt that the engine wrote there goes with the passphrase.
        present = yaml.safe_load(file.read_text("utf-8")) if file.exists() else {}
        wanted = {f"tunestack:{key}": value for key, value in _configuration(project, location, emulator).items()}
        file.write_text(yaml.safe_dump({**present, "config": wanted}), encoding="utf-8")
        if not (self.folder / "state" / ".pulumi" / "stacks" / "tunestack" / f"{STACK}.json").exists():
            self.told("stack", "init", STACK)

    @property
    def variables(self) -> dict[str, str]:
        """The whole environment of an engine's process."""
        inherited = {name: value for name, value in self.environment.items() if name != "PULUMI_CONFIG_PASSPHRASE"}
        return {
            **inherited,
            "PULUMI_BACKEND_URL": (self.folder / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE_FILE": str(self.folder / "passphrase"),
            # Without this the program's own modules would come from the checkout, by way of its editable install.
            "PYTHONPATH": str(self.folder),
        }

    def told(self, *arguments: str) -> str:
        """Runs the engine and returns what it prints.

        Raises:
            ProjectError: it failed; with what it said.
        """
        done = subprocess.run(
            ["pulumi", *arguments, "--non-interactive", "--color", "never"],
            cwd=self.folder,
            env=self.variables,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ProjectError(f"pulumi {arguments[0]} failed:\n{done.stderr.strip()}\n{done.stdout.strip()}")
        return done.stdout

    def run(self, *command: str, seconds: float | None = None) -> None:
        """Runs a command before the user's eyes.

        On Ctrl-C, or when its time is over, it is asked to stop, and given time to.

        Args:
            command: and its arguments.
            seconds: how long it may take.

        Raises:
            ProjectError: it failed, or was stopped.
        """
        sys.stdout.flush()
        # A session of its own: Ctrl-C reaches it through us alone, and once.
        with subprocess.Popen(command, cwd=self.folder, env=self.variables, start_new_session=True) as process:
            try:
                code = process.wait(seconds)
            except (KeyboardInterrupt, subprocess.TimeoutExpired) as error:
                stopped_by = "Ctrl-C" if isinstance(error, KeyboardInterrupt) else f"the limit of {seconds:.0f} s"
                process.send_signal(signal.SIGINT)
                try:
                    process.wait(_PATIENCE_SECONDS)
                except (KeyboardInterrupt, subprocess.TimeoutExpired):
                    os.killpg(process.pid, signal.SIGKILL)
                raise ProjectError(f"{' '.join(command[:2])} was stopped by {stopped_by}") from None
        if code:
            raise ProjectError(f"{' '.join(command[:2])} ended with exit status {code}")

    def outputs(self) -> dict[str, Any]:
        """Returns what the stack exports."""
        return dict(json.loads(self.told("stack", "output", "--json", "--stack", STACK)))


def _configuration(project: str, location: str, emulator: bool) -> dict[str, Any]:
    return {
        "project": project,
        "location": location,
        "emulator": emulator,
        "labels": LABELS,
        "buckets": {"forceDestroy": True},
        "datasets": {"tickets": {"training": "data/train.jsonl", "validation": "data/validation.jsonl"}},
        "models": {"small": {"dataset": "tickets", "baseModel": MODEL, "mode": "FULL", "epochs": 1}},
        "serving": {
            "support": {
                "model": "small",
                "machineType": "g2-standard-12",
                "acceleratorType": "NVIDIA_L4",
                "smokePrompt": "Hello, I cannot log in to the Team plan.",
            }
        },
    }
