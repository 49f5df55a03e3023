"""What a tuning job made: its checkpoints, once it has ended."""

from __future__ import annotations

from typing import Any

import pulumi

from tunestack.resources.declaration import Declaration
from tunestack.resources.tuning_job import TuningJob


@pulumi.output_type
class Checkpoint(dict[str, Any]):
    """One checkpoint: a folder of an open model, an endpoint of a Gemini model; what is not told is missing."""

    name: str | None = pulumi.property("name")
    """Folder name: `checkpoint-75` or `final`."""
    uri: str | None = pulumi.property("uri")
    """`gs://` address of the folder."""
    id: str | None = pulumi.property("id")
    """The service's id of a Gemini model's checkpoint."""
    epoch: int | None = pulumi.property("epoch")
    """Epochs that it has seen."""
    step: int | None = pulumi.property("step")
    """Steps that it has seen."""
    endpoint: str | None = pulumi.property("endpoint")
    """Resource name of the endpoint that serves it, with no deployment of yours."""


class TunedModel(Declaration):
    """Waits for a tuning job with live progress, then says what it made.

    An interrupted wait loses nothing: the job goes on, and the next `pulumi up` waits on.

    Args:
        resource_name: the name in the program.
        tuning_job: the job to wait for.
        expire_intermediate: True marks all checkpoints but the final one with a custom time once the job has succeeded,
            so that a lifecycle rule of the bucket (days since custom time) deletes them and nothing else. A Gemini
            model's checkpoints lie in no bucket.
        wait: False returns at once with what is known; a later `pulumi up` fills in the rest.
        opts: the engine's options; `custom_timeouts` bounds the wait, never the job.
    """

    state: pulumi.Output[str]
    """The job's state, such as `JOB_STATE_SUCCEEDED`."""
    checkpoints: pulumi.Output[list[Checkpoint]]
    """All checkpoints in the order in which they were made, the final one last."""
    final_checkpoint_uri: pulumi.Output[str]
    """`gs://` folder of an open model's final checkpoint; empty until the job has succeeded."""
    tuned_model: pulumi.Output[str]
    """Resource name of a tuned Gemini model with its version, `projects/…/models/ID@VERSION`; empty for an open one."""
    endpoint: pulumi.Output[str]
    """Resource name of the endpoint that serves a tuned Gemini model's default checkpoint; empty for an open model."""
    labelled_data_uri: pulumi.Output[str]
    """`gs://` address of the examples as the teacher of a distillation has answered them; empty for all else."""
    billed_tokens: pulumi.Output[int | None]
    """Training tokens that the service counted."""
    billed_cost_usd: pulumi.Output[float | None]
    """Price of the billed tokens, a teacher's calls not among them; None where nobody published a price."""
    estimated_tokens: pulumi.Output[int | None]
    """Training tokens that were estimated before the job."""
    estimated_cost_usd: pulumi.Output[float | None]
    """Price of the estimated tokens."""
    billed_to_estimated: pulumi.Output[float | None]
    """Billed tokens by estimated ones: 1 where the estimate was right; None for a distillation, whose estimate lacks
    the teacher's answers."""
    duration_seconds: pulumi.Output[float | None]
    """From the job's start to its end."""

    def __init__(
        self,
        resource_name: str,
        *,
        tuning_job: TuningJob,
        expire_intermediate: pulumi.Input[bool] | None = None,
        wait: pulumi.Input[bool] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(
            resource_name,
            {
                "job": tuning_job.job,
                "artifacts_uri": tuning_job.artifacts_uri,
                "spec_hash": tuning_job.spec_hash,
                "base_model": tuning_job.base_model,
                "mode": tuning_job.mode,
                "estimated_tokens": tuning_job.estimated_tokens,
                "estimated_cost_usd": tuning_job.estimated_cost_usd,
                "expire_intermediate": expire_intermediate,
                "wait": wait,
            },
            opts,
        )
