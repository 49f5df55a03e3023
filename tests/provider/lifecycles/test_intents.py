"""Between announcing a job and knowing its name anything may happen, and the list may lag: one job is paid for once."""

from __future__ import annotations

import asyncio
import json
import re
import time
from types import SimpleNamespace
from typing import Any

import pytest

from tests.provider.lifecycles.conftest import JOBS, PROJECT
from tunestack import retries
from tunestack.connection import Connection
from tunestack.provider.lifecycle import InitFailedError, InterruptedWaitError, ResourceError
from tunestack.provider.properties import plain_map
from tunestack.tuning import intent
from tunestack.tuning.jobs import Job
from tunestack.tuning.ownership import Owner

pytestmark = pytest.mark.filterwarnings("ignore:The SDK's tuning implementation is experimental")

CREATE = {"method": "POST", "path": ".*/tuningJobs"}


def state_of(cloud: Any, name: str) -> str:
    return str(next(job["state"] for job in cloud.jobs() if job["name"] == name))


class TestWhileTheListLags:
    @pytest.fixture
    def vertex(self) -> dict[str, float]:
        return {"tuningPending": 600.0, "listingLag": 1.0}

    @pytest.fixture(autouse=True)
    def patient(self, cloud: Any) -> None:
        cloud.connection = Connection(PROJECT, "us-central1", cloud.emulator.url, poll_seconds=0.75)
        cloud.new_run()

    async def test_a_lost_answer(self, cloud: Any) -> None:
        cloud.fault(**CREATE, drop="after")
        made = await cloud.resource("TuningJob").create(cloud.inputs)
        assert cloud.submissions() == 1
        assert made.resource_id.startswith("projects/")

    async def test_a_run_that_died_before_it_read_the_answer(self, cloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(retries, "RETRY_SECONDS", 0)
            patch.setattr(intent, "outcome", lambda connection, claim: None)
            cloud.fault(**CREATE, drop="after")
            with pytest.raises(ResourceError, match="It is not known whether a job was started"):
                await cloud.resource("TuningJob").create(cloud.inputs)
        cloud.new_run()
        made = await cloud.resource("TuningJob").create(cloud.inputs)
        assert cloud.submissions() == 1
        told = "an earlier run was cut off while it submitted a job; looks whether that was started"
        assert told in cloud.listener.told
        assert any(f"takes job {made.resource_id.rpartition('/')[2]}" in line for line in cloud.listener.told)

    async def test_a_run_that_died_before_the_engine_knew_the_name(self, cloud: Any) -> None:
        made = await cloud.resource("TuningJob").create(cloud.inputs)
        cloud.new_run()
        assert (await cloud.resource("TuningJob").create(cloud.inputs)).resource_id == made.resource_id
        assert cloud.submissions() == 1

    async def test_ctrl_c_after_a_lost_answer(self, cloud: Any) -> None:
        cloud.connection = Connection(PROJECT, "us-central1", cloud.emulator.url, poll_seconds=30)
        run = cloud.new_run()
        cloud.fault(**CREATE, drop="after")
        creating = asyncio.create_task(cloud.resource("TuningJob").create(cloud.inputs))
        methods: list[str] = []
        while methods[-2:] != ["POST", "GET"]:
            await asyncio.sleep(0.05)
            methods = [call["method"] for call in cloud.emulator.requests() if call["path"] == JOBS]
        run.interrupt()
        with pytest.raises(ResourceError, match=r"^interrupted while it looks whether a job was started"):
            await creating

    async def test_ctrl_c_while_it_looks(self, cloud: Any) -> None:
        owner_run = cloud.new_run()
        resource = cloud.resource("TuningJob")
        await announce(cloud, resource)
        creating = asyncio.create_task(resource.create(cloud.inputs))
        while not cloud.listener.told:  # noqa: ASYNC110 - nobody sets an event
            await asyncio.sleep(0.01)
        owner_run.interrupt()
        with pytest.raises(InterruptedWaitError, match="the next pulumi up looks again"):
            await creating
        assert cloud.submissions() == 0


def test_on_google_cloud_short_pauses_shorten_no_look(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[float] = []
    monkeypatch.setattr(intent, "submitted_with", lambda connection, claim: looks.append(time.monotonic()))
    monkeypatch.setattr(intent, "LISTED_SECONDS", 0.2)
    began = time.monotonic()
    assert intent.outcome(Connection(PROJECT, "us-central1", poll_seconds=0.01), "claim") is None
    assert looks[-1] - began >= 0.2


def test_a_slow_answer_is_not_the_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """It tells what the list had when it was asked for."""
    job = Job("projects/1/locations/us-central1/tuningJobs/2", "JOB_STATE_PENDING")
    listed = iter([None, job])
    now = 0.0

    def look(*_: object) -> Job | None:
        nonlocal now
        now += 60
        return next(listed)

    monkeypatch.setattr(intent, "time", SimpleNamespace(monotonic=lambda: now))
    monkeypatch.setattr(intent, "submitted_with", look)
    assert intent.outcome(Connection(PROJECT, "us-central1", "http://localhost", poll_seconds=0.01), "claim") is job


async def announce(cloud: Any, resource: Any) -> None:
    """Leaves what a run leaves that died between announcing a job and submitting it."""
    inputs = await resource.checked(cloud.inputs)
    owner = Owner(resource.urn)
    spec_hash = plain_map(inputs)["specHash"]
    await asyncio.to_thread(intent.announce, cloud.connection, owner, cloud.inputs["outputUri"], spec_hash, None)


async def test_a_run_that_died_before_it_submitted(cloud: Any) -> None:
    resource = cloud.resource("TuningJob")
    await announce(cloud, resource)
    made = await resource.create(cloud.inputs)
    assert [job["name"] for job in cloud.jobs()] == [made.resource_id]


@pytest.mark.parametrize("name", ["team/tickets", "a::b", "50 % #1"])
async def test_a_run_that_died_whatever_the_resource_is_called(cloud: Any, name: str) -> None:
    made = await cloud.resource("TuningJob", name).create(cloud.inputs)
    cloud.new_run()
    assert (await cloud.resource("TuningJob", name).create(cloud.inputs)).resource_id == made.resource_id
    assert cloud.submissions() == 1
    with pytest.raises(ResourceError, match=re.escape(f'aliases=[pulumi.Alias(name="{name}")]')):
        await cloud.resource("TuningJob", "renamed").create(cloud.inputs)


async def test_a_refusal_leaves_no_intent(cloud: Any) -> None:
    cloud.fault(**CREATE, status=400, message="no such model")
    with pytest.raises(ResourceError, match="nothing was started"):
        await cloud.resource("TuningJob").create(cloud.inputs)
    assert await cloud.resource("TuningJob").create(cloud.inputs)
    assert not [line for line in cloud.listener.told if "cut off" in line]


async def test_two_runs_at_once(cloud: Any) -> None:
    first, second = (cloud.resource("TuningJob") for _ in range(2))
    cloud.fault(method="GET", path=JOBS, hold="before", times=2)
    creating = [asyncio.create_task(resource.create(cloud.inputs)) for resource in (first, second)]
    while len(cloud.emulator.held()) < 2:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    # Both have looked for an intent, and neither has announced one. Whoever is first stands still as it submits.
    cloud.fault(method="POST", path=JOBS, hold="before")
    cloud.emulator.release()
    await asyncio.wait(creating, timeout=60, return_when=asyncio.FIRST_COMPLETED)
    while not cloud.emulator.held():  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    cloud.emulator.release()
    results = await asyncio.gather(*creating, return_exceptions=True)
    (refused,) = (result for result in results if isinstance(result, BaseException))
    assert isinstance(refused, ResourceError), refused
    assert "another run submits a job for this resource at this moment" in str(refused)
    assert cloud.submissions() == 1


async def test_a_lost_answer_to_the_intent_itself(cloud: Any) -> None:
    cloud.fault(method="POST", path="/upload/storage/v1/b/demo-data/o", drop="after")
    await cloud.resource("TuningJob").create(cloud.inputs)
    assert cloud.submissions() == 1


async def test_what_lies_there_instead_is_named(cloud: Any) -> None:
    made = await cloud.resource("TuningJob").create(cloud.inputs)
    (uri,) = intents(cloud)
    assert json.loads(cloud.emulator.application.state.services.storage.read("demo-data", uri))["job"] == (
        made.resource_id
    )
    cloud.write(f"gs://demo-data/{uri}")
    with pytest.raises(ResourceError, match=r"intent-\w+\.json is no intent to submit a job .* nothing was started"):
        await cloud.resource("TuningJob").create({**cloud.inputs, "epochs": 2})


def intents(cloud: Any) -> list[str]:
    listed = cloud.emulator.http.get("/storage/v1/b/demo-data/o").json()["items"]
    return [item["name"] for item in listed if "/intent-" in item["name"]]


async def test_a_job_in_another_region_is_left_to_it(cloud: Any) -> None:
    await cloud.resource("TuningJob").create(cloud.inputs)
    cloud.connection = Connection(PROJECT, "europe-west4", cloud.emulator.url, poll_seconds=0.05)
    cloud.new_run()
    moved = await cloud.resource("TuningJob").create(cloud.inputs)
    assert "/locations/europe-west4/" in moved.resource_id


class TestOrphans:
    """Jobs that a run submitted which died before it could tell the engine."""

    async def test_one_of_another_spec_is_cancelled_first(self, cloud: Any) -> None:
        orphan = await cloud.resource("TuningJob").create(cloud.inputs)
        cloud.new_run()
        resource = cloud.resource("TuningJob")
        await resource.create({**cloud.inputs, "epochs": 2}, preview=True)
        number = orphan.resource_id.rpartition("/")[2]
        assert cloud.listener.told[-1].endswith(f"; job {number}, still running, is cancelled first")
        made = await resource.create({**cloud.inputs, "epochs": 2})
        assert state_of(cloud, orphan.resource_id) == "JOB_STATE_CANCELLED"
        assert state_of(cloud, made.resource_id) in {"JOB_STATE_QUEUED", "JOB_STATE_PENDING"}

    async def test_a_spec_that_was_reverted_while_its_job_ran(self, cloud: Any) -> None:
        first = await cloud.resource("TuningJob").create(cloud.inputs)
        for epochs in (2, 1):
            cloud.new_run()
            await cloud.resource("TuningJob").create({**cloud.inputs, "epochs": epochs})
        states = [job["state"] for job in cloud.jobs()]
        assert sorted(states)[:2] == ["JOB_STATE_CANCELLED"] * 2
        assert sum(state in {"JOB_STATE_QUEUED", "JOB_STATE_PENDING"} for state in states) == 1
        assert state_of(cloud, first.resource_id) == "JOB_STATE_CANCELLED"

    async def test_a_state_that_has_only_the_job_before_is_told_of_it(self, cloud: Any) -> None:
        first = await cloud.resource("TuningJob").create(cloud.inputs)
        known = plain_map(first.properties)
        model = {name: known[name] for name in ("job", "artifactsUri", "specHash", "baseModel", "mode")}
        cloud.new_run()
        second = await cloud.resource("TuningJob").create({**cloud.inputs, "attempt": 2})
        with pytest.raises(InitFailedError) as failed:
            await cloud.resource("TunedModel").create(model)
        numbers = [each.resource_id.rpartition("/")[2] for each in (first, second)]
        assert f"job {numbers[0]} was cancelled to make way for job {numbers[1]} (" in str(failed.value)
        assert "Go back to that job's inputs to go on with it, or raise attempt" in str(failed.value)

    async def test_one_is_cancelled_when_a_finished_job_is_taken_again(self, cloud: Any) -> None:
        first = await cloud.resource("TuningJob").create(cloud.inputs)
        cloud.end_job(first.resource_id, "JOB_STATE_SUCCEEDED", "final")
        cloud.new_run()
        orphan = await cloud.resource("TuningJob").create({**cloud.inputs, "epochs": 2})
        cloud.new_run()
        assert (await cloud.resource("TuningJob").create(cloud.inputs)).resource_id == first.resource_id
        assert state_of(cloud, orphan.resource_id) == "JOB_STATE_CANCELLED"

    async def test_jobs_of_the_stack_that_a_job_was_imported_from_run_on(self, cloud: Any) -> None:
        theirs = cloud.resource("TuningJob", stack="theirs")
        imported = await theirs.create(cloud.inputs)
        cloud.end_job(imported.resource_id, "JOB_STATE_SUCCEEDED", "final")
        cloud.new_run()
        running = await cloud.resource("TuningJob", stack="theirs").create({**cloud.inputs, "epochs": 2})

        cloud.new_run()
        ours = cloud.resource("TuningJob")
        read = await ours.read(imported.resource_id)
        new = {**cloud.inputs, "epochs": 3}
        assert (await ours.diff(read, plain_map(read.inputs), new)).changes
        await ours.create(new)
        assert state_of(cloud, running.resource_id) != "JOB_STATE_CANCELLED"


async def test_two_stacks_with_equal_specs(cloud: Any) -> None:
    made = {stack: await cloud.resource("TuningJob", stack=stack).create(cloud.inputs) for stack in ("dev", "prod")}
    folders = {plain_map(each.properties)["artifactsUri"] for each in made.values()}
    assert len({each.resource_id for each in made.values()}) == len(folders) == 2
    cloud.new_run()
    await cloud.resource("TuningJob", stack="dev").delete(made["dev"].resource_id)
    assert state_of(cloud, made["dev"].resource_id) == "JOB_STATE_CANCELLED"
    assert state_of(cloud, made["prod"].resource_id) in {"JOB_STATE_QUEUED", "JOB_STATE_PENDING"}


async def test_what_is_gone_is_trained_afresh(cloud: Any) -> None:
    made = await cloud.resource("TuningJob").create(cloud.inputs)
    cloud.end_job(made.resource_id, "JOB_STATE_SUCCEEDED", "final")
    for item in cloud.emulator.http.get("/storage/v1/b/demo-data/o").json()["items"]:
        if "/checkpoints/" in item["name"]:
            name = item["name"].replace("/", "%2F")
            assert cloud.emulator.http.delete(f"/storage/v1/b/demo-data/o/{name}").is_success
    cloud.new_run()
    assert (await cloud.resource("TuningJob").create(cloud.inputs)).resource_id != made.resource_id
