"""The configurations of the stand-ins, held against what the product looks for in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from emulator.errors import ServiceError
from emulator.vertex import architectures, open_models
from tunestack import catalogue

GEMMA_1B, GEMMA_4B = "google/gemma3@gemma-3-1b-it", "google/gemma3@gemma-3-4b-it"


def test_every_stand_in_passes_for_the_model_that_it_stands_in_for_and_for_no_other_size() -> None:
    names = [model.name for model in catalogue.open_models()]
    assert all(open_models.find(name) for name in names), "the emulator has every model of the catalogue"
    for name in names:
        config = architectures.config(name)
        assert config, name
        assert catalogue.architecture_problem(name, config) is None
    assert catalogue.architecture_problem(GEMMA_1B, architectures.config(GEMMA_4B))


@pytest.mark.parametrize(
    ("config", "said"),
    [
        pytest.param(architectures.config(GEMMA_4B), "", id="the model itself"),
        pytest.param(
            {"model_type": "gemma3_text", "architectures": ["Gemma3ForCausalLM"], "hidden_size": 2560},
            "",
            id="its language part alone",
        ),
        pytest.param({"model_type": "gemma3"}, "", id="nothing more is said"),
        pytest.param(
            {"model_type": "llama", "hidden_size": 2560}, "model_type 'llama' instead of 'gemma3'", id="Llama"
        ),
        pytest.param(architectures.config(GEMMA_1B), "hidden_size 1152 instead of 2560", id="another size"),
        pytest.param({"text_config": {"num_hidden_layers": 2}}, "num_hidden_layers 2 instead of 34", id="below"),
    ],
)
def test_a_checkpoint_to_start_from_has_the_base_model_s_architecture(
    config: dict[str, Any], said: str, tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text(json.dumps(config))
    if not said:
        architectures.check(GEMMA_4B, tmp_path, "gs://bucket/folder")
        return
    with pytest.raises(ServiceError, match=f"gs://bucket/folder does not have the architecture of {GEMMA_4B}.*{said}"):
        architectures.check(GEMMA_4B, tmp_path, "gs://bucket/folder")
