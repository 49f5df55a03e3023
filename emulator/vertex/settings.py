"""What can be set about the Vertex AI room: the section `vertex` of the emulator's settings."""

from __future__ import annotations

from typing import Literal

import msgspec


class VertexSettings(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """How long, in seconds, what is not immediate on the service takes here. There it is minutes to hours."""

    tuning_pending: float = 0.1
    """From the granting of a tuning job's slot until the job runs."""
    tuning_dataset: float = 0.4
    """In TUNING_JOB_STATE_PROCESSING_DATASET before the data set is read. Longer than IAM takes here to spread a
    binding, as it mostly is on the service: a job that is submitted right after its bindings finds them."""
    tuning_capacity: float = 0.1
    """In TUNING_JOB_STATE_WAITING_FOR_CAPACITY."""
    tuning_post_processing: float = 0.1
    """At the least, in TUNING_JOB_STATE_POST_PROCESSING."""
    tuning_cancel: float = 0.1
    """At the least, in JOB_STATE_CANCELLING."""
    tuning_outcome: Literal["", "FAILED", "EXPIRED", "PARTIALLY_SUCCEEDED"] = ""
    """How every job ends instead of in success, after it has trained. A job that succeeded in part has its checkpoints,
    the others have none of their own but those of the epochs before."""
    listing_lag: float = 0.0
    """From the creation of a tuning job until a list has it."""
    deploy: float = 1.0
    """Until a deployed model serves."""
    operation: float = 0.2
    """Any other operation on models and deployed models."""
    model_released: float = 1.0
    """After an undeploy, until the model can be deleted."""
    cold_seconds: float = 0.0
    """From the first request to a deployed model until it answers; requests in between get 429."""
