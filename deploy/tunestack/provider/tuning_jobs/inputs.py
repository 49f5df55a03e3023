"""What a program says of a tuning job: the inputs."""

from __future__ import annotations

from typing import Literal

import msgspec

from tunestack.catalogue.checks.hyperparameters import LONGEST_DISPLAY_NAME
from tunestack.catalogue.methods import OPEN_METHODS, Method, method
from tunestack.provider.inputs import Inputs
from tunestack.tuning.specification import TuningSpec


class TuningJobInputs(Inputs, frozen=True, kw_only=True):
    """What a program says of a tuning job, and what Check adds: pins of what it starts from, and the spec's hash."""

    training_uri: str
    content_hash: str
    output_uri: str
    epochs: int
    base_model: str | None = None
    mode: Literal["FULL", "PEFT_ADAPTER"] | None = None
    validation_uri: str | None = None
    examples: int | None = None
    characters: int | None = None
    images: int | None = None
    non_ascii: int | None = None
    turns: int | None = None
    answers: str | None = None
    format: str | None = None
    training_generation: str | None = None
    validation_generation: str | None = None
    adapter_size: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    learning_rate_multiplier: float | None = None
    teacher_model: str | None = None
    custom_base_model: str | None = None
    custom_base_content: str | None = None
    pre_tuned_model: str | None = None
    pre_tuned_version: str | None = None
    pre_tuned_checkpoint: str | None = None
    tuned_model_display_name: str | None = None
    export_last_checkpoint_only: bool | None = None
    kms_key_name: str | None = None
    service_account: str | None = None
    description: str | None = None
    labels: dict[str, str] = msgspec.field(default_factory=dict)
    attempt: int = 1
    strict: bool = True
    spec_hash: str | None = None

    @property
    def method(self) -> Method:
        """How the model is tuned."""
        return method(self.base_model, self.teacher_model, self.pre_tuned_model)

    @property
    def keeps_folder(self) -> bool:
        """Whether what the job makes lies in Cloud Storage; a Gemini job makes a model of the service."""
        return self.method in OPEN_METHODS

    def display_name(self, resource_name: str) -> str | None:
        """Returns the tuned model's name, None for a new version of the model that the job goes on from."""
        return self.tuned_model_display_name or (None if self.pre_tuned_model else resource_name[:LONGEST_DISPLAY_NAME])

    def spec(self) -> TuningSpec:
        """Returns what the job's result depends on."""
        return TuningSpec(
            # Beside a tuned model it only says what that was tuned from.
            base_model=None if self.pre_tuned_model else self.base_model,
            mode=self.mode,
            content_hash=self.content_hash,
            epochs=self.epochs,
            adapter_size=self.adapter_size,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            custom_base_model=self.custom_base_model,
            attempt=self.attempt,
            custom_base_content=self.custom_base_content,
            learning_rate_multiplier=self.learning_rate_multiplier,
            teacher_model=self.teacher_model,
            pre_tuned_model=pinned_model(self.pre_tuned_model, self.pre_tuned_version),
            pre_tuned_checkpoint=self.pre_tuned_checkpoint,
        )


def pinned_model(model: str | None, version: str | None) -> str | None:
    """Returns a tuned model with the version that an alias, or no version at all, stood for when it was checked."""
    return f"{model.partition('@')[0]}@{version}" if model and version else model


PINS = {"trainingUri": "trainingGeneration", "validationUri": "validationGeneration"}
"""The inputs that say which content of each object was checked, where others may overwrite it."""
