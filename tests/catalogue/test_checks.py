"""What the catalogue refuses, and what it lets pass because it does not know."""

from __future__ import annotations

import datetime
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tunestack.catalogue import checks, machines, open_model, open_models, problems, regions

if TYPE_CHECKING:
    from tunestack.catalogue import OpenModel

GEMMA_1B = "google/gemma3@gemma-3-1b-it"
GEMMA_12B = "google/gemma3@gemma-3-12b-it"
LLAMA_8B = "meta/llama3_1@llama-3.1-8b-instruct"
QWEN = "qwen/qwen3@qwen3-4b"
TEACHER = "deepseek-ai/deepseek-v3.2-maas"
TUNED = "projects/p/locations/us-central1/models/1"
EARLIER = datetime.date(2026, 6, 1)
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
        ({"base_model": "qwen/qwen3@qwen3-14b", "machine_type": "g2-standard-24"}, "baseModel", "qwen/qwen3@qwen3-8b"),
        ({"base_model": "gemini-1.5-pro-002"}, "baseModel", "was shut down on 2025-09-24"),
        ({"base_model": "gemini-1.0-pro-002"}, "baseModel", "was shut down (Google Cloud"),
        ({"base_model": "gemini-2.5-flsh"}, "baseModel", "nearest: gemini-2.5-flash"),
        ({"base_model": "gemini-3.5-flash", "location": "eu"}, "location", "nearest: europe-west4"),
        ({"base_model": "gemini-3.5-flash", "location": "us-east1"}, "location", "nearest: us-central1"),
        ({"base_model": "gemini-2.5-pro", "location": "global"}, "location", "open models only"),
        ({"base_model": "gemini-2.5-pro", "location": "us-central-1"}, "location", "is not a region"),
        ({"base_model": "gemini-2.5-pro", "learning_rate_multiplier": 0.0}, "learningRateMultiplier", "above 0"),
        ({"base_model": "gemini-2.5-pro", "learning_rate_multiplier": math.inf}, "learningRateMultiplier", "above 0"),
        ({"base_model": "gemini-2.5-pro", "learning_rate_multiplier": math.nan}, "learningRateMultiplier", "above 0"),
        ({"base_model": "gemini-2.5-pro", "tuned_model_display_name": "n" * 129}, "tunedModelDisplayName", "1 to 128"),
        ({"base_model": "gemini-2.5-pro", "tuned_model_display_name": ""}, "tunedModelDisplayName", "1 to 128"),
        ({"base_model": "gemini-2.5-pro", "kms_key_name": "k"}, "kmsKeyName", "is not the name of a key"),
        ({"kms_key_name": "projects/p/places/l/keyRings/r/cryptoKeys/k"}, "kmsKeyName", "is not the name of a key"),
        ({"kms_key_name": "projects/p/locations/l/keyRings/r/cryptoKeys/"}, "kmsKeyName", "is not the name of a key"),
        ({"pre_tuned_model": "tickets"}, "preTunedModel", "is not the name of a tuned model"),
        ({"pre_tuned_model": f"{TUNED}@1@2"}, "preTunedModel", "is not the name of a tuned model"),
        ({"pre_tuned_model": "projects/p/locations/l/endpoints/1"}, "preTunedModel", "ID@3 or ID@alias"),
        (
            {"pre_tuned_model": TUNED, "location": "europe-west4"},
            "preTunedModel",
            "in a stack whose location is us-central1",
        ),
        (
            {"pre_tuned_model": TUNED.replace("us-central1", "us"), "location": "europe-west4"},
            "preTunedModel",
            "is in us, and the job in europe-west4; tune it further in a stack whose location is a region of us",
        ),
        ({"pre_tuned_model": TUNED, "location": "global"}, "location", "a Gemini model is not tuned in global"),
        ({"base_model": QWEN, "teacher_model": "deepseek-v3.2"}, "teacherModel", f"nearest: {TEACHER}"),
        (
            {"base_model": QWEN, "teacher_model": TEACHER, "custom_base_model": "gs://a/b"},
            "customBaseModel",
            "no page says",
        ),
        ({"declared": {"mode"}}, "baseModel", "is missing"),
        ({"base_model": GEMMA_1B, "declared": {"baseModel"}}, "mode", "is missing"),
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
        ({"mode": "PEFT_ADAPTER", "adapter_size": 32, "batch_size": 1, "epochs": 1}, "at the limits"),
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
        ({"base_model": "gemini-3.5-flash", "location": "europe-west4", "adapter_size": 16}, "Gemini as documented"),
        (
            {"base_model": "gemini-3.5-flash", "tuned_model_display_name": "n" * 128, "learning_rate_multiplier": 5},
            "Gemini at the limits",
        ),
        ({"pre_tuned_model": f"{TUNED}@default", "location": "us-central1"}, "an alias"),
        ({"pre_tuned_model": TUNED.replace("us-central1", "us"), "location": "us-central1"}, "Gemini 3 lies in us"),
        ({"pre_tuned_model": TUNED.replace("us-central1", "eu"), "location": "europe-west4"}, "or in eu"),
        ({"base_model": QWEN, "mode": "FULL", "teacher_model": TEACHER, "today": EARLIER}, "a student and its teacher"),
        ({"declared": {"preTunedModel"}}, "what it was tuned from need not be said"),
        ({"declared": {"preTunedModel", "learningRateMultiplier"}, "learning_rate_multiplier": 2}, "not known yet"),
        ({"declared": {"baseModel"}}, "the base model is not known yet, so neither is what it needs"),
        ({"base_model": "gemini-3.5-flash", "declared": {"baseModel"}}, "Gemini models have no mode"),
    ],
)
def test_what_can_work_passes(asked: dict[str, Any], why: str) -> None:
    assert problems(**{"today": EARLIER, **asked}) == (), why


@pytest.mark.parametrize("model", open_models(), ids=lambda model: model.name)
def test_every_model_passes_in_its_modes_and_regions_and_only_there(model: OpenModel) -> None:
    for mode in checks.MODES:
        assert bool(problems(base_model=model.name, mode=mode)) != (mode in model.modes)
    for region in regions():
        assert not problems(base_model=model.name, location=region.name)
    assert model.weight_bytes
    assert any(machine.holds(model.weight_bytes) for machine in machines())


@pytest.mark.parametrize(
    ("asked", "today", "told"),
    [
        ({"base_model": "gemini-2.5-flash"}, "2026-07-01", None),
        (
            {"base_model": "gemini-2.5-flash"},
            "2026-10-01",
            "baseModel: gemini-2.5-flash is said to be shut down on 2026-10-16, in 15 days (Google Cloud documentation",
        ),
        (
            {"base_model": "gemini-2.5-flash"},
            "2026-11-20",
            "baseModel: gemini-2.5-flash is said to have been shut down on 2026-10-16 (Google Cloud documentation",
        ),
        (
            {"base_model": "gemini-3.5-flash"},
            "2027-05-20",
            "baseModel: gemini-3.5-flash may have been shut down since 2027-05-19 (Google Cloud documentation",
        ),
        (
            {"base_model": "gemini-3.5-flash-lite"},
            "2026-11-20",
            "baseModel: whether gemini-3.5-flash-lite can be",
        ),
        (
            {"base_model": "gemini-2.5-pro", "adapter_size": 16},
            "2026-01-01",
            "adapterSize: whether gemini-2.5-pro has adapters of size 16 is disputed",
        ),
        (
            {"base_model": "gemini-3.5-flash", "pre_tuned_model": "projects/p/locations/us/models/7"},
            "2026-11-20",
            "baseModel: no page says whether a tuned gemini-3.5-flash can be tuned further",
        ),
        (
            {"base_model": QWEN, "teacher_model": TEACHER},
            "2026-11-20",
            f"teacherModel: {TEACHER} is said to have been shut down on 2026-10-21 (LiteLLM",
        ),
    ],
)
def test_what_may_work_all_the_same_only_warns(asked: dict[str, Any], today: str, told: str | None) -> None:
    found = problems(**asked, today=datetime.date.fromisoformat(today))
    assert [str(problem)[: len(told or "")] for problem in found] == ([told] if told else [])
    assert all(problem.is_warning for problem in found)


def test_what_replaces_a_retired_model_stays() -> None:
    (found,) = problems(base_model="gemini-2.5-flash", today=datetime.date(2026, 11, 20))
    assert found.reason.endswith("a tuned model goes with its base model; nearest that stays: gemini-3.5-flash")


@pytest.mark.parametrize(
    ("asked", "names", "why"),
    [
        ({"base_model": "acme/new@new-1b", "location": "mars"}, ["baseModel", "location"], "nor where it is tuned"),
        ({"base_model": "qwen/qwen3@qwen3-14b", "machine_type": "a2-ultragpu-1g"}, ["baseModel"], "a list that grows"),
        ({"base_model": QWEN, "teacher_model": "acme/teacher-maas"}, ["teacherModel"], "a list that grows"),
        ({"base_model": "gemini-4-flash"}, ["baseModel"], "a newer model"),
        (
            {"base_model": QWEN, "teacher_model": TEACHER, "custom_base_model": "gs://my-bucket/base"},
            ["customBaseModel"],
            "a page that does not say",
        ),
        ({"machine_type": "g9-standard-4"}, ["machineType"], "a newer machine"),
    ],
)
def test_what_the_catalogue_does_not_have_can_be_let_pass(asked: dict[str, Any], names: list[str], why: str) -> None:
    found = problems(**asked, today=EARLIER)
    assert [problem.property for problem in found] == names
    assert all(problem.is_unknown for problem in found), why


def test_a_name_that_the_service_refuses_whatever_it_adds_cannot_be_let_pass() -> None:
    (found,) = problems(base_model="acme/new", today=EARLIER)
    assert not found.is_unknown
    (served,) = problems(base_model="acme/new", machine_type="g2-standard-12", today=EARLIER)
    assert served.is_unknown, "what is served may come from elsewhere"


@pytest.mark.parametrize("base_model", [GEMMA_1B, "gemini-3.5-flash", None])
def test_where_a_known_model_is_not_tuned_cannot_be_let_pass(base_model: str | None) -> None:
    (found,) = problems(base_model=base_model, location="mars", today=EARLIER)
    assert not found.is_unknown


def test_unknown_sizes_never_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    sizeless = replace(open_model(GEMMA_12B), parameters=None)
    monkeypatch.setattr(checks.models, "model_named", lambda _: sizeless)
    assert problems(base_model=GEMMA_12B, machine_type="g2-standard-12") == ()


def test_every_problem_is_told_at_once() -> None:
    found = problems(base_model=GEMMA_1B, mode="PEFT_ADAPTER", location="x", adapter_size=3, epochs=0)
    assert [problem.property for problem in found] == ["mode", "location", "adapterSize", "epochs"]
    assert str(found[3]) == "epochs: 0 epochs train nothing; write 1 or more"
