"""Every way to tune, from what a program says to the job that the service has, and back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from google.genai import types

from tests.provider.lifecycles.tuning_methods import KEY, METHODS, Tuner, changed, checked, failures
from tunestack.provider.lifecycle import ResourceError
from tunestack.provider.properties import UNKNOWN, plain_map
from tunestack.tuning import jobs

pytestmark = pytest.mark.filterwarnings("ignore:The SDK's tuning implementation is experimental")


@pytest.mark.parametrize("method", METHODS)
class TestEveryMethod:
    async def test_one_job_whatever_happens(
        self, cloud: Any, tuner: Tuner, inputs_of: Callable[[str], dict[str, Any]], method: str
    ) -> None:
        inputs = inputs_of(method)
        made = await cloud.resource("TuningJob").create(inputs)
        cloud.new_run()  # the state was lost
        again = await cloud.resource("TuningJob").create(inputs)
        assert again.resource_id == made.resource_id
        job = await asyncio.to_thread(jobs.get, cloud.connection, made.resource_id)
        if job.keeps_folder:
            cloud.end_job(made.resource_id, "JOB_STATE_SUCCEEDED", "final")
        else:
            tuner.end(cloud.jobs()[0])
        cloud.new_run()
        foreseen = await cloud.resource("TuningJob").create(inputs, preview=True)
        assert "which learned the same from the same data; costs nothing" in cloud.listener.told[-1]
        done = await cloud.resource("TuningJob").create(inputs)
        assert {foreseen.resource_id, done.resource_id} == {made.resource_id}
        state, known = plain_map(done.properties), plain_map(made.properties)
        assert state == known
        assert bool(state["artifactsUri"]) == job.keeps_folder
        assert cloud.submissions() == 1

    async def test_a_job_of_another_client_becomes_the_stacks_own(
        self, cloud: Any, inputs_of: Callable[[str], dict[str, Any]], method: str
    ) -> None:
        inputs = inputs_of(method)
        theirs = await asyncio.to_thread(
            cloud.connection.genai.tunings.tune,
            base_model=inputs.get("preTunedModel") or inputs["baseModel"],
            training_dataset=types.TuningDataset(gcs_uri=inputs["trainingUri"]),
            config=_config(inputs),
        )
        resource = cloud.resource("TuningJob")
        read = await resource.read(theirs.name)
        told = plain_map(read.inputs)
        assert await changed(resource, read, told, inputs) == []
        assert await changed(resource, read, await checked(resource, inputs, told), inputs) == [], "the up after"
        assert cloud.listener.told == []
        assert await changed(resource, read, told, {**inputs, "epochs": 7}) == ["epochs"]

    async def test_official_calls_list_get_and_cancel_what_the_provider_made(
        self, cloud: Any, inputs_of: Callable[[str], dict[str, Any]], method: str
    ) -> None:
        made = await cloud.resource("TuningJob").create(inputs_of(method))
        client = cloud.connection.genai
        assert made.resource_id in [job.name for job in await asyncio.to_thread(lambda: list(client.tunings.list()))]
        await asyncio.to_thread(client.tunings.cancel, name=made.resource_id)
        job = await asyncio.to_thread(client.tunings.get, name=made.resource_id)
        assert job.state in (types.JobState.JOB_STATE_CANCELLED, types.JobState.JOB_STATE_CANCELLING)


def _config(inputs: dict[str, Any]) -> types.CreateTuningJobConfig:
    """What a user of google-genai writes for the same job."""
    config: dict[str, Any] = {
        "method": "DISTILLATION" if "teacherModel" in inputs else None,
        "base_teacher_model": inputs.get("teacherModel"),
        "tuning_mode": f"TUNING_MODE_{inputs['mode']}" if "mode" in inputs else None,
        "custom_base_model": inputs.get("customBaseModel"),
        "adapter_size": "ADAPTER_SIZE_FOUR" if "adapterSize" in inputs else None,
        "learning_rate_multiplier": inputs.get("learningRateMultiplier"),
        "tuned_model_display_name": inputs.get("tunedModelDisplayName"),
        "export_last_checkpoint_only": inputs.get("exportLastCheckpointOnly"),
        "output_uri": f"{inputs['outputUri']}/theirs" if "mode" in inputs else None,
        "epoch_count": inputs["epochs"],
    }
    return types.CreateTuningJobConfig(**{name: value for name, value in config.items() if value is not None})


FORECASTS = {
    "supervised": "tunes google/gemma3@gemma-3-1b-it (FULL, 1 epoch): price unknown",
    "custom base": "tunes google/gemma3@gemma-3-1b-it from gs://demo-data/mine (FULL, 1 epoch): price unknown",
    "distillation": "distils deepseek-ai/deepseek-v3.2-maas into qwen/qwen3@qwen3-4b (FULL, 1 epoch): price unknown",
    "gemini": "tunes gemini-2.5-flash-lite (1 epoch): price unknown",
    "continuous": "goes on from {}@1 (1 epoch): price unknown",
}


@pytest.mark.parametrize("method", METHODS)
async def test_a_preview_says_what_would_be_done(
    cloud: Any, inputs_of: Callable[[str], dict[str, Any]], method: str
) -> None:
    inputs = inputs_of(method)
    made = await cloud.resource("TuningJob").create(inputs, preview=True)
    assert cloud.listener.told[-1] == FORECASTS[method].format(inputs.get("preTunedModel"))
    state = plain_map(made.properties)
    # What is missing would be unknown to whoever depends on it.
    assert (state["mode"], state["baseModel"]) == (inputs.get("mode", ""), inputs.get("baseModel", ""))
    counted = {**inputs, "characters": 3_000_000, "examples": 3_000, "turns": 6_000, "nonAscii": 0}
    await cloud.resource("TuningJob").create(counted, preview=True)
    told = cloud.listener.told[-1]
    if method == "continuous":
        assert ": about 2.25 USD (" in told, "the service says what it was tuned from"
        applied = plain_map((await cloud.resource("TuningJob").create(counted)).properties)
        assert (round(applied["estimatedCostUsd"], 2), applied["baseModel"]) == (2.25, "")
    assert (": at least " if method == "distillation" else ": about ") in told


async def test_what_a_spec_does_not_say_may_be_unknown(cloud: Any, inputs_of: Callable[[str], dict[str, Any]]) -> None:
    inputs = inputs_of("supervised")
    # Null counts for unknown in a preview: a dataset without a validation file has no address of it.
    later = dict.fromkeys(("validationUri", "characters", "serviceAccount", "description", "answers"), UNKNOWN)
    hashes = [(await checked(cloud.resource("TuningJob"), {**inputs, **more}))["specHash"] for more in ({}, later)]
    assert len(set(hashes)) == 1
    first = await checked(cloud.resource("TuningJob"), {**inputs, "contentHash": UNKNOWN})
    assert first["specHash"] is UNKNOWN


async def test_answers_that_may_be_missing_are_for_a_teacher(
    cloud: Any, inputs_of: Callable[[str], dict[str, Any]]
) -> None:
    resource, optional = cloud.resource("TuningJob"), {"answers": "optional"}
    assert (
        "which supervised tuning cannot learn from"
        in (await failures(resource, {**inputs_of("supervised"), **optional}))["answers"]
    )
    assert await failures(resource, {**inputs_of("distillation"), "teacherModel": UNKNOWN, **optional}) == {}


async def test_jobs_are_listed_by_all_their_labels(cloud: Any) -> None:
    made = {}
    for name, epochs, labels in (("a", 1, {"team": "x", "site": "y"}), ("b", 2, {"team": "x"})):
        job = await cloud.resource("TuningJob", name).create({**cloud.inputs, "epochs": epochs, "labels": labels})
        made[name] = job.resource_id

    async def listed(labels: dict[str, str] | None = None) -> list[str]:
        return await asyncio.to_thread(lambda: [job.name for job in jobs.list_jobs(cloud.connection, labels)])

    assert await listed() == await listed({"team": "x"}) == [made["b"], made["a"]]
    assert await listed({"team": "x", "site": "y"}) == [made["a"]]
    assert await listed({"team": "y"}) == []


async def test_the_owner_of_a_foreign_gemini_job_is_not_guessed(
    cloud: Any, inputs_of: Callable[[str], dict[str, Any]]
) -> None:
    await cloud.resource("TuningJob", "old-name").create(inputs_of("gemini"))
    with pytest.raises(ResourceError, match=r"for another resource of this stack\. If 'new-name' is that resource"):
        await cloud.resource("TuningJob", "new-name").create(inputs_of("gemini"))


async def test_what_a_gemini_job_does_not_care_for(cloud: Any, inputs_of: Callable[[str], dict[str, Any]]) -> None:
    inputs, resource = inputs_of("gemini"), cloud.resource("TuningJob")
    made, old = await resource.create(inputs), await checked(resource, inputs)
    cloud.listener.lines.clear()
    assert await changed(resource, made, old, {**inputs, "outputUri": "gs://elsewhere"}) == []
    assert cloud.listener.told == []
    others = {"tunedModelDisplayName": "Others", "exportLastCheckpointOnly": False, "kmsKeyName": KEY}
    for name, value in others.items():
        assert await changed(resource, made, old, {**inputs, name: value}) == []
        assert "nothing is started for it" in cloud.listener.told[-1]
    cloud.listener.lines.clear()
    assert await changed(resource, made, old, {**inputs, **others, "epochs": 9}) == ["epochs"]
    assert cloud.listener.told == [], "another job has all of them as they are now"


async def test_a_job_that_is_taken_over_may_be_otherwise(
    cloud: Any, inputs_of: Callable[[str], dict[str, Any]]
) -> None:
    inputs = inputs_of("gemini")
    made = await cloud.resource("TuningJob").create(inputs)
    wanted = {**inputs, "kmsKeyName": KEY, "tunedModelDisplayName": "Others", "exportLastCheckpointOnly": False}
    for preview in (True, False):
        cloud.new_run()
        taken = await cloud.resource("TuningJob").create(wanted, preview=preview)
        assert taken.resource_id == made.resource_id
        assert cloud.listener.told[-1] == (
            f"job {made.resource_id.rpartition('/')[2]} has another encryption key, display name, choice of "
            "checkpoints to keep; raise attempt to train with what is asked for"
        )
