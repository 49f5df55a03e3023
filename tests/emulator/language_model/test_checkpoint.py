from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
from safetensors.numpy import load_file

from emulator.language_model import Generator, LanguageModelError, write_base_checkpoint

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILES = {
    "config.json",
    "generation_config.json",
    "model-00001-of-00002.safetensors",
    "model-00002-of-00002.safetensors",
    "model.safetensors.index.json",
    "tokenizer.json",
    "tokenizer_config.json",
}


@pytest.mark.parametrize(
    ("base_model", "class_name", "model_type"),
    [
        ("google/gemma3@gemma-3-1b-it", "Gemma3ForCausalLM", "gemma3_text"),
        ("meta/llama3_1@llama-3.1-8b-instruct", "LlamaForCausalLM", "llama"),
        ("qwen/qwen3@qwen3-4b", "Qwen3ForCausalLM", "qwen3"),
    ],
)
def test_the_untuned_model_of_each_family(base_model: str, class_name: str, model_type: str, tmp_path: Path) -> None:
    write_base_checkpoint(base_model, tmp_path / "new" / "folder")
    folder = tmp_path / "new" / "folder"
    assert {path.name for path in folder.iterdir()} == FILES
    config = json.loads((folder / "config.json").read_text())
    assert (config["architectures"], config["model_type"]) == ([class_name], model_type)
    assert config["_name_or_path"] == base_model
    assert f"in place of {base_model}" in config["tunestack_stand_in"]


def test_the_index_tells_where_each_tensor_lies(tiny_base: Path) -> None:
    index = json.loads((tiny_base / "model.safetensors.index.json").read_text())
    found: dict[str, str] = {}
    for file in sorted(FILES):
        if file.endswith(".safetensors"):
            tensors = load_file(tiny_base / file)
            assert tensors, f"{file} is empty"
            found |= dict.fromkeys(tensors, file)
    assert index["weight_map"] == found
    # As in a Llama checkpoint: (out, in), with the output layer tied to the embedding.
    name = "model.layers.1.mlp.up_proj.weight"
    assert load_file(tiny_base / found[name])[name].shape == (64, 32)
    assert "lm_head.weight" not in found
    assert index["metadata"]["total_size"] == sum(
        tensor.nbytes for file in set(found.values()) for tensor in load_file(tiny_base / file).values()
    )


def test_writing_what_was_read_changes_nothing(tiny_base: Path, tmp_path: Path) -> None:
    from emulator.language_model.architecture import read_config
    from emulator.language_model.checkpoint import read_weights, write_checkpoint
    from emulator.language_model.tokenization import Tokenization

    architecture, name = read_config(tiny_base)
    weights = read_weights(tiny_base, architecture)
    assert {weight.dtype for weight in weights.values()} == {np.dtype(np.float32)}
    write_checkpoint(tmp_path, weights, architecture, Tokenization.load(tiny_base), name)
    for file in FILES:
        assert (tmp_path / file).read_bytes() == (tiny_base / file).read_bytes(), file


def _edit_config(folder: Path, **changes: object) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changes))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        pytest.param(lambda f: (f / "config.json").unlink(), "needs a config.json", id="no configuration"),
        pytest.param(lambda f: (f / "config.json").write_text("{}"), "not the configuration", id="another model's"),
        pytest.param(lambda f: (f / "config.json").write_text("{"), "not the configuration", id="cut configuration"),
        pytest.param(
            lambda f: (f / "model-00002-of-00002.safetensors").unlink(), "incomplete", id="a shard is missing"
        ),
        pytest.param(
            lambda f: (f / "model-00001-of-00002.safetensors").write_bytes(b"x" * 40),
            "cannot be read",
            id="a broken shard",
        ),
        pytest.param(lambda f: (f / "model.safetensors.index.json").unlink(), "incomplete", id="no index"),
        pytest.param(lambda f: _edit_config(f, hidden_size=64), "do not belong together", id="shapes do not fit"),
        pytest.param(lambda f: (f / "tokenizer.json").write_text("x"), "tokenizer", id="a broken tokenizer"),
    ],
)
def test_damaged_folders_are_named(
    damage: Callable[[Path], object], message: str, tiny_base: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(tiny_base, tmp_path / "damaged")
    damage(folder)
    with pytest.raises(LanguageModelError, match=message) as caught:
        Generator.load(folder)
    assert str(folder) in str(caught.value)
