"""Tuning jobs as the service keeps them: get, find, cancel.

Calls go through google-genai, the client that the service's maintainers name for tuning. They block: callers on an
event loop use a thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tunestack.retries import repeatable
from tunestack.tuning.job import Job, from_service
from tunestack.tuning.ownership import CLAIM, OWNER, SPEC, Owner

if TYPE_CHECKING:
    from tunestack.connection import Connection

__all__ = [
    "Job",
    "JobNotFoundError",
    "cancel",
    "find",
    "get",
    "list_jobs",
    "look",
    "running",
    "submitted_with",
]


class JobNotFoundError(Exception):
    """The service has no such job."""


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


def list_jobs(connection: Connection, labels: Mapping[str, str] | None = None) -> Iterator[Job]:
    """Yields the jobs of the location, newest first as the service lists them, a hundred a call.

    The filter's grammar is documented for sibling resources only, so the answer is filtered once more here.

    Args:
        connection: to the project and location.
        labels: that a job must have.
    """
    wanted = dict(labels or {})
    config: Any = {"page_size": 100}
    if wanted:
        config["filter"] = " AND ".join(label_filter(label, value) for label, value in wanted.items())
    for job in map(from_service, connection.genai.tunings.list(config=config)):
        if wanted.items() <= dict(job.labels).items():
            yield job


def look(connection: Connection, spec_hash: str, owner: Owner) -> list[Job]:
    """Returns the jobs of a spec that are the owner's or its stack's, newest first; asks once."""
    return of_stack(list_jobs(connection, {SPEC: spec_hash}), spec_hash, owner)


find = repeatable(look)
"""The same, repeated while the service is busy."""


@repeatable
def running(connection: Connection, owner: Owner) -> list[Job]:
    """Returns the jobs of a resource that are not over, of whatever spec."""
    return under_way((job for label in owner.digests for job in list_jobs(connection, {OWNER: label})), owner)


def submitted_with(connection: Connection, claim: str) -> Job | None:
    """Returns the job of one submission; asks once."""
    return next(list_jobs(connection, {CLAIM: claim}), None)


def label_filter(label: str, value: str) -> str:
    """Returns the filter of a list call for the jobs with a label."""
    return f"labels.{label}={value}"


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
