"""What a change of a job's inputs means, and how it is told."""

from __future__ import annotations

from typing import Any

import pytest

from tunestack.provider.properties import UNKNOWN
from tunestack.provider.tuning_jobs.changes import FIXED, RETRAINS, differs, reason

OPEN = {
    "baseModel": "google/gemma3@gemma-3-1b-it",
    "mode": "FULL",
    "epochs": 3,
    "contentHash": "ab" * 32,
    "outputUri": "gs://output",
    "attempt": 1,
}
GEMINI = {"baseModel": "gemini-2.5-flash", "epochs": 3, "contentHash": "ab" * 32, "outputUri": "gs://output"}
MODEL = "projects/p/locations/us-central1/models/9"
CONTINUED = {"preTunedModel": MODEL, "preTunedVersion": "1", "epochs": 3, "outputUri": "gs://output"}


def told(before: dict[str, Any], after: dict[str, Any]) -> str:
    """Returns what a preview tells of all changes."""
    return ", ".join(reason(before, after, name) for name in RETRAINS if differs(before, after, name))


@pytest.mark.parametrize(
    ("before", "change", "expected"),
    [
        (OPEN, {"epochs": 4}, "epochs 3 → 4"),
        (OPEN, {"epochs": UNKNOWN}, "epochs 3 → known after apply"),
        (OPEN, {"adapterSize": 8, "mode": "PEFT_ADAPTER"}, "mode FULL → PEFT_ADAPTER, adapter size default → 8"),
        (
            OPEN,
            {"baseModel": "google/gemma3@gemma-3-4b-it"},
            f"base model {OPEN['baseModel']} → google/gemma3@gemma-3-4b-it",
        ),
        (OPEN, {"teacherModel": "deepseek-ai/x-maas"}, "teacher none → deepseek-ai/x-maas"),
        (OPEN, {"customBaseModel": "gs://a/b", "customBaseContent": "cd"}, "custom base model none → gs://a/b"),
        (OPEN, {"contentHash": "cd" * 32, "examples": 9}, "new training data"),
        (
            {**OPEN, "examples": 8},
            {"contentHash": "cd" * 32, "examples": 9},
            "new training data (8 → 9 examples)",
        ),
        (OPEN, {"outputUri": "gs://output/"}, ""),
        (OPEN, {"outputUri": "gs://other"}, "output folder gs://output → gs://other"),
        ({**OPEN, "learningRate": 1e-5}, {"learningRate": None}, "learning rate 1e-05 → default"),
        (GEMINI, {"outputUri": "gs://other"}, ""),
        (GEMINI, {"learningRateMultiplier": 2}, "learning rate multiplier default → 2"),
        (
            GEMINI,
            {"baseModel": None, "preTunedModel": MODEL, "preTunedVersion": "1"},
            f"base model gemini-2.5-flash → none, tuned model to go on from none → {MODEL}",
        ),
        (CONTINUED, {"baseModel": "gemini-2.5-flash"}, ""),
        (CONTINUED, {"preTunedModel": f"{MODEL}@1"}, ""),
        # Another spelling of the same start costs nothing.
        ({**OPEN, "customBaseModel": "gs://a/b"}, {"customBaseModel": "gs://a/b/"}, ""),
        (CONTINUED, {"preTunedModel": MODEL.replace("/p/", "/123/")}, ""),
        (
            CONTINUED,
            {"preTunedModel": MODEL.replace("/p/", "/123/"), "preTunedVersion": "2"},
            "version of the tuned model to go on from 1 → 2",
        ),
        (
            CONTINUED,
            {"preTunedModel": f"{MODEL}@2", "preTunedVersion": "2"},
            f"tuned model to go on from {MODEL} → {MODEL}@2",
        ),
        (CONTINUED, {"preTunedVersion": "2"}, "version of the tuned model to go on from 1 → 2"),
        (
            CONTINUED,
            {"preTunedModel": UNKNOWN, "preTunedVersion": UNKNOWN},
            f"tuned model to go on from {MODEL} → known after apply",
        ),
        (CONTINUED, {"preTunedCheckpoint": "2"}, "checkpoint to go on from default → 2"),
        *((OPEN, {name: "other"}, "") for name in (*FIXED, "trainingUri", "strict", "characters")),
    ],
)
def test_a_reason_names_what_costs_money(before: dict[str, Any], change: dict[str, Any], expected: str) -> None:
    assert told(before, {**before, **change}) == expected


@pytest.mark.parametrize(
    ("comparison", "expected"),
    [
        ("training data: +120 −3 examples (600 → 717)", "new training data: +120 −3 examples (600 → 717)"),
        ("validation data: +4 examples", "new validation data: +4 examples"),
        ("validation data removed", "validation data removed"),
        ("the same examples, in another order", "new training data: the same examples, in another order"),
    ],
)
def test_what_is_known_of_the_data_is_told(comparison: str, expected: str) -> None:
    assert reason(OPEN, {**OPEN, "contentHash": "cd" * 32}, "contentHash", comparison) == expected
