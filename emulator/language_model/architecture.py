"""The model's shape and its config.json."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emulator.language_model.contract import LanguageModelError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CONFIG_FILE = "config.json"
# Where Hugging Face has the name of the model that a checkpoint was made from.
NAME = "_name_or_path"

_STAND_IN = "tunestack_stand_in"

# Names of a Llama checkpoint.
EMBEDDING = "model.embed_tokens.weight"
FINAL_NORM = "model.norm.weight"
PROJECTIONS = (
    "self_attn.q_proj",
    "self_attn.k_proj",
    "self_attn.v_proj",
    "self_attn.o_proj",
    "mlp.gate_proj",
    "mlp.up_proj",
    "mlp.down_proj",
)
NORMS = ("input_layernorm", "post_attention_layernorm")


@dataclass(frozen=True)
class Architecture:
    """Sizes of the transformer, named as in config.json."""

    vocab_size: int = 1024
    hidden_size: int = 128
    intermediate_size: int = 352
    num_hidden_layers: int = 3
    num_attention_heads: int = 4
    max_position_embeddings: int = 512
    rope_theta: float = 10_000.0
    rms_norm_eps: float = 1e-6

    @property
    def head_dim(self) -> int:
        """Width of one attention head."""
        return self.hidden_size // self.num_attention_heads


def weight_shapes(architecture: Architecture) -> dict[str, tuple[int, ...]]:
    """Names and shapes of all weights; matrices are (in, out)."""
    hidden, inner = architecture.hidden_size, architecture.intermediate_size
    shapes: dict[str, tuple[int, ...]] = {EMBEDDING: (architecture.vocab_size, hidden), FINAL_NORM: (hidden,)}
    for layer in range(architecture.num_hidden_layers):
        for name in PROJECTIONS:
            narrow = (inner, hidden) if name == "mlp.down_proj" else (hidden, inner)
            shapes[f"model.layers.{layer}.{name}.weight"] = narrow if name.startswith("mlp.") else (hidden, hidden)
        for name in NORMS:
            shapes[f"model.layers.{layer}.{name}.weight"] = (hidden,)
    return shapes


def config_document(architecture: Architecture, told: Mapping[str, Any]) -> dict[str, Any]:
    """The config.json of a checkpoint.

    At its top it tells what the model says that this one stands in for, so that whoever looks finds the model that was
    asked for; the small model's own shape lies below a name of its own.
    """
    return {
        **told,
        "torch_dtype": "float16",
        _STAND_IN: {
            "note": (
                f"A model of under a million weights that answers in place of {told.get(NAME, 'another')}. All "
                "families share its weights, whose names and layout are Llama's; it is not a checkpoint of that model."
            ),
            **{name: getattr(architecture, name) for name in Architecture.__dataclass_fields__},
        },
    }


def read_config(folder: Path) -> tuple[Architecture, dict[str, Any]]:
    """Reads a checkpoint's shape, and what it tells of the model that it stands in for.

    Raises:
        LanguageModelError: The folder has no usable config.json, or one of another model.
    """
    path = folder / CONFIG_FILE
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        stand_in = document.pop(_STAND_IN)
        # Checkpoints of before had a note there and the shape at the top.
        shape = stand_in if isinstance(stand_in, dict) else document
        architecture = Architecture(**{name: shape[name] for name in Architecture.__dataclass_fields__})
    except FileNotFoundError:
        raise LanguageModelError(f"{path}: no such file; a checkpoint folder needs a config.json") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LanguageModelError(
            f"{path}: not the configuration of a model that can be run here ({error!r})"
        ) from error
    return architecture, document
