"""A checkpoint's config.json against the model that it shall be tuned as."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tunestack.catalogue import architecture_problem, open_models
from tunestack.catalogue.tables import sources, table

CHECKOUT = Path(__file__).resolve().parents[2]

GEMMA_1B = {"model_type": "gemma3_text", "architectures": ["Gemma3ForCausalLM"], "hidden_size": 1152}
GEMMA_4B = {
    "model_type": "gemma3",
    "architectures": ["Gemma3ForConditionalGeneration"],
    "text_config": {"model_type": "gemma3_text", "hidden_size": 2560, "num_hidden_layers": 34},
}
NAME_1B, NAME_4B = "google/gemma3@gemma-3-1b-it", "google/gemma3@gemma-3-4b-it"


def shipped(name: str) -> dict[str, Any]:
    """The configuration that a model's publisher ships, as far as the rows tell it."""
    content = table("architectures")
    row = dict(content["model"][name])
    family = content["family"][row.pop("family")]
    return {"model_type": family["model_types"][0], "architectures": family["architectures"][:1], **row}


def test_every_open_model_has_a_row_and_each_row_a_source() -> None:
    assert set(table("architectures")["model"]) == {row.name for row in open_models()}
    assert sources()[table("architectures")["source"]].date
    for name in table("architectures")["model"]:
        assert {"hidden_size", "num_hidden_layers"} <= shipped(name).keys()


@pytest.mark.parametrize("name", [row.name for row in open_models()])
def test_a_checkpoint_passes_as_its_own_model_and_as_no_other_of_another_form(name: str) -> None:
    own = shipped(name)
    numbers = {"text_config": {key: value for key, value in own.items() if isinstance(value, int)}}
    nested = {**{key: value for key, value in own.items() if not isinstance(value, int)}, **numbers}
    assert architecture_problem(name, own) is None
    assert architecture_problem(name, nested) is None, "numbers may lie below text_config"
    for other in open_models():
        found = architecture_problem(other.name, own)
        assert (found is None) == (shipped(other.name) == own), other.name
        if found:
            assert name in found, "it says what the checkpoint is instead"


@pytest.mark.parametrize("name", [row.name for row in open_models()])
def test_what_the_emulators_checkpoints_say_is_right(name: str) -> None:
    """Its table was written down apart from these rows."""
    written = json.loads((CHECKOUT / "emulator" / "vertex" / "open_model_configs.json").read_text("utf-8"))
    config = written["models"][name]
    assert architecture_problem(name, config) is None
    assert architecture_problem(name, {**config, "hidden_size": 64}) is not None


@pytest.mark.parametrize(
    ("model", "config", "told"),
    [
        (NAME_1B, GEMMA_4B, "hidden_size 2560 (not 1152)"),
        (NAME_1B, GEMMA_4B, "it looks like google/gemma3@gemma-3-4b-it or google/medgemma@medgemma-4b-it"),
        (NAME_4B, {**GEMMA_4B, "model_type": "llama"}, "model_type llama (not gemma3 or gemma3_text)"),
        (NAME_4B, {"architectures": ["T5Model"]}, "architectures ['T5Model'] (not"),
        (NAME_4B, {"architectures": [{}]}, "architectures [{}] (not"),
        (NAME_4B, {"hidden_size": "2560"}, "hidden_size '2560' (not 2560)"),
        ("publishers/google/models/gemma3@gemma-3-1b-it", GEMMA_4B, "hidden_size 2560 (not 1152)"),
    ],
)
def test_another_architecture_is_told(model: str, config: dict[str, Any], told: str) -> None:
    assert told in (architecture_problem(model, config) or "")


@pytest.mark.parametrize(
    ("model", "config", "why"),
    [
        (NAME_1B, GEMMA_1B, "the number of layers is not said"),
        (NAME_1B, {}, "nothing is said"),
        (
            NAME_4B,
            {**GEMMA_4B, "model_type": "gemma3_text", "architectures": ["Gemma3ForCausalLM"]},
            "its language part",
        ),
        (NAME_4B, {**GEMMA_4B, "tunestack_stand_in": {"hidden_size": 64}}, "what the emulator adds"),
        (NAME_4B, {"text_config": None}, "an empty part"),
        ("acme/new@new-1b", GEMMA_4B, "a model that the catalogue does not know"),
    ],
)
def test_what_is_not_known_to_be_wrong_passes(model: str, config: dict[str, Any], why: str) -> None:
    assert architecture_problem(model, config) is None, why
