from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from emulator.language_model import backend
from emulator.language_model.architecture import read_config
from emulator.language_model.checkpoint import read_weights

backend.prepare()

import jax  # noqa: E402 - only after the processor is chosen

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from emulator.language_model.architecture import Architecture


def loaded(folder: Path) -> tuple[dict[str, jax.Array], Architecture]:
    architecture, _ = read_config(folder)
    return jax.device_put(read_weights(folder, architecture)), architecture


def scores(folder: Path, tokens: list[int]) -> NDArray[np.float32]:
    from emulator.language_model.transformer import forward, logits

    weights, architecture = loaded(folder)
    hidden, _ = forward(weights, jax.numpy.array([tokens]), architecture)
    return np.asarray(logits(weights, hidden))


def llama(folder: Path, tokens: list[int]) -> NDArray[np.float64]:
    """The published architecture, written once more: one head and one position at a time, in double precision."""
    architecture, _ = read_config(folder)
    weights = {name: weight.astype(np.float64) for name, weight in read_weights(folder, architecture).items()}
    width, half = architecture.head_dim, architecture.head_dim // 2

    def norm(x: NDArray[np.float64], name: str) -> NDArray[np.float64]:
        length: NDArray[np.float64] = np.sqrt((x**2).mean(-1, keepdims=True) + architecture.rms_norm_eps)
        return x / length * weights[f"model.{name}.weight"]

    def rotated(x: NDArray[np.float64], position: int) -> NDArray[np.float64]:
        pairs = x[:half] + 1j * x[half:]
        pairs *= np.exp(1j * position * architecture.rope_theta ** (-np.arange(half) / half))
        return np.concatenate([pairs.real, pairs.imag])

    x = weights["model.embed_tokens.weight"][tokens]
    for layer in range(architecture.num_hidden_layers):
        block = f"layers.{layer}"
        y = norm(x, f"{block}.input_layernorm")
        q, k, v = (y @ weights[f"model.{block}.self_attn.{kind}_proj.weight"] for kind in "qkv")
        attended = np.zeros_like(x)
        for head in range(architecture.num_attention_heads):
            part = slice(head * width, (head + 1) * width)
            keys = np.array([rotated(k[at, part], at) for at in range(len(tokens))])
            for at in range(len(tokens)):
                strength = np.exp(keys[: at + 1] @ rotated(q[at, part], at) / np.sqrt(width))
                attended[at, part] = strength / strength.sum() @ v[: at + 1, part]
        x = x + attended @ weights[f"model.{block}.self_attn.o_proj.weight"]
        y = norm(x, f"{block}.post_attention_layernorm")
        gate = y @ weights[f"model.{block}.mlp.gate_proj.weight"]
        up = y @ weights[f"model.{block}.mlp.up_proj.weight"]
        x = x + (gate / (1 + np.exp(-gate)) * up) @ weights[f"model.{block}.mlp.down_proj.weight"]
    return norm(x, "norm") @ weights["model.embed_tokens.weight"].T


TOKENS = [1, 40, 77, 200, 5, 2, 90, 91]


def test_it_is_the_published_architecture(tiny_base: Path) -> None:
    np.testing.assert_allclose(scores(tiny_base, TOKENS), llama(tiny_base, TOKENS), atol=1e-4)


def test_later_tokens_do_not_change_earlier_ones(tiny_base: Path) -> None:
    np.testing.assert_allclose(scores(tiny_base, TOKENS)[:5], scores(tiny_base, [*TOKENS[:5], 9, 9])[:5], atol=1e-5)


@pytest.mark.parametrize("count", [3, 40])
def test_answering_with_a_cache_is_the_same_computation(tiny_base: Path, count: int) -> None:
    from emulator.language_model.decoding import empty_cache, extend, prefill

    tokens = (TOKENS * 7)[: count + 4]
    weights, architecture = loaded(tiny_base)
    found, cache = prefill(weights, tokens[:count], empty_cache(architecture), architecture)
    expected = scores(tiny_base, tokens)
    np.testing.assert_allclose(found, expected[count - 1], atol=1e-4)
    for position in range(count, count + 4):
        found, cache = extend(weights, tokens[position], cache, position, architecture)
        np.testing.assert_allclose(found, expected[position], atol=1e-4)
