"""Jobs wait for their project's quota, in order, and outlive the emulator's process."""

from __future__ import annotations

import signal
from collections.abc import Callable

from google.genai import types

from tests.emulator.vertex.harness import TUNING_QUOTA, Cloud, Server, constant, new_cloud

RUNNING = types.JobState.JOB_STATE_RUNNING
QUEUED = types.JobState.JOB_STATE_QUEUED
SUCCEEDED = types.JobState.JOB_STATE_SUCCEEDED
CANCELLED = types.JobState.JOB_STATE_CANCELLED
ENDLESS = {"tuningCapacity": 600.0}
"""A job runs until it is cancelled, or the emulator is started again without this."""


def _submit(cloud: Cloud, count: int) -> list[types.TuningJob]:
    training = cloud.put("train.jsonl", constant("a", rows=4))
    return [cloud.tune(training) for _ in range(count)]


def _states(cloud: Cloud, jobs: list[types.TuningJob]) -> list[types.JobState | None]:
    return [cloud.job(job).state for job in jobs]


def test_jobs_run_in_order_as_many_as_the_quota_allows(own_server: Callable[..., Server]) -> None:
    cloud = new_cloud(own_server(**ENDLESS))
    other = new_cloud(cloud.server)
    jobs = _submit(cloud, 4)
    cloud.until(lambda: cloud.job(jobs[0]).state == RUNNING)
    assert _states(cloud, jobs) == [RUNNING, QUEUED, QUEUED, QUEUED]
    assert cloud.job(jobs[1]).tuning_job_state == types.TuningJobState.TUNING_JOB_STATE_WAITING_FOR_QUOTA
    elsewhere = _submit(other, 1)
    cloud.until(lambda: other.job(elsewhere[0]).state == RUNNING)  # the quota is the project's own
    cloud.quota(TUNING_QUOTA, 2)
    cloud.until(lambda: cloud.job(jobs[1]).state == RUNNING)
    assert _states(cloud, jobs) == [RUNNING, RUNNING, QUEUED, QUEUED], "the grown quota lets one more run"
    assert jobs[1].name
    cloud.genai.tunings.cancel(name=jobs[1].name)
    cloud.until(lambda: cloud.job(jobs[2]).state == RUNNING)
    assert _states(cloud, jobs) == [RUNNING, CANCELLED, RUNNING, QUEUED], "the third waited for a slot"


def test_killed_in_the_middle_every_job_still_runs_once(own_server: Callable[..., Server]) -> None:
    server = own_server(**ENDLESS)
    cloud = new_cloud(server)
    jobs = _submit(cloud, 2)
    cloud.until(lambda: cloud.job(jobs[0]).state == RUNNING)
    before = cloud.job(jobs[0])
    server.end(signal.SIGKILL)
    server.start(tuningCapacity=0)
    ended = [cloud.ended(job) for job in jobs]
    assert [job.state for job in ended] == [SUCCEEDED, SUCCEEDED]
    assert ended[0].start_time == before.start_time, "what ran goes on"
    assert ended[0].end_time
    assert ended[1].start_time
    assert ended[1].start_time >= ended[0].end_time, "what waited still waits"
    assert len(list(cloud.genai.tunings.list())) == 2
    stored = [blob.name for blob in cloud.storage.list_blobs(cloud.bucket)]
    assert sum(name.endswith("final/config.json") for name in stored) == 2


def test_stopped_in_the_middle_a_job_goes_on_and_a_cancelled_one_ends(own_server: Callable[..., Server]) -> None:
    server = own_server(**ENDLESS, tuningCancel=600)
    cloud = new_cloud(server)
    cloud.quota(TUNING_QUOTA, 2)
    jobs = _submit(cloud, 2)
    cloud.until(lambda: _states(cloud, jobs) == [RUNNING, RUNNING])
    assert jobs[1].name
    cloud.genai.tunings.cancel(name=jobs[1].name)
    server.end()
    server.start(tuningCapacity=0, tuningCancel=0)
    assert cloud.ended(jobs[0]).state == SUCCEEDED
    assert cloud.ended(jobs[1]).state == CANCELLED


def test_jobs_of_every_method_outlive_the_process_and_gemini_takes_no_slot(own_server: Callable[..., Server]) -> None:
    server = own_server(**ENDLESS)
    cloud = new_cloud(server)
    cloud.quota(TUNING_QUOTA, 2)
    prompts = cloud.put("prompts.jsonl", [{"prompt": f"Question {number}?"} for number in range(60)])
    teacher = "deepseek-ai/deepseek-v3.2-maas"
    distilled = cloud.tune(prompts, "qwen/qwen3@qwen3-4b", method="DISTILLATION", base_teacher_model=teacher)
    opened = _submit(cloud, 2)
    turns = [{"role": "user", "parts": [{"text": "a"}]}, {"role": "model", "parts": [{"text": "b"}]}]
    training = cloud.put("gemini.jsonl", [{"contents": turns}])
    gemini = [cloud.tune(training, "gemini-2.5-flash") for _ in range(2)]
    cloud.until(lambda: _states(cloud, [distilled, opened[0], *gemini]) == [RUNNING] * 4)
    assert cloud.job(opened[1]).state == QUEUED
    starts = [cloud.job(job).start_time for job in (distilled, *gemini)]
    server.end(signal.SIGKILL)
    server.start(tuningCapacity=0)
    for job in (distilled, *opened, *gemini):
        assert cloud.ended(job).state == SUCCEEDED, cloud.job(job).error
    assert [cloud.job(job).start_time for job in (distilled, *gemini)] == starts
    labelled = [blob for blob in cloud.storage.list_blobs(cloud.bucket) if "labelled" in blob.name]
    assert len(labelled[0].download_as_text().splitlines()) == 60
    assert len(cloud.call("GET", "models")["models"]) == 2, "no model was registered twice"
