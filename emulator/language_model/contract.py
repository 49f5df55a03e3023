"""What goes into a tuning run and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


class LanguageModelError(Exception):
    """A checkpoint, a data set or a setting the language model cannot work with."""


class TrainingCancelled(Exception):  # noqa: N818 - an outcome the caller asked for, not a fault
    """The caller's ``cancelled`` became true; nothing is saved for the epoch in progress."""


class TrainingDiverged(LanguageModelError):  # noqa: N818 - named like its sibling
    """The loss is no longer a finite number."""


@dataclass(frozen=True)
class Example:
    """One training example: the model reads ``prompt`` and learns to write ``completion``."""

    prompt: str
    completion: str


@dataclass(frozen=True)
class Hyperparameters:
    """How to train.

    Attributes:
        mode: FULL trains every weight, PEFT_ADAPTER low-rank adapters that are merged into the result.
        epochs: Passes over the training examples.
        adapter_size: Rank of the adapters; not used by FULL.
        batch_size: Examples a step; None leaves the choice to the model.
        learning_rate_ratio: The wanted learning rate divided by the base model's own baseline.
    """

    mode: Literal["FULL", "PEFT_ADAPTER"] = "FULL"
    epochs: int = 3
    adapter_size: int = 16
    batch_size: int | None = None
    learning_rate_ratio: float = 1.0

    def __post_init__(self) -> None:
        for name in ("epochs", "adapter_size", "batch_size", "learning_rate_ratio"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise LanguageModelError(f"{name} is {value}; it must be greater than zero")


@dataclass(frozen=True)
class Progress:
    """Where a run stands after a step; ``loss`` is that step's mean over completion tokens."""

    epoch: int
    step: int
    total_steps: int
    loss: float


@dataclass(frozen=True)
class TrainingResult:
    """What a finished run did.

    Attributes:
        steps: Optimiser steps taken.
        tokens: Tokens of prompts and completions seen, all epochs together, padding not counted.
        truncated: Training examples that were longer than the model's context and were cut.
        training_losses: Mean loss of each epoch.
        validation_losses: Loss on the validation examples after each epoch; empty without any.
    """

    steps: int
    tokens: int
    truncated: int
    training_losses: tuple[float, ...]
    validation_losses: tuple[float, ...]


@dataclass(frozen=True)
class Generation:
    """An answer; ``finish_reason`` is "stop" when the model ended it and "length" when a limit did."""

    text: str
    prompt_tokens: int
    completion_tokens: int
    finish_reason: Literal["stop", "length"]
