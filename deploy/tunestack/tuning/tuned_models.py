"""Tuned Gemini models as the service keeps them: what comes of a Gemini job, and what can be tuned further.

They are asked for where they lie: the newest Gemini models do not lie where they were tuned.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tunestack.retries import http_code, repeatable
from tunestack.tuning.plain_requests import ask, insist

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tunestack.connection import Connection

BASE_MODEL = "google-vertex-llm-tuning-base-model-id"
"""Label with the base model, as google-genai reads it; dots are underscores in a label's value."""

JOB = "google-vertex-llm-tuning-job-id"
"""Label with the number of the job that made the model."""


@dataclass(frozen=True, slots=True)
class TunedVersion:
    """A version of a tuned model.

    Attributes:
        version: its number.
        base_model: what it was tuned from, such as `gemini-2.5-flash`; empty where the service does not say.
        is_uploaded: whether it is somebody's own upload, which no Gemini model is.
        is_supervised: whether the job that made it was a supervised one, None where that cannot be known.
        tuned: when it was made, None where the service does not say.
        kms_key_name: customer-managed key, or empty.
        checkpoints: ids of its checkpoints, empty where the service names none.
        job_labels: those of the job that made it, none where that cannot be known.
        goes_on_from: the tuned model that this job went on from, with its version, or empty.
    """

    version: str
    base_model: str
    is_uploaded: bool
    is_supervised: bool | None
    tuned: datetime | None
    kms_key_name: str
    checkpoints: tuple[str, ...]
    job_labels: Mapping[str, str]
    goes_on_from: str


def look(connection: Connection, name: str) -> TunedVersion | None:
    """Returns what the service says of `projects/…/models/ID`, `ID@3` or `ID@alias`, None where there is none.

    Raises:
        requests.RequestException: the service does not answer.
        google.api_core.exceptions.GoogleAPICallError: it refuses.
        google.auth.exceptions.GoogleAuthError: there are no credentials.
    """
    found = _model(connection, name, insist)
    if found is None:
        return None
    labels = found.get("labels", {})
    job = _job(connection, labels[JOB]) if JOB in labels else None
    made = found.get("versionCreateTime") or found.get("createTime")
    return TunedVersion(
        version=str(found.get("versionId", "")),
        base_model=re.sub(r"(?<=[0-9])_(?=[0-9])", ".", labels.get(BASE_MODEL, "")),
        is_uploaded=not is_tuned_gemini(found) and ("artifactUri" in found or "containerSpec" in found),
        is_supervised=None if job is None else "supervisedTuningSpec" in job,
        tuned=datetime.fromisoformat(made) if made else None,
        kms_key_name=found.get("encryptionSpec", {}).get("kmsKeyName", ""),
        checkpoints=tuple(filter(None, (each.get("checkpointId", "") for each in found.get("checkpoints", ())))),
        job_labels=(job or {}).get("labels", {}),
        goes_on_from=(job or {}).get("preTunedModel", {}).get("tunedModelName", ""),
    )


@repeatable
def exists(connection: Connection, model: str) -> bool:
    """Says whether the service has a version of a model, `projects/…/models/ID@VERSION`."""
    return _model(connection, model, ask) is not None


def parts(name: str) -> tuple[str, str]:
    """Splits `projects/…/models/ID@3` into the model and the version or alias, which may be empty."""
    model, _, version = name.partition("@")
    return model, version


def is_same_model(one: str, other: str) -> bool:
    """Says whether two names are of one model, in any version, with the project by its id or by its number."""
    found = [re.search(r"/(locations/[^/]+/models/[^/@]+)", name) for name in (one, other)]
    return bool(found[0] and found[1] and found[0][1] == found[1][1])


def is_same_name(one: str, other: str) -> bool:
    """Says whether two resource names may be of one thing, one with the project's id and one with its number."""
    names = [name.split("/", 2) for name in (one, other)]
    if one == other or not all(len(name) == 3 for name in names):
        return one == other
    return names[0][2] == names[1][2] and any(name[1].isdecimal() for name in names)


def is_tuned_gemini(model: Mapping[str, Any]) -> bool:
    """Says whether the service tuned a model itself, by the document that it gives of it.

    No page says which of these signs a tuned Gemini has: GENIE is "saved or tuned from Genie" (ModelSourceInfo,
    v1beta1), and the label is what google-genai reads the base model from.
    """
    return (
        model.get("modelSourceInfo", {}).get("sourceType") == "GENIE"
        or "genieSource" in model.get("baseModelSource", {})
        or BASE_MODEL in model.get("labels", {})
    )


def _model(
    connection: Connection, name: str, get: Callable[[Connection, str], dict[str, Any]]
) -> dict[str, Any] | None:
    try:
        return get(connection, name)
    except Exception as error:
        if http_code(error) == 404:
            return None
        raise


def _job(connection: Connection, number: str) -> dict[str, Any] | None:
    """Returns a job where it is known; its record stays for ever, but it may be another region's."""
    try:
        return insist(connection, f"{connection.parent}/tuningJobs/{number}")
    except Exception as error:
        if http_code(error) in (403, 404):
            return None
        raise
