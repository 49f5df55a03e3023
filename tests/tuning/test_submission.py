"""What goes over the wire for each method, compared with the bodies that the service documents."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.tuning.conftest import Service
from tunestack.connection import Connection
from tunestack.tuning.ownership import Owner
from tunestack.tuning.specification import TuningSpec
from tunestack.tuning.submission import Submission, submit

pytestmark = pytest.mark.filterwarnings("ignore:The SDK's tuning implementation is experimental")

CONTENT = "ab" * 32
KEY = "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k"
OWNER = Owner("urn:pulumi:test::tunestack::tunestack:index:TuningJob::tickets")
JOB = "projects/p/locations/us-central1/tuningJobs/1"
PATH = "/v1beta1/projects/p/locations/us-central1/tuningJobs"

OPEN = {"output_uri": "gs://out/job", "display_name": "tickets"}
GEMINI = {"output_uri": None, "display_name": "Tickets"}

CASES: dict[str, tuple[TuningSpec, dict[str, Any], dict[str, Any]]] = {
    "supervised": (
        TuningSpec(
            "meta/llama3_1@llama-3.1-8b",
            "PEFT_ADAPTER",
            CONTENT,
            3,
            adapter_size=16,
            batch_size=4,
            learning_rate=1e-4,
            custom_base_model="gs://weights/final",
        ),
        OPEN,
        {
            "baseModel": "meta/llama3_1@llama-3.1-8b",
            "supervisedTuningSpec": {
                "trainingDatasetUri": "gs://data/train.jsonl",
                "validationDatasetUri": "gs://data/validation.jsonl",
                "hyperParameters": {
                    "epochCount": 3,
                    "adapterSize": "ADAPTER_SIZE_SIXTEEN",
                    "batchSize": 4,
                    "learningRate": 1e-4,
                },
                "tuningMode": "TUNING_MODE_PEFT_ADAPTER",
            },
            "customBaseModel": "gs://weights/final",
            "outputUri": "gs://out/job",
            "tunedModelDisplayName": "tickets",
        },
    ),
    "distillation": (
        TuningSpec(
            "qwen/qwen3@qwen3-4b",
            "FULL",
            CONTENT,
            2,
            batch_size=4,
            learning_rate=1e-5,
            teacher_model="deepseek-ai/deepseek-v3.2-maas",
        ),
        OPEN,
        {
            "baseModel": "qwen/qwen3@qwen3-4b",
            "distillationSpec": {
                "promptDatasetUri": "gs://data/train.jsonl",
                "validationDatasetUri": "gs://data/validation.jsonl",
                "hyperParameters": {"epochCount": 2, "batchSize": 4, "learningRate": 1e-5},
                "tuningMode": "TUNING_MODE_FULL",
                "baseTeacherModel": "deepseek-ai/deepseek-v3.2-maas",
            },
            "outputUri": "gs://out/job",
            "tunedModelDisplayName": "tickets",
        },
    ),
    "gemini": (
        TuningSpec("gemini-2.5-flash", None, CONTENT, 2, adapter_size=4, learning_rate_multiplier=0.5),
        {**GEMINI, "last_checkpoint_only": True, "kms_key_name": KEY},
        {
            "baseModel": "gemini-2.5-flash",
            "supervisedTuningSpec": {
                "trainingDatasetUri": "gs://data/train.jsonl",
                "validationDatasetUri": "gs://data/validation.jsonl",
                "hyperParameters": {
                    "epochCount": 2,
                    "learningRateMultiplier": 0.5,
                    "adapterSize": "ADAPTER_SIZE_FOUR",
                },
                "exportLastCheckpointOnly": True,
            },
            "tunedModelDisplayName": "Tickets",
            "encryptionSpec": {"kmsKeyName": KEY},
        },
    ),
    "continuous": (
        TuningSpec(
            None, None, CONTENT, 1, pre_tuned_model="projects/p/locations/us/models/9@1", pre_tuned_checkpoint="2"
        ),
        {**GEMINI, "display_name": None},
        {
            "preTunedModel": {"checkpointId": "2", "tunedModelName": "projects/p/locations/us/models/9@1"},
            "supervisedTuningSpec": {
                "trainingDatasetUri": "gs://data/train.jsonl",
                "validationDatasetUri": "gs://data/validation.jsonl",
                "hyperParameters": {"epochCount": 1},
            },
        },
    ),
}


@pytest.mark.parametrize("method", CASES)
def test_each_method_sends_its_request_and_nothing_else(service: Service, method: str) -> None:
    spec, beside, expected = CASES[method]
    wanted = Submission(
        spec=spec,
        owner=OWNER,
        claim="c0ffee",
        training_uri="gs://data/train.jsonl",
        validation_uri="gs://data/validation.jsonl",
        description="of tickets",
        service_account="tuner@p.iam.gserviceaccount.com",
        labels={"team": "support"},
        **beside,
    )
    connection = Connection("p", "us-central1", service.url)
    service.answers[PATH] = {"name": JOB, "state": "JOB_STATE_PENDING"}
    assert submit(connection, wanted).name == JOB
    connection.genai.close()
    ((path, _, body),) = service.asked
    assert path == PATH
    assert body is not None
    labels = {
        "team": "support",
        **OWNER.labels(spec.hash()),
        "tunestack-claim": "c0ffee",
        "tunestack-data": spec.content_hash[:16],
    }
    common: dict[str, Any] = {
        "description": "of tickets",
        "serviceAccount": "tuner@p.iam.gserviceaccount.com",
        "labels": labels,
    }
    # The library writes the fields of some nested objects in snake_case; the service takes both.
    nested = {name: _camel(body[name]) for name in ("encryptionSpec", "preTunedModel") if name in body}
    assert body | nested == expected | common


def _camel(fields: dict[str, Any]) -> dict[str, Any]:
    return {re.sub(r"_([a-z])", lambda found: found[1].upper(), name): value for name, value in fields.items()}
