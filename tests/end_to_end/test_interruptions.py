"""Whatever is interrupted, one job is paid for once."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any

import psutil
import pytest

pytestmark = [pytest.mark.engine, pytest.mark.timeout(500)]

RUNNING = "JOB_STATE_RUNNING"


@pytest.fixture
def vertex() -> dict[str, float]:
    """A job stays for long enough where an interrupt finds it."""
    return {"tuningDataset": 0.3, "tuningCapacity": 600.0, "deploy": 0.1, "operation": 0.05, "modelReleased": 0.1}


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come true within two minutes"
        time.sleep(0.1)


def until_it_waits(stack: Any, since: int = 0) -> None:
    """Waits until the provider watches a running job, by its requests from a number on."""

    def watches() -> bool:
        running = [job["name"] for job in stack.jobs() if job["state"] == RUNNING]
        looks = {call["path"] for call in stack.emulator.requests(since) if call["method"] == "GET"}
        return any(look.endswith(name) for name in running for look in looks)

    until(watches, "a wait for a running job")


def provider_of(cli: int) -> psutil.Process:
    """Returns our provider's process below a CLI."""
    for process in psutil.Process(cli).children(recursive=True):
        if any("pulumi-resource-tunestack" in part for part in process.cmdline()):
            return process
    raise AssertionError("the provider does not run")


def test_ctrl_c_while_waiting(stack: Any) -> None:
    stack.configure(serving=None)
    running = stack.start("up", "--yes", "--skip-preview")
    until_it_waits(stack)
    running.send_signal(signal.SIGINT)
    printed, _ = running.communicate(timeout=120)
    assert running.returncode != 0
    assert "goes on, and the next pulumi up waits on" in printed
    assert "Traceback" not in printed
    assert stack.jobs()[0]["state"] == RUNNING, "an interrupt ends the wait, never the job"

    stack.hurry()
    stack.up()
    assert [job["state"] for job in stack.jobs()] == ["JOB_STATE_SUCCEEDED"]
    assert stack.outputs()["models"]["tickets"]["state"] == "JOB_STATE_SUCCEEDED"


def test_kill_of_the_provider_then_of_the_cli_while_waiting(stack: Any) -> None:
    stack.configure(serving=None)
    running = stack.start("up", "--yes", "--skip-preview")
    until_it_waits(stack)
    provider_of(running.pid).kill()
    running.communicate(timeout=120)
    assert running.returncode != 0

    since = stack.emulator.http.get("/emulator/requests").json()["next"]
    running = stack.start("up", "--yes", "--skip-preview")
    until_it_waits(stack, since)
    provider = provider_of(running.pid)
    os.kill(running.pid, signal.SIGKILL)
    running.communicate()
    provider.wait(timeout=60)

    stack.tunestack("recover", "--stack", "local")
    stack.hurry()
    stack.up()
    assert [job["state"] for job in stack.jobs()] == ["JOB_STATE_SUCCEEDED"]


def test_lost_answer_to_create(stack: Any) -> None:
    # The service has acted and the connection broke: a plain repetition would be a second job.
    stack.configure(serving=None)
    stack.hurry()
    fault = {"method": "POST", "path": ".*/tuningJobs", "times": 1, "drop": "after"}
    assert stack.emulator.http.post("/emulator/faults", json=fault).is_success
    stack.up()
    assert [job["state"] for job in stack.jobs()] == ["JOB_STATE_SUCCEEDED"]


def test_replacing_a_running_job_with_a_quota_of_one(stack: Any) -> None:
    stack.configure(serving=None)
    running = stack.start("up", "--yes", "--skip-preview")
    until_it_waits(stack)
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=120)

    stack.model(epochs=2)
    number = stack.jobs()[0]["name"].rpartition("/")[2]
    foretold = stack.preview()["messages"]["TuningJob tickets"]
    assert foretold.startswith("epochs 1 → 2 retrains: < 0.01 USD")
    assert foretold.endswith(f"; job {number}, still running, is cancelled first")
    running = stack.start("up", "--yes", "--skip-preview")
    until(lambda: len(stack.jobs()) == 2, "the new job")
    assert stack.jobs()[0]["state"] == "JOB_STATE_CANCELLED", "first, or the new one could never start"
    stack.hurry()
    printed, _ = running.communicate(timeout=120)
    assert running.returncode == 0, printed
    assert [job["state"] for job in stack.jobs()] == ["JOB_STATE_CANCELLED", "JOB_STATE_SUCCEEDED"]
