"""Jobs that are cancelled: asked about first, told of, and left alone where they have ended."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.conftest import Answer, Command
from tests.cli.jobs.conftest import GEMMA, HERE, Cloud, ended, owner, running


def cancel(command: Command, *arguments: str, **how: Any) -> Answer:
    return command("jobs", "cancel", *HERE, *arguments, **how)


def test_a_cancel_asks_first(command: Command, own_cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNESTACK_EMULATOR_URL", own_cloud.emulator.url)
    job = own_cloud.submit("tickets", owner("tickets"), **running())
    answer = cancel(command, job)
    assert answer.status == 1
    assert "nobody can be asked: Cancel this job? It cannot be resumed" in answer.err
    assert answer.lines[0].startswith(f"job {job} running, tuning, epoch 1 of 3 done, step 40 of 100, 2 d 3 h elapsed")
    assert [line.strip() for line in answer.lines[1:]] == [
        f"tickets, supervised, {GEMMA}",
        "29,640 tokens if it ran to its end, of which 40 % are done",
        "the next pulumi up of its stack will say that it was cancelled, and start nothing by itself",
    ]
    assert cancel(command, job, stdin=b"n\n", terminal=True).status == 1
    assert own_cloud.state(job) == "JOB_STATE_RUNNING", "nothing was done"
    answer = cancel(command, job, stdin=b"y\n", terminal=True)
    assert answer.status == 0
    assert answer.lines[-1].endswith(f"job {job} is being cancelled")
    assert own_cloud.state(job) in {"JOB_STATE_CANCELLING", "JOB_STATE_CANCELLED"}
    assert cancel(command, job).status == 0, "it is on its way already"


def test_what_has_ended_is_not_cancelled(command: Command, own_cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNESTACK_EMULATOR_URL", own_cloud.emulator.url)
    over, job = own_cloud.submit("over", **ended()), own_cloud.submit("job", **running())
    answer = cancel(command, over, job, "--yes")
    assert answer.status == 1, "not all that was asked for is done"
    assert answer.lines == [
        f"job {over} succeeded 1 d 1 h ago: there is nothing to cancel",
        f"job {job} is being cancelled",
    ]
    assert own_cloud.state(over) == "JOB_STATE_SUCCEEDED"
    refusal = {"method": "POST", "path": ".*:cancel", "status": 400, "message": "Not now.", "times": 1}
    another = own_cloud.submit("another", **running())
    own_cloud.fault(**refusal)
    answer = cancel(command, another, "--yes")
    assert answer.status == 1
    assert answer.out.startswith(f"job {another} was not cancelled: ")
