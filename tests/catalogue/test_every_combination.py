"""Every row with everything that it does not have: each is refused, with what to write instead."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunestack.catalogue import (
    GeminiModel,
    OpenModel,
    Problem,
    distillation,
    gemini_models,
    machines,
    machines_for,
    open_models,
    problems,
    regions,
)
from tunestack.catalogue.checks import ADAPTER_SIZES, MODES

REGIONS = [row.name for row in regions()]
ELSEWHERE = ["europe-west1", "us-east1", "asia-northeast1", "me-west1", "us", "eu", "mars", ""]
TUNED = "projects/p/locations/us-central1/models/1@2"
KEY = "projects/p/locations/{}/keyRings/r/cryptoKeys/k"
BEFORE = datetime.date(2026, 6, 1)
"""A day on which no model had retired that a row is for."""

OPEN = pytest.mark.parametrize("model", open_models(), ids=lambda row: row.name)
GEMINI = pytest.mark.parametrize("model", gemini_models(), ids=lambda row: row.name)


def asked(**inputs: Any) -> dict[str, Problem]:
    """Returns what refuses the inputs, by property; warnings are none."""
    return {found.property: found for found in problems(today=BEFORE, **inputs) if not found.is_warning}


def refused(name: str, said: str, **inputs: Any) -> None:
    """Asserts that the inputs are refused for one of them, and that the reason names something."""
    found = asked(**inputs)
    assert name in found, inputs
    assert said in found[name].reason, inputs
    assert len(found) == 1, (inputs, found)


@OPEN
def test_an_open_model_in_every_mode_with_every_adapter(model: OpenModel) -> None:
    for mode in MODES:
        if mode not in model.modes:
            refused("mode", f"it is in {' or '.join(model.modes)}", base_model=model.name, mode=mode)
            continue
        assert not asked(base_model=model.name, mode=mode)
        for size in range(40):
            inputs = {"base_model": model.name, "mode": mode, "adapter_size": size}
            if mode == "FULL":
                refused("adapterSize", "has no adapter", **inputs)
            elif size in ADAPTER_SIZES:
                assert not asked(**inputs)
            else:
                refused("adapterSize", "nearest: ", **inputs)


@OPEN
def test_an_open_model_in_every_region(model: OpenModel) -> None:
    for region in REGIONS:
        assert not asked(base_model=model.name, location=region)
        key = KEY.format(region)
        if region == "global":
            refused(
                "kmsKeyName", "write a region, such as us-", base_model=model.name, location=region, kms_key_name=key
            )
        else:
            assert not asked(base_model=model.name, location=region, kms_key_name=key)
            other = KEY.format("europe-west9")
            refused("kmsKeyName", "is in europe-west9", base_model=model.name, location=region, kms_key_name=other)
    for region in ELSEWHERE:
        refused("location", "nearest: ", base_model=model.name, location=region)


@OPEN
def test_an_open_model_with_images(model: OpenModel) -> None:
    if "image" in model.modalities:
        assert not asked(base_model=model.name, images=1)
    else:
        refused("baseModel", "nearest: meta/llama4@llama-4-scout", base_model=model.name, images=1)
    assert not asked(base_model=model.name, images=0)
    assert not any(asked(base_model=model.name, data_format=each) for each in ("prompt-completion", "chat"))


@OPEN
def test_an_open_model_with_every_teacher(model: OpenModel) -> None:
    lists = distillation()
    for teacher in lists.teachers:
        if model.name in lists.students:
            assert not asked(base_model=model.name, teacher_model=teacher)
        else:
            refused("baseModel", "not among the students; nearest: ", base_model=model.name, teacher_model=teacher)
    for no_teacher in (
        *[row.name for row in open_models()],
        *[row.name for row in gemini_models()],
        "deepseek-ai/deepseek-v4-maas",
    ):
        found = asked(base_model=lists.students[0], teacher_model=no_teacher)
        assert list(found) == ["teacherModel"]
        assert "nearest: " in found["teacherModel"].reason


@pytest.mark.parametrize("teacher", distillation().teachers)
def test_a_teacher_learns_nothing(teacher: str) -> None:
    refused("baseModel", "nearest: ", base_model=teacher)
    refused("baseModel", "nearest: ", base_model=teacher, teacher_model=teacher)


@OPEN
def test_an_open_model_with_what_is_for_gemini(model: OpenModel) -> None:
    for inputs, name, instead in (
        ({"learning_rate_multiplier": 1.0}, "learningRateMultiplier", "write learningRate"),
        ({"tuned_model_display_name": "Tickets"}, "tunedModelDisplayName", "leave it out"),
        ({"export_last_checkpoint_only": True}, "exportLastCheckpointOnly", "leave it out"),
        ({"pre_tuned_checkpoint": "1"}, "preTunedCheckpoint", "customBaseModel"),
        ({"pre_tuned_model": TUNED}, "baseModel", "leave out baseModel"),
    ):
        refused(name, instead, base_model=model.name, **inputs)
    assert not asked(base_model=model.name, export_last_checkpoint_only=False), "which is what it does"
    assert not asked(base_model=model.name, custom_base_model="gs://a/b", learning_rate=1e-5, batch_size=8)


@OPEN
def test_an_open_model_on_every_machine(model: OpenModel) -> None:
    able = machines_for(model.weight_bytes)
    assert able
    assert [row.usd_per_hour for row in able] == sorted(row.usd_per_hour for row in able if row.usd_per_hour)
    for machine in machines():
        found = asked(base_model=model.name, machine_type=machine.name, location="us-central1")
        wrong = {"baseModel"} if model.servable is False else set()
        assert set(found) == wrong | (set() if machine in able else {"machineType"})
        if machine not in able:
            assert "nearest that can: " in found["machineType"].reason
            assert not found["machineType"].is_unknown, "arithmetic is no list that may have grown"
        if wrong:
            assert found["baseModel"].is_unknown, "a preview's list may have grown"
            near = found["baseModel"].reason.rpartition("nearest that is: ")[2]
            assert not asked(base_model=near, machine_type=able[-1].name)


@GEMINI
def test_a_gemini_model_in_every_region(model: GeminiModel) -> None:
    for region in (*REGIONS, "europe-west1", "us-east1"):
        inputs = {"base_model": model.name, "location": region}
        if region == "global":
            refused("location", "write us-central1", **inputs)
        elif region in (model.regions or (region,)):
            assert not asked(**inputs)
        else:
            refused("location", "nearest: ", **inputs)
        found = asked(**inputs, kms_key_name=KEY.format(region))
        assert ("kmsKeyName" in found) == (model.cmek is False or region == "global")
    for region in ("us", "eu", "mars", ""):
        refused("location", "nearest: ", base_model=model.name, location=region)


@GEMINI
def test_a_gemini_model_with_what_is_for_open_models(model: GeminiModel) -> None:
    for inputs, name, instead in (
        ({"mode": "FULL"}, "mode", "leave it out"),
        ({"mode": "PEFT_ADAPTER"}, "mode", "leave it out"),
        ({"batch_size": 8}, "batchSize", "leave it out"),
        ({"learning_rate": 1e-5}, "learningRate", "write learningRateMultiplier"),
        ({"custom_base_model": "gs://a/b"}, "customBaseModel", "write preTunedModel"),
        ({"pre_tuned_checkpoint": "1"}, "preTunedCheckpoint", "preTunedModel"),
        ({"machine_type": "g2-standard-12"}, "baseModel", "its own endpoints"),
    ):
        refused(name, instead, base_model=model.name, **inputs)
    for teacher in distillation().teachers:
        refused("baseModel", "not among the students", base_model=model.name, teacher_model=teacher)
    assert not asked(base_model=model.name, images=30), "every Gemini model sees"
    assert not asked(base_model=model.name, data_format="generate-content")
    for other in ("prompt-completion", "chat"):
        refused(
            "format", "takes generate-content alone; tunestack data convert", base_model=model.name, data_format=other
        )


@GEMINI
def test_a_gemini_model_with_every_adapter(model: GeminiModel) -> None:
    for size in range(40):
        inputs = {"base_model": model.name, "adapter_size": size}
        if size in (*model.adapter_sizes, *model.disputed_adapter_sizes):
            assert not asked(**inputs)
        else:
            refused("adapterSize", f"is not an adapter size of {model.name}; nearest: ", **inputs)


@GEMINI
def test_a_tuned_gemini_model_is_tuned_further(model: GeminiModel) -> None:
    further = {"pre_tuned_model": TUNED, "pre_tuned_checkpoint": "2", "learning_rate_multiplier": 0.5}
    region = model.regions[0] if model.regions else "us-central1"
    assert not asked(base_model=model.name, location=region, **further)
    assert "location" in asked(base_model=model.name, location="global", **further)
    for inputs, name in (
        ({"mode": "FULL"}, "mode"),
        ({"learning_rate": 1e-5}, "learningRate"),
        ({"batch_size": 1}, "batchSize"),
        ({"custom_base_model": "gs://a/b"}, "customBaseModel"),
        ({"teacher_model": distillation().teachers[0]}, "teacherModel"),
    ):
        assert name in asked(base_model=model.name, **further, **inputs)


MODELS = [row.name for row in open_models()] + [row.name for row in gemini_models()]
ANYTHING: dict[str, list[Any]] = {
    "base_model": [*MODELS, *distillation().teachers, "", "gemini", "a/b", "a/b@c"],
    "mode": [*MODES, "LORA"],
    "location": [*REGIONS, *ELSEWHERE],
    "adapter_size": [-1, 0, 16, 32],
    "epochs": [0, 3],
    "learning_rate": [0.0, 1e-4, 1.0],
    "batch_size": [0, 8],
    "learning_rate_multiplier": [0, 0.5],
    "teacher_model": [*distillation().teachers, "", "gemini-2.5-pro"],
    "custom_base_model": ["gs://my-bucket/base"],
    "pre_tuned_model": [TUNED, "", "@", "projects/p/locations//models/1"],
    "pre_tuned_checkpoint": ["1", ""],
    "kms_key_name": [KEY.format("us-central1"), KEY.format("global"), "", "/" * 7],
    "tuned_model_display_name": ["Tickets", ""],
    "export_last_checkpoint_only": [True, False],
    "images": [0, 1],
    "declared": [(), ("baseModel", "mode"), ("teacherModel",), ("preTunedModel",)],
    "machine_type": [*[row.name for row in machines()], ""],
    "accelerator_type": ["NVIDIA_L4", ""],
    "accelerator_count": [0, 1, 3],
    "today": [BEFORE, datetime.date(2099, 1, 1)],
}


@given(st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in ANYTHING.items()}))
def test_whatever_is_asked_is_answered(inputs: dict[str, Any]) -> None:
    for found in problems(**inputs):
        assert found.reason
        assert found.property[0].islower()
        assert not (found.is_warning and found.is_unknown)
