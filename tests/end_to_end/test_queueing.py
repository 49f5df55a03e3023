"""More tuning jobs than the project may run at once: they queue, and all finish."""

from __future__ import annotations

import threading
from typing import Any

import pytest

pytestmark = [pytest.mark.engine, pytest.mark.timeout(500)]


class Watch(threading.Thread):
    """Sees in which states the jobs are while a run goes on."""

    def __init__(self, stack: Any) -> None:
        super().__init__()
        self.stack = stack
        self.seen: list[dict[str, tuple[str, str]]] = []
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.05):
            self.seen.append({job["name"]: (job["state"], job.get("tuningJobState", "")) for job in self.stack.jobs()})


def test_two_jobs_with_a_quota_of_one(stack: Any) -> None:
    other = {**stack.config["models"]["tickets"], "baseModel": "google/gemma3@gemma-3-4b-it"}
    stack.configure(models={"tickets": stack.config["models"]["tickets"], "other": other}, serving=None)
    foretold = stack.pulumi("preview")
    assert "2 tuning jobs would start, but the project may run 1 at once, over all regions: they queue" in foretold
    watch = Watch(stack)
    watch.start()
    try:
        printed = stack.up()
    finally:
        watch.over.set()
        watch.join()
    assert "queued, waiting for quota" in printed
    assert [job["state"] for job in stack.jobs()] == ["JOB_STATE_SUCCEEDED"] * 2
    waiting = ("JOB_STATE_QUEUED", "TUNING_JOB_STATE_WAITING_FOR_QUOTA")
    active = ("JOB_STATE_PENDING", "JOB_STATE_RUNNING")
    at_once = [sum(state in active for state, _ in jobs.values()) for jobs in watch.seen]
    assert max(at_once) == 1, "no more than the quota"
    assert any(
        waiting in jobs.values() and any(state in active for state, _ in jobs.values()) for jobs in watch.seen
    ), "one waited for quota while the other ran"
    first, second = stack.jobs()
    ended, began = sorted((first, second), key=lambda job: str(job["startTime"]))
    assert ended["endTime"] <= began["startTime"]
    stack.pulumi("preview", "--expect-no-changes")
