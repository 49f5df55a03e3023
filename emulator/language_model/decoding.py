"""The forward pass for answering: a cache of keys and values, and one compiled program for each piece of text."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np

from emulator.language_model.transformer import KeysAndValues, Weights, forward, logits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from emulator.language_model.architecture import Architecture

Cache = list[KeysAndValues]

# A prompt is read in pieces of this many tokens, so that prompts of any length share one compiled program.
PIECE = 64


def empty_cache(architecture: Architecture) -> Cache:
    """Room for the keys and values of one text that fills the context, rounded up to whole pieces."""
    length = -(-architecture.max_position_embeddings // PIECE) * PIECE
    shape = (1, length, architecture.num_attention_heads, architecture.head_dim)
    return [(jnp.zeros(shape), jnp.zeros(shape)) for _ in range(architecture.num_hidden_layers)]


@partial(jax.jit, static_argnames="architecture", donate_argnames="cache")
def _extend(
    weights: Weights, tokens: jax.Array, last: int, cache: Cache, start: int, architecture: Architecture
) -> tuple[jax.Array, Cache]:
    """Scores of the token after ``tokens[last]``, and the cache with all of them put in."""
    hidden, cache = forward(weights, tokens[None, :], architecture, cache, start)
    return logits(weights, jnp.take(hidden, last, axis=0)), cache


def prefill(
    weights: Weights, tokens: Sequence[int], cache: Cache, architecture: Architecture
) -> tuple[jax.Array, Cache]:
    """Reads a prompt; returns the scores of the token that follows it.

    The padding of the last piece leaves keys behind the prompt that no position before them sees; each is
    overwritten when its position is reached.
    """
    padded = np.zeros(-(-len(tokens) // PIECE) * PIECE, np.int32)
    padded[: len(tokens)] = tokens
    for start in range(0, len(padded), PIECE):
        last = min(len(tokens) - start, PIECE) - 1
        scores, cache = _extend(weights, padded[start : start + PIECE], last, cache, start, architecture)
    return scores, cache


def extend(
    weights: Weights, token: int, cache: Cache, position: int, architecture: Architecture
) -> tuple[jax.Array, Cache]:
    """Reads one more token; returns the scores of the next."""
    scores, cache = _extend(weights, np.array([token], np.int32), 0, cache, position, architecture)
    return scores, cache
