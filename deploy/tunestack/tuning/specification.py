"""What a tuning job learns from what: everything that its result depends on, and the hash of that."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass

import msgspec

from tunestack.catalogue.methods import Method, method

HASH_LENGTH = 16
"""Hex digits of the hashes in labels and paths: 64 bits, so that two specs of one project do not meet."""


@dataclass(frozen=True, slots=True)
class TuningSpec:
    """The spec of a tuning job; which method it is follows from what is set.

    Attributes:
        base_model: open model with its version, `google/gemma3@gemma-3-1b-it`, or a Gemini model; None where the job
            goes on from a tuned Gemini model.
        mode: `FULL` or `PEFT_ADAPTER`, None for Gemini.
        content_hash: SHA-256 over the training and validation data.
        epochs: passes over the data.
        adapter_size: rank of the adapters, None for the service's default.
        batch_size: examples a step, None for the service's default.
        learning_rate: None for the service's default.
        custom_base_model: `gs://` folder of the checkpoint to start from, None for the base model itself.
        attempt: the one way to run the same spec again.
        custom_base_content: hash over the files of that folder, None for a job from before it was pinned.
        learning_rate_multiplier: times the service's own learning rate, None for its default.
        teacher_model: whose answers are learned, None for those of the data.
        pre_tuned_model: the tuned Gemini model to go on from, with its version: `projects/…/models/9@1`.
        pre_tuned_checkpoint: id of that model's checkpoint, None for its default one.
    """

    base_model: str | None
    mode: str | None
    content_hash: str
    epochs: int
    adapter_size: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    custom_base_model: str | None = None
    attempt: int = 1
    custom_base_content: str | None = None
    learning_rate_multiplier: float | None = None
    teacher_model: str | None = None
    pre_tuned_model: str | None = None
    pre_tuned_checkpoint: str | None = None

    @property
    def method(self) -> Method:
        """How the model is tuned."""
        return method(self.base_model, self.teacher_model, self.pre_tuned_model)

    def hash(self) -> str:
        """Returns the hash by which a job of this spec is found again: 16 hex digits."""
        # What came later is left out where it is not set: the job of an earlier version's spec is the same job.
        parts = {name: value for name, value in asdict(self).items() if name in _FIRST or value is not None}
        return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()[:HASH_LENGTH]


_FIRST = frozenset(
    {
        "base_model",
        "mode",
        "content_hash",
        "epochs",
        "adapter_size",
        "batch_size",
        "learning_rate",
        "custom_base_model",
        "attempt",
    }
)
"""The fields that the first specs had: they are hashed whether they are set or not."""


def content_hash(*digests: str) -> str:
    """Returns one SHA-256, in hex, over the digests of several files, in their order."""
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()
