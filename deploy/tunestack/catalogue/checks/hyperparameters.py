"""Modes and numbers that a model or the service does not take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunestack.catalogue.checks.problem import Problem
from tunestack.catalogue.entries import GeminiModel

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tunestack.catalogue.checks.problem import Asked
    from tunestack.catalogue.entries import OpenModel

MODES = ("FULL", "PEFT_ADAPTER")

ADAPTER_SIZES = (1, 2, 4, 8, 16, 32)
"""The service's AdapterSize enum, v1beta1."""

LONGEST_DISPLAY_NAME = 128
"""Characters of a tuned model's name, by the reference of tuningJobs.create."""


def mode_problems(asked: Asked, model: OpenModel | GeminiModel | None) -> Iterator[Problem]:
    """Yields a mode that does not exist, or that the open model does not have."""
    mode = asked.mode
    if mode is None or isinstance(model, GeminiModel):
        return
    if mode not in MODES:
        yield Problem("mode", f'"{mode}" is not a tuning mode; write {" or ".join(MODES)}')
    elif model is not None and mode not in model.modes:
        yield Problem("mode", f"{model.name} is not tuned in mode {mode}; it is in {' or '.join(model.modes)}")


def problems(asked: Asked, model: OpenModel | GeminiModel | None) -> Iterator[Problem]:
    """Yields each number out of range."""
    if (size := asked.adapter_size) is not None:
        if asked.mode == "FULL" and asked.is_open:
            reason = "mode FULL trains all weights and has no adapter; remove it, or write mode PEFT_ADAPTER"
            yield Problem("adapterSize", reason)
        else:
            yield from _adapter_size(size, model)
    if asked.epochs is not None and asked.epochs < 1:
        yield Problem("epochs", f"{asked.epochs} epochs train nothing; write 1 or more")
    if asked.learning_rate is not None and not 0 < asked.learning_rate < 1:
        reason = f"{asked.learning_rate} is not a learning rate; write one above 0 and below 1"
        yield Problem("learningRate", reason)
    if asked.batch_size is not None and asked.batch_size < 1:
        yield Problem("batchSize", f"{asked.batch_size} examples a step train nothing; write 1 or more")
    factor = asked.learning_rate_multiplier
    if factor is not None and not 0 < factor < float("inf"):
        yield Problem("learningRateMultiplier", f"{factor} is not a factor of a learning rate; write one above 0")
    name = asked.tuned_model_display_name
    if name is not None and not 0 < len(name) <= LONGEST_DISPLAY_NAME:
        reason = f"is {len(name)} characters long; write 1 to {LONGEST_DISPLAY_NAME}"
        yield Problem("tunedModelDisplayName", reason)


def _adapter_size(size: int, model: OpenModel | GeminiModel | None) -> Iterator[Problem]:
    if isinstance(model, GeminiModel):
        if size in model.disputed_adapter_sizes:
            reason = f"whether {model.name} has adapters of size {size} is disputed: {model.note}"
            yield Problem("adapterSize", reason, is_warning=True)
            return
        sizes: Sequence[int] = model.adapter_sizes
        subject = f" of {model.name}"
    else:
        # For open models no page names sizes other than the enum's.
        sizes, subject = ADAPTER_SIZES, ""
    if size not in sizes:
        near = min(sizes, key=lambda known: abs(known - size))
        reason = f"{size} is not an adapter size{subject}; nearest: {near}; all: {', '.join(map(str, sizes))}"
        yield Problem("adapterSize", reason)
