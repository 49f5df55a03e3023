"""What the methods make beside folders of checkpoints: a Gemini model with endpoints, a teacher's answers."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.provider.lifecycles.conftest import PROJECT, Cloud
from tunestack.provider.lifecycle import InitFailedError
from tunestack.provider.properties import plain_map

pytestmark = pytest.mark.filterwarnings("ignore:The SDK's tuning implementation is experimental")

HANDED = ("job", "artifactsUri", "specHash", "baseModel", "mode", "estimatedTokens", "estimatedCostUsd")
AGENTS = ("aiplatform", "vertex-moss-ft")


async def submitted(cloud: Cloud, **changes: Any) -> dict[str, Any]:
    """Returns the inputs of the tuned model of a new job."""
    given = {name: value for name, value in {**cloud.inputs, **changes}.items() if value is not None}
    known = plain_map((await cloud.resource("TuningJob").create(given)).properties)
    return {name: known[name] for name in HANDED if known.get(name) is not None}


class TestGemini:
    @pytest.fixture
    def vertex(self) -> dict[str, float]:
        """Jobs run, and at once."""
        return dict.fromkeys(("tuningPending", "tuningDataset", "tuningCapacity", "tuningPostProcessing"), 0.02)

    async def test_its_model_is_there_with_an_endpoint_for_each_checkpoint_until_somebody_deletes_it(
        self, cloud: Cloud
    ) -> None:
        number = cloud.emulator.http.get(f"/crm/v1/projects/{PROJECT}").json()["projectNumber"]
        agents = [f"serviceAccount:service-{number}@gcp-sa-{name}.iam.gserviceaccount.com" for name in AGENTS]
        policy = {"bindings": [{"role": "roles/storage.objectUser", "members": agents}]}
        assert cloud.emulator.http.put("/storage/v1/b/demo-data/iam", json=policy).is_success
        turns = [{"role": "user", "parts": [{"text": "Ping?"}]}, {"role": "model", "parts": [{"text": "Pong."}]}]
        lines = f"{json.dumps({'contents': turns})}\n" * 20
        cloud.emulator.application.state.services.storage.write("demo-data", "train.jsonl", lines.encode())
        inputs = await submitted(cloud, baseModel="gemini-2.5-flash", mode=None, epochs=2, examples=20, characters=200)
        inputs["expireIntermediate"] = True  # as a stack says of all its models; there is nothing to expire
        model = cloud.resource("TunedModel")

        made = await model.create(inputs)
        known = plain_map(made.properties)
        first, last = known["checkpoints"]
        assert (first["id"], first["epoch"], last["id"], last["epoch"]) == ("1", 1, "2", 2)
        assert first["endpoint"] != last["endpoint"] == known["endpoint"]
        assert known["tunedModel"].endswith("@1")
        # The engine leaves the last line standing.
        assert re.search(r"succeeded, epoch 2 of 2 done, .*ran for ", cloud.listener.told[-1])
        assert (known["finalCheckpointUri"], known["labelledDataUri"]) == ("", "")
        # USD for a million tokens, as the catalogue has it.
        assert known["billedCostUsd"] == pytest.approx(known["billedTokens"] * 5 / 1_000_000)
        assert known["billedToEstimated"] > 0
        assert (await model.diff(made, inputs, inputs)).changes == {}
        assert plain_map((await model.read(made.resource_id, made.properties, inputs)).properties) == known

        imported = await model.read(made.resource_id)
        assert (await model.diff(imported, plain_map(imported.inputs), inputs)).changes.keys() == {"expireIntermediate"}
        assert plain_map(imported.properties)["tunedModel"] == known["tunedModel"]

        cloud.forget(made.resource_id)
        assert (await model.read(made.resource_id, made.properties, inputs)).properties == made.properties
        cloud.emulator.http.delete("/emulator/faults")

        cloud.fault(method="GET", path=f".*/{known['tunedModel']}", status=404, times=None)
        with pytest.raises(InitFailedError, match=r"succeeded, but its tuned model .* is gone\. Raise attempt") as gone:
            await model.read(made.resource_id, made.properties, inputs)
        assert plain_map(gone.value.properties)["tunedModel"] == ""


async def test_a_distillation_names_what_its_teacher_wrote(cloud: Cloud) -> None:
    inputs = await submitted(
        cloud, baseModel="qwen/qwen3@qwen3-4b", teacherModel="deepseek-ai/deepseek-r1-0528-maas", characters=1_000
    )
    statistics = {"distillationDataStats": {"trainingDatasetStats": {"totalBillableTokenCount": "1000000"}}}
    cloud.set_job(inputs["job"], tuningDataStats=statistics)
    cloud.end_job(inputs["job"], "JOB_STATE_SUCCEEDED", "checkpoint-1", "final")
    made = plain_map((await cloud.resource("TunedModel").create(inputs)).properties)
    assert made["labelledDataUri"] == "", "it is not there, so it is not named"

    written = f"{inputs['artifactsUri']}/distillation_labelled_dataset.jsonl"
    cloud.write(written)
    made = plain_map((await cloud.resource("TunedModel").create(inputs)).properties)
    assert made["labelledDataUri"] == written
    assert made["finalCheckpointUri"].endswith("/final")
    assert (made["tunedModel"], made["endpoint"]) == ("", "")
    # The student's training alone: the teacher's calls are billed as that model's, and the estimate lacks its answers.
    assert (made["billedCostUsd"], made["billedToEstimated"]) == (1.35, None)


async def test_of_an_open_model_nothing_of_the_service_is_named(cloud: Cloud) -> None:
    inputs = await submitted(cloud)
    cloud.end_job(inputs["job"], "JOB_STATE_SUCCEEDED", "final")
    cloud.set_job(inputs["job"], tunedModel={"checkpoints": [{"checkpointId": "1", "epoch": "1", "step": "5"}]})
    made = plain_map((await cloud.resource("TunedModel").create(inputs)).properties)
    assert [checkpoint.keys() for checkpoint in made["checkpoints"]] == [{"name", "uri"}]
    assert (made["tunedModel"], made["endpoint"], made["labelledDataUri"]) == ("", "", "")


async def test_a_job_that_failed_after_its_model_was_made_names_it(cloud: Cloud) -> None:
    """As a user met it: "Failed to create endpoint. Tuned model is uploaded and can be accessed …"."""
    inputs = await submitted(cloud, baseModel="gemini-2.5-flash", mode=None)
    error = {"code": 13, "message": "Failed to create endpoint."}
    cloud.set_job(inputs["job"], state="JOB_STATE_FAILED", error=error, tunedModel={"model": "projects/1/models/2@1"})
    told = (
        r"failed: Failed to create endpoint\. It has left the tuned model projects/1/models/2@1, which was paid for\. "
    )
    with pytest.raises(InitFailedError, match=told):
        await cloud.resource("TunedModel").create(inputs)


async def test_a_part_of_a_success_that_the_service_does_not_explain(cloud: Cloud) -> None:
    inputs = await submitted(cloud)
    cloud.end_job(inputs["job"], "JOB_STATE_PARTIALLY_SUCCEEDED", "final")
    await cloud.resource("TunedModel").create(inputs)
    assert cloud.listener.told[-1].endswith("succeeded only in part")
