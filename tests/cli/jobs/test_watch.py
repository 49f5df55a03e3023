"""Jobs that are watched until they have ended: line by line, in place on a terminal, and while the service is away."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.cli.conftest import Command
from tests.cli.jobs.conftest import HERE, Cloud, ended, running
from tunestack.cli.jobs import watch


def watched(
    monkeypatch: pytest.MonkeyPatch, steps: list[Callable[[], None]], pauses: list[float] | None = None
) -> None:
    """Has something happen in each pause of a watch."""
    coming = iter(steps)

    def sleep(seconds: float) -> None:
        if pauses is not None:
            pauses.append(seconds)
        next(coming)()

    monkeypatch.setattr(watch, "time", SimpleNamespace(sleep=sleep, monotonic=time.monotonic))


def test_a_watch_ends_with_its_jobs(command: Command, own_cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNESTACK_EMULATOR_URL", own_cloud.emulator.url)
    first, second = own_cloud.submit("one", **running()), own_cloud.submit("two")
    own_cloud.submit("three", **ended("FAILED"))
    pauses: list[float] = []
    rounds = [
        lambda: own_cloud.set(first, **running(41)),
        lambda: own_cloud.set(second, **running()),
        lambda: own_cloud.set(first, **ended()),
        lambda: own_cloud.set(second, **ended()),
    ]
    watched(monkeypatch, rounds, pauses)
    since = own_cloud.emulator.requests()[-1]["index"] + 1
    answer = command("jobs", "watch", *HERE)
    assert answer.status == 0
    told = [re.sub(r"(submitted|ran for) .*|\d+ d .*", "…", line) for line in answer.lines]
    assert told == [
        f"one  job {first} running, tuning, epoch 1 of 3 done, step 40 of 100, …",
        f"two  job {second} queued, waiting for quota, …",
        f"two  job {second} running, tuning, epoch 1 of 3 done, step 40 of 100, …",
        f"one  job {first} succeeded, epoch 3 of 3 done, step 100 of 100, …",
        f"two  job {second} succeeded, epoch 3 of 3 done, step 100 of 100, …",
    ], "nothing is said twice, and a step alone is not news every second"
    assert pauses == [1.0] * 4
    asked = [
        call["path"] for call in own_cloud.emulator.requests(since) if call["path"].endswith(("/tuningJobs", second))
    ]
    lists = [path for path in asked if path.endswith("/tuningJobs")]
    assert len(asked) - len(lists) == 1, "the last one alone is got"
    assert len(lists) == 1 + 3 + 4, "one list to begin with, one a round for both; and the test's own"


@pytest.mark.parametrize(
    ("state", "status"), [("SUCCEEDED", 0), ("PARTIALLY_SUCCEEDED", 0), ("FAILED", 1), ("CANCELLED", 1), ("EXPIRED", 1)]
)
def test_a_watch_says_whether_all_succeeded(
    command: Command, own_cloud: Cloud, monkeypatch: pytest.MonkeyPatch, state: str, status: int
) -> None:
    monkeypatch.setenv("TUNESTACK_EMULATOR_URL", own_cloud.emulator.url)
    good, job = own_cloud.submit("good", **ended()), own_cloud.submit("job", **running())
    watched(monkeypatch, [lambda: own_cloud.set(job, **ended(state, error={"code": 3, "message": "So it went."}))])
    answer = command("jobs", "watch", good, job, *HERE, "--json", "--interval", "5")
    assert answer.status == status
    lines = [json.loads(line) for line in answer.lines]
    assert [(line["id"], line["state"]) for line in lines] == [
        (good, "JOB_STATE_SUCCEEDED"),
        (job, "JOB_STATE_RUNNING"),
        (job, f"JOB_STATE_{state}"),
    ]
    assert lines[-1]["error"] == "So it went."


def test_a_watch_of_nothing_and_of_a_job_that_vanishes(
    command: Command, own_cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUNESTACK_EMULATOR_URL", own_cloud.emulator.url)
    answer = command("jobs", "watch", *HERE)
    assert (answer.status, answer.out) == (0, "no job is active\n")
    job = own_cloud.submit("job", **running())
    rule = {"method": "GET", "path": f".*/{job}", "status": 404, "times": None}

    watched(monkeypatch, [lambda: own_cloud.fault(**rule)])
    answer = command("jobs", "watch", *HERE)
    assert answer.status == 1
    assert "the service has no such job any more" in answer.lines[-1]


def test_a_watch_outlasts_an_outage(command: Command, own_cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNESTACK_EMULATOR_URL", own_cloud.emulator.url)
    monkeypatch.setattr("tunestack.retries.RETRY_SECONDS", 0)
    job = own_cloud.submit("job", **running())
    rule = {"method": "GET", "path": f".*/{job}", "status": 503, "message": "Back soon.", "times": 2}
    rounds = [lambda: own_cloud.fault(**rule), lambda: None, lambda: own_cloud.set(job, **ended())]
    watched(monkeypatch, rounds)
    answer = command("jobs", "watch", *HERE)
    assert answer.status == 0
    assert answer.err.count("note: still watching: the service answered: Back soon.") == 1, "once for each trouble"
    assert "succeeded" in answer.lines[-1]
    monkeypatch.setattr(watch, "OUTAGE_SECONDS", -1)
    job = own_cloud.submit("job", **running())
    watched(monkeypatch, [lambda: own_cloud.fault(**{**rule, "path": f".*/{job}"})])
    answer = command("jobs", "watch", job, *HERE)
    assert answer.status == 1
    assert answer.err.startswith("error: the service answered: Back soon.")


def test_a_terminal_is_drawn_anew_in_place(own_cloud: Cloud, tmp_path: Path) -> None:
    job = own_cloud.submit("job", **running())
    ours, theirs = pty.openpty()
    watching = subprocess.Popen(
        [Path(sys.executable).with_name("tunestack"), "jobs", "watch", job, *HERE, "--interval", "0.1"],
        stdout=theirs,
        stderr=subprocess.PIPE,
        env=os.environ | {"TUNESTACK_EMULATOR_URL": own_cloud.emulator.url, "TERM": "xterm", "COLUMNS": "200"},
    )
    os.close(theirs)
    shown = b""
    while shown.count(b"step 40") < 2:
        shown += os.read(ours, 4096)
    own_cloud.set(job, **ended())
    while b"succeeded" not in shown:
        shown += os.read(ours, 4096)
    assert watching.communicate(timeout=120)[1] == b""
    os.close(ours)
    assert watching.returncode == 0
    assert b"\x1b[2K" in shown, "a line is taken away before it is written again"
