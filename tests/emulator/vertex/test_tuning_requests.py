"""What the service refuses when a tuning job is submitted, and what it takes from a request."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from google.genai import errors

from emulator.vertex import tuning_requests
from emulator.vertex.checkpoints import Folder
from emulator.vertex.tuning_requests import Plan
from tests.emulator.vertex.harness import GEMMA, LLAMA, Cloud, constant

FIELD = "tuning_job.supervised_tuning_spec"


def _job(base_model: str = GEMMA, **spec: Any) -> dict[str, Any]:
    return {
        "baseModel": base_model,
        "supervisedTuningSpec": {"trainingDatasetUri": "gs://{bucket}/train.jsonl", **spec},
        "outputUri": "gs://{bucket}/out",
    }


def _with(change: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in (_job() | change).items() if value is not None}


@pytest.mark.parametrize(
    ("job", "status", "said"),
    [
        (_job("google/gemma3"), "INVALID_ARGUMENT", "Invalid open source publisher model resource name"),
        (_job("gemma-3-1b-it"), "INVALID_ARGUMENT", "Invalid open source publisher model resource name"),
        (_job("google/gemma3@gemma-3-2b-it"), "INVALID_ARGUMENT", "google/gemma3@gemma-3-2b-it is not supported"),
        (_job("meta/llama3_2@llama-3.2-1b-instruct"), "INVALID_ARGUMENT", "is not supported"),  # it is llama3-2
        (_job(tuningMode="TUNING_MODE_PEFT_ADAPTER"), "INVALID_ARGUMENT", "PEFT_ADAPTER is not supported for google/g"),
        (_job(LLAMA), "INVALID_ARGUMENT", "tuning_mode is required"),
        (_with({"outputUri": None}), "INVALID_ARGUMENT", "tuning_job.output_uri"),
        (_with({"outputUri": "out/folder"}), "INVALID_ARGUMENT", "tuning_job.output_uri"),
        (
            _with({"outputUri": "gs://no-such-bucket-here/out"}),
            "INVALID_ARGUMENT",
            "no-such-bucket-here does not exist",
        ),
        (_job(trainingDatasetUri="gs://no-such-bucket-here/a.jsonl"), "INVALID_ARGUMENT", "no-such-bucket-here"),
        (_job(trainingDatasetUri="gs://{bucket}/none.jsonl"), "INVALID_ARGUMENT", "none.jsonl does not exist"),
        (
            _job(trainingDatasetUri="gs://{bucket}/train.csv"),
            "INVALID_ARGUMENT",
            f"1.Field: {FIELD}.training_dataset_uri; Message: training_dataset_uri should be a GCS object of type JS",
        ),
        (
            _job(trainingDatasetUri="x", validationDatasetUri="y"),
            "INVALID_ARGUMENT",
            f"2.Field: {FIELD}.validation_dataset_uri",
        ),
        (
            _job(hyperParameters={"adapterSize": "ADAPTER_SIZE_FOUR"}),
            "INVALID_ARGUMENT",
            "The adapter size is not supported for this base model.",
        ),
        (
            _job(hyperParameters={"learningRate": 1e-4, "learningRateMultiplier": 2}),
            "INVALID_ARGUMENT",
            "Mutually exclusive with learning_rate_multiplier.",
        ),
        (_job(hyperParameters={"epochCount": "-1"}), "INVALID_ARGUMENT", "epoch_count must be positive"),
        (_job(hyperParameters={"adapterSize": "ADAPTER_SIZE_SEVEN"}), "INVALID_ARGUMENT", "Invalid JSON payload"),
        (_with({"nonsense": 1}), "INVALID_ARGUMENT", 'Unknown name "nonsense": Cannot find field.'),
        (_with({"labels": {"Key": "a"}}), "INVALID_ARGUMENT", "Invalid label key 'Key'"),
        (_with({"labels": {f"k{n}": "a" for n in range(65)}}), "INVALID_ARGUMENT", "at most 64 labels"),
        (_with({"tunedModelDisplayName": "x" * 129}), "INVALID_ARGUMENT", "up to 128 characters"),
        (_with({"customBaseModel": "gs://no-such-bucket-here/m"}), "INVALID_ARGUMENT", "tuning_job.custom_base_model"),
        (_job("gemini-2.5-flash"), "UNIMPLEMENTED", "tuning of Gemini models (gemini-2.5-flash)"),
        ({"baseModel": GEMMA, "distillationSpec": {}}, "UNIMPLEMENTED", "distillation (`distillationSpec`)"),
        ({"baseModel": GEMMA, "preference_optimization_spec": {}}, "UNIMPLEMENTED", "preference tuning"),
        ({"preTunedModel": {"tunedModelName": "a"}}, "UNIMPLEMENTED", "continuous tuning"),
        ({}, "INVALID_ARGUMENT", "required"),
    ],
)
def test_a_job_that_cannot_run_is_refused(cloud: Cloud, job: dict[str, Any], status: str, said: str) -> None:
    cloud.put("train.jsonl", constant("a", rows=1))
    found, message = cloud.refusal("POST", "tuningJobs", _fill(job, cloud.bucket))
    assert found == status
    assert said in message
    assert cloud.call("GET", "tuningJobs") == {}, "nothing was made"


def _fill(value: Any, bucket: str) -> Any:
    if isinstance(value, dict):
        return {key: _fill(item, bucket) for key, item in value.items()}
    return value.format(bucket=bucket) if isinstance(value, str) else value


def test_regions_and_the_global_location(cloud: Cloud) -> None:
    cloud.put("train.jsonl", constant("a", rows=1))
    job = _fill(_job(), cloud.bucket)
    path = f"/v1beta1/projects/{cloud.project}/locations"
    status, message = cloud.refusal("POST", f"{path}/us-east1/tuningJobs", job)
    assert (status, "not supported in us-east1" in message) == ("INVALID_ARGUMENT", True)
    encrypted = job | {"encryptionSpec": {"kmsKeyName": "projects/p/locations/l/keyRings/r/cryptoKeys/k"}}
    assert cloud.refusal("POST", f"{path}/global/tuningJobs", encrypted)[0] == "FAILED_PRECONDITION"
    assert cloud.call("POST", f"{path}/global/tuningJobs", job)["state"] == "JOB_STATE_QUEUED"


def test_google_genai_shows_the_service_s_own_message(cloud: Cloud) -> None:
    with pytest.raises(errors.ClientError, match="Invalid open source publisher model resource name"):
        cloud.tune(cloud.put("train.jsonl", constant("a", rows=1)), "google/gemma3")


def test_jobs_are_never_changed_or_deleted(cloud: Cloud) -> None:
    created = cloud.tune(cloud.put("train.jsonl", constant("a", rows=1)))
    for method in ("PATCH", "DELETE"):
        assert cloud.refusal(method, f"/v1beta1/{created.name}", {})[0] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("base_model", "mode", "parameters", "expected"),
    [
        (GEMMA, "FULL", {}, {"epochs": 3, "learning_rate_ratio": 1.0, "batch_size": None, "adapter_size": 16}),
        (GEMMA, "FULL", {"learningRate": 4e-5}, {"learning_rate_ratio": 2.0}),  # the baseline is 2e-5
        (LLAMA, "PEFT_ADAPTER", {"learningRate": 1e-4}, {"learning_rate_ratio": 0.5}),  # and here 2e-4
        (GEMMA, "FULL", {"learningRateMultiplier": 0.25}, {"learning_rate_ratio": 0.25}),
        (LLAMA, "PEFT_ADAPTER", {"adapterSize": "ADAPTER_SIZE_EIGHT"}, {"adapter_size": 8}),
        ("google/gemma3@gemma-3-27b-it", "PEFT_ADAPTER", {}, {"adapter_size": 32}),
        (GEMMA, "FULL", {"epochCount": "5", "batchSize": "4"}, {"epochs": 5, "batch_size": 4}),
    ],
)
def test_the_plan_of_an_accepted_job(
    base_model: str, mode: str, parameters: dict[str, Any], expected: dict[str, Any]
) -> None:
    job = copy.deepcopy(_job(base_model, tuningMode=f"TUNING_MODE_{mode}", hyperParameters=parameters))
    plan = tuning_requests.plan(_fill(job, "bucket"))
    assert isinstance(plan, Plan)
    for name, value in expected.items():
        assert getattr(plan, name) == pytest.approx(value) if isinstance(value, float) else getattr(plan, name) == value
    assert plan.training == ("bucket", "train.jsonl")
    assert plan.output == Folder("bucket", "out/")
