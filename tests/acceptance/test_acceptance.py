"""The acceptance of real projects, on the emulator: what it says before it begins, what it checks, what it leaves."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance import __main__ as acceptance
from tests.acceptance import checks, plan
from tests.acceptance.project import CHECKOUT, Project, ProjectError
from tests.running_emulator import Emulator
from tunestack.cli.stacks import engine_runs
from tunestack.cli.stacks.engine_runs import EngineRun

PROJECT = "tunestack-acceptance"
QUICK = {"tuningDataset": 0.3, "deploy": 0.1, "operation": 0.05, "modelReleased": 0.1}


def accept(folder: Path, environment: dict[str, str], emulator: Emulator, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.acceptance", "--project", PROJECT, "--emulator", "--pause", "0.1"]
    return subprocess.Popen(
        [*command, "--folder", str(folder), *options],
        cwd=CHECKOUT,
        env={**environment, "TUNESTACK_EMULATOR_URL": emulator.url},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def changes(emulator: Emulator) -> list[str]:
    """Returns what was asked for that changes something; recommendSpec is a question, and enabling is read by POST."""
    log = emulator.http.get("/emulator/requests").json()["requests"]
    return [f"{each['method']} {each['path']}" for each in log if each["method"] not in ("GET", "HEAD")]


@pytest.mark.engine
def test_plan_and_price_come_first_all_is_checked_and_nothing_is_left(
    tmp_path: Path, pulumi_environment: dict[str, str], start_emulator: Callable[..., Emulator]
) -> None:
    emulator = start_emulator({"vertex": QUICK})
    with accept(tmp_path / "run", pulumi_environment, emulator) as running:
        assert running.stdout is not None
        asked = ""
        while read := running.stdout.read(1):
            asked += read
            if asked.endswith("Go on? [y/N] "):
                break
        assert "1 × tunestack:index:ModelDeployment" in asked
        assert "costs at the most 3.46 USD" in asked
        assert changes(emulator) == []
        done, _ = running.communicate("y\n")
    assert running.returncode == 0, done
    assert "6 of 6 checks hold" in done
    assert "nothing is left to be billed" in done
    assert emulator.http.get(f"/storage/v1/b?project={PROJECT}").json().get("items", []) == []


@pytest.mark.engine
def test_a_failure_is_told_and_cleaned_up_after(
    tmp_path: Path, pulumi_environment: dict[str, str], start_emulator: Callable[..., Emulator]
) -> None:
    emulator = start_emulator({"vertex": {**QUICK, "tuningOutcome": "FAILED"}})
    with accept(tmp_path / "run", pulumi_environment, emulator, "--yes") as running:
        done, _ = running.communicate()
    assert running.returncode == 1
    assert "BAD the stack comes up" in done
    assert "nothing is left to be billed" in done
    assert emulator.http.get(f"/storage/v1/b?project={PROJECT}").json().get("items", []) == []


def test_without_consent_nothing_is_created(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []
    foreseen = EngineRun("acceptance", "preview", True)

    def run(kind: str, *_: Any, **__: Any) -> EngineRun:
        asked.append(kind)
        return foreseen

    monkeypatch.setattr(engine_runs, "run", run)
    monkeypatch.setattr(Project, "write", lambda *_: None)
    monkeypatch.setattr(acceptance, "_resources", lambda _: [])
    monkeypatch.setattr(Project, "run", lambda *_, **__: asked.append("run"))
    monkeypatch.setattr(sys, "argv", ["acceptance", "--project", PROJECT, "--folder", str(tmp_path)])
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    assert acceptance.main() == 1
    assert asked == ["preview"]
    assert capsys.readouterr().out.rstrip().endswith("nothing was created")


def test_what_was_made_is_removed_whatever_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done: list[str] = []

    def run(_: Project, *command: str, **__: Any) -> None:
        done.append(command[1])
        if command[1] == "up":
            raise OSError("No space left on device")

    monkeypatch.setattr(engine_runs, "run", lambda *_, **__: EngineRun("acceptance", "preview", True))
    monkeypatch.setattr(Project, "write", lambda *_: None)
    monkeypatch.setattr(acceptance, "_resources", lambda _: [])
    monkeypatch.setattr(checks, "of_a_project", lambda *_: [])
    monkeypatch.setattr(Project, "run", run)
    monkeypatch.setattr(sys, "argv", ["acceptance", "--project", PROJECT, "--folder", str(tmp_path), "--yes"])
    assert acceptance.main() == 1
    assert done == ["up", "destroy"]
    assert "BAD the stack comes up and can be looked at: OSError: No space left" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("training", "serving", "cap", "hours"),
    [
        pytest.param(0.1, 1.15, 5.0, 3.0, id="never longer than a run can sensibly take"),
        pytest.param(0.5, 1.0, 2.0, 1.5, id="what training leaves of the cap pays for serving"),
        pytest.param(0.0, 0.0, 0.0, 3.0, id="what costs nothing needs no cap"),
    ],
)
def test_time_follows_from_the_cap(training: float, serving: float, cap: float, hours: float) -> None:
    assert plan.Plan({}, (), training, serving).hours(cap) == pytest.approx(hours)


@pytest.mark.parametrize(
    ("training", "serving", "cap", "reason"),
    [
        pytest.param(0.5, 1.15, 1.0, "set it to 1.65 USD or more", id="less than an hour"),
        pytest.param(None, 1.15, 100.0, "not known", id="a job without a price"),
        pytest.param(0.5, None, 100.0, "not known", id="a machine without a price"),
    ],
)
def test_a_cap_that_cannot_hold_is_refused(
    training: float | None, serving: float | None, cap: float, reason: str
) -> None:
    with pytest.raises(plan.CapError, match=reason):
        plan.Plan({}, (), training, serving).hours(cap)


def test_what_takes_too_long_is_asked_to_stop(tmp_path: Path) -> None:
    begun = time.monotonic()
    with pytest.raises(ProjectError, match=r"sleep 60 was stopped by the limit of 0 s"):
        Project(tmp_path, os.environ).run("sleep", "60", seconds=0.1)
    assert time.monotonic() - begun < 30
