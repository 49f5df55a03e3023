"""Tuning: all weights, or low-rank adapters, on examples' completions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import jax
import numpy as np

from emulator.language_model import optimization
from emulator.language_model.adapters import initial_adapters
from emulator.language_model.architecture import read_config
from emulator.language_model.batching import batches, encode_examples, row_sizes
from emulator.language_model.checkpoint import read_weights, write_checkpoint
from emulator.language_model.contract import (
    Example,
    Hyperparameters,
    LanguageModelError,
    Progress,
    TrainingCancelled,
    TrainingDiverged,
    TrainingResult,
)
from emulator.language_model.tokenization import Tokenization

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from emulator.language_model.batching import Batch
    from emulator.language_model.transformer import Weights

SEED = 17
# The tiny model's own learning rates, found on the tickets of examples/; a ratio of 1 means these.
BASELINE_LEARNING_RATES = {"FULL": 1.5e-3, "PEFT_ADAPTER": 4e-3}
# Examples a step: as few as still keep two cores busy, since a tiny model needs many steps.
DEFAULT_BATCH_SIZE = 4
MOST_CHECKPOINTS = 10


def checkpoint_epochs(epochs: int) -> list[int]:
    """The epochs after which a checkpoint is saved: all of them, or ten spread evenly with the last among them."""
    count = min(epochs, MOST_CHECKPOINTS)
    return [round(number * epochs / count) for number in range(1, count + 1)]


class _Run:
    """The weights and the optimiser's state while they are trained."""

    def __init__(self, base: Path, hyperparameters: Hyperparameters) -> None:
        self.architecture, self.told = read_config(base)
        weights: Weights = jax.device_put(read_weights(base, self.architecture))
        self._frozen: Weights = {}
        self._trained = weights
        if hyperparameters.mode == "PEFT_ADAPTER":
            self._frozen = weights
            self._trained = initial_adapters(weights, hyperparameters.adapter_size, jax.random.key(SEED))
        self._state = optimization.initial_state(self._trained)

    def step(self, batch: Batch, learning_rate: np.float32) -> tuple[float, float]:
        """Takes a step; returns the batch's mean loss and how many tokens it counts."""
        self._trained, self._state, (loss, tokens) = optimization.training_step(
            self._trained, self._state, self._frozen, batch, learning_rate, self.architecture
        )
        return float(loss), float(tokens)

    def loss(self, batches: Iterable[Batch]) -> float:
        """Mean loss over all counted tokens, without training on them."""
        results = [optimization.evaluation(self._trained, self._frozen, batch, self.architecture) for batch in batches]
        return _mean((float(loss), float(tokens)) for loss, tokens in results)

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """A copy of the weights as they are now, adapters merged."""
        return {name: np.array(weight) for name, weight in optimization.merged(self._frozen, self._trained).items()}


def _mean(losses: Iterable[tuple[float, float]]) -> float:
    """Mean of losses by the number of tokens that each stands for."""
    pairs = list(losses)
    return sum(loss * tokens for loss, tokens in pairs) / max(sum(tokens for _, tokens in pairs), 1.0)


def run(
    base: Path,
    training: Sequence[Example],
    validation: Sequence[Example],
    hyperparameters: Hyperparameters,
    *,
    save: Callable[[int, int, Callable[[Path], None]], None],
    progress: Callable[[Progress], None],
    cancelled: Callable[[], bool],
) -> TrainingResult:
    """Does the work of :func:`emulator.language_model.train`."""
    if not training:
        raise LanguageModelError("there are no training examples; give at least one")
    state = _Run(base, hyperparameters)
    tokenization = Tokenization.load(base)
    context = state.architecture.max_position_embeddings
    rows = encode_examples(training, tokenization, context)
    validation_rows = encode_examples(validation, tokenization, context)
    sizes = row_sizes([*rows, *validation_rows])
    batch_size = hyperparameters.batch_size or DEFAULT_BATCH_SIZE
    total_steps = hyperparameters.epochs * sum(1 for _ in batches(rows, sizes, batch_size, None))
    peak = BASELINE_LEARNING_RATES[hyperparameters.mode] * hyperparameters.learning_rate_ratio
    rates = iter(optimization.learning_rates(peak, total_steps))
    order = np.random.default_rng(SEED)
    saved_epochs = checkpoint_epochs(hyperparameters.epochs)
    training_losses: list[float] = []
    validation_losses: list[float] = []
    step = 0
    for epoch in range(1, hyperparameters.epochs + 1):
        losses = []
        for batch in batches(rows, sizes, batch_size, order):
            if cancelled():
                raise TrainingCancelled(f"cancelled in epoch {epoch}, after {step} of {total_steps} steps")
            loss, tokens = state.step(batch, next(rates))
            step += 1
            if not math.isfinite(loss):
                raise TrainingDiverged(
                    f"the loss became {loss} in epoch {epoch}, step {step}; choose a lower learning rate "
                    f"(this one is {hyperparameters.learning_rate_ratio:g} times the model's baseline)"
                )
            losses.append((loss, tokens))
            progress(Progress(epoch, step, total_steps, loss))
        training_losses.append(_mean(losses))
        if validation_rows:
            validation_losses.append(state.loss(batches(validation_rows, sizes, batch_size, None)))
        if epoch in saved_epochs:
            parts = (state.weights(), state.architecture, tokenization, state.told)
            save(epoch, step, lambda folder, parts=parts: write_checkpoint(folder, *parts))  # type: ignore[misc]

    return TrainingResult(
        steps=step,
        tokens=hyperparameters.epochs * sum(len(row.ids) for row in rows),
        truncated=sum(row.truncated for row in rows),
        training_losses=tuple(training_losses),
        validation_losses=tuple(validation_losses),
    )
