"""The model's shape and its config.json."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emulator.language_model.contract import LanguageModelError

if TYPE_CHECKING:
    from pathlib import Path

CONFIG_FILE = "config.json"

# What Hugging Face calls the text models of the tunable families, by the publisher in the catalogue's names.
FAMILIES = {
    "google": ("Gemma3ForCausalLM", "gemma3_text"),
    "meta": ("LlamaForCausalLM", "llama"),
    "qwen": ("Qwen3ForCausalLM", "qwen3"),
}


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


def config_document(architecture: Architecture, base_model: str) -> dict[str, Any]:
    """The config.json of a checkpoint that stands in for ``base_model`` (``publisher/family@version``)."""
    class_name, model_type = FAMILIES.get(base_model.split("/")[0], FAMILIES["meta"])
    return {
        "architectures": [class_name],
        "model_type": model_type,
        "_name_or_path": base_model,
        "torch_dtype": "float16",
        **{name: getattr(architecture, name) for name in Architecture.__dataclass_fields__},
        "num_key_value_heads": architecture.num_attention_heads,
        "head_dim": architecture.head_dim,
        "hidden_act": "silu",
        "tie_word_embeddings": True,
        "bos_token_id": 1,
        "eos_token_id": 0,
        "tunestack_stand_in": (
            f"A model of under a million weights that answers in place of {base_model}. All families share its "
            "weights, whose names and layout are Llama's; it is not a checkpoint of that model."
        ),
    }


def read_config(folder: Path) -> tuple[Architecture, str]:
    """Reads a checkpoint's shape and the name of its base model.

    Raises:
        LanguageModelError: The folder has no usable config.json, or one of another model.
    """
    path = folder / CONFIG_FILE
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        architecture = Architecture(**{name: document[name] for name in Architecture.__dataclass_fields__})
    except FileNotFoundError:
        raise LanguageModelError(f"{path}: no such file; a checkpoint folder needs a config.json") from None
    except (ValueError, KeyError, TypeError) as error:
        raise LanguageModelError(
            f"{path}: not the configuration of a model that can be run here ({error!r})"
        ) from error
    return architecture, str(document.get("_name_or_path", ""))
