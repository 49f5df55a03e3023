"""Low-rank adapters (LoRA, Hu et al. 2021) on the projections of attention and MLP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emulator.language_model.transformer import Weights

# The adapters' alpha is twice their rank, the customary choice, whatever the rank is.
SCALE = 2.0
_DOWN, _UP = ".lora_A", ".lora_B"


def initial_adapters(weights: Mapping[str, jax.Array], rank: int, key: jax.Array) -> Weights:
    """One pair a projection: the first is random, the second zero, so that training starts at the base model."""
    adapters: Weights = {}
    for name, weight in weights.items():
        if "_proj" in name:
            key, drawn = jax.random.split(key)
            adapters[name + _DOWN] = jax.random.normal(drawn, (weight.shape[0], rank)) * weight.shape[0] ** -0.5
            adapters[name + _UP] = jnp.zeros((rank, weight.shape[1]))
    return adapters


def merge(weights: Mapping[str, jax.Array], adapters: Mapping[str, jax.Array]) -> Weights:
    """The weights with the adapters' products added; everything else is passed on as it is."""
    return {
        name: weight + SCALE * adapters[name + _DOWN] @ adapters[name + _UP] if name + _DOWN in adapters else weight
        for name, weight in weights.items()
    }
