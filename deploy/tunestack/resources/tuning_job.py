"""A tuning job: submitted and left to run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import pulumi

from tunestack.resources.dataset import Dataset
from tunestack.resources.declaration import Declaration

TuningMode = Literal["FULL", "PEFT_ADAPTER"]


@pulumi.output_type
class CostItem(dict[str, Any]):
    """One item of what a job and its checkpoints cost; what nobody published is missing, and never zero."""

    name: str = pulumi.property("name")
    """What is paid for."""
    period: str = pulumi.property("period")
    """`once`, or `month` for each month."""
    quantity: float | None = pulumi.property("quantity")
    """How much of it."""
    unit: str = pulumi.property("unit")
    """What the quantity counts."""
    price: float | None = pulumi.property("price")
    """USD for `per` units."""
    per: int = pulumi.property("per")
    """Units that the price is for."""
    usd: float | None = pulumi.property("usd")
    """What it costs."""
    low: float | None = pulumi.property("low")
    """What it costs at the least, in USD."""
    high: float | None = pulumi.property("high")
    """What it costs at the most, in USD."""
    source: str = pulumi.property("source")
    """Where the price is from, or where it was looked for."""
    date: str | None = pulumi.property("date")
    """The day that the source speaks of."""
    note: str | None = pulumi.property("note")
    """What to know of it."""


class TuningJob(Declaration):
    """A tuning job of an open or a Gemini model; create submits it and returns at once.

    The method follows from the inputs: an open `base_model` is tuned from examples, or, with `teacher_model`, from
    what the teacher answers; a Gemini one is tuned into a model of the service with its own endpoints, and
    `pre_tuned_model` goes on from such a model. Anything that changes what is learned replaces the job, and the preview
    says why and at what price. Nothing else ever starts one: a failed or cancelled job is an error until `attempt` is
    raised.

    Args:
        resource_name: the name in the program.
        dataset: the data to learn from; for a distillation, the prompts that the teacher answers.
        output_uri: `gs://` folder for checkpoints; the job's own folder below it ends in the hash of its spec. A Gemini
            job leaves nothing there but the note of its submission.
        epochs: passes over the training examples, at least 1.
        base_model: the model to tune: an open one with its version, `google/gemma3@gemma-3-1b-it`, or a Gemini model;
            with `teacher_model` the student. Beside `pre_tuned_model` it only says what that was tuned from.
        mode: `FULL` tunes all weights, `PEFT_ADAPTER` low-rank adapters; required for open models, none for Gemini.
        adapter_size: rank of the adapters; the service's default when left out. Open models: only with `PEFT_ADAPTER`.
        batch_size: examples a step; the service's default when left out. Open models only.
        learning_rate: the service's default for the model when left out. Open models only.
        learning_rate_multiplier: times the service's own learning rate, 1 when left out. Gemini only.
        teacher_model: the model that answers the prompts, which makes the job a distillation.
        custom_base_model: `gs://` folder of a checkpoint of the same architecture to start from, such as an earlier
            tuned model's `final_checkpoint_uri`. Open models only.
        pre_tuned_model: the tuned Gemini model to go on from, such as an earlier tuned model's `tuned_model`:
            `projects/…/locations/…/models/ID`, `ID@3` or `ID@alias`; the default version when left out, pinned.
        pre_tuned_checkpoint: id of that model's checkpoint to go on from; its default one when left out.
        tuned_model_display_name: name of the tuned model, at most 128 characters; the resource's name when left out.
            With `pre_tuned_model` it makes a new model; left out, the job adds a version to the same one. Gemini only.
        export_last_checkpoint_only: True keeps the last checkpoint alone, and its endpoint. Gemini only.
        kms_key_name: customer-managed key for what the job makes:
            `projects/…/locations/…/keyRings/…/cryptoKeys/…`.
        service_account: e-mail address of the service account that the job runs as.
        description: free text; the service cannot change it after the job was created.
        labels: Google Cloud labels, beside those that say who owns the job.
        attempt: raise it to run the very same job again; 1 when left out.
        strict: False lets a model pass that the catalogue does not know yet.
        opts: the engine's options.
    """

    job: pulumi.Output[str]
    """Resource name: `projects/…/locations/…/tuningJobs/…`."""
    artifacts_uri: pulumi.Output[str]
    """The job's own folder: `output_uri`, the resource's name and the hash of the spec; empty for a Gemini job."""
    base_model: pulumi.Output[str]
    """The model that is tuned; empty where only the tuned model is named that the job goes on from."""
    mode: pulumi.Output[str]
    """How it is tuned; empty for a Gemini job."""
    spec_hash: pulumi.Output[str]
    """Hash of everything that the result depends on, data included."""
    estimated_tokens: pulumi.Output[int | None]
    """Training tokens estimated from characters; tokens of the data × epochs."""
    estimated_tokens_low: pulumi.Output[int | None]
    """What they are at the least."""
    estimated_tokens_high: pulumi.Output[int | None]
    """What they are at the most."""
    estimated_cost_usd: pulumi.Output[float | None]
    """What the service would charge for the estimated tokens; None where nobody published a price."""
    estimated_cost_usd_low: pulumi.Output[float | None]
    """What it would charge at the least."""
    estimated_cost_usd_high: pulumi.Output[float | None]
    """What it would charge at the most."""
    estimate: pulumi.Output[list[CostItem] | None]
    """The job and the checkpoints that it leaves, item by item with source and date."""

    def __init__(
        self,
        resource_name: str,
        *,
        dataset: Dataset,
        output_uri: pulumi.Input[str],
        epochs: pulumi.Input[int],
        base_model: pulumi.Input[str] | None = None,
        mode: pulumi.Input[TuningMode] | None = None,
        adapter_size: pulumi.Input[int] | None = None,
        batch_size: pulumi.Input[int] | None = None,
        learning_rate: pulumi.Input[float] | None = None,
        learning_rate_multiplier: pulumi.Input[float] | None = None,
        teacher_model: pulumi.Input[str] | None = None,
        custom_base_model: pulumi.Input[str] | None = None,
        pre_tuned_model: pulumi.Input[str] | None = None,
        pre_tuned_checkpoint: pulumi.Input[str] | None = None,
        tuned_model_display_name: pulumi.Input[str] | None = None,
        export_last_checkpoint_only: pulumi.Input[bool] | None = None,
        kms_key_name: pulumi.Input[str] | None = None,
        service_account: pulumi.Input[str] | None = None,
        description: pulumi.Input[str] | None = None,
        labels: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
        attempt: pulumi.Input[int] | None = None,
        strict: pulumi.Input[bool] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(
            resource_name,
            {
                "base_model": base_model,
                "mode": mode,
                "training_uri": dataset.training_uri,
                "validation_uri": dataset.validation_uri,
                "content_hash": dataset.content_hash,
                "examples": dataset.examples,
                "characters": dataset.characters,
                "images": dataset.images,
                "non_ascii": dataset.non_ascii,
                "turns": dataset.turns,
                "answers": dataset.answers,
                "format": dataset.format,
                "training_generation": dataset.training_generation,
                "validation_generation": dataset.validation_generation,
                "output_uri": output_uri,
                "epochs": epochs,
                "adapter_size": adapter_size,
                "batch_size": batch_size,
                "learning_rate": learning_rate,
                "learning_rate_multiplier": learning_rate_multiplier,
                "teacher_model": teacher_model,
                "custom_base_model": custom_base_model,
                "pre_tuned_model": pre_tuned_model,
                "pre_tuned_checkpoint": pre_tuned_checkpoint,
                "tuned_model_display_name": tuned_model_display_name,
                "export_last_checkpoint_only": export_last_checkpoint_only,
                "kms_key_name": kms_key_name,
                "service_account": service_account,
                "description": description,
                "labels": labels,
                "attempt": attempt,
                "strict": strict,
            },
            opts,
        )
