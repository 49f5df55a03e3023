"""What is refused before anything is created, with the words a user reads; no service is asked."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tunestack.cli.application import application
from tunestack.connection import Connection
from tunestack.provider.lifecycle import CheckRequest, CreateRequest, DiffRequest, Lifecycle, Severity
from tunestack.provider.properties import UNKNOWN, plain, plain_map, wrap_map
from tunestack.provider.run import Run
from tunestack.provider.tunestack_provider import TunestackProvider

URN = "urn:pulumi:test::tunestack::infra:index:Tuning$tunestack:index:{}::tickets"

JOB = {
    "baseModel": "google/gemma3@gemma-3-1b-it",
    "mode": "FULL",
    "trainingUri": "gs://data/train.jsonl",
    "contentHash": "ab" * 32,
    "outputUri": "gs://output",
    "epochs": 3,
}
DEPLOYMENT = {
    "endpoint": "projects/p/locations/us-central1/endpoints/1",
    "checkpointUri": "gs://output/final",
    "machineType": "g2-standard-12",
    "acceleratorType": "NVIDIA_L4",
}

H100 = {"machineType": "a3-highgpu-1g", "acceleratorType": "NVIDIA_H100_80GB"}


class Listener:
    """Keeps what the lifecycles tell."""

    def __init__(self) -> None:
        self.lines: list[tuple[Severity, str]] = []

    async def log(self, severity: Severity, message: str, urn: str = "", *, ephemeral: bool = False) -> None:
        self.lines.append((severity, message))


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def provider(listener: Listener) -> TunestackProvider:
    made = TunestackProvider()
    made._run = Run(Connection("p", "us-central1", "http://127.0.0.1:9"), listener)
    return made


async def refused(provider: TunestackProvider, kind: str, inputs: dict[str, Any]) -> dict[str, str]:
    lifecycle: Lifecycle = provider.lifecycle(f"tunestack:index:{kind}")
    result = await lifecycle.check(CheckRequest(URN.format(kind), None, wrap_map(inputs)))
    return {failure.property: failure.reason for failure in result.failures}


@pytest.mark.parametrize(
    ("kind", "inputs", "name", "reason"),
    [
        ("TuningJob", {**JOB, "epoch": 3}, "epoch", "there is no such input; did you mean epochs?"),
        (
            "TuningJob",
            {**JOB, "labels": {"Team": "a"}},
            "labels",
            "'Team' is no label: it starts with a letter and has",
        ),
        (
            "TuningJob",
            {**JOB, "labels": {"team": "a.b"}},
            "labels",
            "the value 'a.b' of 'team' is none: it has at most 63",
        ),
        ("ModelDeployment", {**DEPLOYMENT, "labels": {"1st": "a"}}, "labels", "'1st' is no label"),
        ("TuningJob", {**JOB, "epochs": None}, "epochs", "is missing; it is required"),
        ("TuningJob", {**JOB, "epochs": "3"}, "epochs", "expected `int`, got `str`"),
        ("TuningJob", {**JOB, "epochs": 0}, "epochs", "0 epochs train nothing; write 1 or more"),
        ("TuningJob", {**JOB, "mode": "PEFT_ADAPTER"}, "mode", "is not tuned in mode PEFT_ADAPTER; it is in FULL"),
        ("TuningJob", {**JOB, "mode": "LORA"}, "mode", "invalid enum value 'LORA'"),
        ("TuningJob", {**JOB, "baseModel": "google/gemma3"}, "baseModel", "gemma-3-1b-it"),
        ("TuningJob", {**JOB, "adapterSize": 16}, "adapterSize", "mode FULL trains all weights and has no adapter"),
        ("TuningJob", {**JOB, "outputUri": "s3://output"}, "outputUri", "has to read gs://bucket/folder"),
        ("TuningJob", {**JOB, "attempt": 0}, "attempt", "0 is not an attempt; the first one is 1"),
        (
            "TuningJob",
            {**JOB, "serviceAccount": "tuning"},
            "serviceAccount",
            "'tuning' is no service account's e-mail address; write NAME@PROJECT.iam.gserviceaccount.com",
        ),
        ("TuningJob", {**JOB, "labels": {"team": 1}}, "labels", "expected `str`, got `int`"),
        ("TunedModel", {"job": "projects/p/x"}, "artifactsUri", "is missing; it is required"),
        ("TunedModel", {"job": "j", "artifactsUri": "gs://a", "wait": "no"}, "wait", "expected `bool`, got `str`"),
        ("ModelDeployment", {**DEPLOYMENT, "endpoint": "1234"}, "endpoint", "is not an endpoint's resource name"),
        ("ModelDeployment", {**DEPLOYMENT, "endpoint": ""}, "endpoint", "is not an endpoint's resource name"),
        ("ModelDeployment", {**DEPLOYMENT, "machineType": "g2-standard-13"}, "machineType", "g2-standard-12"),
        ("ModelDeployment", {**DEPLOYMENT, "acceleratorCount": 2}, "acceleratorCount", "comes with 1 × NVIDIA_L4"),
        (
            "ModelDeployment",
            {**DEPLOYMENT, "baseModel": "google/gemma3@gemma-3-27b-it"},
            "machineType",
            "cannot hold google/gemma3@gemma-3-27b-it",
        ),
        (
            "ModelDeployment",
            {**DEPLOYMENT, **H100, "baseModel": "qwen/qwen3@qwen3-14b"},
            "baseModel",
            "can be tuned, but is not among the models that custom-weights serving takes",
        ),
        (
            "ModelDeployment",
            {**DEPLOYMENT, "baseModel": "gemini-2.5-flash"},
            "baseModel",
            "a tuned Gemini model brings its own endpoints, one for each checkpoint",
        ),
        (
            "ModelDeployment",
            {**DEPLOYMENT, "minReplicas": 3, "maxReplicas": 2},
            "maxReplicas",
            "less than minReplicas, 3",
        ),
        (
            "ModelDeployment",
            {**DEPLOYMENT, "rollout": {"surge": 1}},
            "rollout",
            "object contains unknown field `surge`",
        ),
        ("Dataset", {"training": "no.jsonl", "bucket": "data"}, "training", "there is no file no.jsonl"),
        ("Dataset", {"training": ".", "bucket": "data"}, "training", ". is a folder; write the path of one JSONL file"),
        ("Dataset", {"training": "gs://data"}, "training", "has to read gs://bucket/folder/file.jsonl"),
        ("Dataset", {"training": "gs://data/folder/"}, "training", "is a folder"),
        ("Dataset", {"training": "train.jsonl"}, "bucket", "is missing; a file of this machine has to be uploaded"),
    ],
)
async def test_refusals(provider: TunestackProvider, kind: str, inputs: dict[str, Any], name: str, reason: str) -> None:
    found = await refused(provider, kind, inputs)
    assert reason in found[name]
    assert list(found) == [name], "one mistake, one message"


@pytest.mark.parametrize(("kind", "inputs"), [("TuningJob", JOB), ("ModelDeployment", DEPLOYMENT)])
async def test_what_a_preview_cannot_know_passes(
    provider: TunestackProvider, kind: str, inputs: dict[str, Any]
) -> None:
    assert await refused(provider, kind, dict.fromkeys(inputs, UNKNOWN)) == {}


async def test_the_spec_is_hashed_only_when_all_of_it_is_known(provider: TunestackProvider) -> None:
    lifecycle = provider.lifecycle("tunestack:index:TuningJob")

    async def spec_hash(**changes: Any) -> Any:
        result = await lifecycle.check(CheckRequest(URN.format("TuningJob"), None, wrap_map({**JOB, **changes})))
        assert not result.failures
        return plain(result.inputs["specHash"])

    known = await spec_hash()
    assert len(known) == 16
    # Absent, it would be an input that a reviewed plan has not seen.
    assert await spec_hash(trainingUri=UNKNOWN) is UNKNOWN
    assert await spec_hash(specHash="forged") == known, "the hash is the provider's word, not the program's"
    assert await spec_hash(description="other", labels={"team": "a"}) == known, "what changes no result changes no hash"


async def test_a_newer_model_passes_when_asked_to(provider: TunestackProvider, listener: Listener) -> None:
    newer = {**JOB, "baseModel": "google/gemma9@gemma-9-1b-it"}
    assert "baseModel" in await refused(provider, "TuningJob", newer)
    assert await refused(provider, "TuningJob", {**newer, "strict": False}) == {}
    severity, message = listener.lines[-1]
    assert severity is Severity.WARNING
    assert message.endswith("passed, since strict is false")


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"epochs": 0}, "epochs"),
        ({"mode": "PEFT_ADAPTER"}, "mode"),
        ({"adapterSize": 16}, "adapterSize"),
        ({"batchSize": 0}, "batchSize"),
        ({"baseModel": "google/gemma9@gemma-9-1b-it", "epochs": 0}, "epochs"),
    ],
)
async def test_a_newer_model_is_all_that_strict_waives(
    provider: TunestackProvider, change: dict[str, Any], name: str
) -> None:
    assert list(await refused(provider, "TuningJob", {**JOB, **change, "strict": False})) == [name]


async def test_where_a_newer_model_runs_is_not_known(provider: TunestackProvider, listener: Listener) -> None:
    provider._run = Run(Connection("p", "europe-north9", "http://127.0.0.1:9"), listener)
    assert list(await refused(provider, "TuningJob", {**JOB, "strict": False})) == ["location"]
    newer = {**JOB, "baseModel": "google/gemma9@gemma-9-1b-it", "strict": False}
    assert await refused(provider, "TuningJob", newer) == {}


@pytest.mark.parametrize(
    ("change", "passes"),
    [
        pytest.param({"machineType": "g9-standard-8"}, True, id="a machine that is newer than the catalogue"),
        pytest.param({"baseModel": "google/gemma9@gemma-9-1b-it"}, True, id="a model that is"),
        pytest.param({"acceleratorCount": 2}, False, id="a machine that has one"),
        pytest.param({**H100, "baseModel": "qwen/qwen3@qwen3-14b"}, True, id="a model that no page says is served"),
        pytest.param({"baseModel": "google/gemma3@gemma-3-27b-it"}, False, id="a model that is too large for it"),
        pytest.param({"baseModel": "gemini-2.5-flash"}, False, id="a model that brings its own endpoints"),
    ],
)
async def test_of_a_deployment_strict_waives_what_the_catalogue_does_not_know(
    provider: TunestackProvider, listener: Listener, change: dict[str, Any], passes: bool
) -> None:
    asked = {**DEPLOYMENT, **change}
    assert await refused(provider, "ModelDeployment", asked) != {}
    assert (await refused(provider, "ModelDeployment", {**asked, "strict": False}) == {}) is passes
    assert any("passed, since strict is false" in line for _, line in listener.lines) is passes


@pytest.mark.parametrize("unknown", ["training", "validation"])
async def test_a_file_that_a_preview_cannot_name_yet(
    provider: TunestackProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unknown: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.jsonl").write_text('{"prompt": "a", "completion": "b"}\n')
    lifecycle = provider.lifecycle("tunestack:index:Dataset")
    inputs = {"training": "train.jsonl", "bucket": "data", unknown: UNKNOWN}
    checked = await lifecycle.check(CheckRequest(URN.format("Dataset"), None, wrap_map(inputs)))
    assert not checked.failures
    assert plain(checked.inputs["contentHash"]) is UNKNOWN, "half of the data is not the data"
    made = await lifecycle.create(CreateRequest(URN.format("Dataset"), checked.inputs, 0, preview=True))
    added = dict.fromkeys(("contentHash", "trainingGeneration", "validationGeneration"), UNKNOWN)
    assert plain_map(made.properties) == {**inputs, **added}


@pytest.mark.parametrize(
    ("kind", "inputs", "defaults", "other"),
    [
        ("Dataset", {"training": "t", "bucket": "b"}, {"prefix": "datasets"}, {"prefix": "elsewhere"}),
        (
            "TunedModel",
            {"job": "j", "artifactsUri": "gs://a"},
            {"wait": True, "expireIntermediate": False},
            {"expireIntermediate": True},
        ),
    ],
)
async def test_defaults_said_aloud_are_no_change(
    provider: TunestackProvider, kind: str, inputs: dict[str, Any], defaults: dict[str, Any], other: dict[str, Any]
) -> None:
    lifecycle = provider.lifecycle(f"tunestack:index:{kind}")
    state = wrap_map({"state": "JOB_STATE_SUCCEEDED", "finalCheckpointUri": "gs://a/final"})

    async def changes(old: dict[str, Any], new: dict[str, Any]) -> set[str]:
        request = DiffRequest(URN.format(kind), "id", state, wrap_map(old), wrap_map(new))
        return set((await lifecycle.diff(request)).changes)

    assert await changes(inputs, {**inputs, **defaults}) == set()
    assert await changes({**inputs, **defaults}, inputs) == set()
    assert await changes(inputs, {**inputs, **other}) == set(other)


async def test_a_broken_line_is_named_as_the_program_names_the_file(
    provider: TunestackProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "Pulumi.yaml").touch()
    (tmp_path / "infra").mkdir()
    lines = ['{"prompt": "a", "completion": "b"}'] * 11 + ['{"prompt": "a", "completion": " "}'] * 12
    (tmp_path / "my train.jsonl").write_text("\n".join(lines) + "\n")
    monkeypatch.chdir(tmp_path / "infra")
    model = "google/gemma3@gemma-3-1b-it"
    given = {"training": "my train.jsonl", "bucket": "data", "baseModels": [model, "meta/not-yet-known"]}
    reason = (await refused(provider, "Dataset", given))["training"]
    first, *_, last = reason.splitlines()
    assert first.startswith("my train.jsonl:12: $.completion: ")
    command = f"tunestack data check 'my train.jsonl' --model {model} --all"
    assert last == f"12 in all: 12 empty; {command} shows each"
    monkeypatch.chdir(tmp_path)
    told = CliRunner().invoke(application, shlex.split(command)[1:]).stdout
    assert told.count("$.completion: ") == 12


async def test_what_is_odd_but_possible_is_told_once(
    provider: TunestackProvider, listener: Listener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.jsonl").write_text('{"prompt": "a", "completion": "b"}\n' * 2)
    for _ in range(2):
        assert await refused(provider, "Dataset", {"training": "train.jsonl", "bucket": "data"}) == {}
    told = [message for severity, message in listener.lines if severity is Severity.WARNING]
    assert len(told) == len(set(told))
    assert any(message.startswith("train.jsonl:2: ") for message in told), "the second line repeats the first"
    listener.lines.clear()
    (tmp_path / "train.jsonl").write_text('{"prompt": "a", "completion": "b"}\n' * 14)
    assert await refused(provider, "Dataset", {"training": "train.jsonl", "bucket": "data"}) == {}
    *_, last = [message for severity, message in listener.lines if severity is Severity.WARNING]
    assert last == "14 in all: 13 duplicate, 1 few-examples; tunestack data check train.jsonl --all shows each"


@pytest.mark.parametrize(
    ("settings", "name", "reason"),
    [
        ({"location": "us-central1"}, "project", "is missing"),
        ({"project": "p", "location": "us-central1", "region": "x"}, "region", "there is no such input"),
        ({"project": "p", "location": "l", "apiEndpoint": "127.0.0.1:1"}, "apiEndpoint", "http://host:port"),
        ({"project": "p", "location": "l", "pollSeconds": 0}, "pollSeconds", "write seconds above 0"),
        ({"project": "p", "location": "l", "pollSeconds": "-1"}, "pollSeconds", "write seconds above 0"),
        ({"project": "p", "location": "l", "pollSeconds": "fast"}, "pollSeconds", "expected `float"),
    ],
)
async def test_settings_of_the_provider(settings: dict[str, Any], name: str, reason: str) -> None:
    request = CheckRequest("urn:pulumi:test::p::pulumi:providers:tunestack::t", None, wrap_map(settings))
    (failure,) = (await TunestackProvider().check_config(request)).failures
    assert failure.property == name
    assert reason in failure.reason
