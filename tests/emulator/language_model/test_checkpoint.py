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


def test_the_untuned_model_tells_of_the_one_it_stands_in_for_and_of_its_own_shape_below(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    told = {"model_type": "gemma3", "text_config": {"hidden_size": 2560}}
    write_base_checkpoint("google/gemma3@gemma-3-4b-it", folder, told)
    assert {path.name for path in folder.iterdir()} == FILES
    config = json.loads((folder / "config.json").read_text())
    stand_in = config.pop("tunestack_stand_in")
    assert config == {**told, "_name_or_path": "google/gemma3@gemma-3-4b-it", "torch_dtype": "float16"}
    assert "in place of google/gemma3@gemma-3-4b-it" in stand_in["note"]
    assert stand_in["hidden_size"] == 128


def test_a_checkpoint_with_its_shape_at_the_top_still_answers(tiny_base: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_base, tmp_path / "earlier")
    config = json.loads((folder / "config.json").read_text())
    shape = config.pop("tunestack_stand_in")
    (folder / "config.json").write_text(json.dumps(config | shape | {"tunestack_stand_in": shape["note"]}))
    assert Generator.load(folder).generate("a", max_tokens=3) == Generator.load(tiny_base).generate("a", max_tokens=3)


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

    architecture, told = read_config(tiny_base)
    weights = read_weights(tiny_base, architecture)
    assert {weight.dtype for weight in weights.values()} == {np.dtype(np.float32)}
    write_checkpoint(tmp_path, weights, architecture, Tokenization.load(tiny_base), told)
    for file in FILES:
        assert (tmp_path / file).read_bytes() == (tiny_base / file).read_bytes(), file


def _edit_shape(folder: Path, **changes: object) -> None:
    config = json.loads((folder / "config.json").read_text())
    config["tunestack_stand_in"] |= changes
    (folder / "config.json").write_text(json.dumps(config))


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
        pytest.param(lambda f: _edit_shape(f, hidden_size=64), "do not belong together", id="shapes do not fit"),
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
