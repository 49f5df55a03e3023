"""Every way to tune, from what a program says to the job that the service has, and back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from google.genai import types

from emulator.vertex.tuned_gemini import SavedCheckpoint
from tunestack.provider.lifecycle import CheckRequest, CreateRequest, DiffRequest, ResourceError, Severity
from tunestack.provider.properties import UNKNOWN, plain_map, wrap_map
from tunestack.tuning import jobs, tuned_models

pytestmark = pytest.mark.filterwarnings("ignore:The SDK's tuning implementation is experimental")

BASE = "gs://demo-data/mine"
KEY = "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k"
CONFIG = {"model_type": "gemma3_text", "architectures": ["Gemma3ForCausalLM"]}

# What is said beside data, folder and epochs; `pre_tuned` stands for a model that a test has tuned.
METHODS: dict[str, dict[str, Any]] = {
    "supervised": {"baseModel": "google/gemma3@gemma-3-1b-it", "mode": "FULL"},
    "custom base": {"baseModel": "google/gemma3@gemma-3-1b-it", "mode": "FULL", "customBaseModel": BASE},
    "distillation": {
        "baseModel": "qwen/qwen3@qwen3-4b",
        "mode": "FULL",
        "teacherModel": "deepseek-ai/deepseek-v3.2-maas",
        "answers": "optional",
    },
    "gemini": {
        "baseModel": "gemini-2.5-flash-lite",
        "adapterSize": 4,
        "learningRateMultiplier": 0.5,
        "tunedModelDisplayName": "Tickets",
        "exportLastCheckpointOnly": True,
    },
    "continuous": {"preTunedModel": "pre_tuned"},
}


class Tuner:
    """Tunes Gemini models at once, as the end of a job does."""

    def __init__(self, cloud: Any, folder: Path) -> None:
        self.cloud = cloud
        self._registry = cloud.emulator.tuned_gemini()
        self._folder = folder
        self.number = cloud.emulator.application.state.services.projects.get(cloud.connection.project).number
        self._count = 0

    def end(self, job: dict[str, Any]) -> str:
        """Ends a job well, and returns its model."""
        self._folder.mkdir(exist_ok=True)
        tuned = self._registry.register(job, [SavedCheckpoint(each, int(each), 4, self._folder) for each in "12"])
        if job["name"] in {each["name"] for each in self.cloud.jobs()}:
            self.cloud.set_job(job["name"], state="JOB_STATE_SUCCEEDED", tunedModel=tuned)
        return cast("str", tuned["model"])

    def tune(self, base_model: str = "gemini-2.5-flash-lite", **fields: Any) -> str:
        """Returns the name of a new tuned model, without a version."""
        self._count += 1
        name = f"projects/{self.number}/locations/us-central1/tuningJobs/{self._count}"
        document = {"name": name, "baseModel": base_model, "supervisedTuningSpec": {}, **fields}
        return self.end(document).partition("@")[0]


@pytest.fixture
def tuner(cloud: Any, tmp_path: Path) -> Tuner:
    return Tuner(cloud, tmp_path / "weights")


@pytest.fixture
def inputs_of(cloud: Any, tuner: Tuner) -> Callable[[str], dict[str, Any]]:
    """What declares a job of a method; a checkpoint lies where one is needed."""

    def declare(method: str) -> dict[str, Any]:
        given = {**cloud.inputs, **METHODS[method]}
        if method == "continuous":
            del given["baseModel"], given["mode"]
            # It lies in another place than it was tuned in.
            given["preTunedModel"] = tuner.tune("gemini-3.1-flash-lite")
            assert "/locations/us/" in given["preTunedModel"]
        if method == "gemini":
            del given["mode"]
        put_checkpoint(cloud)
        return given

    return declare


def put_checkpoint(cloud: Any, weights: bytes = b"weights", config: dict[str, Any] | None = None) -> None:
    storage = cloud.emulator.application.state.services.storage
    storage.write("demo-data", "mine/config.json", json.dumps(config or CONFIG).encode())
    storage.write("demo-data", "mine/model-00001-of-00001.safetensors", weights)


async def failures(resource: Any, inputs: dict[str, Any], old: dict[str, Any] | None = None) -> dict[str, str]:
    """Returns what Check refuses, by input."""
    request = CheckRequest(resource.urn, wrap_map(old) if old else None, wrap_map(inputs))
    return {failure.property: failure.reason for failure in (await resource.lifecycle.check(request)).failures}


async def checked(resource: Any, inputs: dict[str, Any], old: dict[str, Any] | None = None) -> dict[str, Any]:
    """Returns the inputs after a Check as the engine makes it."""
    request = CheckRequest(resource.urn, wrap_map(old) if old else None, wrap_map(inputs))
    result = await resource.lifecycle.check(request)
    assert not result.failures, result.failures
    return plain_map(result.inputs)


async def changed(resource: Any, made: Any, old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Returns what would change, as the engine asks: Check with the old inputs, then Diff."""
    after = wrap_map(await checked(resource, new, old))
    request = DiffRequest(resource.urn, made.resource_id, made.properties, wrap_map(old), after)
    return sorted((await resource.lifecycle.diff(request)).changes)


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


class TestGoingOnFromATunedModel:
    @pytest.fixture
    def model(self, tuner: Tuner) -> str:
        return tuner.tune()

    @pytest.fixture
    def inputs(self, inputs_of: Callable[[str], dict[str, Any]], model: str) -> dict[str, Any]:
        return {**inputs_of("continuous"), "preTunedModel": model}

    async def test_the_version_that_the_job_itself_adds_starts_no_other(
        self, cloud: Any, tuner: Tuner, model: str, inputs: dict[str, Any]
    ) -> None:
        resource = cloud.resource("TuningJob")
        old = await checked(resource, inputs)
        made = await resource.create(inputs)
        assert old["preTunedVersion"] == "1"
        assert cloud.jobs()[0]["preTunedModel"]["tunedModelName"] == f"{model}@1"
        assert tuner.end(cloud.jobs()[0]) == f"{model}@2"
        cloud.emulator.http.post(
            f"/v1beta1/{model}@2:mergeVersionAliases", json={"versionAliases": ["default"]}
        ).raise_for_status()
        cloud.new_run()
        resource = cloud.resource("TuningJob")
        assert await changed(resource, made, old, inputs) == []
        cloud.new_run()  # the state was lost
        again = await cloud.resource("TuningJob").create(inputs)
        assert again.resource_id == made.resource_id
        (note,) = (
            each["name"]
            for each in cloud.emulator.http.get("/storage/v1/b/demo-data/o").json()["items"]
            if "intent-" in each["name"]
        )
        cloud.emulator.http.delete(f"/storage/v1/b/demo-data/o/{note.replace('/', '%2F')}").raise_for_status()
        cloud.new_run()  # the stack was destroyed, with its bucket
        again = await cloud.resource("TuningJob").create(inputs)
        assert again.resource_id == made.resource_id
        assert (await checked(cloud.resource("TuningJob", "other"), inputs))["preTunedVersion"] == "2", "of its own"
        assert (await checked(cloud.resource("TuningJob"), {**inputs, "epochs": 3}))["preTunedVersion"] == "2"
        # What is asked for in other words, or once more, is looked up once more.
        assert await changed(resource, made, old, {**inputs, "preTunedModel": f"{model}@1"}) == []
        assert await changed(resource, made, old, {**inputs, "preTunedModel": f"{model}@default"}) == ["preTunedModel"]
        assert await changed(resource, made, old, {**inputs, "attempt": 2}) == ["attempt", "preTunedVersion"]
        assert await changed(resource, made, old, {**inputs, "epochs": 3}) == ["epochs"]
        assert (await checked(resource, {**inputs, "epochs": 3}))["preTunedVersion"] == "1", "of a replacement, too"

    async def test_a_model_that_is_gone_is_no_matter_for_a_job_that_is_there(
        self, cloud: Any, model: str, inputs: dict[str, Any]
    ) -> None:
        resource = cloud.resource("TuningJob")
        old = await checked(resource, inputs)
        made = await resource.create(inputs)
        cloud.fault(method="GET", path=".*/models/.*", status=404, times=None)
        cloud.new_run()
        resource = cloud.resource("TuningJob")
        assert await changed(resource, made, old, inputs) == []
        assert await changed(resource, made, old, {**inputs, "epochs": 3}) == ["epochs"]
        assert "there is no model" in (await failures(resource, {**inputs, "epochs": 3}))["preTunedModel"]

    async def test_another_version_than_was_pinned_is_told(
        self, cloud: Any, tuner: Tuner, model: str, inputs: dict[str, Any]
    ) -> None:
        resource = cloud.resource("TuningJob")
        old = await checked(resource, inputs)
        made = await resource.create(inputs)
        tuner.end(cloud.jobs()[0])
        move = {"versionAliases": ["default"]}
        cloud.emulator.http.post(f"/v1beta1/{model}@2:mergeVersionAliases", json=move).raise_for_status()
        cloud.fault(method="GET", path=f".*/{model}@1", status=404, times=None)
        cloud.new_run()
        resource, more = cloud.resource("TuningJob"), {**inputs, "epochs": 3}
        assert await changed(resource, made, old, more) == ["epochs"]
        assert (await checked(resource, more))["preTunedVersion"] == "2", "as the engine checks a replacement"
        assert cloud.listener.told[-1] == f"version 1, which {model} stood for, is gone; it stands for version 2 now"

    async def test_a_job_whose_model_is_gone_is_not_taken(
        self, cloud: Any, tuner: Tuner, model: str, inputs: dict[str, Any]
    ) -> None:
        made = await cloud.resource("TuningJob").create(inputs)
        tuner.end(cloud.jobs()[0])
        cloud.fault(method="GET", path=f".*/{model}@2", status=404, times=None)
        cloud.new_run()
        assert (await cloud.resource("TuningJob").create(inputs)).resource_id != made.resource_id

    @pytest.mark.parametrize(
        ("change", "fields", "name", "reason"),
        [
            ({"preTunedModel": "{}7"}, {}, "preTunedModel", "there is no model"),
            ({"preTunedModel": "{}@best"}, {}, "preTunedModel", "there is no model"),
            ({"preTunedModel": ""}, {}, "preTunedModel", "the tuned model that it comes from is not done yet"),
            (
                {"preTunedCheckpoint": "3"},
                {},
                "preTunedCheckpoint",
                "'3' is none of the model's checkpoints; write 1",
            ),
            ({"baseModel": "gemini-2.5-pro"}, {}, "baseModel", "was tuned from gemini-2.5-flash-lite; write that"),
            ({"kmsKeyName": KEY}, {}, "kmsKeyName", "is encrypted with no key of a customer"),
            ({}, {"encryptionSpec": {"kmsKeyName": KEY}}, "kmsKeyName", f"is encrypted with {KEY}"),
            ({"epochs": 0}, {}, "epochs", "train nothing"),
        ],
    )
    async def test_what_cannot_be_tuned_further_is_refused_before_anything_is_spent(
        self,
        cloud: Any,
        tuner: Tuner,
        inputs: dict[str, Any],
        change: dict[str, Any],
        fields: dict[str, Any],
        name: str,
        reason: str,
    ) -> None:
        model = tuner.tune(**fields)
        change = {key: value.format(model) if key == "preTunedModel" else value for key, value in change.items()}
        refused = await failures(cloud.resource("TuningJob"), {**inputs, "preTunedModel": model, **change})
        assert reason in refused.pop(name)
        assert not refused
        assert cloud.submissions() == 0

    async def test_only_supervised_models_of_late_can_be_tuned_further(
        self, cloud: Any, tuner: Tuner, model: str, inputs: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        resource = cloud.resource("TuningJob")
        document = cloud.emulator.http.get(f"/v1beta1/{model}").json()
        found = {model: {**document, "versionCreateTime": "2025-07-10T23:59:59Z"}, "job": {"dpoSpec": {}}}
        monkeypatch.setattr(tuned_models, "answer", lambda _, path: found.get(path, found["job"]))
        for sign in ("labels", "baseModelSource", "modelSourceInfo"):
            del found[model][sign]
        found[model] |= {"artifactUri": "gs://weights/final", "labels": {tuned_models.JOB: "job"}}
        request = CheckRequest(resource.urn, None, wrap_map(inputs))
        told = " ".join(failure.reason for failure in (await resource.lifecycle.check(request)).failures)
        assert "was tuned on 2025-07-10, and only models from 2025-07-11 on" in told
        assert "was not made by supervised tuning" in told
        assert "is an uploaded model" in told

    async def test_another_spelling_of_the_same_is_no_reason_to_refuse(
        self, cloud: Any, model: str, inputs: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        document = cloud.emulator.http.get(f"/v1beta1/{model}").json()
        document["encryptionSpec"] = {"kmsKeyName": KEY.replace("projects/p/", "projects/123/")}
        document["labels"][tuned_models.BASE_MODEL] = "gemini-2_5-flash-lite-001"
        monkeypatch.setattr(tuned_models, "answer", lambda _, path: document if path == model else {})
        del document["labels"][tuned_models.JOB]
        same = {**inputs, "baseModel": "gemini-2.5-flash-lite", "kmsKeyName": KEY}
        assert await failures(cloud.resource("TuningJob"), same) == {}

    async def test_what_a_preview_cannot_know_yet(self, cloud: Any, inputs: dict[str, Any]) -> None:
        unknown = {**inputs, "preTunedModel": UNKNOWN, "preTunedCheckpoint": "1"}
        known = await checked(cloud.resource("TuningJob"), unknown)
        assert (known["preTunedVersion"], known["specHash"]) == (UNKNOWN, UNKNOWN)
        await cloud.resource("TuningJob").create(unknown, preview=True)
        assert cloud.listener.told[-1] == (
            "goes on from checkpoint 1 of a model that another job makes first (1 epoch): price unknown"
        )

    async def test_a_service_that_does_not_answer(self, cloud: Any, model: str, inputs: dict[str, Any]) -> None:
        resource = cloud.resource("TuningJob")
        cloud.fault(method="GET", path=".*/models/.*", status=403, message="no aiplatform.models.get", times=None)
        refused = (await failures(resource, inputs))["preTunedModel"]
        assert "cannot be looked at: the service answered: no aiplatform.models.get (HTTP 403)" in refused
        object.__setattr__(cloud.connection, "api_endpoint", "http://127.0.0.1:9")
        assert "does not answer" in (await failures(resource, inputs))["preTunedModel"]
        # Nothing has to be found out of a version: the service itself refuses what is wrong with it.
        assert await failures(resource, {**inputs, "preTunedModel": f"{model}@1"}) == {}


class TestCustomBase:
    @pytest.fixture
    def inputs(self, inputs_of: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
        return inputs_of("custom base")

    async def test_other_weights_in_the_folder_are_another_job(self, cloud: Any, inputs: dict[str, Any]) -> None:
        resource = cloud.resource("TuningJob")
        old = await checked(resource, inputs)
        made = await resource.create(inputs)
        cloud.new_run()
        resource = cloud.resource("TuningJob")
        assert await changed(resource, made, old, inputs) == []
        put_checkpoint(cloud, b"other weights")
        assert await changed(resource, made, old, inputs) == ["customBaseContent"]
        assert cloud.run.reasons[resource.urn] == "new content of the custom base model"

    async def test_a_folder_that_is_gone_stays_what_it_was(self, cloud: Any, inputs: dict[str, Any]) -> None:
        resource = cloud.resource("TuningJob")
        old = await checked(resource, inputs)
        made = await resource.create(inputs)
        for file in ("model-00001-of-00001.safetensors", "config.json"):  # as a lifecycle rule deletes it, file by file
            cloud.emulator.http.delete(f"/storage/v1/b/demo-data/o/mine%2F{file}").raise_for_status()
            assert await changed(resource, made, old, inputs) == []
        assert "there is no config.json in gs://demo-data/mine" in (await failures(resource, inputs))["customBaseModel"]

    async def test_what_no_training_reads_is_no_reason_to_train(self, cloud: Any, inputs: dict[str, Any]) -> None:
        resource, storage = cloud.resource("TuningJob"), cloud.emulator.application.state.services.storage
        old = await checked(resource, inputs)
        for name in ("README.md", "LICENSE", ".gitattributes"):
            storage.write("demo-data", f"mine/{name}", b"for people")
        assert await checked(resource, inputs, old) == old
        storage.write("demo-data", "mine/tokenizer.json", b"{}")
        assert await checked(resource, inputs, old) != old

    async def test_a_folder_that_now_holds_another_model_stays_what_it_was(
        self, cloud: Any, inputs: dict[str, Any]
    ) -> None:
        resource = cloud.resource("TuningJob")
        old = await checked(resource, inputs)
        made = await resource.create(inputs)
        put_checkpoint(cloud, b"other weights", {"model_type": "llama", "architectures": ["LlamaForCausalLM"]})
        assert await changed(resource, made, old, inputs) == []
        # Whoever wants to start from it now hears of it, although the folder has been looked at in this run.
        assert await changed(resource, made, old, {**inputs, "epochs": 3}) == ["epochs"]
        assert "is no checkpoint of" in (await failures(resource, {**inputs, "epochs": 3}))["customBaseModel"]

    async def test_another_base_model_for_the_same_folder_is_refused(self, cloud: Any, inputs: dict[str, Any]) -> None:
        resource = cloud.resource("TuningJob")
        old = await checked(resource, inputs)
        made = await resource.create(inputs)
        other = {**inputs, "baseModel": "meta/llama3_1@llama-3.1-8b-instruct", "mode": "FULL"}
        await changed(resource, made, old, other)
        assert "is no checkpoint of meta/llama3_1" in (await failures(resource, other))["customBaseModel"]

    async def test_a_job_from_before_folders_were_pinned_goes_on(self, cloud: Any, inputs: dict[str, Any]) -> None:
        resource = cloud.resource("TuningJob")
        made = await resource.create(inputs)
        old = await checked(resource, inputs)
        del old["customBaseContent"], old["specHash"]
        assert await changed(resource, made, old, inputs) == []
        assert "customBaseContent" not in await checked(resource, inputs, old)
        assert await changed(resource, made, old, {**inputs, "epochs": 3}) == ["epochs"]

    async def test_such_a_job_is_found_again_without_a_state(self, cloud: Any, inputs: dict[str, Any]) -> None:
        resource = cloud.resource("TuningJob")
        unpinned = wrap_map({**cloud.inputs, "customBaseModel": BASE})
        made = await resource.lifecycle.create(CreateRequest(resource.urn, unpinned, 0, False))
        cloud.new_run()
        assert (await cloud.resource("TuningJob").create(inputs)).resource_id == made.resource_id

    async def test_nothing_starts_from_other_weights_than_were_checked(
        self, cloud: Any, inputs: dict[str, Any]
    ) -> None:
        resource = cloud.resource("TuningJob")
        request = CreateRequest(resource.urn, wrap_map(await checked(resource, inputs)), 0, False)
        put_checkpoint(cloud, b"other weights")
        with pytest.raises(ResourceError, match="gs://demo-data/mine was written again since it was checked"):
            await resource.lifecycle.create(request)
        assert cloud.submissions() == 0

    @pytest.mark.parametrize(
        ("files", "reason"),
        [
            ({"config.json": None}, "there is no config.json"),
            ({"config.json": None, "adapter_config.json": b"{}"}, "there are adapters alone in gs://demo-data/mine"),
            ({"config.json": b"{"}, "config.json is no JSON"),
            ({"config.json": b"[]"}, "config.json is no JSON object"),
            ({"config.json": b'{"model_type": "llama"}'}, "is no checkpoint of google/gemma3@gemma-3-1b-it"),
            ({"model-00001-of-00001.safetensors": None}, "the weights in gs://demo-data/mine are missing or not whole"),
        ],
    )
    async def test_a_folder_without_a_checkpoint_of_the_model(
        self, cloud: Any, inputs: dict[str, Any], files: dict[str, bytes | None], reason: str
    ) -> None:
        resource, storage = cloud.resource("TuningJob"), cloud.emulator.application.state.services.storage
        for file, content in files.items():
            if content is None:
                cloud.emulator.http.delete(f"/storage/v1/b/demo-data/o/mine%2F{file}").raise_for_status()
            else:
                storage.write("demo-data", f"mine/{file}", content)
        assert reason in (await failures(resource, inputs))["customBaseModel"]
        if "is no checkpoint of" in reason:
            assert await failures(resource, {**inputs, "strict": False}) == {}
            assert cloud.listener.lines[-1][0] is Severity.WARNING
        else:
            assert reason in (await failures(resource, {**inputs, "strict": False}))["customBaseModel"]

    async def test_a_bucket_that_only_the_service_may_read(self, cloud: Any, inputs: dict[str, Any]) -> None:
        cloud.fault(method="GET", path=".*/b/demo-data/o", status=403, message="no storage.objects.list", times=None)
        resource = cloud.resource("TuningJob")
        refused = await failures(resource, inputs)
        assert "cannot be looked at: the service answered: " in refused["customBaseModel"]
        assert "strict: false passes it unseen" in refused["customBaseModel"]
        unseen = {**inputs, "strict": False}
        made = await resource.create(unseen)
        assert "customBaseContent" not in plain_map(made.properties)
        assert cloud.listener.lines[0][0] is Severity.WARNING

    async def test_a_bucket_that_is_not_there(self, cloud: Any, inputs: dict[str, Any]) -> None:
        refused = await failures(cloud.resource("TuningJob"), {**inputs, "customBaseModel": "gs://no-such-bucket/x"})
        assert refused == {"customBaseModel": "there is no bucket no-such-bucket"}


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
