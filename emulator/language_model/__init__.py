"""A tiny language model that can be tuned and asked: pure library, no knowledge of HTTP.

JAX is imported with the first training run or the first loaded checkpoint, not with this package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.language_model.base_model import TEACHER_FOLDER, write_base_checkpoint
from emulator.language_model.contract import (
    Example,
    Generation,
    Hyperparameters,
    LanguageModelError,
    Progress,
    TrainingCancelled,
    TrainingDiverged,
    TrainingResult,
)
from emulator.language_model.conversation import render_chat, render_prompt
from emulator.language_model.generation import Generator

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

__all__ = [
    "TEACHER_FOLDER",
    "Example",
    "Generation",
    "Generator",
    "Hyperparameters",
    "LanguageModelError",
    "Progress",
    "TrainingCancelled",
    "TrainingDiverged",
    "TrainingResult",
    "render_chat",
    "render_prompt",
    "train",
    "write_base_checkpoint",
]


def train(
    base: Path,
    training: Sequence[Example],
    validation: Sequence[Example],
    hyperparameters: Hyperparameters,
    *,
    save: Callable[[int, int, Callable[[Path], None]], None],
    progress: Callable[[Progress], None],
    cancelled: Callable[[], bool],
) -> TrainingResult:
    """Tunes the checkpoint in ``base``; the same arguments give the same weights.

    Args:
        base: Checkpoint folder to start from: an untuned model, or the output of an earlier run.
        training: Examples to learn; at least one.
        validation: Examples whose loss is measured after each epoch; may be empty.
        hyperparameters: How to train.
        save: Called after an epoch with its number, the steps so far and a function that writes the checkpoint into a
            folder. Every epoch is saved, or ten of them evenly spread; the last always is.
        progress: Called after every step.
        cancelled: Asked before every step.

    Raises:
        TrainingCancelled: ``cancelled`` returned true.
        TrainingDiverged: The loss is no longer finite.
        LanguageModelError: The checkpoint or the examples cannot be used.
    """
    from emulator.language_model import backend

    backend.prepare()
    from emulator.language_model.training import run

    return run(base, training, validation, hyperparameters, save=save, progress=progress, cancelled=cancelled)
