"""Tuning jobs as the service keeps them: get, find, cancel.

Calls go through google-genai, the client that the service's maintainers name for tuning. They block: callers on an
event loop use a thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from tunestack.catalogue.methods import OPEN_METHODS, Method, method
from tunestack.retries import repeatable
from tunestack.tuning import states
from tunestack.tuning.ownership import CLAIM, OWNER, SPEC, Owner

if TYPE_CHECKING:
    from google.genai import types

    from tunestack.connection import Connection


class JobNotFoundError(Exception):
    """The service has no such job."""


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
        billed_tokens: training tokens that the service counted, over all epochs.
        epoch: epochs completed.
        step: steps completed.
        steps: steps in all.
        base_model: the model that is tuned; of a continuous job that which it was first tuned from, where known.
        method: how it is tuned.
        display_name: of the tuned model.
        training_uri: the training file, or the prompts of a distillation.
        teacher_model: whose answers are learned, or empty.
        model: the tuned Gemini model that came of it, `projects/…/models/M@V`, or empty.
        endpoint: that answers from its default checkpoint, or empty.
        checkpoints: of that model, in the order in which they were made.
        updated: when the service last changed anything about it.
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
    billed_tokens: int | None = None
    epoch: int | None = None
    step: int | None = None
    steps: int | None = None
    base_model: str = ""
    method: Method = "supervised"
    display_name: str = ""
    training_uri: str = ""
    teacher_model: str = ""
    model: str = ""
    endpoint: str = ""
    checkpoints: tuple[JobCheckpoint, ...] = ()
    updated: datetime | None = None

    @property
    def is_over(self) -> bool:
        """Whether the job has ended, well or not."""
        return self.state in states.ENDED

    @property
    def number(self) -> str:
        """The last part of the name, by which people call a job."""
        return self.name.rsplit("/", 1)[-1]

    @property
    def owner_name(self) -> str:
        """The name that its resource had when it was submitted: the last folder but one; of a Gemini job not known."""
        return unquote(self.output_uri.rsplit("/", 2)[-2]) if "/" in self.output_uri else ""

    @property
    def keeps_folder(self) -> bool:
        """Whether what it makes lies in Cloud Storage; a Gemini job makes a model of the service."""
        return self.method in OPEN_METHODS

    def is_below(self, parent: str, spec_hash: str) -> bool:
        """Whether it writes to the folder of this spec below `parent`, whatever its resource was called then."""
        parts = self.output_uri.rsplit("/", 4)
        return len(parts) == 5 and (parts[0], parts[4]) == (parent.rstrip("/"), spec_hash)


@repeatable
def get(connection: Connection, name: str) -> Job:
    """Returns a job by its resource name.

    Raises:
        JobNotFoundError: the service has no such job.
    """
    from google.genai import errors

    try:
        return from_service(connection.genai.tunings.get(name=name))
    except errors.ClientError as error:
        if error.code == 404:
            raise JobNotFoundError(name) from error
        raise


def list_jobs(
    connection: Connection, labels: Mapping[str, str] | None = None, state: str | None = None
) -> Iterator[Job]:
    """Yields the jobs of the location, newest first as the service lists them, a hundred a call.

    The filter's grammar is documented for sibling resources only, so the answer is filtered once more here.

    Args:
        connection: to the project and location.
        labels: that a job must have.
        state: that it must be in, `JOB_STATE_…`.
    """
    wanted = dict(labels or {})
    config: Any = {"page_size": 100}
    if wanted:
        config["filter"] = " AND ".join(label_filter(label, value) for label, value in wanted.items())
    for job in map(from_service, connection.genai.tunings.list(config=config)):
        if wanted.items() <= dict(job.labels).items() and state in (None, job.state):
            yield job


def look(connection: Connection, spec_hash: str, owner: Owner) -> list[Job]:
    """Returns the jobs of a spec that are the owner's or its stack's, newest first; asks once.

    The filter's grammar is documented for sibling resources only, so the answer is filtered once more here.
    """
    return of_stack(_labelled(connection, SPEC, spec_hash), spec_hash, owner)


find = repeatable(look)
"""The same, repeated while the service is busy."""


@repeatable
def running(connection: Connection, owner: Owner) -> list[Job]:
    """Returns the jobs of a resource that are not over, of whatever spec."""
    return under_way((job for label in owner.digests for job in _labelled(connection, OWNER, label)), owner)


def submitted_with(connection: Connection, claim: str) -> Job | None:
    """Returns the job of one submission; asks once."""
    return next((job for job in _labelled(connection, CLAIM, claim) if job.labels.get(CLAIM) == claim), None)


def label_filter(label: str, value: str) -> str:
    """Returns the filter of a list call for the jobs with a label."""
    return f"labels.{label}={value}"


def _labelled(connection: Connection, label: str, value: str) -> Iterator[Job]:
    return list_jobs(connection, {label: value})


def under_way(jobs: Iterable[Job], owner: Owner) -> list[Job]:
    """Returns those of a resource that are not over.

    A job that was imported keeps the labels of the stack that submitted it, which may well run others of its own.
    """
    return [job for job in jobs if owner.owns(job.labels) and owner.shares_stack(job.labels) and not job.is_over]


def of_stack(jobs: Iterable[Job], spec_hash: str, owner: Owner) -> list[Job]:
    """Returns those of a spec that are the owner's or its stack's, newest first."""
    own = [
        job
        for job in jobs
        if job.labels.get(SPEC) == spec_hash and (owner.owns(job.labels) or owner.shares_stack(job.labels))
    ]
    return sorted(own, key=lambda job: (job.created is not None and job.created.timestamp(), job.name), reverse=True)


@repeatable
def cancel(connection: Connection, name: str) -> str:
    """Asks the service to stop a job.

    Returns:
        Why the service does not want to, empty when it does: the job may have ended since somebody looked.
    """
    from google.genai import errors

    try:
        connection.genai.tunings.cancel(name=name)
    except errors.ClientError as error:
        if error.code not in (400, 404, 409) or error.status == "ABORTED":
            raise
        return error.message or str(error)
    return ""


def from_service(job: types.TuningJob) -> Job:
    """Returns a job as google-genai gives it."""
    counted = job.tuning_data_stats
    prompts = counted and counted.distillation_data_stats
    statistics = counted and (counted.supervised_tuning_data_stats or (prompts and prompts.training_dataset_stats))
    progress = job.tuning_job_metadata
    distilled, tuned, earlier = job.distillation_spec, job.tuned_model, job.pre_tuned_model
    supervised = job.supervised_tuning_spec
    base_model = job.base_model or (earlier and earlier.base_model) or ""
    teacher_model = (distilled and distilled.base_teacher_model) or ""
    data = distilled.prompt_dataset_uri if distilled else supervised and supervised.training_dataset_uri
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
        billed_tokens=statistics.total_billable_token_count if statistics else None,
        epoch=progress.completed_epoch_count if progress else None,
        step=progress.completed_step_count if progress else None,
        steps=statistics.tuning_step_count if statistics else None,
        base_model=base_model,
        method=method(base_model, teacher_model, earlier and earlier.tuned_model_name),
        display_name=job.tuned_model_display_name or "",
        training_uri=data or "",
        teacher_model=teacher_model,
        model=(tuned and tuned.model) or "",
        endpoint=(tuned and tuned.endpoint) or "",
        checkpoints=tuple(
            JobCheckpoint(each.checkpoint_id or "", each.epoch, each.step, each.endpoint or "")
            for each in (tuned and tuned.checkpoints) or ()
        ),
        updated=job.update_time,
    )
