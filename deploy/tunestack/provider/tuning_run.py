"""`tunestack:index:getRun`: a tuning job in any project and region, and what came of it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tunestack.provider import tuning_outcome
from tunestack.provider.lifecycle import CheckFailure, InvalidArgumentsError, Properties, ResourceError
from tunestack.provider.properties import plain_map, wrap_map
from tunestack.retries import http_code
from tunestack.service_errors import explain
from tunestack.tuning import artifacts, jobs, states
from tunestack.tuning.ownership import DATA, OWNER, SPEC, STACK

if TYPE_CHECKING:
    from tunestack.connection import Connection
    from tunestack.provider.run import Run
    from tunestack.tuning.job import Job

_NAME = re.compile(r"projects/([^/]+)/locations/([^/]+)/tuningJobs/([^/]+)")


async def get_run(run: Run, arguments: Properties) -> Properties:
    """Answers with the fields of `tunestack.TuningRun`; what is not known is left out.

    Raises:
        InvalidArgumentsError: a name is none.
        ResourceError: there is no such job, or it may not be looked at.
    """
    given = plain_map(arguments)
    like = given.get("like") or ""
    name = _full_name(given.get("name"), like)
    job = await _job(run, name)
    other = await _job(run, like) if like and like != name else job
    return wrap_map({**(await run.call(_told, _at(run.connection, name), job)), "isOfSameModel": _is_same(job, other)})


def _full_name(name: Any, like: str) -> str:
    """Returns a job's resource name; an id is of the place of the job that it is compared with."""
    if like and not _NAME.fullmatch(like):
        raise InvalidArgumentsError([CheckFailure("like", _no_name(like))])
    if isinstance(name, str) and _NAME.fullmatch(name):
        return name
    if isinstance(name, str) and like and re.fullmatch(r"[\w-]+", name):
        return f"{like.rpartition('/')[0]}/{name}"
    raise InvalidArgumentsError([CheckFailure("name", _no_name(name))])


def _no_name(name: Any) -> str:
    return f"{name!r} is no tuning job's name: projects/PROJECT/locations/REGION/tuningJobs/ID"


def _at(connection: Connection, name: str) -> Connection:
    project, location = name.split("/")[1:4:2]
    return replace(connection, project=project, location=location)


async def _job(run: Run, name: str) -> Job:
    connection = _at(run.connection, name)
    number = name.rpartition("/")[2]
    place = f"project {connection.project} in {connection.location}"
    try:
        return await run.call(jobs.get, connection, name)
    except jobs.JobNotFoundError:
        hint = f"tunestack jobs list --project {connection.project} --location {connection.location} shows which"
        raise ResourceError(f"there is no tuning job {number} in {place}; {hint} there are") from None
    except Exception as error:
        if http_code(error) == 403:
            command = f"gcloud projects add-iam-policy-binding {connection.project}"
            raise ResourceError(
                f"tuning job {number} in {place} may not be looked at: {getattr(error, 'message', error)}. Give "
                f"whoever runs this the role: {command} --member=serviceAccount:… --role=roles/aiplatform.viewer"
            ) from error
        if reason := explain(error):
            raise ResourceError(f"tuning job {number} in {place} cannot be looked at: {reason}") from error
        raise


def _told(connection: Connection, job: Job) -> dict[str, Any]:
    found: dict[str, Any] = {
        "job": job.name,
        "state": job.state,
        "error": job.error,
        "baseModel": job.base_model,
        "mode": job.mode,
        "epochs": job.epochs or 0,
        "checkpointUri": _checkpoint(connection, job),
        "tunedModel": job.model,
        "trainingUri": job.training_uri,
        "validationUri": job.validation_uri,
        "contentHash": job.labels.get(DATA, ""),
        "specHash": job.labels.get(SPEC, ""),
        "created": job.created.isoformat() if job.created else "",
        "ended": job.ended.isoformat() if job.ended else "",
        "durationSeconds": job.seconds,
        **tuning_outcome.billed(job, "", job.mode or None, None),
    }
    del found["billedToEstimated"]
    return {name: value for name, value in found.items() if value is not None}


def _checkpoint(connection: Connection, job: Job) -> str:
    """Returns the folder of the final checkpoint, empty where there is none."""
    if job.state not in states.FRUITFUL or not job.keeps_folder:
        return ""
    try:
        found = artifacts.checkpoints(connection, job.output_uri)
    except Exception as error:
        if http_code(error) == 403:  # whoever takes it will be told which right is missing
            return f"{job.output_uri}/{artifacts.FOLDER}/{artifacts.FINAL}"
        raise
    return found[-1].uri if artifacts.has_final(found) else ""


def _is_same(job: Job, other: Job) -> bool:
    """Says whether two jobs are of one resource of one stack, be it that it was renamed there."""
    if OWNER in job.labels and job.labels[OWNER] == other.labels.get(OWNER):
        return True
    same_stack = STACK in job.labels and job.labels[STACK] == other.labels.get(STACK)
    return job.name == other.name or (same_stack and bool(job.owner_name) and job.owner_name == other.owner_name)
