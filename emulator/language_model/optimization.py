"""One optimiser step and one evaluation, compiled."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np
import optax

from emulator.language_model.adapters import merge
from emulator.language_model.transformer import Weights, forward, logits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from emulator.language_model.architecture import Architecture
    from emulator.language_model.batching import Batch

Sums = tuple[jax.Array, jax.Array]

# AdamW without its learning rate, which is an argument of the step: runs of any length share one compiled program.
_DIRECTION = optax.chain(
    optax.clip_by_global_norm(1.0), optax.scale_by_adam(b1=0.9, b2=0.98), optax.add_decayed_weights(0.01)
)


def learning_rates(peak: float, total_steps: int) -> NDArray[np.float32]:
    """The rate of each step: a warm-up over a twentieth of them, then a cosine down to a fiftieth of the peak."""
    # Without JAX, which would compile it anew for each number of steps: half a second.
    warm_up = max(1, total_steps // 20)
    steps = np.arange(1, total_steps + 1)
    descent = np.clip((steps - warm_up) / max(total_steps - warm_up, 1), 0, 1)
    rates = np.where(steps < warm_up, steps / warm_up, 0.51 + 0.49 * np.cos(np.pi * descent))
    return (peak * rates).astype(np.float32)


def _combine(frozen: Weights, trained: Weights) -> Weights:
    """The weights in use: adapters merged into what is frozen, or, with nothing frozen, what is trained."""
    return merge(frozen, trained) if frozen else trained


def _loss(trained: Weights, frozen: Weights, batch: Batch, architecture: Architecture) -> Sums:
    weights = _combine(frozen, trained)
    hidden, _ = forward(weights, jnp.asarray(batch.tokens), architecture)
    losses = optax.softmax_cross_entropy_with_integer_labels(logits(weights, hidden), batch.targets.reshape(-1))
    counted = batch.counts.sum()
    return (losses @ batch.counts.reshape(-1)) / jnp.maximum(counted, 1.0), counted


@jax.jit
def initial_state(trained: Weights) -> optax.OptState:
    """The optimiser's state before the first step."""
    return _DIRECTION.init(trained)


@partial(jax.jit, static_argnames="architecture", donate_argnames=("trained", "state"))
def training_step(
    trained: Weights,
    state: optax.OptState,
    frozen: Weights,
    batch: Batch,
    learning_rate: jax.Array,
    architecture: Architecture,
) -> tuple[Weights, optax.OptState, Sums]:
    """Takes one step; returns the new state and the batch's mean loss with the number of tokens it counts."""
    sums, gradients = jax.value_and_grad(_loss, has_aux=True)(trained, frozen, batch, architecture)
    direction, state = _DIRECTION.update(gradients, state, trained)
    trained = jax.tree.map(lambda weight, change: weight - learning_rate * change, trained, direction)
    return trained, state, sums


@partial(jax.jit, static_argnames="architecture")
def evaluation(trained: Weights, frozen: Weights, batch: Batch, architecture: Architecture) -> Sums:
    """The batch's mean loss with the number of tokens it counts."""
    return _loss(trained, frozen, batch, architecture)


merged = jax.jit(_combine)
