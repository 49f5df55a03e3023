"""What a job starts from beside a base model: pinned, looked at again, and refused where nothing can start from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.provider.lifecycles.tuning_methods import BASE, KEY, Tuner, changed, checked, failures, put_checkpoint
from tunestack.provider.lifecycle import CheckRequest, CreateRequest, ResourceError, Severity
from tunestack.provider.properties import UNKNOWN, plain_map, wrap_map
from tunestack.tuning import tuned_models

pytestmark = pytest.mark.filterwarnings("ignore:The SDK's tuning implementation is experimental")


def make_default(cloud: Any, version: str) -> None:
    body = {"versionAliases": ["default"]}
    cloud.emulator.http.post(f"/v1beta1/{version}:mergeVersionAliases", json=body).raise_for_status()


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
        make_default(cloud, f"{model}@2")
        cloud.new_run()
        resource = cloud.resource("TuningJob")
        assert await changed(resource, made, old, inputs) == []
        cloud.new_run()  # the state was lost
        assert (await cloud.resource("TuningJob").create(inputs)).resource_id == made.resource_id
        tuner.end({"name": f"{made.resource_id}1", "preTunedModel": {"tunedModelName": f"{model}@2"}})
        make_default(cloud, f"{model}@3")  # by somebody else
        cloud.new_run()
        assert (await cloud.resource("TuningJob").create(inputs)).resource_id == made.resource_id
        make_default(cloud, f"{model}@2")
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
        by_id = model.replace(f"projects/{tuner.number}/", f"projects/{cloud.connection.project}/")
        assert by_id != model
        assert await changed(resource, made, old, {**inputs, "preTunedModel": by_id}) == []
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

    async def test_what_was_changed_back_is_the_job_from_before(
        self, cloud: Any, tuner: Tuner, model: str, inputs: dict[str, Any]
    ) -> None:
        resource = cloud.resource("TuningJob")
        first = await resource.create(inputs)
        tuner.end(cloud.jobs()[0])
        make_default(cloud, f"{model}@2")
        once_more = {**inputs, "attempt": 2}
        second = await resource.create(once_more)
        assert cloud.jobs()[0]["preTunedModel"]["tunedModelName"] == f"{model}@2"
        tuner.end(cloud.jobs()[0])
        make_default(cloud, f"{model}@3")
        cloud.new_run()
        resource, old = cloud.resource("TuningJob"), {**once_more, "preTunedVersion": "2"}
        assert await changed(resource, second, old, inputs) == ["attempt", "preTunedVersion"]
        assert (await resource.create(inputs)).resource_id == first.resource_id

    async def test_another_version_than_was_pinned_is_told(
        self, cloud: Any, tuner: Tuner, model: str, inputs: dict[str, Any]
    ) -> None:
        resource = cloud.resource("TuningJob")
        old = await checked(resource, inputs)
        made = await resource.create(inputs)
        tuner.end(cloud.jobs()[0])
        make_default(cloud, f"{model}@2")
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
        monkeypatch.setattr(tuned_models, "insist", lambda _, path: found.get(path, found["job"]))
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
        monkeypatch.setattr(tuned_models, "insist", lambda _, path: document if path == model else {})
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

    async def test_a_busy_service_is_asked_again(self, cloud: Any, inputs: dict[str, Any]) -> None:
        for path in (".*/models/.*", ".*/tuningJobs/.*"):
            cloud.fault(method="GET", path=path, status=503, message="busy", times=2)
        assert await failures(cloud.resource("TuningJob"), inputs) == {}

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
