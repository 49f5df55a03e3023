"""A project whose program needs no plugin: what is tried of many stacks with it takes a second each."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parent.parent.parent

# A stack exports a value; another one that names it as its foundation exports that very value.
PROGRAM = """\
import pulumi

config = pulumi.Config("tunestack")
if config.get("says"):
    pulumi.info(config.get("says") + " and " + config.get("token"))
foundation = config.get("foundation")
if foundation:
    value = pulumi.StackReference(f"organization/shop/{foundation}").require_output("value")
else:
    value = config.require("value")
pulumi.export("value", value)
"""

# Of the constant passphrase; see stacks/Pulumi.local.yaml.
SALT = "v1:MCigdbXoF8w=:v1:TyC741STT02c8ial:2OiO+Q0X2s33myv9HpFLH1PvAqM0Ig=="


@dataclass(frozen=True)
class SmallProject:
    """A project in a repository."""

    folder: Path

    def stack(self, name: str, **config: Any) -> None:
        """Writes the file of a stack."""
        keys = {f"tunestack:{key}": value for key, value in config.items()}
        content = yaml.safe_dump({"config": keys, "encryptionsalt": SALT})
        (self.folder / "stacks" / f"Pulumi.{name}.yaml").write_text(content, encoding="utf-8")

    def run(self, *command: str) -> str:
        """Runs a command that succeeds."""
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def commit(self, message: str, *options: str) -> None:
        """Commits everything."""
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--message", message, *options)

    def up(self, stack: str) -> None:
        """Applies a stack."""
        self.run("pulumi", "up", "--yes", "--skip-preview", "--stack", stack, "--non-interactive")


@pytest.fixture
def shop(tmp_path: Path, pulumi_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> SmallProject:
    """A project with the stacks `base` and `region`, neither of which the backend knows; this process is in it."""
    folder = tmp_path / "shop"
    for part in ("program", "stacks"):
        (folder / part).mkdir(parents=True)
    runtime = {"name": "python", "options": {"toolchain": "pip", "virtualenv": str(CHECKOUT / ".venv")}}
    project = {"name": "shop", "runtime": runtime, "main": "program/", "stackConfigDir": "stacks"}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project), encoding="utf-8")
    (folder / "program" / "__main__.py").write_text(PROGRAM, encoding="utf-8")
    (folder / ".gitignore").write_text("__pycache__/\nplans/\n", encoding="utf-8")
    monkeypatch.chdir(folder)
    for name in os.environ.keys() - pulumi_environment.keys():
        monkeypatch.delenv(name)
    author = {"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.com", "GIT_CONFIG_GLOBAL": os.devnull}
    committer = {"GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.com"}
    for name, value in {**pulumi_environment, **author, **committer}.items():
        monkeypatch.setenv(name, value)
    made = SmallProject(folder)
    made.stack("base", value="one")
    made.stack("region", foundation="base")
    made.run("git", "init", "--quiet", "--initial-branch", "main")
    made.commit("everything")
    return made
