"""Which method is meant, and who has it."""

from __future__ import annotations

from typing import get_args

import pytest

from tunestack.catalogue import Method, gemini_model, is_gemini, method, methods_of, open_model, told

GEMMA, QWEN, LLAMA = "google/gemma3@gemma-3-1b-it", "qwen/qwen3@qwen3-4b", "meta/llama3_1@llama-3.1-8b"
TUNED = "projects/p/locations/us-central1/models/1"


@pytest.mark.parametrize(
    ("base_model", "teacher_model", "pre_tuned_model", "wanted"),
    [
        (GEMMA, None, None, "supervised"),
        (None, None, None, "supervised"),
        (QWEN, "deepseek-ai/deepseek-v3.2-maas", None, "distillation"),
        ("gemini-2.5-flash", None, None, "gemini"),
        ("publishers/google/models/gemini-2.5-flash", None, None, "gemini"),
        ("gemini-9-flash", None, None, "gemini"),
        (None, None, TUNED, "continuous"),
        ("gemini-2.5-flash", None, TUNED, "continuous"),
        # What is refused for both is told as what it would be first.
        (QWEN, "deepseek-ai/deepseek-v3.2-maas", TUNED, "continuous"),
        (GEMMA, "", "", "supervised"),
    ],
)
def test_the_method_follows_from_the_inputs(
    base_model: str | None, teacher_model: str | None, pre_tuned_model: str | None, wanted: str
) -> None:
    assert method(base_model, teacher_model, pre_tuned_model) == wanted


def test_every_method_has_a_name_of_its_own() -> None:
    assert len({told(name) for name in get_args(Method)}) == len(get_args(Method)) == 4


def test_models_know_their_methods() -> None:
    assert methods_of(open_model(LLAMA)) == ("supervised",)
    assert methods_of(open_model(QWEN)) == ("supervised", "distillation")
    assert methods_of(gemini_model("gemini-2.5-flash")) == ("gemini", "continuous")
    assert methods_of(gemini_model("gemini-3.5-flash")) == ("gemini",), "not known is not claimed"


def test_a_gemini_model_is_told_by_its_name() -> None:
    assert is_gemini(" google/gemini-2.5-pro ")
    assert not is_gemini("acme/mygemini@gemini-1")
