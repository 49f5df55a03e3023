"""How a training went: the loss of each step and epoch, as a file beside the checkpoints of an open model.

`gcsMetricsUri` of a job is "The Cloud Storage metrics URI associated with this TuningJob" and no more is said of it.
The file's name and layout are the emulator's.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulator.language_model import Progress, TrainingResult

METRICS = "metrics.json"


class Metrics:
    """Collects what a run reports."""

    def __init__(self) -> None:
        self._steps: list[dict[str, float]] = []

    def add(self, progress: Progress) -> None:
        """Notes a step. Its loss is that of the weights before the step."""
        self._steps.append({"epoch": progress.epoch, "step": progress.step, "loss": progress.loss})

    def summary(self, result: TrainingResult) -> dict[str, float]:
        """The losses at either end, which the job's experiment shows."""
        found = {"first_loss": self._steps[0]["loss"], "last_loss": self._steps[-1]["loss"]}
        if result.validation_losses:
            found["validation_loss"] = result.validation_losses[-1]
        return found

    def file(self, result: TrainingResult) -> bytes:
        """The content of the file."""
        epochs: list[dict[str, Any]] = [
            {"epoch": epoch, "loss": loss} for epoch, loss in enumerate(result.training_losses, 1)
        ]
        for epoch, loss in zip(epochs, result.validation_losses, strict=False):
            epoch["validationLoss"] = loss
        return json.dumps({"steps": self._steps, "epochs": epochs}, indent=1).encode()
