"""What the service says of a tuning job, whichever way it tunes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import unquote

from tunestack.catalogue.methods import OPEN_METHODS, Method, method
from tunestack.tuning import states
from tunestack.tuning.adapters import size_of

if TYPE_CHECKING:
    from google.genai import types


@dataclass(frozen=True, slots=True)
class JobCheckpoint:
    """A checkpoint of a tuned Gemini model.

    Attributes:
        id: what a request for it names, a number from 1 on.
        epoch: epochs that it has learned, None where the service does not say.
        step: steps likewise.
        endpoint: `projects/…/locations/…/endpoints/…` that answers from it, or empty.
    """

    id: str
    epoch: int | None = None
    step: int | None = None
    endpoint: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """What the service says of a job.

    Attributes:
        name: `projects/…/locations/…/tuningJobs/…`.
        state: `JOB_STATE_…`.
        detail: `TUNING_JOB_STATE_…`, or empty.
        error: the service's own message, or empty.
        labels: of the job.
        output_uri: where its artifacts go, without a slash at the end.
        created: when it was submitted.
        started: when it began to run.
        ended: when it ended.
        updated: when the service last changed anything about it.
        billed_tokens: training tokens: those of the data that the service counted, times the epochs.
        epoch: epochs completed.
        step: steps completed.
        steps: steps in all.
        method: how it is tuned.
        base_model: the model that is tuned; of a continuous job that which it was first tuned from, where known.
        mode: `FULL` or `PEFT_ADAPTER`, or empty.
        epochs: passes over the data that were asked for.
        adapter_size: rank of the adapters, None where nobody chose it; likewise the next three.
        batch_size: examples a step.
        learning_rate: the rate itself, of an open model.
        learning_rate_multiplier: times the service's own rate, of Gemini.
        training_uri: the training file, or the prompts of a distillation.
        validation_uri: the validation file, or empty.
        teacher_model: whose answers are learned, or empty.
        custom_base_model: folder of the checkpoint that it started from, or empty.
        pre_tuned_model: the tuned model that it goes on from, or empty.
        pre_tuned_checkpoint: that model's checkpoint, or empty.
        display_name: of the tuned model.
        description: free text, or empty.
        last_checkpoint_only: whether the other checkpoints are dropped, None where nobody said.
        kms_key_name: customer-managed key, or empty.
        service_account: that it runs as, or empty.
        model: the tuned Gemini model that came of it, `projects/…/models/M@V`, or empty.
        endpoint: that answers from its default checkpoint, or empty.
        checkpoints: of that model, in the order in which they were made.
    """

    name: str
    state: str
    detail: str = ""
    error: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    output_uri: str = ""
    created: datetime | None = None
    started: datetime | None = None
    ended: datetime | None = None
    updated: datetime | None = None
    billed_tokens: int | None = None
    epoch: int | None = None
    step: int | None = None
    steps: int | None = None
    method: Method = "supervised"
    base_model: str = ""
    mode: str = ""
    epochs: int | None = None
    adapter_size: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    learning_rate_multiplier: float | None = None
    training_uri: str = ""
    validation_uri: str = ""
    teacher_model: str = ""
    custom_base_model: str = ""
    pre_tuned_model: str = ""
    pre_tuned_checkpoint: str = ""
    display_name: str = ""
    description: str = ""
    last_checkpoint_only: bool | None = None
    kms_key_name: str = ""
    service_account: str = ""
    model: str = ""
    endpoint: str = ""
    checkpoints: tuple[JobCheckpoint, ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether the job has ended, well or not."""
        return self.state in states.ENDED

    @property
    def seconds(self) -> float | None:
        """From its start to its end, None while it is not over or where the service does not say."""
        return (self.ended - self.started).total_seconds() if self.ended and self.started else None

    @property
    def number(self) -> str:
        """The last part of the name, by which people call a job."""
        return self.name.rsplit("/", 1)[-1]

    @property
    def keeps_folder(self) -> bool:
        """Whether what it makes lies in Cloud Storage; a Gemini job makes a model of the service."""
        return self.method in OPEN_METHODS

    @property
    def owner_name(self) -> str:
        """The name that its resource had when it was submitted: the last folder but one; of a Gemini job not known."""
        return unquote(self.output_uri.rsplit("/", 2)[-2]) if "/" in self.output_uri else ""

    def is_below(self, parent: str, spec_hash: str) -> bool:
        """Whether it writes to the folder of this spec below `parent`, whatever its resource was called then."""
        parts = self.output_uri.rsplit("/", 4)
        return len(parts) == 5 and (parts[0], parts[4]) == (parent.rstrip("/"), spec_hash)


def from_service(job: types.TuningJob) -> Job:
    """Returns a job as google-genai gives it."""
    from google.genai import types

    counted, progress = job.tuning_data_stats, job.tuning_job_metadata
    prompts = counted and counted.distillation_data_stats
    statistics = counted and (counted.supervised_tuning_data_stats or (prompts and prompts.training_dataset_stats))
    distilled, supervised = job.distillation_spec, job.supervised_tuning_spec or types.SupervisedTuningSpec()
    spec = distilled or supervised
    numbers = spec.hyper_parameters or types.SupervisedHyperParameters()
    earlier, tuned = job.pre_tuned_model or types.PreTunedModel(), job.tuned_model or types.TunedModel()
    base_model = job.base_model or earlier.base_model or ""
    teacher_model = (distilled and (distilled.base_teacher_model or distilled.tuned_teacher_model_source)) or ""
    # `trainingDatasetUri` is what a distillation's prompts are called in the generated clients' messages.
    prompts_uri = distilled and (distilled.prompt_dataset_uri or distilled.training_dataset_uri)
    return Job(
        name=job.name or "",
        state=job.state.value if job.state else "JOB_STATE_UNSPECIFIED",
        detail=job.tuning_job_state.value if job.tuning_job_state else "",
        error=(job.error and job.error.message) or "",
        labels=job.labels or {},
        output_uri=(job.output_uri or "").rstrip("/"),
        created=job.create_time,
        started=job.start_time,
        ended=job.end_time,
        updated=job.update_time,
        billed_tokens=_billed(statistics.total_billable_token_count if statistics else None, numbers.epoch_count),
        epoch=progress.completed_epoch_count if progress else None,
        step=progress.completed_step_count if progress else None,
        steps=statistics.tuning_step_count if statistics else None,
        method=method(base_model, teacher_model, earlier.tuned_model_name),
        base_model=base_model,
        mode=spec.tuning_mode.value.removeprefix("TUNING_MODE_") if spec.tuning_mode else "",
        epochs=numbers.epoch_count,
        adapter_size=size_of(numbers.adapter_size),
        batch_size=numbers.batch_size,
        learning_rate=numbers.learning_rate,
        learning_rate_multiplier=numbers.learning_rate_multiplier,
        training_uri=(prompts_uri if distilled else supervised.training_dataset_uri) or "",
        validation_uri=spec.validation_dataset_uri or "",
        teacher_model=teacher_model,
        custom_base_model=job.custom_base_model or "",
        pre_tuned_model=earlier.tuned_model_name or "",
        pre_tuned_checkpoint=earlier.checkpoint_id or "",
        display_name=job.tuned_model_display_name or "",
        description=job.description or "",
        last_checkpoint_only=supervised.export_last_checkpoint_only,
        kms_key_name=(job.encryption_spec and job.encryption_spec.kms_key_name) or "",
        service_account=job.service_account or "",
        model=tuned.model or "",
        endpoint=tuned.endpoint or "",
        checkpoints=tuple(
            JobCheckpoint(each.checkpoint_id or "", each.epoch, each.step, each.endpoint or "")
            for each in tuned.checkpoints or ()
        ),
    )


def _billed(counted: int | None, epochs: int | None) -> int | None:
    """Returns the training tokens, None where either number is not known.

    What the service counts is "billable tokens in the tuning dataset" (SupervisedTuningDataStats, v1beta1): of a job of
    ten epochs, the sum of its input and output tokens. "Training tokens" are those times the epochs (pricing page).
    """
    return counted * epochs if counted is not None and epochs else None
