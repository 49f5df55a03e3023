"""Distillation: the teacher labels the prompts, the student learns the labels."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.cloud import aiplatform_v1beta1 as v1beta1
from google.genai import types

from emulator.vertex import distillation
from tests.emulator.vertex.harness import Cloud

STUDENT, TEACHER = "qwen/qwen3@qwen3-4b", "deepseek-ai/deepseek-v3.2-maas"
THINGS = ("invoice", "password", "browser", "folder", "payment", "login", "website", "document")
LABELLED = "distillation_labelled_dataset.jsonl"


def asked(number: int) -> str:
    return f"Hello, The {THINGS[number % len(THINGS)]} is wrong. Regards, {number}"


def distil(cloud: Cloud, prompts: str, **config: Any) -> types.TuningJob:
    return cloud.tune(prompts, STUDENT, method="DISTILLATION", base_teacher_model=TEACHER, **config)


def stored(cloud: Cloud, uri: str) -> str:
    bucket, _, name = uri.removeprefix("gs://").partition("/")
    text: str = cloud.storage.bucket(bucket).blob(name).download_as_text()
    return text


def test_the_teacher_labels_the_prompts_and_the_student_learns_them(cloud: Cloud) -> None:
    prompts = cloud.put("prompts.jsonl", [{"prompt": asked(number)} for number in range(24)])
    validation = cloud.put("validation.jsonl", [{"prompt": asked(number)} for number in (30, 31)])
    job = distil(
        cloud,
        prompts,
        epoch_count=8,
        learning_rate=7.5e-5,
        batch_size=4,
        tuning_mode="TUNING_MODE_FULL",
        validation_dataset=types.TuningValidationDataset(gcs_uri=validation),
    )
    assert job.distillation_spec == types.DistillationSpec(
        prompt_dataset_uri=prompts,
        base_teacher_model=TEACHER,
        validation_dataset_uri=validation,
        tuning_mode=types.TuningMode.TUNING_MODE_FULL,
        hyper_parameters=types.DistillationHyperParameters(epoch_count=8, learning_rate=7.5e-5, batch_size=4),
    )
    job = cloud.ended(job)
    assert job.state == types.JobState.JOB_STATE_SUCCEEDED, job.error
    rows = [json.loads(line) for line in stored(cloud, f"{job.output_uri}/{LABELLED}").splitlines()]
    assert [row["prompt"] for row in rows] == [asked(number) for number in range(24)]
    right = [
        row["completion"].startswith(f"It is about the {thing},") for row, thing in zip(rows, THINGS * 3, strict=True)
    ]
    assert sum(right) > 18, "the teacher tells what a message is about"
    stats = job.tuning_data_stats and job.tuning_data_stats.distillation_data_stats
    assert stats
    assert stats.training_dataset_stats
    assert stats.training_dataset_stats.tuning_dataset_example_count == 24
    assert stats.training_dataset_stats.tuning_step_count == 48
    assert job.tuned_model
    assert job.tuned_model.checkpoints
    assert len(job.tuned_model.checkpoints) == 8
    assert job.gcs_metrics_uri
    metrics = json.loads(stored(cloud, job.gcs_metrics_uri))
    losses = [step["loss"] for step in metrics["steps"]]
    assert losses[-1] < 0.2 < 2 < losses[0], "the student's answers became the teacher's"
    assert metrics["epochs"][-1]["validationLoss"] < metrics["epochs"][0]["validationLoss"]


def test_both_clients_and_both_spellings_see_the_same_job(cloud: Cloud) -> None:
    prompts = cloud.put("prompts.jsonl", [{"prompt": "a"}])
    spec = {
        "prompt_dataset_uri": prompts,
        "base_teacher_model": TEACHER,
        "tuning_mode": 1,
        "hyper_parameters": {"epoch_count": "1", "batchSize": 2, "learning_rate": 1e-4},
    }
    body = {"base_model": STUDENT, "distillation_spec": spec, "output_uri": f"gs://{cloud.bucket}/out"}
    created = cloud.call("POST", "tuningJobs", body)
    assert created["distillationSpec"] == {
        "promptDatasetUri": prompts,
        "baseTeacherModel": TEACHER,
        "tuningMode": "TUNING_MODE_FULL",
        "hyperParameters": {"epochCount": "1", "batchSize": "2", "learningRate": 1e-4},
    }
    # The types of google-cloud-aiplatform have the older name of the prompts, and skip the fields that they lack.
    client = cloud.gapic(v1beta1.GenAiTuningServiceClient)
    older = v1beta1.TuningJob(
        base_model=STUDENT,
        output_uri=f"gs://{cloud.bucket}/out",
        distillation_spec=v1beta1.DistillationSpec(base_teacher_model=TEACHER, training_dataset_uri=prompts),
    )
    job = client.create_tuning_job(parent=cloud.parent, tuning_job=older)
    for name in (created["name"], job.name):
        spec = client.get_tuning_job(name=name).distillation_spec
        assert spec.base_teacher_model == TEACHER
        listed = cloud.genai.tunings.get(name=name).distillation_spec
        assert listed
        assert listed.prompt_dataset_uri == prompts
    assert {job.name for job in client.list_tuning_jobs(parent=cloud.parent)} == {created["name"], job.name}


@pytest.mark.parametrize(
    ("row", "labelled"),
    [
        pytest.param({"prompt": "a?"}, {"prompt": "a?", "completion": "A"}, id="a prompt"),
        pytest.param({"prompt": "a?", "completion": "b"}, {"prompt": "a?", "completion": "A"}, id="answered already"),
        pytest.param(
            {"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "a?"}]},
            {
                "messages": [
                    {"role": "system", "content": "s"},
                    {"role": "user", "content": "a?"},
                    {"role": "assistant", "content": "A"},
                ]
            },
            id="a chat",
        ),
        pytest.param(
            {
                "systemInstruction": {"parts": [{"text": "s"}]},
                "contents": [
                    {"role": "user", "parts": [{"text": "a?"}]},
                    {"role": "model", "parts": [{"text": "b"}]},
                ],
            },
            {
                "systemInstruction": {"parts": [{"text": "s"}]},
                "contents": [
                    {"role": "user", "parts": [{"text": "a?"}]},
                    {"role": "model", "parts": [{"text": "A"}]},
                ],
            },
            id="GenerateContent, answered already",
        ),
    ],
)
def test_labels_come_in_the_format_of_the_prompts(row: dict[str, Any], labelled: dict[str, Any]) -> None:
    seen: list[str] = []

    def ask(prompt: str) -> str:
        seen.append(prompt)
        return "A"

    content = distillation.prompts(f"{json.dumps(row)}\n\n".encode())
    assert json.loads(distillation.label(content, ask)) == labelled
    assert "a?" in seen[0]
    assert "b" not in seen[0]


def test_what_the_teacher_leaves_unanswered_is_left_out() -> None:
    content = distillation.prompts(b'{"prompt": "a"}\n{"prompt": "b"}')
    labels = distillation.label(content, lambda prompt: " " if prompt == "a" else "B")
    assert labels == b'{"prompt": "b", "completion": "B"}\n'


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        pytest.param('{"prompt": "a"}\n{"completion": "b"}', "Line 2 of gs://", id="no prompt"),
        pytest.param('{"prompt": "a"}\n{oops', "not JSON", id="no JSON"),
        pytest.param('{"messages": []}', "there is no answer to learn", id="an empty chat"),
        pytest.param('{"prompt": "a"}\n[1]', "a line is a JSON object", id="a list"),
    ],
)
def test_a_line_that_asks_nothing_fails_the_job(cloud: Cloud, rows: str, said: str) -> None:
    job = cloud.ended(distil(cloud, cloud.put("prompts.jsonl", rows)))
    assert job.state == types.JobState.JOB_STATE_FAILED
    assert job.error
    assert said in str(job.error.message)
