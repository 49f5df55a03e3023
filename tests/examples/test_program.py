"""The program of one's own, far from this checkout: the built wheel in an environment that has nothing else of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bootstrap.environment import find_uv
from infra.connection import ENDPOINTS
from tests.running_emulator import Emulator
from tunestack.wire_names import wire_name

CHECKOUT = Path(__file__).resolve().parent.parent.parent
PROJECT = "foreign-project"


def done(folder: Path, environment: dict[str, str], *command: str) -> str:
    finished = subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert finished.returncode == 0, finished.stdout
    return finished.stdout


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the program, its data, and an environment in which the wheel was installed."""
    folder = tmp_path_factory.mktemp("foreign") / "program"
    shutil.copytree(CHECKOUT / "examples" / "program", folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "data").mkdir()
    for name, count in (("train", 60), ("validation", 10)):
        lines = (CHECKOUT / "examples" / "tickets" / f"{name}.jsonl").read_text().splitlines(keepends=True)
        (folder / "data" / f"{name}.jsonl").write_text("".join(lines[:count]))
    environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    uv, python = find_uv(), str(folder / ".venv" / "bin" / "python")
    done(folder, environment, uv, "build", "--wheel", "--out-dir", str(folder.parent), str(CHECKOUT))
    (wheel,) = folder.parent.glob("*.whl")
    done(folder, environment, uv, "venv", "--no-project", "--python", sys.executable, ".venv")
    # The versions that were tried; the checkout itself is not among them.
    options = ["--python", python, "--constraint", str(CHECKOUT / "requirements.lock")]
    done(folder, environment, uv, "pip", "install", *options, str(wheel), "pulumi-gcp")
    return folder


@pytest.mark.engine
def test_a_program_that_has_only_the_wheel_tunes_and_serves(
    program: Path, pulumi_environment: dict[str, str], start_emulator: Callable[..., Emulator]
) -> None:
    emulator = start_emulator({"vertex": {"deploy": 0.1, "operation": 0.05, "modelReleased": 0.1}})
    folders = [each for each in pulumi_environment["PATH"].split(os.pathsep) if not Path(each).is_relative_to(CHECKOUT)]
    environment = {**pulumi_environment, "PATH": os.pathsep.join(folders)}
    environment.pop("PYTHONPATH", None)

    def pulumi(*arguments: str) -> str:
        return done(program, environment, "pulumi", *arguments, "--non-interactive", "--color", "never")

    pulumi("stack", "init", "dev")
    settings = {
        "gcp:project": PROJECT,
        "gcp:region": "us-central1",
        "gcp:accessToken": "no-token-is-needed-here",
        **{f"gcp:{wire_name(name)}": f"{emulator.url}/{path}" for name, path in ENDPOINTS.items()},
        "tunestack:project": PROJECT,
        "tunestack:location": "us-central1",
        "tunestack:apiEndpoint": emulator.url,
        "tunestack:pollSeconds": "1",  # all that a default provider gets is text
    }
    pulumi("config", "set-all", *(f"--plaintext={key}={value}" for key, value in settings.items()))
    pulumi("up", "--yes", "--skip-preview")
    outputs = json.loads(pulumi("stack", "output", "--json"))
    instance = {"prompt": "Hello, I cannot log in.", "max_tokens": 20, "raw_response": True}
    answer = emulator.http.post(f"/v1beta1/{outputs['endpoint']}:predict", json={"instances": [instance]}, timeout=60)
    assert answer.json()["predictions"][0]
    assert outputs["usdPerHour"] > 0
    listed = done(program, environment, ".venv/bin/tunestack", "jobs", "list", "--stack", "dev", "--json")
    assert [job["state"] for job in json.loads(listed)] == ["JOB_STATE_SUCCEEDED"]
    pulumi("preview", "--expect-no-changes")
    pulumi("destroy", "--yes", "--skip-preview")
    assert not emulator.http.get(f"/v1beta1/projects/{PROJECT}/locations/us-central1/endpoints").json().get("endpoints")
