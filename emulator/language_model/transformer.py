"""The forward pass: a decoder-only transformer with RMSNorm, rotary positions and SwiGLU, as Llama has them.

Weights are a flat dictionary under the names of a Llama checkpoint; matrices are (in, out). The layers are a plain
loop: inside a compiled scan XLA uses one processor core only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp

from emulator.language_model.architecture import EMBEDDING, FINAL_NORM, NORMS, PROJECTIONS, weight_shapes

if TYPE_CHECKING:
    from emulator.language_model.architecture import Architecture

Weights = dict[str, jax.Array]
KeysAndValues = tuple[jax.Array, jax.Array]


def initial_weights(architecture: Architecture, key: jax.Array) -> Weights:
    """Random weights; outputs that are added to the stream start smaller, by depth, as in GPT-2."""
    weights: Weights = {}
    for name, shape in weight_shapes(architecture).items():
        key, drawn = jax.random.split(key)
        if len(shape) == 1:
            weights[name] = jnp.ones(shape)
        elif name == EMBEDDING:
            weights[name] = 0.02 * jax.random.normal(drawn, shape)
        else:
            added = name.endswith(("o_proj.weight", "down_proj.weight"))
            depth = (2 * architecture.num_hidden_layers) ** -0.5 if added else 1.0
            weights[name] = depth * shape[0] ** -0.5 * jax.random.normal(drawn, shape)
    return weights


def _normalise(x: jax.Array, weight: jax.Array, epsilon: float) -> jax.Array:
    return x * jax.lax.rsqrt(jnp.mean(x * x, axis=-1, keepdims=True) + epsilon) * weight


def _rotate(x: jax.Array, angles: jax.Array) -> jax.Array:
    """Rotary positions for (batch, tokens, heads, head_dim), pairing the halves of a head as Llama does."""
    cosine, sine = jnp.cos(angles), jnp.sin(angles)
    first, second = jnp.split(x, 2, axis=-1)
    return jnp.concatenate([first * cosine - second * sine, second * cosine + first * sine], axis=-1)


def _attend(query: jax.Array, key: jax.Array, value: jax.Array, visible: jax.Array) -> jax.Array:
    """Attention for (batch, tokens, heads, head_dim); ``visible`` is (query tokens, key tokens)."""
    scores = jnp.einsum("bqhd,bkhd->bhqk", query, key) * query.shape[-1] ** -0.5
    shares = jax.nn.softmax(jnp.where(visible, scores, -1e9), axis=-1)
    return jnp.einsum("bhqk,bkhd->bqhd", shares, value)


def forward(
    weights: Weights,
    tokens: jax.Array,
    architecture: Architecture,
    cache: list[KeysAndValues] | None = None,
    start: jax.Array | int = 0,
) -> tuple[jax.Array, list[KeysAndValues]]:
    """Runs tokens (batch, n) that begin at position ``start`` through the layers.

    Args:
        weights: The model's weights.
        tokens: Token ids; causal attention keeps padding after the end from having any effect.
        architecture: The model's shape.
        cache: For each layer, keys and values (batch, context, heads, head_dim) of the positions before ``start``; None
            when there are none.
        start: Position of the first token.

    Returns:
        The normalised hidden states, flat (batch * n, hidden), and each layer's keys and values: these tokens', put
        into the cache if there is one.
    """
    batch, count = tokens.shape
    heads = (batch, count, architecture.num_attention_heads, architecture.head_dim)
    half = architecture.head_dim // 2
    positions = start + jnp.arange(count)
    angles = positions[:, None, None] * architecture.rope_theta ** (-jnp.arange(half) / half)
    visible = jnp.arange(cache[0][0].shape[1] if cache else count)[None, :] <= positions[:, None]
    epsilon = architecture.rms_norm_eps
    kept = []
    x = weights[EMBEDDING][tokens.reshape(-1)]
    for number in range(architecture.num_hidden_layers):
        prefix = f"model.layers.{number}."
        layer = {name: weights[f"{prefix}{name}.weight"] for name in (*PROJECTIONS, *NORMS)}
        normal = _normalise(x, layer["input_layernorm"], epsilon)
        query = _rotate((normal @ layer["self_attn.q_proj"]).reshape(heads), angles)
        key = _rotate((normal @ layer["self_attn.k_proj"]).reshape(heads), angles)
        value = (normal @ layer["self_attn.v_proj"]).reshape(heads)
        if cache:
            key = jax.lax.dynamic_update_slice_in_dim(cache[number][0], key, start, axis=1)
            value = jax.lax.dynamic_update_slice_in_dim(cache[number][1], value, start, axis=1)
        kept.append((key, value))
        x = x + _attend(query, key, value, visible).reshape(x.shape) @ layer["self_attn.o_proj"]
        normal = _normalise(x, layer["post_attention_layernorm"], epsilon)
        x = (
            x
            + (jax.nn.silu(normal @ layer["mlp.gate_proj"]) * (normal @ layer["mlp.up_proj"])) @ layer["mlp.down_proj"]
        )
    return _normalise(x, weights[FINAL_NORM], epsilon), kept


def logits(weights: Weights, hidden: jax.Array) -> jax.Array:
    """Scores of every token for hidden states; the output layer is the embedding itself."""
    return hidden @ weights[EMBEDDING].T
