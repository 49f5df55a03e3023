"""The same with the engine itself, which has its own idea of what it was told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.engine

PROVIDER = Path(__file__).with_name("slow_provider.py")

PROGRAM = """
import json, os, pulumi

class Thing(pulumi.CustomResource):
    def __init__(self, name, properties, opts):
        super().__init__("slow:index:Thing", name, {"result": None, **properties}, opts)

component = pulumi.ComponentResource("test:index:Component", "component")
inputs = json.loads(os.environ["INPUTS"])
inputs["tokens"] = [pulumi.Output.secret("hunter2-token")]
thing = Thing("thing", inputs, pulumi.ResourceOptions(parent=component))
pulumi.export("result", thing.result)
"""


class Stack:
    """A Pulumi project with one resource of the test's provider."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment

    def pulumi(self, *arguments: str, **inputs: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.folder,
            env={**self.environment, "INPUTS": json.dumps(inputs)},
            capture_output=True,
            text=True,
            timeout=120,
        )

    def thing(self) -> Any:
        exported = self.pulumi("stack", "export").stdout
        assert "hunter2" not in exported
        resources = json.loads(exported)["deployment"].get("resources", [])
        return next((found for found in resources if found["type"] == "slow:index:Thing"), None)


@pytest.fixture
def stack(tmp_path: Path, pulumi_environment: dict[str, str]) -> Stack:
    executable = tmp_path / "plugin" / "pulumi-resource-slow"
    executable.parent.mkdir()
    executable.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{PROVIDER}" "$@"\n')
    executable.chmod(0o755)
    project = tmp_path / "project"
    project.mkdir()
    (project / "__main__.py").write_text(PROGRAM)
    (project / "Pulumi.yaml").write_text(
        yaml.safe_dump(
            {
                "name": "served",
                "runtime": {"name": "python", "options": {"virtualenv": sys.prefix}},
                "plugins": {"providers": [{"name": "slow", "path": str(executable.parent)}]},
            }
        )
    )
    made = Stack(project, pulumi_environment)
    assert made.pulumi("stack", "init", "test").returncode == 0
    return made


def test_what_is_half_made_stays_and_is_gone_on_with(stack: Stack) -> None:
    failed = stack.pulumi("up", "--yes", fails=True)
    assert failed.returncode != 0
    assert "no capacity" in failed.stdout
    thing = stack.thing()
    assert (thing["id"], thing["initErrors"]) == ("7", ["no capacity", "try again"])
    assert thing["inputs"]["fails"] is True

    mended = stack.pulumi("up", "--yes", fails=True)
    assert mended.returncode == 0, mended.stdout + mended.stderr
    assert stack.thing()["outputs"]["result"] == 2, "by an update, not by a second create"

    unchanged = stack.pulumi("preview", "--expect-no-changes", fails=True)
    assert unchanged.returncode == 0, unchanged.stdout
    refreshed = stack.pulumi("refresh", "--yes", "--expect-no-changes")
    assert refreshed.returncode == 0, refreshed.stdout
    assert stack.pulumi("destroy", "--yes").returncode == 0
    assert stack.thing() is None


def test_a_defect_is_one_line_and_its_traceback_is_found(stack: Stack) -> None:
    line = "Create of slow:index:Thing 'thing' failed with KeyError: 'endpoint'."
    failed = stack.pulumi("up", "--yes", "--skip-preview", breaks=True)
    assert failed.returncode != 0
    assert line in failed.stdout
    assert "Traceback" not in failed.stdout + failed.stderr
    assert "Traceback" in stack.pulumi("up", "--yes", "--skip-preview", "--debug", breaks=True).stdout
    assert stack.thing() is None


def test_interrupt_ends_the_wait_and_the_run(stack: Stack) -> None:
    """Ctrl-C goes to the whole process group, as from a terminal."""
    run = subprocess.Popen(
        ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive"],
        cwd=stack.folder,
        env={**stack.environment, "INPUTS": json.dumps({"waits": True})},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert run.stdout is not None
    for line in run.stdout:
        if "slow:index:Thing" in line and "creating" in line:
            break
    os.killpg(run.pid, signal.SIGINT)
    output, _ = run.communicate(timeout=60)
    assert run.returncode != 0
    assert "interrupted while waiting; what runs remotely goes on" in output
    assert "exited prematurely" not in output
    assert stack.pulumi("up", "--yes").returncode == 0, "no lock and no pending operation is left"
