"""Tuned Gemini models: what a job registers, how it answers, and what a later job may go on from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from google.cloud import aiplatform_v1beta1 as v1beta1
from google.genai import types

from emulator.errors import ServiceError
from emulator.vertex.calls import Place
from emulator.vertex.cold_starts import ColdStarts
from emulator.vertex.settings import VertexSettings
from emulator.vertex.tuned_gemini import SavedCheckpoint, TunedGemini
from tests.emulator.vertex.harness import REGION, Cloud, Server
from tests.running_emulator import Emulator

KEY = f"projects/p/locations/{REGION}/keyRings/r/cryptoKeys/k"
PROMPT = "Question 3?"
_YEAR = 365 * 24 * 3600.0


@dataclass
class Gemini:
    """A project whose jobs end when a test says so: checkpoint 1 of each says `no`, checkpoint 2 says `yes`."""

    emulator: Emulator
    cloud: Cloud
    saved: list[SavedCheckpoint]
    registry: TunedGemini = field(init=False)

    def __post_init__(self) -> None:
        self.registry = self.emulator.tuned_gemini()

    @property
    def place(self) -> Place:
        return Place(self.emulator.application.state.services.projects.get(self.cloud.project), REGION)

    def ends(self, number: int = 1, location: str = REGION, **job: Any) -> dict[str, Any]:
        """Ends a job in success, and returns what it shows of its model."""
        services = self.emulator.application.state.services
        name = f"projects/{self.cloud.number}/locations/{location}/tuningJobs/{number}"
        job = {"name": name, "state": "JOB_STATE_SUCCEEDED", "tunedModelDisplayName": "Tickets"} | job
        if "preTunedModel" not in job:
            job.setdefault("baseModel", "gemini-2.5-flash")
        job = {key: value for key, value in job.items() if value}
        job["tunedModel"] = self.registry.register(job, self.saved)
        services.documents.put("tuningJobs", name, {"job": job, "project": self.cloud.project, "order": number})
        return cast("dict[str, Any]", job["tunedModel"])

    def says(self, endpoint: str, **config: Any) -> str | None:
        """What google-genai gets for the prompt."""
        config = {"temperature": 0} | config
        answer = self.cloud.genai.models.generate_content(
            model=endpoint, contents=PROMPT, config=types.GenerateContentConfig(**config)
        )
        return answer.text


@pytest.fixture
def start_gemini(
    start_emulator: Callable[..., Emulator], server: Server, tuned: dict[str, str]
) -> Callable[..., Gemini]:
    def start(**vertex: float) -> Gemini:
        emulator = start_emulator({"vertex": {"operation": 0, "modelReleased": 0, **vertex}})
        cloud = Cloud(cast("Server", emulator), "demo")
        cloud.enable()
        folders = [Path(server.data, "buckets", tuned[answer].removeprefix("gs://")) for answer in ("no", "yes")]
        saved = [SavedCheckpoint(str(epoch), epoch, epoch * 4, folder) for epoch, folder in enumerate(folders, 1)]
        return Gemini(emulator, cloud, saved)

    return start


@pytest.fixture
def gemini(start_gemini: Callable[..., Gemini]) -> Gemini:
    return start_gemini()


def test_each_checkpoint_has_an_endpoint_that_answers(gemini: Gemini) -> None:
    tuned = gemini.ends()
    first, last = tuned["checkpoints"]
    assert tuned["endpoint"] == last["endpoint"]
    assert [(one["checkpointId"], one["epoch"], one["step"]) for one in (first, last)] == [
        ("1", "1", "4"),
        ("2", "2", "8"),
    ]
    assert (gemini.says(first["endpoint"]), gemini.says(last["endpoint"])) == ("no", "yes")
    chat = {"messages": [{"role": "user", "content": PROMPT}], "temperature": 0}
    for version in ("v1", "v1beta1"):
        answer = gemini.cloud.call("POST", f"/{version}/{first['endpoint']}/chat/completions", chat)
        assert answer["choices"][0]["message"] == {"role": "assistant", "content": "no"}
    gemini.emulator.restart()
    assert gemini.says(first["endpoint"]) == "no", "the weights are the emulator's own and stay"


def test_an_answer_in_full(gemini: Gemini) -> None:
    answer = gemini.cloud.genai.models.generate_content(
        model=gemini.ends()["endpoint"],
        contents=[types.Content(role="user", parts=[types.Part(text="Question"), types.Part(text="3?")])],
        config=types.GenerateContentConfig(
            system_instruction="Answer.",
            temperature=0,
            candidate_count=2,
            max_output_tokens=1,
            thinking_config=types.ThinkingConfig(thinking_level=types.ThinkingLevel.LOW),
        ),
    )
    assert answer.candidates is not None
    assert [one.index for one in answer.candidates] == [0, 1]
    assert {one.finish_reason for one in answer.candidates} <= {
        types.FinishReason.MAX_TOKENS,
        types.FinishReason.STOP,
    }
    assert answer.model_version == "gemini-2.5-flash"
    usage = answer.usage_metadata
    assert usage is not None
    assert usage.prompt_token_count
    assert usage.candidates_token_count == 2
    assert usage.total_token_count == usage.prompt_token_count + 2


def test_the_model_is_in_the_registry(gemini: Gemini) -> None:
    tuned = gemini.ends(labels={"team": "support"}, encryptionSpec={"kmsKeyName": KEY})
    cloud = gemini.cloud
    (listed,) = cloud.genai.models.list(config={"query_base": False})
    assert listed.display_name == "Tickets"
    assert listed.tuned_model_info is not None
    assert listed.tuned_model_info.base_model == "gemini-2_5-flash"
    found = cloud.genai.models.get(model=tuned["model"])
    assert found.name == tuned["model"]
    assert tuned["model"].endswith("@1")
    assert (found.labels or {})["team"] == "support"
    assert found.default_checkpoint_id == "2"
    assert [(one.checkpoint_id, one.epoch, one.step) for one in found.checkpoints or ()] == [("1", 1, 4), ("2", 2, 8)]
    assert {one.name for one in found.endpoints or ()} == {one["endpoint"] for one in tuned["checkpoints"]}
    client = cloud.gapic(v1beta1.ModelServiceClient)
    assert [one.checkpoint_id for one in client.list_model_version_checkpoints(name=tuned["model"])] == ["1", "2"]
    model = client.get_model(name=tuned["model"])
    assert list(model.version_aliases) == ["default"]
    endpoint = cloud.gapic(v1beta1.EndpointServiceClient).get_endpoint(name=tuned["endpoint"])
    assert model.encryption_spec.kms_key_name == endpoint.encryption_spec.kms_key_name == KEY
    assert [one.checkpoint_id for one in endpoint.deployed_models] == ["2"]
    assert endpoint.labels["team"] == "support"


def test_another_default_checkpoint(gemini: Gemini) -> None:
    """As samples do it: google-genai sends the field alone, without a mask."""
    tuned = gemini.ends()
    genai = gemini.cloud.genai
    changed = genai.models.update(model=tuned["model"], config=types.UpdateModelConfig(default_checkpoint_id="1"))
    assert changed.default_checkpoint_id == "1"
    job = genai.tunings.get(name=f"projects/{gemini.cloud.number}/locations/{REGION}/tuningJobs/1")
    assert job.tuned_model is not None
    assert job.tuned_model.endpoint == tuned["checkpoints"][0]["endpoint"]
    assert gemini.registry.resolve(gemini.place, tuned["model"]).checkpoint_id == "1"
    reference = tuned["model"].rpartition("/")[2]
    refusal = gemini.cloud.refusal("PATCH", f"models/{reference}", {"defaultCheckpointId": "9"})
    assert refusal[0] == "NOT_FOUND"


def test_a_job_with_as_many_labels_as_there_may_be(gemini: Gemini) -> None:
    """Those that the service adds must not fail the job at its end."""
    gemini.ends(labels={f"label-{number}": "a" for number in range(64)})


def test_a_job_registers_once(gemini: Gemini) -> None:
    assert gemini.ends() == gemini.ends()
    assert len(gemini.cloud.call("GET", "models")["models"]) == 1
    assert len(gemini.cloud.call("GET", "endpoints")["endpoints"]) == 2


def test_a_continued_model_is_the_next_version(gemini: Gemini) -> None:
    first = gemini.ends()
    name = first["model"].partition("@")[0]
    second = gemini.ends(2, preTunedModel={"tunedModelName": name, "checkpointId": "1"}, tunedModelDisplayName="")
    assert second["model"] == f"{name}@2"
    assert {one["endpoint"] for one in second["checkpoints"]}.isdisjoint(
        one["endpoint"] for one in first["checkpoints"]
    )
    shown = gemini.cloud.call("GET", f"models/{name.rpartition('/')[2]}")
    assert (shown["versionId"], shown["displayName"]) == ("1", "Tickets"), "the first version stays the default"
    third = gemini.ends(3, preTunedModel={"tunedModelName": second["model"]}, tunedModelDisplayName="More tickets")
    assert third["model"].partition("@")[0] != name
    assert third["model"].endswith("@1")
    assert gemini.registry.resolve(gemini.place, third["model"]).base_model == "gemini-2.5-flash"


@pytest.mark.parametrize(("region", "home"), [("us-central1", "us"), ("europe-west4", "eu")])
def test_gemini_3_is_served_at_the_multi_region(gemini: Gemini, region: str, home: str) -> None:
    tuned = gemini.ends(location=region, baseModel="gemini-3.1-flash-lite")
    place = f"projects/{gemini.cloud.number}/locations/{home}/"
    assert tuned["model"].startswith(f"{place}models/")
    assert tuned["endpoint"].startswith(f"{place}endpoints/")
    assert gemini.says(tuned["endpoint"]) == "yes"
    in_region = tuned["endpoint"].replace(f"/{home}/", f"/{region}/")
    assert gemini.cloud.refusal("POST", f"/v1/{in_region}:generateContent", _asked())[0] == "NOT_FOUND"
    job_place = Place(gemini.place.project, region)
    assert gemini.registry.resolve(job_place, tuned["model"]).name == tuned["model"]
    assert gemini.ends(2, region, preTunedModel={"tunedModelName": tuned["model"]}, tunedModelDisplayName=None)[
        "model"
    ] == tuned["model"].replace("@1", "@2")


def test_what_a_job_goes_on_from(gemini: Gemini) -> None:
    model = gemini.ends(encryptionSpec={"kmsKeyName": KEY})["model"]
    name = model.partition("@")[0]
    gemini.cloud.call("POST", f"/v1beta1/{model}:mergeVersionAliases", {"versionAliases": ["golden"]})
    by_id = name.replace(gemini.cloud.number, gemini.cloud.project)
    for reference in (name, model, f"{name}@golden", f"{by_id}@1"):
        found = gemini.registry.resolve(gemini.place, reference)
        assert (found.name, found.base_model, found.checkpoint_id) == (model, "gemini-2.5-flash", "2")
        assert (found.kms_key_name, found.display_name) == (KEY, "Tickets")
    earlier = gemini.registry.resolve(gemini.place, model, "1").folder
    assert earlier != found.folder
    for folder, saved in ((earlier, gemini.saved[0]), (found.folder, gemini.saved[1])):
        assert {file.name: file.read_bytes() for file in folder.iterdir()} == {
            file.name: file.read_bytes() for file in saved.folder.iterdir()
        }


def test_what_no_job_can_go_on_from(gemini: Gemini, advance: Callable[[float], None]) -> None:
    advance(-2 * _YEAR)
    old = gemini.ends()["model"]
    advance(2 * _YEAR)
    good = gemini.ends(2)["model"]
    services = gemini.emulator.application.state.services
    place = f"projects/{gemini.cloud.number}/locations/{REGION}"
    services.documents.put(
        "models",
        f"{place}/models/open",
        {"versions": {"1": {"displayName": "x"}}, "aliases": {"default": "1"}, "next": 2},
    )
    for name, checkpoint, status, words in (
        (old, "", "FAILED_PRECONDITION", "on or after 2025-07-11"),
        (f"{place}/models/open", "", "FAILED_PRECONDITION", "not a Gemini model tuned by supervised tuning"),
        (good, "9", "NOT_FOUND", f"{good}/checkpoints/9"),
        (good.replace("@1", "@7"), "", "NOT_FOUND", "@7"),
        (f"{place}/models/5", "", "NOT_FOUND", "models/5"),
        (good.replace(REGION, "europe-west4"), "", "INVALID_ARGUMENT", "one location"),
        (good.replace("models", "tuningJobs"), "", "INVALID_ARGUMENT", "models/{id}"),
    ):
        with pytest.raises(ServiceError) as refused:
            gemini.registry.resolve(gemini.place, name, checkpoint)
        assert (refused.value.status, words in refused.value.message) == (status, True), refused.value.message


def test_deletion_and_another_deployment(gemini: Gemini) -> None:
    tuned = gemini.ends()
    cloud, model = gemini.cloud, tuned["model"].partition("@")[0]
    for endpoint in (one["endpoint"] for one in tuned["checkpoints"]):
        status, message = cloud.refusal("DELETE", f"/v1beta1/{model}")
        assert (status, endpoint in message) == ("FAILED_PRECONDITION", True)
        (deployed,) = cloud.call("GET", f"/v1beta1/{endpoint}")["deployedModels"]
        assert cloud.refusal("DELETE", f"/v1beta1/{endpoint}")[0] == "FAILED_PRECONDITION"
        cloud.done(cloud.call("POST", f"/v1beta1/{endpoint}:undeployModel", {"deployedModelId": deployed["id"]}))
    endpoint = tuned["endpoint"]
    assert cloud.refusal("POST", f"/v1beta1/{endpoint}:generateContent", _asked())[0] == "FAILED_PRECONDITION"
    wanted = {"model": model, "checkpointId": "1"}
    for wrong in (
        {"checkpointId": "9"},
        {"dedicatedResources": {"machineSpec": {"machineType": "g2-standard-12"}, "minReplicaCount": 1}},
    ):
        cloud.refusal("POST", f"/v1beta1/{endpoint}:deployModel", {"deployedModel": wanted | wrong})
    deployed = cloud.done(
        cloud.call("POST", f"/v1beta1/{endpoint}:deployModel", {"deployedModel": wanted, "trafficSplit": {"0": 100}})
    )["response"]["deployedModel"]
    assert gemini.says(endpoint) == "no", "the checkpoint that was chosen"
    cloud.done(cloud.call("POST", f"/v1beta1/{endpoint}:undeployModel", {"deployedModelId": deployed["id"]}))
    assert "error" not in cloud.done(cloud.call("DELETE", f"/v1beta1/{model}"))
    assert cloud.refusal("GET", f"/v1beta1/{tuned['model']}")[0] == "NOT_FOUND"
    assert not list((gemini.emulator.data / "tuned_gemini").iterdir()), "its weights go with it"
    with pytest.raises(ServiceError, match="does not exist"):
        gemini.registry.resolve(gemini.place, tuned["model"])


def test_other_methods_of_an_endpoint_are_refused(gemini: Gemini) -> None:
    endpoint = gemini.ends()["endpoint"]
    instances = {"instances": [{"prompt": PROMPT}]}
    for method, body in (
        (":predict", instances),
        (":rawPredict", instances),
        (":rawPredict", {"messages": [{"role": "user", "content": PROMPT}]}),
    ):
        status, message = gemini.cloud.refusal("POST", f"/v1/{endpoint}{method}", body)
        assert status == "FAILED_PRECONDITION"
        assert message.startswith("Gemini cannot be accessed through Vertex Predict/RawPredict API.")
    assert gemini.cloud.refusal("POST", f"/v1/{endpoint}:streamGenerateContent", _asked())[0] == "UNIMPLEMENTED"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "at least one contents field is required"),
        ({"contents": [{"parts": [{"text": "a"}]}]}, "Please use a valid role: user, model."),
        ({"contents": [{"role": "assistant", "parts": [{"text": "a"}]}]}, "Please use a valid role: user, model."),
        ({"contents": [{"role": "user", "parts": [{"txt": "a"}]}]}, "Cannot find field"),
        ({"generationConfig": {"candidateCount": 0}}, "candidateCount value of 0 but the supported range is from 1"),
        ({"generation_config": {"max_output_tokens": 65536}}, "65536 (exclusive). Update the value and try again."),
        ({"generationConfig": {"temperature": 3}}, "to 2 (inclusive)"),
    ],
)
def test_what_is_no_content_is_refused(gemini: Gemini, body: dict[str, Any], words: str) -> None:
    status, message = gemini.cloud.refusal("POST", f"/v1/{gemini.ends()['endpoint']}:generateContent", body)
    assert (status, words in message) == ("INVALID_ARGUMENT", True), message


def test_a_cold_endpoint_drops_the_first_requests(
    start_gemini: Callable[..., Gemini], advance: Callable[[float], None]
) -> None:
    gemini = start_gemini(coldSeconds=60)
    endpoint = gemini.ends()["endpoint"]
    advance(600)
    for _ in range(2):
        assert gemini.cloud.refusal("POST", f"/v1/{endpoint}:generateContent", _asked()) == (
            "RESOURCE_EXHAUSTED",
            "Resource exhausted, please try again later.",
        )
    advance(60)
    assert gemini.says(endpoint) == "yes"


def test_a_cold_container_says_so_in_other_words(advance: Callable[[float], None]) -> None:
    cold = ColdStarts(VertexSettings(cold_seconds=60))
    with pytest.raises(ServiceError, match="Model is not yet ready for inference"):
        cold.require_warm("endpoint", {"id": "1"})
    advance(60)
    cold.require_warm("endpoint", {"id": "1"})
    with pytest.raises(ServiceError, match="not yet ready"):
        cold.require_warm("endpoint", {"id": "2"})


def _asked() -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": [{"text": PROMPT}]}]}
