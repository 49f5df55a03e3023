"""What the closing table says of money and of data."""

from __future__ import annotations

from typing import Any

import pytest

from tunestack.cli import summary
from tunestack.cli.stack import Stack

MODEL = {
    "dataset": "tickets",
    "baseModel": "google/gemma3@gemma-3-1b-it",
    "mode": "FULL",
    "epochs": 1,
    "job": "projects/1/locations/us-central1/tuningJobs/7",
    "state": "JOB_STATE_SUCCEEDED",
    "estimatedTokens": 3_900_000,
    "estimatedTokensLow": 3_400_000,
    "estimatedTokensHigh": 7_100_000,
    "estimatedCostUsd": 1.833,
    "estimatedCostUsdLow": 1.598,
    "estimatedCostUsdHigh": 3.337,
    "billedTokens": 4_680_000,
    "billedCostUsd": 2.1996,
    "billedToEstimated": 1.2,
}

WITHOUT_BOUNDS = {name: value for name, value in MODEL.items() if not name.endswith(("Low", "High", "ToEstimated"))}


@pytest.mark.parametrize(
    ("model", "local", "says", "why"),
    [
        (
            MODEL,
            False,
            (
                "4,680,000 tokens billed, about 2.20 USD, 1.20 times the estimate; "
                "3,900,000 tokens (3,400,000–7,100,000) by estimate, about 1.83 USD (1.60–3.34)"
            ),
            "both stand side by side",
        ),
        (
            MODEL,
            True,
            "on Google Cloud: 3,900,000 tokens (3,400,000–7,100,000) by estimate, about 1.83 USD (1.60–3.34)",
            "an emulator bills by a tokenizer of its own",
        ),
        (
            WITHOUT_BOUNDS,
            False,
            "4,680,000 tokens billed, about 2.20 USD; 3,900,000 tokens by estimate, about 1.83 USD",
            "a state of an earlier version",
        ),
    ],
)
def test_what_was_estimated_and_what_was_billed(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    model: dict[str, Any],
    local: bool,
    says: str,
    why: str,
) -> None:
    monkeypatch.setattr(summary, "LOG_WIDTH", 300)
    outputs = {
        "project": "demo",
        "location": "us-central1",
        "models": {"tickets": model},
        **({"apiEndpoint": "http://127.0.0.1:1"} if local else {}),
        **{name: model[name] for name in model if name.startswith("estimatedCost")},
    }
    summary.show(Stack("prod", outputs), ask_untuned=False)
    told = capsys.readouterr().out
    assert says in told, why
    assert f"these jobs: {says.rpartition('by estimate, ')[2]}" in told


@pytest.mark.parametrize(
    ("dataset", "models", "says", "why"),
    [
        (
            {"examples": 7473, "validationExamples": 96},
            {"tickets": MODEL},
            "7,473 + 96 validation examples, chat, about 3,900,000 tokens",
            "both files, and what a model makes of the training file",
        ),
        (
            {"examples": 308_365, "validationExamples": 0},
            {},
            "308,365 examples, chat",
            "no validation file, and no model that would make tokens of it",
        ),
        (
            {"examples": 120, "validationExamples": 0, "images": 240},
            {},
            "120 examples, chat, 240 images",
            "images are not among the tokens",
        ),
    ],
)
def test_what_a_dataset_holds(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    dataset: dict[str, Any],
    models: dict[str, Any],
    says: str,
    why: str,
) -> None:
    monkeypatch.setattr(summary, "LOG_WIDTH", 300)
    tickets = {**dataset, "format": "chat", "contentHash": "0" * 64, "trainingUri": "gs://b/train.jsonl"}
    outputs = {"project": "demo", "location": "us-central1", "datasets": {"tickets": tickets}, "models": models}
    summary.show(Stack("prod", outputs), ask_untuned=False)
    row = next(line for line in capsys.readouterr().out.splitlines() if "dataset tickets" in line)
    assert row.split("│")[2].strip() == says, why


TUNED = "projects/1/locations/us-central1"
GEMINI = {
    **MODEL,
    "method": "gemini",
    "baseModel": "gemini-2.5-flash",
    "mode": "",
    "epochs": 2,
    "finalCheckpointUri": "",
    "tunedModel": f"{TUNED}/models/9@1",
    "endpoint": f"{TUNED}/endpoints/2",
    "checkpoints": [
        {"id": "1", "epoch": 1, "step": 10, "endpoint": f"{TUNED}/endpoints/1"},
        {"id": "2", "epoch": 2, "step": 20, "endpoint": f"{TUNED}/endpoints/2"},
    ],
}
STUDENT = {
    **MODEL,
    "method": "distillation",
    "baseModel": "qwen/qwen3@qwen3-4b",
    "checkpoints": [{"name": "checkpoint-1", "uri": "gs://b/1"}, {"name": "final", "uri": "gs://b/final"}],
    "labelledDataUri": "gs://b/distillation_labelled_dataset.jsonl",
    "estimate": [
        {"name": "training", "period": "once", "usd": 1.833},
        {"name": "teacher writes", "period": "once"},
        {"name": "storage of checkpoints", "period": "month"},
    ],
}


@pytest.mark.parametrize(
    ("model", "images", "why"),
    [(MODEL, 120, "images are no tokens of the estimate"), (STUDENT, 0, "the length of the answers is not known")],
)
def test_a_part_of_the_cost_is_not_known(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    model: dict[str, Any],
    images: int,
    why: str,
) -> None:
    monkeypatch.setattr(summary, "LOG_WIDTH", 300)
    pictures = {"examples": 120, "validationExamples": 0, "images": images, "format": "chat", "contentHash": "0" * 64}
    datasets = {"tickets": {**pictures, "trainingUri": "gs://b/train.jsonl"}}
    outputs = {"project": "demo", "location": "us-central1", "datasets": datasets, "models": {"tickets": model}}
    summary.show(Stack("prod", {**outputs, "estimatedCostUsd": 1.833}), ask_untuned=False)
    told = capsys.readouterr().out
    assert "by estimate, at least 1.83 USD (1.60–3.34)" in told, why
    assert "these jobs: at least 1.83 USD" in told, why


@pytest.mark.parametrize(
    ("model", "says", "why"),
    [
        (
            GEMINI,
            [
                "gemini-2.5-flash, Gemini tuning, 2 epochs",
                "checkpoints 1 (epoch 1) → 2 (epoch 2)",
                f"{TUNED}/models/9@1",
                f"{TUNED}/endpoints/2",
                "answers for the default checkpoint; the others have endpoints of their own",
            ],
            "a tuned Gemini is no files",
        ),
        (
            {**GEMINI, "method": "continuous", "baseModel": "", "checkpoints": None, "tunedModel": "", "endpoint": ""},
            ["a tuned Gemini, continuous Gemini tuning, 2 epochs", "checkpoints none yet"],
            "it runs still, and nothing says what it began from",
        ),
        (
            STUDENT,
            [
                "qwen/qwen3@qwen3-4b, FULL, distillation, 1 epoch",
                "checkpoints checkpoint-1 → final",
                "labelled by the teacher: gs://b/distillation_labelled_dataset.jsonl",
            ],
            "the teacher's answers are worth a look",
        ),
        (MODEL, ["google/gemma3@gemma-3-1b-it, FULL, 1 epoch"], "outputs of a release that knew no other method"),
    ],
)
def test_every_method(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    model: dict[str, Any],
    says: list[str],
    why: str,
) -> None:
    monkeypatch.setattr(summary, "LOG_WIDTH", 300)
    summary.show(
        Stack("prod", {"project": "demo", "location": "us-central1", "models": {"m": model}}), ask_untuned=False
    )
    rows = [line.split("│")[2].strip() for line in capsys.readouterr().out.splitlines() if line.count("│") == 3]
    assert [each for each in says if each not in rows] == [], why


TAKEN = {
    "method": "supervised",
    "baseModel": "google/gemma3@gemma-3-1b-it",
    "mode": "FULL",
    "epochs": 3,
    "dataset": "",
    "contentHash": "21f5ca3c2d574f7f0a2248c049187940",
    "examples": 600,
    "billedTokens": 97_299,
    "billedCostUsd": 0.0457,
    "state": "JOB_STATE_SUCCEEDED",
    "finalCheckpointUri": "gs://west/copies/1",
    "promotedFrom": {"stack": "prod", "model": "support", "run": "5900"},
}


@pytest.mark.parametrize(
    ("model", "says", "why"),
    [
        (
            TAKEN,
            [
                "google/gemma3@gemma-3-1b-it, FULL, 3 epochs",
                "taken from prod: support, run 5900, succeeded",
                "data sha256 21f5ca3c2d574f7f…, 600 examples",
                "97,299 tokens billed there, about 0.05 USD",
                "gs://west/copies/1",
            ],
            "whose it is, of which run and data",
        ),
        (
            {"promotedFrom": {"stack": "prod", "model": "support", "run": "59", "way": ["dev", "prod"]}},
            ["taken from prod (tuned in dev): support, run 59, unknown", "not copied yet"],
            "the stack that it was taken from has taken it as well",
        ),
        (
            {"promotedFrom": TAKEN["promotedFrom"], "state": "JOB_STATE_RUNNING", "finalCheckpointUri": ""},
            ["taken from prod: support, run 5900, running", "not copied yet"],
            "its job still runs, and nothing of it is known",
        ),
    ],
)
def test_a_model_that_another_stack_has_tuned(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    model: dict[str, Any],
    says: list[str],
    why: str,
) -> None:
    monkeypatch.setattr(summary, "LOG_WIDTH", 300)
    serving = {
        "id": "projects/1/locations/europe-west4/endpoints/2",
        "state": "SERVING",
        "machineType": "a2-highgpu-1g",
        "machineReason": "g2-standard-12 has no quota there",
    }
    outputs = {
        "project": "demo",
        "location": "europe-west4",
        "foundation": "prod",
        "buckets": {"output": "gs://west"},
        "quota": {"servingAccelerators": {}},
        "models": {"support": model},
        "endpoints": {"support": serving},
        "estimatedCostUsd": 0,
    }
    summary.show(Stack("prod-europe-west4", outputs), ask_untuned=False)
    cells = [line.split("│")[1:3] for line in capsys.readouterr().out.splitlines() if "│" in line]
    told = {name.strip(): text.strip() for name, text in cells if name.strip()}
    lines = [text.strip() for _, text in cells]
    assert [line for line in lines if line in says] == says, why
    assert told["region of"] == "prod"
    assert not {"on Google Cloud", "quota, tuning jobs"} & told.keys(), "no job is this stack's"
    assert "g2-standard-12 has no quota there" in lines
