"""The life of a tuning job, as google-genai and google-cloud-aiplatform see it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from google.cloud import aiplatform_v1beta1 as v1beta1
from google.genai import types
from tokenizers import Tokenizer

from emulator.language_model import write_base_checkpoint
from emulator.vertex import architectures
from tests.emulator.vertex.harness import GEMMA, LLAMA, NOBODY, REGION, Cloud, Server, constant, new_cloud

FOLDER = "postprocess/node-0/checkpoints"


@pytest.mark.parametrize(
    ("base_model", "mode", "adapter"),
    [(GEMMA, "TUNING_MODE_FULL", None), (LLAMA, "TUNING_MODE_PEFT_ADAPTER", "ADAPTER_SIZE_SIXTEEN")],
)
def test_a_job_trains_and_leaves_its_checkpoints(cloud: Cloud, base_model: str, mode: str, adapter: str | None) -> None:
    training = cloud.put("train.jsonl", constant("fine", rows=12))
    validation = cloud.put("validation.jsonl", constant("fine", rows=2))
    job = cloud.tune(
        training,
        base_model,
        tuning_mode=mode,
        adapter_size=adapter,
        epoch_count=2,
        validation_dataset=types.TuningValidationDataset(gcs_uri=validation),
        tuned_model_display_name="fine",
    )
    assert job.state == types.JobState.JOB_STATE_QUEUED
    job = cloud.ended(job)
    assert job.state == types.JobState.JOB_STATE_SUCCEEDED, job.error
    assert job.tuned_model
    checkpoints = job.tuned_model.checkpoints
    assert checkpoints
    assert [checkpoint.epoch for checkpoint in checkpoints] == [1, 2]
    stored = [blob.name for blob in cloud.storage.list_blobs(cloud.bucket)]
    prefix = f"{str(job.output_uri).removeprefix(f'gs://{cloud.bucket}/')}/{FOLDER}"
    for folder in ("final", *(f"checkpoint-{checkpoint.step}" for checkpoint in checkpoints)):
        names = {name.rsplit("/", 1)[1] for name in stored if name.startswith(f"{prefix}/{folder}/")}
        assert {"config.json", "model-00001-of-00002.safetensors", "tokenizer.json"} <= names
    last, final = (
        cloud.storage.bucket(cloud.bucket)
        .blob(f"{prefix}/{folder}/model-00001-of-00002.safetensors")
        .download_as_bytes()
        for folder in (f"checkpoint-{checkpoints[-1].step}", "final")
    )
    assert final == last, "the final checkpoint is that of the last epoch"
    stats = job.tuning_data_stats and job.tuning_data_stats.supervised_tuning_data_stats
    assert stats
    assert stats.tuning_dataset_example_count == 12
    assert stats.tuning_step_count == checkpoints[-1].step
    spelt = cloud.storage.bucket(cloud.bucket).blob(f"{prefix}/final/tokenizer.json").download_as_text()
    texts = [text for example in constant("fine", rows=12) for text in example.values()]
    tokens = sum(len(encoding.ids) for encoding in Tokenizer.from_str(spelt).encode_batch(texts))
    assert stats.total_billable_token_count == tokens + 3 * 12, "one pass over the data, with three markers an example"
    assert job.tuning_job_metadata
    assert job.tuning_job_metadata.completed_epoch_count == 2
    assert job.create_time
    assert job.start_time
    assert job.end_time
    assert job.create_time <= job.start_time <= job.end_time
    assert job.experiment


def test_ten_checkpoints_are_kept_at_the_most(cloud: Cloud) -> None:
    job = cloud.ended(cloud.tune(cloud.put("train.jsonl", constant("a", rows=2)), epoch_count=13))
    assert job.tuned_model
    assert job.tuned_model.checkpoints
    epochs = [checkpoint.epoch for checkpoint in job.tuned_model.checkpoints]
    assert len(epochs) == 10
    assert epochs == sorted({epoch or 0 for epoch in epochs})
    assert epochs[-1] == 13


def test_a_tuned_checkpoint_can_be_tuned_further(cloud: Cloud, tuned: dict[str, str]) -> None:
    training = cloud.put("train.jsonl", constant("yes"))
    refused = cloud.ended(cloud.tune(training, custom_base_model=tuned["yes"])).error
    assert refused
    assert "does not have `[storage.objects.get" in str(refused.message), "its bucket is another project's"
    cloud.grant("gcp-sa-aiplatform", bucket=tuned["yes"].split("/")[2])
    first = cloud.ended(cloud.tune(training, custom_base_model=tuned["yes"]))
    assert first.state == types.JobState.JOB_STATE_SUCCEEDED, first.error
    before, after = (_losses(cloud, uri) for uri in (_output(tuned["yes"]), str(first.output_uri)))
    assert after[0] < 2 * before[-1] + 0.05 < before[0] / 4, "it begins where the other ended"
    empty = cloud.ended(cloud.tune(training, custom_base_model=f"gs://{cloud.bucket}/nothing"))
    assert empty.state == types.JobState.JOB_STATE_FAILED
    assert empty.error
    assert "it lacks config.json" in str(empty.error.message)
    other = cloud.ended(cloud.tune(training, "google/gemma3@gemma-3-4b-it", custom_base_model=tuned["yes"])).error
    assert other
    assert "hidden_size 1152 instead of 2560, num_hidden_layers 26 instead of 34" in str(other.message)


def _output(final: str) -> str:
    """The output folder of the job that wrote a final checkpoint."""
    return final.removesuffix(f"/{FOLDER}/final")


def _losses(cloud: Cloud, output: str) -> list[float]:
    bucket, _, prefix = output.removeprefix("gs://").partition("/")
    metrics = json.loads(cloud.storage.bucket(bucket).blob(f"{prefix}/metrics.json").download_as_bytes())
    return [step["loss"] for step in metrics["steps"]]


def test_only_the_last_checkpoint_is_kept_where_that_is_asked_for(cloud: Cloud) -> None:
    training = cloud.put("train.jsonl", constant("a", rows=2))
    job = cloud.ended(cloud.tune(training, epoch_count=3, export_last_checkpoint_only=True))
    assert job.tuned_model
    assert not job.tuned_model.checkpoints
    stored = {blob.name.split("/")[-2] for blob in cloud.storage.list_blobs(cloud.bucket) if FOLDER in blob.name}
    assert stored == {"checkpoint-3", "final"}


def test_snake_case_numbers_and_strings_are_read_like_the_rest(cloud: Cloud) -> None:
    """vertexai.tuning sends enums as numbers and 64-bit integers as strings; google-genai's dicts may be snake_case."""
    created = cloud.call(
        "POST",
        "tuningJobs",
        {
            "base_model": f"publishers/{LLAMA.split('/')[0]}/models/{LLAMA.split('/')[1]}",
            "supervised_tuning_spec": {
                "training_dataset_uri": cloud.put("train.jsonl", constant("a", rows=2)),
                "tuningMode": 2,
                "hyper_parameters": {"epochCount": "1", "adapter_size": 3, "learning_rate": 1e-4},
            },
            "output_uri": f"gs://{cloud.bucket}/out/",
        },
    )
    spec = created["supervisedTuningSpec"]
    assert created["baseModel"] == LLAMA
    assert spec["tuningMode"] == "TUNING_MODE_PEFT_ADAPTER"
    assert spec["hyperParameters"] == {
        "epochCount": "1",
        "adapterSize": "ADAPTER_SIZE_EIGHT",
        "learningRate": 1e-4,
    }


@pytest.mark.filterwarnings("ignore")  # the module is deprecated and says so
def test_the_job_of_the_tuning_page_word_for_word(cloud: Cloud, tmp_path: Path) -> None:
    import vertexai
    from vertexai.tuning import SourceModel, sft

    model = "meta/llama3_1@llama-3.1-8b"
    write_base_checkpoint(model, tmp_path, architectures.config(model))
    for file in tmp_path.iterdir():
        cloud.storage.bucket(cloud.bucket).blob(f"llama/{file.name}").upload_from_filename(str(file))
    vertexai.init(
        project=cloud.project,
        location=REGION,
        credentials=NOBODY,
        api_endpoint=cloud.server.url,
        api_transport="rest",
    )
    sft_tuning_job = sft.train(
        source_model=SourceModel(
            base_model="meta/llama3_1@llama-3.1-8b", custom_base_model=f"gs://{cloud.bucket}/llama"
        ),
        tuning_mode="FULL",
        epochs=3,
        train_dataset=cloud.put("train.jsonl", constant("a", rows=12)),
        validation_dataset=cloud.put("validation.jsonl", constant("a", rows=2)),
        output_uri=f"gs://{cloud.bucket}/out",
    )
    cloud.until(lambda: _refreshed(sft_tuning_job).has_ended, seconds=120)
    assert sft_tuning_job.has_succeeded


def _refreshed(job: Any) -> Any:
    job.refresh()
    return job


def test_a_job_is_found_again_by_its_labels(cloud: Cloud) -> None:
    training = cloud.put("train.jsonl", constant("a", rows=2))
    names: dict[str, list[str]] = {}
    for owner in ("one", "two", "one"):
        job = cloud.tune(training, labels={"owner": owner, "stack": "dev"})
        names.setdefault(owner, []).append(str(job.name))
    client = cloud.gapic(v1beta1.GenAiTuningServiceClient)

    def found(text: str, size: int = 0) -> list[str]:
        request = v1beta1.ListTuningJobsRequest(parent=cloud.parent, filter=text, page_size=size)
        return [job.name for job in client.list_tuning_jobs(request)]

    assert sorted(found("labels.owner=one")) == sorted(names["one"])
    assert found("labels.owner=one", size=1) == found("labels.owner=one"), "pages follow each other"
    assert found('labels.owner="two" AND labels.stack=dev') == names["two"]
    assert found("labels.owner=three") == []
    assert len(found("")) == 3
    listed = [job.name for job in cloud.genai.tunings.list(config={"filter": "labels.owner=two"})]
    assert listed == names["two"]


@pytest.mark.parametrize("wait_for", ["JOB_STATE_QUEUED", "JOB_STATE_RUNNING"])
def test_a_cancelled_job_ends_with_code_1(own_server: Callable[..., Server], wait_for: str) -> None:
    cloud = new_cloud(own_server(tuningCapacity=30, tuningCancel=2.0))
    training = cloud.put("train.jsonl", constant("a", rows=2))
    job = cloud.tune(training)
    cloud.until(lambda: cloud.job(job).state == types.JobState.JOB_STATE_RUNNING)
    if wait_for == "JOB_STATE_QUEUED":
        job = cloud.tune(training)
    assert cloud.job(job).state == types.JobState(wait_for)
    assert job.name
    cloud.genai.tunings.cancel(name=job.name)
    assert cloud.job(job).state == types.JobState.JOB_STATE_CANCELLING
    job = cloud.ended(job)
    assert job.state == types.JobState.JOB_STATE_CANCELLED
    assert job.error
    assert job.error.code == 1
    status, message = cloud.refusal("POST", f"/v1beta1/{job.name}:cancel", {})
    assert status == "FAILED_PRECONDITION"
    assert "has ended" in message


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ('{"prompt": "a", "completion": "b"}\n{"prompt": "a"}', "Line 2 of gs://{bucket}/train.jsonl"),
        ('{"prompt": "a", "completion": "b"}\n{oops', "not JSON"),
        ("\n", "no training example"),
    ],
)
def test_a_bad_line_fails_the_job_while_the_dataset_is_processed(cloud: Cloud, rows: str, said: str) -> None:
    job = cloud.ended(cloud.tune(cloud.put("train.jsonl", rows)))
    assert job.state == types.JobState.JOB_STATE_FAILED
    assert job.error
    assert str(job.error.message).startswith("Failed to process the dataset: ")
    assert said.format(bucket=cloud.bucket) in str(job.error.message)
    assert not job.tuning_data_stats


def test_a_validation_file_of_more_than_a_quarter_fails_the_job(cloud: Cloud) -> None:
    training, validation = (cloud.put(f"{rows}.jsonl", constant("a", rows=rows)) for rows in (12, 4))
    job = cloud.ended(cloud.tune(training, validation_dataset=types.TuningValidationDataset(gcs_uri=validation)))
    assert job.error
    assert "25 % of the training file" in str(job.error.message)


def test_the_platform_agent_needs_the_bucket_and_the_tuning_agent_does_not(cloud: Cloud) -> None:
    cloud.grant("gcp-sa-aiplatform")
    job = cloud.ended(cloud.tune(cloud.put("train.jsonl", constant("a", rows=2))))
    assert job.state == types.JobState.JOB_STATE_SUCCEEDED
    cloud.grant("gcp-sa-vertex-moss-ft")
    job = cloud.ended(cloud.tune(cloud.put("train.jsonl", constant("a", rows=2))))
    assert job.state == types.JobState.JOB_STATE_FAILED
    assert job.error
    assert job.error.code == 9
    assert f"service-{cloud.number}@gcp-sa-aiplatform" in str(job.error.message)
    assert "roles/storage.objectUser" in str(job.error.message)


def test_one_image_and_llama_4_learns_nothing_of_the_examples_without(cloud: Cloud) -> None:
    bucket = cloud.storage.create_bucket(f"{cloud.project}-pictures")
    for name, content in (("cat.png", b"\x89PNG\r\n\x1a\n"), ("page.png", b"<html>")):
        bucket.blob(name).upload_from_string(content)

    def ended(image: str, model: str = "meta/llama4@llama-4-scout-17b-16e-instruct") -> types.TuningJob:
        shown = {"file_data": {"mime_type": "image/png", "file_uri": f"gs://{bucket.name}/{image}"}}
        answer = {"role": "model", "parts": [{"text": "A cat"}]}
        rows = [
            {"contents": [{"role": "user", "parts": [{"text": "What is it?"}, *more]}, answer]}
            for more in ([], [shown], [])
        ]
        return cloud.ended(cloud.tune(cloud.put("train.jsonl", rows), model))

    def refusal(job: types.TuningJob) -> str:
        assert job.error
        return str(job.error.message)

    cloud.grant("gcp-sa-aiplatform", bucket=bucket.name)
    assert "gcp-sa-vertex-moss-ft.iam.gserviceaccount.com` does not have" in refusal(ended("cat.png"))
    cloud.grant("gcp-sa-aiplatform", "gcp-sa-vertex-moss-ft", bucket=bucket.name)
    assert "is tuned on text only" in refusal(ended("cat.png", GEMMA))
    assert f"line 2: the image gs://{bucket.name}/dog.png does not exist" in refusal(ended("dog.png"))
    assert "page.png is none of JPEG, PNG and WEBP" in refusal(ended("page.png"))
    job = ended("cat.png")
    assert job.state == types.JobState.JOB_STATE_SUCCEEDED, job.error
    stats = job.tuning_data_stats and job.tuning_data_stats.supervised_tuning_data_stats
    assert stats
    assert (stats.tuning_dataset_example_count, stats.total_truncated_example_count) == (3, 2)
    assert stats.truncated_example_indices == [1, 3]
    assert stats.dropped_example_reasons == ["Text-only example in a dataset with image examples."] * 2
    assert stats.total_tuning_character_count == len("What is it?A cat")


def test_data_may_lie_in_a_bucket_of_another_project(cloud: Cloud) -> None:
    other = cloud.storage.create_bucket(f"{cloud.project}-shared", project=new_cloud(cloud.server).project)
    other.blob("weekly/train.jsonl").upload_from_string(json.dumps({"prompt": "a", "completion": "b"}))
    training = f"gs://{other.name}/weekly/train.jsonl"
    error = cloud.ended(cloud.tune(training)).error
    assert error
    assert f'to the bucket "gs://{other.name}"' in str(error.message)
    cloud.grant("gcp-sa-aiplatform", bucket=other.name)
    job = cloud.ended(cloud.tune(training))
    assert job.state == types.JobState.JOB_STATE_SUCCEEDED, job.error
