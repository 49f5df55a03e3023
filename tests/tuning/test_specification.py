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
        ({"attempt": 2}, "the one way to run the same again"),
    ],
)
def test_every_part_of_a_spec_moves_its_hash(change: dict[str, Any], why: str) -> None:
    assert replace(SPEC, **change).hash() != SPEC.hash(), why


def test_the_hash_of_a_spec_never_changes_between_versions() -> None:
    # A changed hash would retrain every model of every user: this literal may only change with a migration.
    assert SPEC.hash() == "43647c2262811d15"


def test_a_content_hash_tells_training_from_validation() -> None:
    assert content_hash("a", "b") != content_hash("b", "a")
    assert content_hash("a", "") != content_hash("a")
