"""Finding a row by name, and what is said when there is none."""

from __future__ import annotations

import pytest

from tunestack.catalogue import UnknownMachineError, UnknownModelError, machine, open_model, region


@pytest.mark.parametrize(
    "name",
    [
        "google/gemma3@gemma-3-1b-it",
        "publishers/google/models/gemma3@gemma-3-1b-it",
        " google/gemma3@gemma-3-1b-it ",
    ],
)
def test_a_model_is_found_by_either_form_of_its_name(name: str) -> None:
    assert open_model(name).name == "google/gemma3@gemma-3-1b-it"


@pytest.mark.parametrize(
    ("name", "nearest", "said", "why"),
    [
        (
            "meta/llama3_1",
            ("meta/llama3_1@llama-3.1-8b", "meta/llama3_1@llama-3.1-8b-instruct"),
            "no @version",
            "the family",
        ),
        ("google/gemma-3-1b-it", ("google/gemma3@gemma-3-1b-it",), "no @version", "the name on Hugging Face"),
        ("Qwen/Qwen3-8B", ("qwen/qwen3@qwen3-8b",), "no @version", "another case"),
        ("Llama 3.1 8B", ("meta/llama3_1@llama-3.1-8b",), "no @version", "the name shown in the console"),
        ("meta/llama3-1@llama-3.1-8b", ("meta/llama3_1@llama-3.1-8b",), "not among", "hyphen for underscore"),
        (
            "qwen/qwen3@qwen3-7b",
            ("qwen/qwen3@qwen3-8b", "qwen/qwen3@qwen3-4b"),
            "not among",
            "a size that is not there",
        ),
        ("gemini-2.5-flash", (), "not an open model", "a Gemini model"),
        ("", ("google/gemma3@gemma-3-1b-it",), "no @version", "nothing at all"),
    ],
)
def test_an_unknown_model_is_refused_with_the_nearest(name: str, nearest: tuple[str, ...], said: str, why: str) -> None:
    with pytest.raises(UnknownModelError, match=said) as refusal:
        open_model(name)
    assert refusal.value.nearest[: len(nearest)] == nearest, why
    assert all(right in str(refusal.value) for right in nearest)


def test_an_unknown_machine_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownMachineError, match=r'no machine "g2-standard-13"; nearest: .*g2-standard-12'):
        machine("g2-standard-13")


def test_a_region_is_found_or_not() -> None:
    found = region("global")
    assert found
    assert not found.serves
    assert region("europe-west1") is None
