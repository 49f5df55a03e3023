"""A look at jobs for a preview: one plain request, which needs a third of the memory of google-genai.

A call that fails is repeated once: a preview has no time for more. A service that does not answer, an API that is not
enabled or a project that is new are failures like any other: whoever asks takes them for "not known".
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import tenacity

from tunestack.retries import retrying
from tunestack.tuning.jobs import Job, label_filter, of_stack, under_way
from tunestack.tuning.ownership import OWNER, SPEC, Owner

if TYPE_CHECKING:
    from tunestack.connection import Connection

SECONDS = 5.0
"""How long a preview waits for an answer: a token and a list take about one."""


def look(connection: Connection, spec_hash: str, owner: Owner) -> list[Job]:
    """Returns what `jobs.look` does, as far as it takes to tell which job would be adopted.

    Raises:
        requests.RequestException: the service does not answer, or refuses.
        google.auth.exceptions.GoogleAuthError: there are no credentials.
    """
    return of_stack(_labelled(connection, SPEC, spec_hash), spec_hash, owner)


def running(connection: Connection, owner: Owner) -> list[Job]:
    """Returns what `jobs.running` does; raises as `look` does."""
    return under_way((job for label in owner.digests for job in _labelled(connection, OWNER, label)), owner)


def get(connection: Connection, name: str) -> Job:
    """Returns what `jobs.get` does, as far as it takes to tell whether a job still runs; raises as `look` does."""
    return _job(_answer(connection, name, {}))


def newest(connection: Connection) -> str:
    """Returns the name of the job that the service lists first in the location, empty where there is none.

    Asks once; raises as `look` does.
    """
    found = _ask(connection, f"{connection.parent}/tuningJobs", {"pageSize": "1"})
    return next((str(job["name"]) for job in found.get("tuningJobs", [])), "")


def _labelled(connection: Connection, label: str, value: str) -> list[Job]:
    """Returns the newest jobs with a label: a resource with a hundred newer ones than that which is sought has none."""
    query = {"filter": label_filter(label, value), "pageSize": "100"}
    found = _answer(connection, f"{connection.parent}/tuningJobs", query)
    return [_job(document) for document in found.get("tuningJobs", [])]


def _answer(connection: Connection, path: str, query: dict[str, str]) -> dict[str, Any]:
    answer: dict[str, Any] = retrying().copy(stop=tenacity.stop_after_attempt(2))(_ask, connection, path, query)
    return answer


def _ask(connection: Connection, path: str, query: dict[str, str]) -> dict[str, Any]:
    with connection.http() as session:
        response = session.get(f"{connection.service_address}/v1beta1/{path}", params=query, timeout=SECONDS)
    response.raise_for_status()
    answer: dict[str, Any] = response.json()
    return answer


def _job(document: dict[str, Any]) -> Job:
    return Job(
        name=document["name"],
        state=document.get("state", ""),
        labels=document.get("labels", {}),
        output_uri=document.get("outputUri", "").rstrip("/"),
        created=datetime.fromisoformat(document["createTime"]),
    )
