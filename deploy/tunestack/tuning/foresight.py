"""A look at jobs for a preview, by plain requests.

A service that does not answer, an API that is not enabled or a project that is new are failures like any other: whoever
asks takes them for "not known".
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from tunestack.catalogue.methods import method
from tunestack.tuning.job import Job
from tunestack.tuning.jobs import label_filter, of_stack, under_way
from tunestack.tuning.ownership import OWNER, SPEC, Owner
from tunestack.tuning.plain_requests import answer, ask

if TYPE_CHECKING:
    from tunestack.connection import Connection


def look(connection: Connection, spec_hash: str, owner: Owner) -> list[Job]:
    """Returns what `jobs.look` does, as far as it takes to tell which job would be adopted.

    Raises:
        requests.RequestException: the service does not answer.
        google.api_core.exceptions.GoogleAPICallError: it refuses.
        google.auth.exceptions.GoogleAuthError: there are no credentials.
    """
    return of_stack(_labelled(connection, SPEC, spec_hash), spec_hash, owner)


def running(connection: Connection, owner: Owner) -> list[Job]:
    """Returns what `jobs.running` does; raises as `look` does."""
    return under_way((job for label in owner.digests for job in _labelled(connection, OWNER, label)), owner)


def get(connection: Connection, name: str) -> Job:
    """Returns what `jobs.get` does, as far as it takes to tell whether a job still runs; raises as `look` does."""
    return _job(answer(connection, name))


def newest(connection: Connection) -> str:
    """Returns the name of the job that the service lists first in the location, empty where there is none.

    Asks once; raises as `look` does.
    """
    found = ask(connection, f"{connection.parent}/tuningJobs", {"pageSize": "1"})
    return next((str(job["name"]) for job in found.get("tuningJobs", [])), "")


def _labelled(connection: Connection, label: str, value: str) -> list[Job]:
    """Returns the newest jobs with a label: a resource with a hundred newer ones than that which is sought has none."""
    query = {"filter": label_filter(label, value), "pageSize": "100"}
    found = answer(connection, f"{connection.parent}/tuningJobs", query)
    return [_job(document) for document in found.get("tuningJobs", [])]


def _job(document: dict[str, Any]) -> Job:
    base_model = document.get("baseModel", "")
    teacher_model = document.get("distillationSpec", {}).get("baseTeacherModel", "")
    return Job(
        name=document["name"],
        state=document.get("state", ""),
        labels=document.get("labels", {}),
        output_uri=document.get("outputUri", "").rstrip("/"),
        created=datetime.fromisoformat(document["createTime"]),
        method=method(base_model, teacher_model, document.get("preTunedModel", {}).get("tunedModelName")),
        base_model=base_model,
        model=document.get("tunedModel", {}).get("model", ""),
        display_name=document.get("tunedModelDisplayName", ""),
        kms_key_name=document.get("encryptionSpec", {}).get("kmsKeyName", ""),
        last_checkpoint_only=document.get("supervisedTuningSpec", {}).get("exportLastCheckpointOnly"),
    )
