"""What a tuning job learns from what: everything that its result depends on, and the hash of that."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import msgspec

HASH_LENGTH = 16
"""Hex digits of the hashes in labels and paths: 64 bits, so that two specs of one project do not meet."""


@dataclass(frozen=True, slots=True)
class TuningSpec:
    """The spec of a supervised tuning job of an open model.

    Attributes:
        base_model: publisher model with version, `google/gemma3@gemma-3-1b-it`.
        mode: `FULL` or `PEFT_ADAPTER`.
        content_hash: SHA-256 over the training and validation data.
        epochs: passes over the data.
        adapter_size: rank of the adapters, None for the service's default.
        batch_size: examples a step, None for the service's default.
        learning_rate: None for the service's default.
        custom_base_model: `gs://` folder of the checkpoint to start from, None for the base model itself.
        attempt: the one way to run the same spec again.
    """

    base_model: str
    mode: str
    content_hash: str
    epochs: int
    adapter_size: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    custom_base_model: str | None = None
    attempt: int = 1

    def hash(self) -> str:
        """Returns the hash by which a job of this spec is found again: 16 hex digits."""
        canonical = msgspec.json.encode(self, order="sorted")
        return hashlib.sha256(canonical).hexdigest()[:HASH_LENGTH]


def content_hash(*digests: str) -> str:
    """Returns one SHA-256, in hex, over the digests of several files, in their order."""
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()
