"""A job that ended without a model is an error until somebody does something; a wait that ends early loses nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tunestack.provider.lifecycle import CreateResult, InitFailedError, ResourceError
from tunestack.provider.properties import UNKNOWN, plain_map
from tunestack.tuning import jobs

pytestmark = pytest.mark.filterwarnings("ignore:The SDK's tuning implementation is experimental")


async def submitted(cloud: Any) -> tuple[CreateResult, dict[str, Any]]:
    """Returns a job, and the inputs of the tuned model behind it."""
    job = await cloud.resource("TuningJob").create(cloud.inputs)
    known = plain_map(job.properties)
    handed = ("job", "artifactsUri", "specHash", "baseModel", "mode", "estimatedTokens", "estimatedCostUsd")
    return job, {name: known[name] for name in handed if known.get(name) is not None}


async def finished(cloud: Any) -> tuple[CreateResult, dict[str, Any]]:
    """Returns a tuned model whose job has succeeded, and its inputs."""
    job, inputs = await submitted(cloud)
    cloud.end_job(job.resource_id, "JOB_STATE_SUCCEEDED", "checkpoint-5", "final")
    return await cloud.resource("TunedModel").create(inputs), inputs


class TestRefresh:
    @pytest.mark.parametrize("state", ["JOB_STATE_FAILED", "JOB_STATE_CANCELLED", "JOB_STATE_EXPIRED"])
    async def test_a_job_that_failed_stays_an_error(self, cloud: Any, state: str) -> None:
        job, inputs = await submitted(cloud)
        model = cloud.resource("TunedModel")
        pending = await model.create({**inputs, "wait": False})
        cloud.end_job(job.resource_id, state)
        submissions = cloud.submissions()

        with pytest.raises(InitFailedError, match="raise attempt of the TuningJob") as refreshed:
            await model.read(pending.resource_id, pending.properties, inputs)
        assert refreshed.value.resource_id == pending.resource_id
        assert refreshed.value.inputs is not None
        assert plain_map(refreshed.value.inputs) == inputs
        assert plain_map(refreshed.value.properties)["state"] == state

        # The next up: whether or not the engine kept the error, there is something to do, and it says the same.
        kept = CreateResult(pending.resource_id, refreshed.value.properties)
        assert (await model.diff(kept, inputs, inputs)).changes
        with pytest.raises(InitFailedError, match="raise attempt of the TuningJob"):
            await model.update(kept, inputs, inputs)
        assert cloud.submissions() == submissions

    async def test_artifacts_that_vanished_are_an_error(self, cloud: Any) -> None:
        made, inputs = await finished(cloud)
        model = cloud.resource("TunedModel")
        assert plain_map((await model.read(made.resource_id, made.properties, inputs)).properties) == plain_map(
            made.properties
        )
        final = plain_map(made.properties)["finalCheckpointUri"]
        bucket, _, folder = final.removeprefix("gs://").partition("/")
        name = f"{folder}/model-00001-of-00001.safetensors".replace("/", "%2F")
        assert cloud.emulator.http.delete(f"/storage/v1/b/{bucket}/o/{name}").is_success
        with pytest.raises(InitFailedError, match="there is no final checkpoint below"):
            await model.read(made.resource_id, made.properties, inputs)

    async def test_a_record_that_vanished(self, cloud: Any) -> None:
        made, inputs = await finished(cloud)
        model = cloud.resource("TunedModel")
        cloud.forget(made.resource_id)
        assert (await model.read(made.resource_id, made.properties, inputs)).properties == made.properties
        gone = {**inputs, "artifactsUri": "gs://gone-bucket/folder"}
        with pytest.raises(InitFailedError, match=r"the service has no job .*; raise attempt"):
            await model.read(made.resource_id, made.properties, gone)


class TestImport:
    async def test_the_next_preview_is_empty(self, cloud: Any) -> None:
        job, inputs = await submitted(cloud)
        cloud.end_job(job.resource_id, "JOB_STATE_SUCCEEDED", "checkpoint-5", "final")
        inputs |= {"expireIntermediate": True, "wait": True}
        made = await cloud.resource("TunedModel").create(inputs)
        cloud.new_run()
        model = cloud.resource("TunedModel")
        # People write the project's id, the service its number.
        read = await model.read(f"projects/demo-project/{made.resource_id.split('/', 2)[2]}")
        assert read.resource_id == made.resource_id
        assert (await model.diff(read, plain_map(read.inputs), inputs)).changes == {}
        outputs = plain_map(made.properties)
        unknown = {"baseModel", "mode", "wait", "billedCostUsd"}
        assert {name: value for name, value in plain_map(read.properties).items() if value is not None} == {
            name: value for name, value in outputs.items() if name not in unknown and value is not None
        }

    async def test_no_such_job(self, cloud: Any) -> None:
        with pytest.raises(ResourceError, match="the service has no job"):
            await cloud.resource("TunedModel").read("projects/demo-project/locations/us-central1/tuningJobs/7")


class TestUpdate:
    async def test_a_setting_of_a_finished_model_rolls_nothing(self, cloud: Any) -> None:
        made, inputs = await finished(cloud)
        new = {**inputs, "expireIntermediate": True}
        foreseen = await cloud.resource("TunedModel").update(made, inputs, new, preview=True)
        assert plain_map(foreseen.properties) == {**plain_map(made.properties), "expireIntermediate": True}
        applied = await cloud.resource("TunedModel").update(made, inputs, new)
        assert plain_map(applied.properties) == plain_map(foreseen.properties)

    async def test_a_pending_model_may_become_anything(self, cloud: Any) -> None:
        _, inputs = await submitted(cloud)
        pending = await cloud.resource("TunedModel").create({**inputs, "wait": False})
        foreseen = await cloud.resource("TunedModel").update(pending, inputs, inputs, preview=True)
        assert plain_map(foreseen.properties)["finalCheckpointUri"] is UNKNOWN


class TestTimeout:
    async def test_the_state_that_was_seen_last_is_kept(self, cloud: Any) -> None:
        job, inputs = await submitted(cloud)
        cloud.set_job(job.resource_id, state="JOB_STATE_PAUSED")
        with pytest.raises(InitFailedError, match=r"waited 0 s for job \d+, which is paused; it goes on") as late:
            await cloud.resource("TunedModel").create(inputs, seconds=0.3)
        assert plain_map(late.value.properties)["state"] == "JOB_STATE_PAUSED"

    async def test_a_librarys_timeout_is_not_the_programs(self, cloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        _, inputs = await submitted(cloud)

        def late(connection: Any, name: str) -> Any:
            raise TimeoutError("the read operation timed out")

        monkeypatch.setattr(jobs, "get", late)
        with pytest.raises(TimeoutError, match="the read operation timed out"):
            await cloud.resource("TunedModel").create(inputs, seconds=60)


async def test_what_was_billed_is_set_against_what_was_estimated(cloud: Any) -> None:
    job = await cloud.resource("TuningJob").create({**cloud.inputs, "epochs": 2, "characters": 1_000_000})
    known = plain_map(job.properties)
    handed = ("job", "artifactsUri", "specHash", "baseModel", "mode", "estimatedTokens", "estimatedCostUsd")
    inputs = {name: known[name] for name in handed}
    # Those of one pass over the data.
    statistics = {"supervisedTuningDataStats": {"totalBillableTokenCount": "300300"}}
    cloud.set_job(job.resource_id, tuningDataStats=statistics)
    cloud.end_job(job.resource_id, "JOB_STATE_SUCCEEDED", "checkpoint-5", "final")
    made = plain_map((await cloud.resource("TunedModel").create(inputs)).properties)
    assert (made["estimatedTokens"], made["billedTokens"], made["billedToEstimated"]) == (462_000, 600_600, 1.3)
    assert (made["estimatedCostUsd"], made["billedCostUsd"]) == (0.21714, 0.282282)


async def test_a_model_of_an_earlier_version_has_nothing_to_compare_and_no_change(cloud: Any) -> None:
    made, inputs = await finished(cloud)
    assert plain_map(made.properties)["billedToEstimated"] is None
    newer = ("tunedModel", "endpoint", "labelledDataUri", "billedToEstimated")
    earlier = CreateResult(
        made.resource_id, {name: value for name, value in made.properties.items() if name not in newer}
    )
    more = {**inputs, "estimatedTokens": 231_000, "estimatedCostUsd": 0.1}
    assert (await cloud.resource("TunedModel").diff(earlier, inputs, more)).changes == {}
    read = await cloud.resource("TunedModel").read(made.resource_id, earlier.properties, inputs)
    assert read.properties == made.properties
