"""Whether a project has tuned anything yet: what appears with the first job cannot be there before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tunestack.connection import Connection

SECONDS = 5.0
"""How long a preview waits for an answer: a token and a list take about one."""


def newest_job(connection: Connection) -> str:
    """Returns the name of the tuning job that the service lists first in the location, empty where there is none.

    Asks once, with one plain request: previews ask, and whoever asks takes a failure for "not known".

    Raises:
        requests.RequestException: the service does not answer, or refuses.
        google.auth.exceptions.GoogleAuthError: there are no credentials.
    """
    url = f"{connection.service_address}/v1beta1/{connection.parent}/tuningJobs"
    with connection.http() as session:
        response = session.get(url, params={"pageSize": "1"}, timeout=SECONDS)
    response.raise_for_status()
    return next((str(job["name"]) for job in response.json().get("tuningJobs", [])), "")
