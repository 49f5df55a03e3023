"""What the service refuses when a tuning job is submitted, and what it takes from a request."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from google.genai import errors

from emulator.vertex import tuning_plans
from emulator.vertex.checkpoints import Folder
from emulator.vertex.tuning_plans import Plan
from tests.emulator.vertex.harness import GEMMA, LLAMA, Cloud, Server, constant, new_cloud

FIELD = "tuning_job.supervised_tuning_spec"
TEACHER = "qwen/qwen3-next-80b-a3b-thinking-maas"
STUDENT = "qwen/qwen3@qwen3-4b"
KEY = "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k"
KEY_ELSEWHERE = "projects/p/locations/us-east1/keyRings/r/cryptoKeys/k"


@pytest.fixture(scope="module")
def refusing(server: Server) -> Cloud:
    """A project with a file, for all the jobs that are refused."""
    made = new_cloud(server)
    made.put("train.jsonl", constant("a", rows=1))
    return made


def _job(base_model: str = GEMMA, **spec: Any) -> dict[str, Any]:
    return {
        "baseModel": base_model,
        "supervisedTuningSpec": {"trainingDatasetUri": "gs://{bucket}/train.jsonl", **spec},
        "outputUri": "gs://{bucket}/out",
    }


def _with(change: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in (_job() | change).items() if value is not None}


def _distillation(base_model: str = STUDENT, **spec: Any) -> dict[str, Any]:
    spec = {"promptDatasetUri": "gs://{bucket}/train.jsonl", "baseTeacherModel": TEACHER, **spec}
    return {
        "baseModel": base_model,
        "distillationSpec": {key: value for key, value in spec.items() if value is not None},
        "outputUri": "gs://{bucket}/out",
    }


def _gemini(base_model: str = "gemini-2.5-flash", **spec: Any) -> dict[str, Any]:
    spec = {"trainingDatasetUri": "gs://{bucket}/train.jsonl", **spec}
    return {"baseModel": base_model, "supervisedTuningSpec": spec}


def _continuous(name: str) -> dict[str, Any]:
    spec = {"trainingDatasetUri": "gs://{bucket}/train.jsonl"}
    return {"preTunedModel": {"tunedModelName": name}, "supervisedTuningSpec": spec}


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
        (
            _job(hyperParameters={"learningRateMultiplier": 2.0}),
            "INVALID_ARGUMENT",
            f"Field: {FIELD}.hyper_parameters.learning_rate_multiplier; Message: This feature is only available for 1P",
        ),
        (_with({"encryptionSpec": {"kmsKeyName": "key"}}), "INVALID_ARGUMENT", "Invalid kms_key_name 'key'"),
        (_with({"encryptionSpec": {"kmsKeyName": KEY_ELSEWHERE}}), "INVALID_ARGUMENT", "is not in us-central1"),
        (_with({"preTunedModel": {}}), "INVALID_ARGUMENT", "oneof field 'source_model' is already set"),
        (_with({"distillationSpec": {}}), "INVALID_ARGUMENT", "oneof field 'tuning_spec' is already set"),
        (_distillation(baseTeacherModel=None), "INVALID_ARGUMENT", "tuning_job.distillation_spec.base_teacher_model"),
        (
            _distillation(baseTeacherModel=f"{TEACHER}@1"),
            "INVALID_ARGUMENT",
            f"Teacher model '{TEACHER}@1' is not supported",
        ),
        (_distillation(LLAMA), "INVALID_ARGUMENT", "is not supported as a student model of distillation"),
        (_distillation("google/gemma3@gemma-3-27b-it"), "INVALID_ARGUMENT", "distillation_spec.tuning_mode; Message"),
        (_distillation(promptDatasetUri=None), "INVALID_ARGUMENT", "distillation_spec.prompt_dataset_uri; Message"),
        (_distillation(promptDatasetUri="gs://{bucket}/none.jsonl"), "INVALID_ARGUMENT", "none.jsonl does not exist"),
        (_distillation(promptsUri="gs://{bucket}/train.jsonl"), "INVALID_ARGUMENT", 'Unknown name "promptsUri"'),
        (_distillation(hyperParameters={"epochs": 1}), "INVALID_ARGUMENT", 'Unknown name "epochs"'),
        (_distillation(hyperParameters={"generationConfig": {}}), "UNIMPLEMENTED", "sampling settings of a teacher"),
        ({**_distillation(), "outputUri": ""}, "INVALID_ARGUMENT", "tuning_job.output_uri"),
        (_distillation("gemini-2.5-flash"), "UNIMPLEMENTED", "distillation of Gemini models"),
        ({"baseModel": GEMMA, "preference_optimization_spec": {}}, "UNIMPLEMENTED", "preference tuning"),
        (_gemini("gemini-1.5-pro-002"), "INVALID_ARGUMENT", "Base model gemini-1.5-pro-002 is not supported."),
        (
            _gemini(hyperParameters={"adapterSize": "ADAPTER_SIZE_THIRTY_TWO"}),
            "INVALID_ARGUMENT",
            "The adapter size is not supported for this base model.",
        ),
        (_gemini(trainingDatasetUri=""), "INVALID_ARGUMENT", "should be a GCS object of type JSONL."),
        (
            _gemini(hyperParameters={"learningRate": 1e-4, "batchSize": "4"}),
            "INVALID_ARGUMENT",
            f"2.Field: {FIELD}.hyper_parameters.batch_size; Message: This feature is only available for open source",
        ),
        (_gemini(tuningMode="TUNING_MODE_FULL"), "INVALID_ARGUMENT", f"Field: {FIELD}.tuning_mode; Message: This fea"),
        ({**_gemini(), "outputUri": "gs://{bucket}/out"}, "INVALID_ARGUMENT", "Field: tuning_job.output_uri"),
        ({**_gemini(), "customBaseModel": "gs://{bucket}/m"}, "INVALID_ARGUMENT", "tuning_job.custom_base_model"),
        (
            {**_gemini("gemini-3.5-flash"), "encryptionSpec": {"kmsKeyName": KEY}},
            "FAILED_PRECONDITION",
            "CMEK is not supported for tuning jobs on gemini-3.5-flash.",
        ),
        ({**_gemini(), "tunedModelDisplayName": "x" * 129}, "INVALID_ARGUMENT", "up to 128 characters"),
        ({**_continuous("models/1")}, "INVALID_ARGUMENT", "Invalid resource name 'models/1'"),
        (_continuous("projects/{project}/locations/us-central1/models/1"), "NOT_FOUND", "The Model does not exist"),
        (_continuous("projects/{project}/locations/europe-west4/models/1"), "INVALID_ARGUMENT", "is not in projects/"),
        ({"preTunedModel": {"tunedModelName": "a"}}, "INVALID_ARGUMENT", "required"),
        ({}, "INVALID_ARGUMENT", "required"),
    ],
)
def test_a_job_that_cannot_run_is_refused(refusing: Cloud, job: dict[str, Any], status: str, said: str) -> None:
    cloud = refusing
    found, message = cloud.refusal("POST", "tuningJobs", _fill(job, cloud.bucket, cloud.project))
    assert found == status
    assert said in message
    assert cloud.call("GET", "tuningJobs") == {}, "nothing was made"


def _fill(value: Any, bucket: str, project: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _fill(item, bucket, project) for key, item in value.items()}
    return value.format(bucket=bucket, project=project) if isinstance(value, str) else value


def test_regions_and_the_global_location(cloud: Cloud) -> None:
    cloud.put("train.jsonl", constant("a", rows=1))
    job = _fill(_job(), cloud.bucket)
    path = f"/v1beta1/projects/{cloud.project}/locations"
    status, message = cloud.refusal("POST", f"{path}/us-east1/tuningJobs", job)
    assert (status, "not supported in us-east1" in message) == ("INVALID_ARGUMENT", True)
    for wrong, found in (("us-west1", "INVALID_ARGUMENT"), ("global", "FAILED_PRECONDITION")):
        body = _fill(_gemini("gemini-3.5-flash"), cloud.bucket)
        status, message = cloud.refusal("POST", f"{path}/{wrong}/tuningJobs", body)
        assert (status, f"not supported in {'the global' if wrong == 'global' else wrong}" in message) == (found, True)
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
        (LLAMA, "PEFT_ADAPTER", {"adapterSize": "ADAPTER_SIZE_EIGHT"}, {"adapter_size": 8}),
        ("google/gemma3@gemma-3-27b-it", "PEFT_ADAPTER", {}, {"adapter_size": 32}),
        (GEMMA, "FULL", {"epochCount": "5", "batchSize": "4"}, {"epochs": 5, "batch_size": 4}),
    ],
)
def test_the_plan_of_an_accepted_job(
    base_model: str, mode: str, parameters: dict[str, Any], expected: dict[str, Any]
) -> None:
    job = copy.deepcopy(_job(base_model, tuningMode=f"TUNING_MODE_{mode}", hyperParameters=parameters))
    plan = tuning_plans.plan(_fill(job, "bucket"))
    assert isinstance(plan, Plan)
    for name, value in expected.items():
        assert getattr(plan, name) == pytest.approx(value) if isinstance(value, float) else getattr(plan, name) == value
    assert plan.training == ("bucket", "train.jsonl")
    assert plan.output == Folder("bucket", "out/")
