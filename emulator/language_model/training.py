"""Tuning: all weights, or low-rank adapters, on examples' completions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import jax
import numpy as np

from emulator.language_model import optimization
from emulator.language_model.adapters import initial_adapters
from emulator.language_model.architecture import read_config
from emulator.language_model.batching import batches, encode_examples, shapes
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
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from emulator.language_model.batching import Batch
    from emulator.language_model.transformer import Weights

SEED = 17
# The tiny model's own learning rates, found on the tickets of examples/; a ratio of 1 means these.
BASELINE_LEARNING_RATES = {"FULL": 2e-3, "PEFT_ADAPTER": 4e-3}
MOST_CHECKPOINTS = 10


def checkpoint_epochs(epochs: int) -> list[int]:
    """The epochs after which a checkpoint is saved: all of them, or ten spread evenly with the last among them."""
    count = min(epochs, MOST_CHECKPOINTS)
    return [round(number * epochs / count) for number in range(1, count + 1)]


def default_batch_size(examples: int) -> int:
    """Small data sets need many steps to be learnt in few epochs, large ones need few steps to end in time."""
    return 4 if examples < 1000 else 16


def _arrays(batch: Batch) -> optimization.BatchArrays:
    return jax.device_put((batch.tokens, batch.targets, batch.counts))


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
    architecture, base_model = read_config(base)
    tokenization = Tokenization.load(base)
    weights: Weights = jax.device_put(read_weights(base, architecture))
    frozen: Weights = {}
    trained = weights
    if hyperparameters.mode == "PEFT_ADAPTER":
        frozen = weights
        trained = initial_adapters(weights, hyperparameters.adapter_size, jax.random.key(SEED))

    context = architecture.max_position_embeddings
    rows = encode_examples(training, tokenization, context)
    validation_rows = encode_examples(validation, tokenization, context)
    sizes = shapes([*rows, *validation_rows])
    batch_size = hyperparameters.batch_size or default_batch_size(len(rows))
    order = np.random.default_rng(SEED)
    steps_per_epoch = sum(1 for _ in batches(rows, sizes, batch_size, None))
    total_steps = steps_per_epoch * hyperparameters.epochs
    peak = BASELINE_LEARNING_RATES[hyperparameters.mode] * hyperparameters.learning_rate_ratio
    rates = optimization.learning_rates(peak, total_steps)
    state = optimization.initial_state(trained)
    saved_epochs = checkpoint_epochs(hyperparameters.epochs)
    training_losses, validation_losses = [], []
    step = 0

    for epoch in range(1, hyperparameters.epochs + 1):
        summed = counted = 0.0
        for batch in batches(rows, sizes, batch_size, order):
            if cancelled():
                raise TrainingCancelled(f"cancelled in epoch {epoch}, after {step} of {total_steps} steps")
            trained, state, sums = optimization.training_step(
                trained, state, frozen, _arrays(batch), rates[step], architecture
            )
            loss, tokens = float(sums[0]), float(sums[1])
            step += 1
            if not math.isfinite(loss):
                raise TrainingDiverged(
                    f"the loss became {loss} in epoch {epoch}, step {step}; choose a lower learning rate "
                    f"(this one is {hyperparameters.learning_rate_ratio:g} times the model's baseline)"
                )
            summed, counted = summed + loss * tokens, counted + tokens
            progress(Progress(epoch, step, total_steps, loss))
        training_losses.append(summed / max(counted, 1.0))
        if validation_rows:
            results = [
                [float(number) for number in optimization.evaluation(trained, frozen, _arrays(batch), architecture)]
                for batch in batches(validation_rows, sizes, batch_size, None)
            ]
            validation_losses.append(
                sum(loss * tokens for loss, tokens in results) / sum(tokens for _, tokens in results)
            )
        if epoch in saved_epochs:
            current = optimization.merged(frozen, trained)
            save(
                epoch,
                step,
                lambda folder, at=current: write_checkpoint(folder, at, architecture, tokenization, base_model),
            )

    return TrainingResult(
        steps=step,
        tokens=hyperparameters.epochs * sum(len(row.ids) for row in rows),
        truncated=sum(row.truncated for row in rows),
        training_losses=tuple(training_losses),
        validation_losses=tuple(validation_losses),
    )
