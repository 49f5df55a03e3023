"""What the catalogue refuses, and what it lets pass because it does not know."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tunestack.catalogue import checks, machines, open_model, open_models, problems, regions

if TYPE_CHECKING:
    from tunestack.catalogue import OpenModel

GEMMA_1B = "google/gemma3@gemma-3-1b-it"
GEMMA_12B = "google/gemma3@gemma-3-12b-it"
LLAMA_8B = "meta/llama3_1@llama-3.1-8b-instruct"
SCOUT = "meta/llama4@llama-4-scout-17b-16e-instruct"


@pytest.mark.parametrize(
    ("asked", "property_name", "said"),
    [
        ({"base_model": "google/gemma3"}, "baseModel", "no @version"),
        ({"base_model": GEMMA_1B, "mode": "PEFT_ADAPTER"}, "mode", "it is in FULL"),
        ({"base_model": SCOUT, "mode": "FULL"}, "mode", "it is in PEFT_ADAPTER"),
        ({"base_model": "unknown", "mode": "LORA"}, "mode", "write FULL or PEFT_ADAPTER"),
        ({"base_model": GEMMA_1B, "location": "europe-west1"}, "location", "nearest: europe-west4"),
        ({"location": "us-centrall"}, "location", "nearest: us-central1"),
        ({"location": "mars"}, "location", "all: us-central1, "),
        ({"location": "global", "machine_type": "g2-standard-12"}, "location", "nothing can be deployed"),
        ({"mode": "FULL", "adapter_size": 16}, "adapterSize", "no adapter"),
        ({"mode": "PEFT_ADAPTER", "adapter_size": 12}, "adapterSize", "nearest: 8"),
        ({"epochs": 0}, "epochs", "write 1 or more"),
        ({"epochs": -3}, "epochs", "write 1 or more"),
        ({"learning_rate": 0.0}, "learningRate", "above 0"),
        ({"learning_rate": 2.0}, "learningRate", "below 1"),
        ({"learning_rate": float("nan")}, "learningRate", "above 0"),
        ({"batch_size": 0}, "batchSize", "1 or more"),
        ({"machine_type": "g2-standard-13"}, "machineType", "g2-standard-12"),
        ({"machine_type": "g2-standard-12", "accelerator_type": "NVIDIA_T4"}, "acceleratorType", "1 × NVIDIA_L4"),
        ({"machine_type": "g2-standard-12", "accelerator_count": 2}, "acceleratorCount", "g2-standard-24"),
        ({"base_model": GEMMA_12B, "machine_type": "g2-standard-12"}, "machineType", "g2-standard-24"),
        ({"base_model": SCOUT, "machine_type": "g2-standard-96"}, "machineType", "nearest that can"),
    ],
)
def test_what_cannot_work_is_refused_with_the_nearest_that_can(
    asked: dict[str, Any], property_name: str, said: str
) -> None:
    found = {problem.property: problem.reason for problem in problems(**asked)}
    assert said in found[property_name]


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({}, "nothing is asked"),
        ({"base_model": GEMMA_1B, "mode": "FULL", "location": "us-central1", "epochs": 3}, "as documented"),
        ({"base_model": LLAMA_8B, "mode": "PEFT_ADAPTER", "adapter_size": 16, "learning_rate": 2e-4}, "as recommended"),
        ({"base_model": LLAMA_8B, "location": "global"}, "the service picks a region"),
        ({"mode": "PEFT_ADAPTER", "adapter_size": 32, "batch_size": 1}, "at the limits"),
        (
            {
                "base_model": LLAMA_8B,
                "location": "us-central1",
                "machine_type": "g2-standard-12",
                "accelerator_type": "NVIDIA_L4",
                "accelerator_count": 1,
            },
            "the deployment that Google's page shows",
        ),
        (
            {"location": "europe-west1", "machine_type": "g2-standard-12"},
            "accelerators are in more regions than tuning",
        ),
    ],
)
def test_what_can_work_passes(asked: dict[str, Any], why: str) -> None:
    assert problems(**asked) == (), why


@pytest.mark.parametrize("model", open_models(), ids=lambda model: model.name)
def test_every_model_passes_in_its_modes_and_regions_and_only_there(model: OpenModel) -> None:
    for mode in checks.MODES:
        assert bool(problems(base_model=model.name, mode=mode)) != (mode in model.modes)
    for region in regions():
        assert not problems(base_model=model.name, location=region.name)
    assert model.weight_bytes
    assert any(machine.holds(model.weight_bytes) for machine in machines())


def test_unknown_sizes_never_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    sizeless = replace(open_model(GEMMA_12B), parameters=None)
    monkeypatch.setattr(checks.models, "open_model", lambda _: sizeless)
    assert problems(base_model=GEMMA_12B, machine_type="g2-standard-12") == ()


def test_every_problem_is_told_at_once() -> None:
    found = problems(base_model=GEMMA_1B, mode="PEFT_ADAPTER", location="x", adapter_size=3, epochs=0)
    assert [problem.property for problem in found] == ["mode", "location", "adapterSize", "epochs"]
    assert str(found[3]) == "epochs: 0 epochs train nothing; write 1 or more"
