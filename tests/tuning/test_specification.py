"""The hash of a spec decides whether money is spent: it must move with the result, and with nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tunestack.tuning.specification import TuningSpec, content_hash

SPEC = TuningSpec(base_model="google/gemma3@gemma-3-1b-it", mode="FULL", content_hash="ab" * 32, epochs=3)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"base_model": "google/gemma3@gemma-3-4b-it"}, "another model learns something else"),
        ({"mode": "PEFT_ADAPTER"}, "adapters are not all weights"),
        ({"content_hash": "cd" * 32}, "other data"),
        ({"epochs": 4}, "one more pass"),
        ({"adapter_size": 8}, "another rank"),
        ({"batch_size": 4}, "other steps"),
        ({"learning_rate": 1e-5}, "other steps"),
        ({"custom_base_model": "gs://bucket/folder"}, "another start"),
        ({"custom_base_content": "ef" * 32}, "other weights at the same address"),
        ({"learning_rate_multiplier": 0.5}, "other steps"),
        ({"teacher_model": "deepseek-ai/deepseek-v3.2-maas"}, "other answers"),
        ({"pre_tuned_model": "projects/p/locations/us-central1/models/9@1"}, "another start"),
        ({"pre_tuned_checkpoint": "2"}, "another start"),
        ({"attempt": 2}, "the one way to run the same again"),
    ],
)
def test_every_part_of_a_spec_moves_its_hash(change: dict[str, Any], why: str) -> None:
    assert replace(SPEC, **change).hash() != SPEC.hash(), why


# Taken from the code that knew supervised tuning of open models alone.
HASHES = {
    "43647c2262811d15": SPEC,
    "68aa9573b1e701c7": TuningSpec(
        "meta/llama3_1@llama-3.1-8b-instruct",
        "PEFT_ADAPTER",
        "cd" * 32,
        2,
        adapter_size=8,
        batch_size=2,
        learning_rate=0.0001,
    ),
    "4c9dd64f02469024": TuningSpec(
        "qwen/qwen3@qwen3-4b",
        "FULL",
        "ef" * 32,
        5,
        learning_rate=7.5e-5,
        custom_base_model="gs://weights/tuned",
        attempt=2,
    ),
    "1afb04b31954cdf9": TuningSpec(
        "google/gemma3@gemma-3-27b-it",
        "PEFT_ADAPTER",
        "01" * 32,
        1,
        adapter_size=32,
        custom_base_model="gs://b/f",
        attempt=7,
    ),
}


@pytest.mark.parametrize("expected", HASHES)
def test_the_hash_of_a_spec_never_changes_between_versions(expected: str) -> None:
    # A changed hash would retrain every model of every user: these literals may only change with a migration.
    assert HASHES[expected].hash() == expected


def test_a_content_hash_tells_training_from_validation() -> None:
    assert content_hash("a", "b") != content_hash("b", "a")
    assert content_hash("a", "") != content_hash("a")
