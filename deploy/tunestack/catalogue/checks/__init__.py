"""What cannot work, found in the catalogue before anything is created."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunestack.catalogue.checks import belonging, hyperparameters, locations, models, serving
from tunestack.catalogue.checks.hyperparameters import ADAPTER_SIZES, MODES
from tunestack.catalogue.checks.problem import Asked, Problem

if TYPE_CHECKING:
    import datetime
    from collections.abc import Collection

__all__ = ["ADAPTER_SIZES", "MODES", "Problem", "problems"]


def problems(
    *,
    base_model: str | None = None,
    mode: str | None = None,
    location: str | None = None,
    adapter_size: int | None = None,
    epochs: int | None = None,
    learning_rate: float | None = None,
    batch_size: int | None = None,
    learning_rate_multiplier: float | None = None,
    teacher_model: str | None = None,
    custom_base_model: str | None = None,
    pre_tuned_model: str | None = None,
    pre_tuned_checkpoint: str | None = None,
    kms_key_name: str | None = None,
    tuned_model_display_name: str | None = None,
    export_last_checkpoint_only: bool | None = None,
    images: int | None = None,
    data_format: str | None = None,
    declared: Collection[str] | None = None,
    machine_type: str | None = None,
    accelerator_type: str | None = None,
    accelerator_count: int | None = None,
    today: datetime.date | None = None,
) -> tuple[Problem, ...]:
    """Says what cannot work, each with the nearest that can. What is None is not looked at.

    Args:
        base_model: `publisher/family@version`, or a Gemini model; of a distillation, the student.
        mode: `FULL` or `PEFT_ADAPTER`; open models only.
        location: where the job is submitted; with a machine, where the model is deployed.
        adapter_size: rank of the adapter; of an open model, only with `PEFT_ADAPTER`.
        epochs: passes over the training file.
        learning_rate: step size, not a multiplier; open models only.
        batch_size: examples a step; open models only.
        learning_rate_multiplier: factor of the rate that the service chooses; Gemini models only.
        teacher_model: model that labels the prompts, which makes it a distillation.
        custom_base_model: `gs://` folder of a checkpoint to start from; open models only.
        pre_tuned_model: `projects/…/models/ID[@version]`, a tuned Gemini model to go on from.
        pre_tuned_checkpoint: id of the checkpoint of `pre_tuned_model`.
        kms_key_name: customer-managed key, `projects/…/locations/…/keyRings/…/cryptoKeys/…`.
        tuned_model_display_name: name of the tuned Gemini model.
        export_last_checkpoint_only: whether the other checkpoints are dropped; Gemini models only.
        images: how many parts of the training data are images.
        data_format: the training data's, `tunestack.data.Format`.
        declared: wire names of all inputs that the program gives, also of those that a preview does not know yet; what
            a method needs and is not among them is told then.
        machine_type: machine that shall serve the tuned model.
        accelerator_type: accelerator that the machine shall have.
        accelerator_count: how many of them.
        today: the day by which models have retired or not.

    Returns:
        All problems; empty when nothing is known to be wrong. Those with `is_warning` never refuse anything, those
        with `is_unknown` refuse unless `strict` is false.
    """
    import datetime

    asked = Asked(
        base_model=base_model,
        mode=mode,
        location=location,
        adapter_size=adapter_size,
        epochs=epochs,
        learning_rate=learning_rate,
        batch_size=batch_size,
        learning_rate_multiplier=learning_rate_multiplier,
        teacher_model=teacher_model,
        custom_base_model=custom_base_model,
        pre_tuned_model=pre_tuned_model,
        pre_tuned_checkpoint=pre_tuned_checkpoint,
        kms_key_name=kms_key_name,
        tuned_model_display_name=tuned_model_display_name,
        export_last_checkpoint_only=export_last_checkpoint_only,
        images=images,
        data_format=data_format,
        declared=declared,
        machine_type=machine_type,
        accelerator_type=accelerator_type,
        accelerator_count=accelerator_count,
        today=today or datetime.datetime.now(datetime.UTC).date(),
    )
    model, found = models.looked_up(asked)
    found += belonging.problems(asked)
    found += models.problems(asked, model)
    found += hyperparameters.mode_problems(asked, model)
    found += locations.problems(asked, model)
    found += hyperparameters.problems(asked, model)
    found += serving.problems(asked, model)
    return tuple(found)
