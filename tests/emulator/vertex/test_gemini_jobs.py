"""Jobs on Gemini models: what they learn from, how, and what a later one goes on from."""

from __future__ import annotations

from typing import Any

import pytest
from google.genai import types

from tests.emulator.vertex.harness import REGION, Cloud, constant

GEMINI = "gemini-2.5-flash"
SUCCEEDED = types.JobState.JOB_STATE_SUCCEEDED
KEY = f"projects/p/locations/{REGION}/keyRings/r/cryptoKeys/k"


def contents(answer: str, rows: int = 16) -> list[dict[str, Any]]:
    """The examples of `constant` as Gemini takes them."""
    return [
        {
            "contents": [
                {"role": "user", "parts": [{"text": row["prompt"]}]},
                {"role": "model", "parts": [{"text": row["completion"]}]},
            ]
        }
        for row in constant(answer, rows)
    ]


def losses(cloud: Cloud, job: types.TuningJob) -> tuple[float, float]:
    """The first and the last loss of a job."""
    metadata = cloud.call("GET", f"/v1beta1/{job.experiment}")["metadata"]
    return metadata["first_loss"], metadata["last_loss"]


def succeeded(cloud: Cloud, training: str, base_model: str = GEMINI, **config: Any) -> types.TuningJob:
    job = cloud.ended(cloud.tune(training, base_model, **config))
    assert job.state == SUCCEEDED, job.error
    return job


def tuned(job: types.TuningJob) -> str:
    """The model version that a job made."""
    assert job.tuned_model
    assert job.tuned_model.model
    return job.tuned_model.model


def test_a_later_job_goes_on_where_the_earlier_one_ended(cloud: Cloud) -> None:
    training = cloud.put("train.jsonl", contents("quite fine, thank you"))
    first = succeeded(cloud, training, epoch_count=6, tuned_model_display_name="Fine")
    assert first.base_model == GEMINI
    assert first.tuned_model
    assert first.tuned_model.checkpoints
    assert [checkpoint.epoch for checkpoint in first.tuned_model.checkpoints] == [1, 2, 3, 4, 5, 6]
    assert not first.gcs_metrics_uri
    at_first, at_last = losses(cloud, first)
    second = succeeded(cloud, training, tuned(first))
    assert second.pre_tuned_model == types.PreTunedModel(
        tuned_model_name=tuned(first), checkpoint_id="6", base_model=GEMINI
    )
    assert not second.base_model
    went_on, _ = losses(cloud, second)
    assert went_on < 2 * at_last + 0.05 < at_first / 4
    # An early checkpoint has learned less, and a name of its own makes the result a model of its own.
    config = types.CreateTuningJobConfig(
        epoch_count=1, pre_tuned_model_checkpoint_id="1", tuned_model_display_name="Other"
    )
    early = cloud.genai.tunings.tune(
        base_model=tuned(first).partition("@")[0], training_dataset=types.TuningDataset(gcs_uri=training), config=config
    )
    assert early.pre_tuned_model
    assert early.pre_tuned_model.checkpoint_id == "1"
    early = cloud.ended(early)
    assert at_first > losses(cloud, early)[0] > 2 * went_on
    assert tuned(second) == tuned(first).replace("@1", "@2")
    assert tuned(early).endswith("@1")
    assert tuned(early) != tuned(first)


def test_the_multiplier_is_one_of_the_learning_rate(cloud: Cloud) -> None:
    training = cloud.put("train.jsonl", contents("fine"))
    slow, usual = (
        succeeded(cloud, training, epoch_count=4, learning_rate_multiplier=factor) for factor in (0.001, 1.0)
    )
    assert losses(cloud, slow)[0] == pytest.approx(losses(cloud, usual)[0])
    assert losses(cloud, usual)[1] < losses(cloud, slow)[1] / 2


def test_only_the_last_checkpoint_is_kept_where_that_is_asked_for(cloud: Cloud) -> None:
    job = succeeded(cloud, cloud.put("train.jsonl", contents("a", 4)), epoch_count=3, export_last_checkpoint_only=True)
    version = cloud.call("GET", f"/v1beta1/{tuned(job)}")
    assert [checkpoint["epoch"] for checkpoint in version["checkpoints"]] == ["3"]


@pytest.mark.parametrize(
    ("training", "validation", "said"),
    [
        pytest.param(constant("a", 2), None, "prompt/completion examples; gemini-2.5-flash takes Gen", id="a format"),
        pytest.param(contents("a", 3400), contents("a", 1021), "at most 30 % of the 3400", id="much validation"),
        pytest.param([{"contents": []}], None, "Line 1 of gs://", id="a bad line"),
    ],
)
def test_data_that_gemini_does_not_take_fails_the_job(
    cloud: Cloud, training: list[dict[str, Any]], validation: list[dict[str, Any]] | None, said: str
) -> None:
    config: dict[str, Any] = {}
    if validation is not None:
        config["validation_dataset"] = types.TuningValidationDataset(gcs_uri=cloud.put("v.jsonl", validation))
    job = cloud.ended(cloud.tune(cloud.put("train.jsonl", training), GEMINI, **config))
    assert job.state == types.JobState.JOB_STATE_FAILED
    assert job.error
    assert said in str(job.error.message)


def test_a_job_that_goes_on_has_the_key_and_a_checkpoint_of_the_earlier_one(cloud: Cloud) -> None:
    training = cloud.put("train.jsonl", contents("a", 2))
    job = succeeded(cloud, training, encryption_spec={"kms_key_name": KEY})
    spec = {"trainingDatasetUri": training}

    def refusal(kms_key_name: str = KEY, **changes: Any) -> tuple[str, str]:
        body = {"preTunedModel": {"tuned_model_name": tuned(job)} | changes, "supervised_tuning_spec": spec}
        return cloud.refusal("POST", "tuningJobs", body | {"encryptionSpec": {"kmsKeyName": kms_key_name}})

    status, message = refusal(kms_key_name="")
    assert (status, f"must use the CMEK of {tuned(job)}, which has {KEY}" in message) == ("INVALID_ARGUMENT", True)
    assert refusal(kms_key_name=f"{KEY}2")[0] == "INVALID_ARGUMENT"
    assert refusal(checkpointId="9")[0] == "NOT_FOUND"
    assert refusal(tunedModelName=f"{tuned(job)}0")[0] == "NOT_FOUND"
    assert succeeded(cloud, training, tuned(job), encryption_spec={"kms_key_name": KEY}).encryption_spec
