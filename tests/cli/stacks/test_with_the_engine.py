"""An environment and the real engine: programs that read each other's outputs, and one that fails at first."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[3]

PROGRAM = """
import pulumi

config = pulumi.Config("tunestack")
if foundation := config.get("foundation"):
    pulumi.export("checkpoint", pulumi.StackReference(f"organization/shop/{foundation}").require_output("checkpoint"))
else:
    pulumi.export("checkpoint", "gs://bucket/one")
if config.get("fails"):
    raise pulumi.RunError("no capacity in " + config.require("location"))
"""


@pytest.mark.engine
def test_from_nothing_to_nothing(tmp_path: Path, pulumi_environment: dict[str, str]) -> None:
    folder = tmp_path / "project"
    (folder / "stacks").mkdir(parents=True)
    settings = "name: shop\nruntime: {name: python, options: {toolchain: pip, virtualenv: .venv}}\n"
    (folder / "Pulumi.yaml").write_text(settings + "main: program/\nstackConfigDir: stacks\n")
    (folder / ".venv").symlink_to(CHECKOUT / ".venv")
    (folder / "program").mkdir()
    (folder / "program" / "__main__.py").write_text(PROGRAM)
    for name, more in (("other", ""), ("prod", ""), ("prod-east", "  tunestack:foundation: prod\n")):
        said = f"config:\n  tunestack:project: demo-project\n  tunestack:location: us-central1\n{more}"
        (folder / "stacks" / f"Pulumi.{name}.yaml").write_text(said)

    def run(*command: str, status: int = 0) -> str:
        done = subprocess.run(
            command, cwd=folder, env=pulumi_environment, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    tunestack = str(Path(sys.executable).with_name("tunestack"))
    run("pulumi", "stack", "init", "other", "--non-interactive")  # and it is selected
    new = run(tunestack, "stack", "new", "prod-west", "--foundation", "prod", "--location", "us-west1", "--no-init")
    west = folder / "stacks" / "Pulumi.prod-west.yaml"
    whole = west.read_text()
    west.write_text(whole + "  tunestack:fails: 'yes'\n")
    assert "`tunestack up prod --only prod-west` brings it up" in new

    first = run(tunestack, "up", "prod", "--yes", status=1)
    assert "order: prod, then prod-east and prod-west" in first
    assert "prod-west: no capacity in us-west1\n  `tunestack up prod --only prod-west` goes on from here." in first
    west.write_text(west.read_text().replace("tunestack:fails: 'yes'", "tunestack:other: 'no'"))
    again = run(tunestack, "up", "prod", "--only", "prod-west", "--yes", "--skip-preview", "--json")
    assert [(each["stack"], each["error"]) for each in json.loads(again)] == [("prod-west", "")]
    outputs = json.loads(run("pulumi", "stack", "output", "--json", "--stack", "prod-west"))
    assert outputs == {"checkpoint": "gs://bucket/one"}

    gone = run(tunestack, "destroy", "prod", "--yes", "--skip-preview")
    assert "order: prod-east and prod-west, then prod" in gone
    left = {each["name"]: each for each in json.loads(run("pulumi", "stack", "ls", "--json"))}
    assert [name for name, each in left.items() if each["resourceCount"]] == []
    assert [name for name, each in left.items() if each["current"]] == ["other"], "what the user selected stays so"
