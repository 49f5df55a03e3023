"""`getRun`: an earlier job of a model, wherever it ran."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.provider.lifecycles.conftest import PROJECT, Cloud
from tests.provider.lifecycles.tuning_methods import Tuner
from tunestack.connection import Connection
from tunestack.provider.lifecycle import InvalidArgumentsError, ResourceError
from tunestack.provider.properties import plain_map, wrap_map
from tunestack.provider.run import Run
from tunestack.provider.tunestack_provider import TunestackProvider

pytestmark = pytest.mark.filterwarnings("ignore:The SDK's tuning implementation is experimental")

SECOND = {"attempt": 2}


async def get_run(cloud: Cloud, **arguments: Any) -> dict[str, Any]:
    """Asks as a program of another project in another region does."""
    provider = TunestackProvider()
    provider._run = Run(Connection("prod-project", "europe-west4", cloud.emulator.url), cloud.listener)
    return plain_map(await provider.invoke("tunestack:index:getRun", wrap_map(arguments)))


async def submitted(cloud: Cloud, change: Mapping[str, Any], name: str = "tickets", stack: str = "test") -> str:
    made = await cloud.resource("TuningJob", name, stack).create({**cloud.inputs, **change})
    return made.resource_id


async def test_an_earlier_run_of_another_project(cloud: Cloud) -> None:
    first = await submitted(cloud, {})
    cloud.end_job(first, "JOB_STATE_SUCCEEDED", "checkpoint-5", "final")
    cloud.set_job(
        first,
        startTime="2026-01-01T00:00:00Z",
        endTime="2026-01-01T00:10:00Z",
        tuningDataStats={"supervisedTuningDataStats": {"totalBillableTokenCount": "97299"}},
    )
    second = await submitted(cloud, SECOND)
    found = await get_run(cloud, name=first.rpartition("/")[2], like=second)
    (job,) = (each for each in cloud.jobs() if each["name"] == first)
    assert found == {
        "job": first,
        "state": "JOB_STATE_SUCCEEDED",
        "error": "",
        "baseModel": "google/gemma3@gemma-3-1b-it",
        "mode": "FULL",
        "epochs": 1,
        "checkpointUri": f"{job['outputUri'].rstrip('/')}/postprocess/node-0/checkpoints/final",
        "tunedModel": "",
        "trainingUri": "gs://demo-data/train.jsonl",
        "validationUri": "",
        "contentHash": "ab" * 8,
        "specHash": job["labels"]["tunestack-spec"],
        "created": found["created"],
        "ended": "2026-01-01T00:10:00+00:00",
        "durationSeconds": 600,
        "billedTokens": 97299,
        "billedCostUsd": found["billedCostUsd"],
        "isOfSameModel": True,
    }
    assert found["billedCostUsd"] > 0


@pytest.mark.parametrize(
    ("name", "stack", "same"),
    [
        ("tickets", "test", True),
        ("replies", "test", False),  # another model of the same stack
        ("tickets", "other", False),  # the model of that name of another stack
    ],
)
async def test_whose_run_it_is(cloud: Cloud, name: str, stack: str, *, same: bool) -> None:
    ours = await submitted(cloud, {})
    cloud.end_job(ours)
    other = await submitted(cloud, SECOND, name, stack)
    assert (await get_run(cloud, name=other, like=ours))["isOfSameModel"] is same


async def test_a_job_that_nobody_submitted_by_us_is_of_no_model(cloud: Cloud) -> None:
    ours = await submitted(cloud, {})
    theirs = await submitted(cloud, SECOND, "else")
    cloud.set_job(theirs, labels={}, outputUri="")
    found = await get_run(cloud, name=theirs, like=ours)
    assert (found["isOfSameModel"], found["specHash"], found["contentHash"]) == (False, "", "")


async def test_a_run_without_a_checkpoint_says_so(cloud: Cloud) -> None:
    job = await submitted(cloud, {})
    running = await get_run(cloud, name=job)
    assert (running["checkpointUri"], running["ended"], "durationSeconds" in running) == ("", "", False)
    cloud.set_job(job, state="JOB_STATE_FAILED", error={"code": 3, "message": "too few examples"})
    failed = await get_run(cloud, name=job)
    assert (failed["state"], failed["error"], failed["checkpointUri"]) == ("JOB_STATE_FAILED", "too few examples", "")
    cloud.set_job(job, state="JOB_STATE_SUCCEEDED")  # but what it made is gone
    assert (await get_run(cloud, name=job))["checkpointUri"] == ""


async def test_a_bucket_that_may_not_be_listed_is_left_to_whoever_copies(cloud: Cloud) -> None:
    job = await submitted(cloud, {})
    cloud.end_job(job, "JOB_STATE_SUCCEEDED", "final")
    cloud.fault(method="GET", path="/storage/v1/b/demo-data/o", status=403, times=None)
    assert (await get_run(cloud, name=job))["checkpointUri"].endswith("/postprocess/node-0/checkpoints/final")


async def test_a_gemini_run_names_its_model(cloud: Cloud, tuner: Tuner, inputs_of: Any) -> None:
    name = (await cloud.resource("TuningJob").create(inputs_of("gemini"))).resource_id
    (job,) = cloud.jobs()
    model = tuner.end(job)
    found = await get_run(cloud, name=name)
    assert (found["tunedModel"], found["checkpointUri"], found["mode"]) == (model, "", "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"name": "5541"}, "name: '5541' is no tuning job's name"),  # in which place?
        ({"name": None}, "name: None is no tuning job's name"),
        ({"name": "../5", "like": f"projects/{PROJECT}/locations/us-central1/tuningJobs/1"}, "name: '../5' is no"),
        ({"name": "5", "like": "1"}, "like: '1' is no tuning job's name"),
    ],
)
async def test_what_is_no_name(cloud: Cloud, arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidArgumentsError) as refused:
        await get_run(cloud, **arguments)
    assert words in str(refused.value)


async def test_a_job_that_is_not_there_or_not_ours_to_see(cloud: Cloud) -> None:
    name = f"projects/{PROJECT}/locations/us-central1/tuningJobs/5541"
    with pytest.raises(ResourceError, match=f"there is no tuning job 5541 in project {PROJECT} in us-central1; tunest"):
        await get_run(cloud, name=name)
    cloud.fault(method="GET", path=".*/tuningJobs/5541", status=403, message="Permission denied", times=None)
    with pytest.raises(ResourceError) as refused:
        await get_run(cloud, name=name)
    assert "may not be looked at" in str(refused.value)
    assert "Permission denied" in str(refused.value)
    assert f"gcloud projects add-iam-policy-binding {PROJECT}" in str(refused.value)
    assert "--role=roles/aiplatform.viewer" in str(refused.value)
