"""Checkpoint folders laid out as Hugging Face does: config, tokenizer, sharded safetensors with their index."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from emulator.language_model.architecture import CONFIG_FILE, Architecture, config_document, weight_shapes
from emulator.language_model.contract import LanguageModelError
from emulator.language_model.tokenization import END, PROMPT, Tokenization, tokenizer_config

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

INDEX_FILE = "model.safetensors.index.json"
SHARDS = 2


def _turned(name: str, weight: NDArray[Any]) -> NDArray[Any]:
    """A projection with its axes exchanged: ours are (in, out), Hugging Face's (out, in)."""
    return weight.T if "_proj" in name else weight


def write_checkpoint(
    folder: Path,
    weights: Mapping[str, NDArray[np.float32]],
    architecture: Architecture,
    tokenization: Tokenization,
    told: Mapping[str, Any],
) -> None:
    """Writes all that serving needs into ``folder``, made if missing; config.json has ``told`` at its top."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: np.ascontiguousarray(_turned(name, weight), np.float16) for name, weight in weights.items()}
    total = sum(tensor.nbytes for tensor in tensors.values())
    shards: list[dict[str, NDArray[np.float16]]] = [{} for _ in range(SHARDS)]
    written = 0
    for name in sorted(tensors):
        shards[min(SHARDS - 1, written * SHARDS // total)][name] = tensors[name]
        written += tensors[name].nbytes
    weight_map: dict[str, str] = {}
    for number, shard in enumerate(shards, start=1):
        file = f"model-{number:05}-of-{SHARDS:05}.safetensors"
        save_file(shard, folder / file, metadata={"format": "pt"})
        weight_map |= dict.fromkeys(shard, file)
    documents = {
        INDEX_FILE: {"metadata": {"total_size": total}, "weight_map": weight_map},
        CONFIG_FILE: config_document(architecture, told),
        "tokenizer_config.json": tokenizer_config(architecture.max_position_embeddings),
        "generation_config.json": {"bos_token_id": PROMPT, "eos_token_id": END, "pad_token_id": END},
    }
    for file, document in documents.items():
        (folder / file).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    tokenization.save(folder)


def read_weights(folder: Path, architecture: Architecture) -> dict[str, NDArray[np.float32]]:
    """Reads the shards that the index names.

    Raises:
        LanguageModelError: A file is missing or damaged, or does not hold what the configuration says.
    """
    try:
        index = json.loads((folder / INDEX_FILE).read_text(encoding="utf-8"))
        tensors: dict[str, NDArray[np.float16]] = {}
        for file in sorted(set(index["weight_map"].values())):
            tensors |= load_file(folder / file)
        weights = {name: np.ascontiguousarray(_turned(name, tensor), np.float32) for name, tensor in tensors.items()}
    except FileNotFoundError as error:
        raise LanguageModelError(f"{error.filename or folder}: no such file; the checkpoint is incomplete") from None
    except (ValueError, KeyError, SafetensorError) as error:
        raise LanguageModelError(f"{folder}: the checkpoint's weights cannot be read ({error!r})") from error
    found = {name: weight.shape for name, weight in weights.items()}
    if found != weight_shapes(architecture):
        wrong = min(set(found.items()) ^ set(weight_shapes(architecture).items()))[0]
        raise LanguageModelError(
            f"{folder}: {wrong} is not of the shape that config.json asks for; the files do not belong together"
        )
    return weights
