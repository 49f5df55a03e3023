"""The intent to submit a job: an object that is written before the job is submitted and gets the job's name after.

Creating a job takes no request id, and a list may lag behind: after a crash or a lost answer neither tells whether a
job was started. The intent does. Its claim stands in the job's labels, so that this very submission can be looked for;
its precondition keeps two runs from submitting at once; and the name it holds in the end needs no list at all.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from tunestack.retries import STOPPED, repeatable
from tunestack.tuning import artifacts
from tunestack.tuning.job import Job
from tunestack.tuning.jobs import list_jobs, submitted_with
from tunestack.tuning.ownership import OWNER, digest

if TYPE_CHECKING:
    from google.cloud.storage import Blob

    from tunestack.connection import Connection
    from tunestack.tuning.ownership import Owner

LISTED_SECONDS = 60.0
"""How long a list may lag behind on Google Cloud, which names no limit. A crash in the moment of submitting is rare,
and a minute is nothing beside a job."""

LOOKS = 2
"""Pauses between looks, each as long as the connection says, that a list may lag behind elsewhere."""

TIMEOUT_SECONDS = 60.0
"""google-cloud-storage's own default."""


class IntentError(Exception):
    """The intent cannot be announced; the message says why and what to do. Nothing was started."""


class UnsettledError(Exception):
    """The user stopped the run before it was known whether a job was started."""


class Intent(msgspec.Struct, frozen=True, rename="camel"):
    """What the object holds.

    Attributes:
        owner: urn of the resource.
        spec_hash: of the job's spec.
        claim: token of this submission, in the job's label `tunestack-claim`.
        job: the job's name, empty until the service has answered.
        goes_on_from: the tuned model as the program names it, where the job goes on from one.
        version: what that name stood for: the job may well have added a version to the very model.
        attempt: of the spec.
    """

    owner: str
    spec_hash: str
    claim: str
    job: str = ""
    goes_on_from: str = ""
    version: str = ""
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Announced:
    """An intent as it lies in Cloud Storage.

    Attributes:
        uri: the object's `gs://` address.
        generation: the object's, which the next write asks for.
        intent: what it holds.
    """

    uri: str
    generation: int
    intent: Intent


@repeatable
def find(connection: Connection, owner: Owner, parent: str) -> Announced | None:
    """Returns a resource's last intent below a folder, None where it never had one.

    Raises:
        IntentError: something else lies there.
    """
    return _read(connection, _uri(owner, parent))


@repeatable
def successor(connection: Connection, job: Job) -> str:
    """Returns the name of the job that the owner of this one submitted last, empty where that is this one."""
    if OWNER not in job.labels:
        return ""
    if not job.keeps_folder:  # it does not say where its intent lies
        own = [job, *list_jobs(connection, {OWNER: job.labels[OWNER]})]  # in no order that anybody promises
        newest = max(own, key=lambda each: each.created.timestamp() if each.created else 0.0)
        return newest.name if newest.number != job.number else ""
    folder, _, _ = job.output_uri.rpartition("/")
    last = _read(connection, _name(folder, job.labels[OWNER]))
    return last.intent.job if last and last.intent.job != job.name else ""


def announce(
    connection: Connection,
    owner: Owner,
    parent: str,
    spec_hash: str,
    last: Announced | None,
    *,
    goes_on_from: str = "",
    version: str = "",
    attempt: int = 1,
) -> Announced:
    """Announces a submission.

    Args:
        connection: to the project.
        owner: the resource.
        parent: folder below which its jobs write.
        spec_hash: of what is about to be submitted.
        last: the intent that was found; the object must not have changed since.
        goes_on_from: see `Intent`, as for the next two.
        version: of that model.
        attempt: of the spec.

    Raises:
        IntentError: another run announced a submission meanwhile, or there is no such bucket.
    """
    intent = Intent(
        owner.urn, spec_hash, secrets.token_hex(8), goes_on_from=goes_on_from, version=version, attempt=attempt
    )
    return _write(connection, Announced(_uri(owner, parent), last.generation if last else 0, intent))


def record(connection: Connection, announced: Announced, job: str) -> Announced:
    """Notes which job came of a submission.

    Raises:
        IntentError: another run announced a submission meanwhile.
    """
    intent = msgspec.structs.replace(announced.intent, job=job)
    return _write(connection, Announced(announced.uri, announced.generation, intent))


def withdraw(connection: Connection, announced: Announced) -> None:
    """Takes an intent back after a refusal: nobody has to look for what came of it. What fails here costs one."""
    with contextlib.suppress(Exception):
        _blob(connection, announced.uri).delete(
            if_generation_match=announced.generation, timeout=TIMEOUT_SECONDS, retry=None
        )


def outcome(connection: Connection, claim: str) -> Job | None:
    """Returns the job of a submission that nobody knows the end of, as soon as a list has it.

    Returns:
        None where the list did not have it for as long as it may lag behind: nothing was started.

    Raises:
        UnsettledError: the user stopped the run meanwhile.
    """
    stopped = STOPPED.get() or threading.Event()
    least = 0.0 if connection.api_endpoint else LISTED_SECONDS
    end = time.monotonic() + max(least, LOOKS * connection.poll_seconds)
    while True:
        left = end - time.monotonic()  # before the look: a slow answer tells of the past
        if job := submitted_with(connection, claim):
            return job
        if left <= 0:
            return None
        if stopped.wait(max(0.0, min(end - time.monotonic(), connection.poll_seconds / 2))):
            raise UnsettledError("interrupted while it looks whether a job was started")


settled = repeatable(outcome)
"""The same, repeated while the service is busy."""


@repeatable
def _write(connection: Connection, announced: Announced) -> Announced:
    from google.cloud.exceptions import NotFound, PreconditionFailed

    blob = _blob(connection, announced.uri)
    try:
        blob.upload_from_string(
            msgspec.json.format(msgspec.json.encode(announced.intent), indent=1),
            content_type="application/json",
            if_generation_match=announced.generation,
            timeout=TIMEOUT_SECONDS,
            retry=None,
        )
    except PreconditionFailed as error:
        # An answer may have been lost, and this be the second try.
        now = _read(connection, announced.uri)
        if now is not None and now.intent == announced.intent:
            return now
        raise IntentError(
            f"another run submits a job for this resource at this moment: {announced.uri} has changed; run the command "
            "again when that one is done"
        ) from error
    except NotFound as error:
        bucket, _ = artifacts.split(announced.uri)
        raise IntentError(f"there is no bucket {bucket}, where outputUri lies; create it first") from error
    return Announced(announced.uri, blob.generation, announced.intent)


def _read(connection: Connection, uri: str) -> Announced | None:
    from google.cloud.exceptions import NotFound

    blob = _blob(connection, uri)
    try:
        blob.reload(timeout=TIMEOUT_SECONDS, retry=None)
        content = blob.download_as_bytes(if_generation_match=blob.generation, timeout=TIMEOUT_SECONDS, retry=None)
    except NotFound:
        return None
    try:
        return Announced(uri, blob.generation, msgspec.json.decode(content, type=Intent))
    except msgspec.DecodeError as error:
        raise IntentError(f"{uri} is no intent to submit a job ({error}); move it away") from error


def _uri(owner: Owner, parent: str) -> str:
    return _name(owner.folder(parent), digest(owner.urn))


def _name(folder: str, owner: str) -> str:
    return f"{folder}/intent-{owner}.json"


def _blob(connection: Connection, uri: str) -> Blob:
    bucket, name = artifacts.split(uri)
    return connection.storage.bucket(bucket).blob(name)
