"""A look at jobs for a preview: one plain request, which needs a third of the memory of google-genai.

Nothing is repeated, and a service that does not answer, an API that is not enabled or a project that is new are
failures like any other: whoever asks takes them for "not known".
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from tunestack.tuning.jobs import Job, of_stack, spec_filter
from tunestack.tuning.ownership import Owner

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
    query = {"filter": spec_filter(spec_hash), "pageSize": "100"}
    found = _answer(connection, f"{connection.parent}/tuningJobs", query)
    return of_stack(map(_job, found.get("tuningJobs", [])), spec_hash, owner)


def get(connection: Connection, name: str) -> Job:
    """Returns what `jobs.get` does, as far as it takes to tell whether a job still runs; raises as `look` does."""
    return _job(_answer(connection, name, {}))


def _answer(connection: Connection, path: str, query: dict[str, str]) -> dict[str, Any]:
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
