"""What a program says of a tuning job: the inputs, and what a change of them means."""

from __future__ import annotations

import re
from typing import Any, Literal

import msgspec

from tunestack.catalogue.methods import OPEN_METHODS, Method, method
from tunestack.provider.inputs import Inputs
from tunestack.provider.lifecycle import Change, DiffRequest, Properties
from tunestack.provider.properties import UNKNOWN, plain_map
from tunestack.tuning.specification import TuningSpec
from tunestack.wording import counted


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
        return self.tuned_model_display_name or (None if self.pre_tuned_model else resource_name)

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


RETRAINS = {
    "baseModel": "base model",
    "mode": "mode",
    "epochs": "epochs",
    "adapterSize": "adapter size",
    "batchSize": "batch size",
    "learningRate": "learning rate",
    "customBaseModel": "custom base model",
    "attempt": "attempt",
    "contentHash": "training data",
    "outputUri": "output folder",
}
"""Inputs whose change means another job, and what people call them."""

PINS = {"trainingUri": "trainingGeneration", "validationUri": "validationGeneration"}
"""The inputs that say which content of each object was checked, where others may overwrite it."""

FIXED = {"labels": "labels", "description": "description", "serviceAccount": "service account"}
"""Inputs that the service cannot change after create and that are not worth a job: a change is told and kept."""


def unknown_to_an_import(request: DiffRequest) -> set[str]:
    """Returns the inputs that cannot have changed where Read has written the old ones, until an up writes them.

    A service that says nothing of an input, or a program that leaves one to the service, is no reason to pay again.
    """
    before, after = plain_map(request.old_inputs), plain_map(request.new)
    if before.get("contentHash") is not None:
        return set()
    unknown = {name for name in (*RETRAINS, *FIXED) if before.get(name) is None or after.get(name) is None}
    if _has_other_content(before, after):
        unknown.discard("contentHash")
    # The folder of a job from elsewhere is its own: nobody can have declared it as the one above it.
    is_its_own = before.get("outputUri") == plain_map(request.state).get("artifactsUri")
    return unknown | ({"outputUri"} if is_its_own else set())


def _has_other_content(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Says whether the addresses of the data tell that it is other data: those of our own uploads name the content."""
    for name in ("trainingUri", "validationUri"):
        named = [re.search(r"/([0-9a-f]{16})/[^/]+$", str(inputs.get(name))) for inputs in (before, after)]
        if all(named) and len({found[1] for found in named if found}) == 2:
            return True
    return False


def is_import(old: Properties | None, new: Properties) -> bool:
    """Says whether these are inputs that Read has written: it knows where the data lies, not what it holds."""
    return bool(old) and all(plain_map(inputs).get("contentHash") is None for inputs in (old or {}, new))


def differs(before: dict[str, Any], after: dict[str, Any], name: str) -> bool:
    """Says whether an input has changed."""
    return bool(_value(before, name) != _value(after, name))


def _value(inputs: dict[str, Any], name: str) -> Any:
    value = inputs.get(name)
    return value.rstrip("/") if name == "outputUri" and isinstance(value, str) else value


def kind(before: dict[str, Any], after: dict[str, Any], name: str) -> Change:
    """Returns what happened to an input."""
    if before.get(name) is None:
        return Change.ADD
    return Change.DELETE if after.get(name) is None else Change.UPDATE


def reason(before: dict[str, Any], after: dict[str, Any], name: str, comparison: str | None = None) -> str:
    """Returns a change as the preview tells it; of data it may be known in which examples it differs."""
    if name == "contentHash" and comparison:
        return f"new data ({comparison})"
    if name == "contentHash":
        is_told = differs(before, after, "examples") and after.get("examples") not in (None, UNKNOWN)
        counts = f" ({before.get('examples')} → {counted(after['examples'], 'example')})" if is_told else ""
        return f"new training data{counts}"
    old, new = _value(before, name), _value(after, name)
    return f"{RETRAINS[name]} {shown(old)} → {shown(new)}"


def shown(value: Any) -> str:
    """Returns a value as people read it."""
    if value is UNKNOWN:
        return "known after apply"
    return "default" if value is None else str(value)
