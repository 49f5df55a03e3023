"""Submitting a tuning job, once: create takes no request id, so after a lost answer only the labels can tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tunestack.retries import may_have_acted, retrying
from tunestack.tuning import intent
from tunestack.tuning.adapters import enum_of
from tunestack.tuning.job import Job, from_service
from tunestack.tuning.jobs import submitted_with
from tunestack.tuning.ownership import CLAIM, DATA, Owner
from tunestack.tuning.specification import HASH_LENGTH, TuningSpec

if TYPE_CHECKING:
    from tunestack.connection import Connection


class UncertainSubmissionError(Exception):
    """No answer came, or none that says whether the service has started a job; the cause is the last failure."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A job to submit: the spec, and what does not change its result.

    Attributes:
        spec: what is learned from what.
        owner: the resource that declares the job.
        claim: token of this submission, from the intent.
        training_uri: `gs://` address of the training file, or of the prompts of a distillation.
        validation_uri: of the validation file, or None.
        output_uri: the job's own folder, None for a Gemini job.
        display_name: of the tuned model; None adds a version to the model that the job goes on from.
        last_checkpoint_only: whether the service keeps no other checkpoint of a Gemini job, None for its default.
        kms_key_name: customer-managed key, or None for Google's.
        description: free text.
        service_account: whose rights the job has, or None for the service agent's.
        labels: the user's own.
    """

    spec: TuningSpec
    owner: Owner
    claim: str
    training_uri: str
    output_uri: str | None
    display_name: str | None
    validation_uri: str | None = None
    last_checkpoint_only: bool | None = None
    kms_key_name: str | None = None
    description: str | None = None
    service_account: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


def submit(connection: Connection, submission: Submission) -> Job:
    """Submits a job. A repeated call would be a second job: `submit_once` looks before it repeats.

    Raises:
        google.genai.errors.APIError: the service refuses.
    """
    from google.genai import types

    spec = submission.spec
    # A dict instead of this type loses the id of the checkpoint to go on from.
    config = types.CreateTuningJobConfig(
        method=(types.TuningMethod.DISTILLATION if spec.teacher_model else types.TuningMethod.SUPERVISED_FINE_TUNING),
        tuning_mode=types.TuningMode(f"TUNING_MODE_{spec.mode}") if spec.mode else None,
        epoch_count=spec.epochs,
        batch_size=spec.batch_size,
        learning_rate=spec.learning_rate,
        learning_rate_multiplier=spec.learning_rate_multiplier,
        adapter_size=enum_of(spec.adapter_size),
        base_teacher_model=spec.teacher_model,
        custom_base_model=spec.custom_base_model,
        pre_tuned_model_checkpoint_id=spec.pre_tuned_checkpoint,
        export_last_checkpoint_only=submission.last_checkpoint_only,
        output_uri=submission.output_uri,
        tuned_model_display_name=submission.display_name,
        description=submission.description,
        encryption_spec=(
            types.EncryptionSpec(kms_key_name=submission.kms_key_name) if submission.kms_key_name else None
        ),
        labels={
            **submission.labels,
            **submission.owner.labels(spec.hash()),
            CLAIM: submission.claim,
            DATA: spec.content_hash[:HASH_LENGTH],
        },
        http_options=types.HttpOptions(
            retry_options=types.HttpRetryOptions(attempts=1),
            # TuningJob has the field, this config does not.
            extra_body={"serviceAccount": submission.service_account} if submission.service_account else None,
        ),
    )
    if submission.validation_uri:
        config.validation_dataset = types.TuningValidationDataset(gcs_uri=submission.validation_uri)
    base = spec.pre_tuned_model or spec.base_model
    if base is None:
        raise ValueError("a job tunes a base model or goes on from a tuned one; its spec names neither")
    job = connection.genai.tunings.tune(
        base_model=base, training_dataset=types.TuningDataset(gcs_uri=submission.training_uri), config=config
    )
    return from_service(job)


def submit_once(connection: Connection, submission: Submission) -> Job:
    """Submits a job; when no answer comes, looks whether the service has it before it asks again.

    Raises:
        google.genai.errors.APIError: the service refuses; nothing was started.
        UncertainSubmissionError: the service was busy or out of reach for two minutes, or the user stopped the run.
    """
    uncertain = False
    try:
        for attempt in retrying():
            with attempt:
                if uncertain and (job := intent.outcome(connection, submission.claim)):
                    return job
                try:
                    return submit(connection, submission)
                except Exception as error:
                    uncertain = uncertain or may_have_acted(error)
                    raise
    except Exception as error:
        if not uncertain:
            raise
        try:
            job = submitted_with(connection, submission.claim)
        except Exception:
            job = None
        if job is None:
            raise UncertainSubmissionError from error
        return job
    raise AssertionError("tenacity ends with a result or an exception")
