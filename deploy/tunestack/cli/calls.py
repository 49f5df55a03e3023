"""One call of a Google API, made once: whoever runs the command waits for it, and a failure is what is looked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tunestack.connection import Connection

CALL_SECONDS: Final = 10.0
"""How long one call may take; a healthy one takes less than one."""

_EMULATED: Final = {
    "cloudbilling.googleapis.com/v1": "billing/v1",
    "cloudkms.googleapis.com/v1": "kms/v1",
    "cloudresourcemanager.googleapis.com/v1": "crm/v1",
    "iam.googleapis.com/v1": "iam/v1",
    "serviceusage.googleapis.com/v1": "su/v1",
    "storage.googleapis.com/storage/v1": "storage/v1",
}
"""Google's hosts with the version, and where the emulator serves the same."""

BILLING = "cloudbilling.googleapis.com/v1"
IAM = "iam.googleapis.com/v1"
KEYS = "cloudkms.googleapis.com/v1"
RESOURCE_MANAGER = "cloudresourcemanager.googleapis.com/v1"
SERVICE_USAGE = "serviceusage.googleapis.com/v1"
STORAGE = "storage.googleapis.com/storage/v1"
VERTEX = ""
"""The tuning service itself, at the location's own address."""


@dataclass
class RefusedError(Exception):
    """A service refused a call.

    Attributes:
        code: HTTP status.
        message: the service's own words.
        reason: its word for machines, such as SERVICE_DISABLED; empty where it gives none.
        facts: what it tells beside that, such as the API and who is charged.
    """

    code: int
    message: str
    reason: str
    facts: Mapping[str, str]
    connection: Connection

    def __str__(self) -> str:
        return f"{self.message} (HTTP {self.code})"


def get(connection: Connection, service: str, path: str, **query: str) -> dict[str, Any]:
    """Makes a GET request.

    Raises:
        RefusedError: the service refused.
        requests.RequestException: there was no answer.
    """
    return _call(connection, "GET", service, path, params=query)


def find(connection: Connection, service: str, path: str, **query: str) -> dict[str, Any] | None:
    """Makes a GET request; None where there is no such thing. See `get`."""
    try:
        return get(connection, service, path, **query)
    except RefusedError as error:
        if error.code != 404:
            raise
        return None


def entries(connection: Connection, service: str, path: str, kind: str, **query: str) -> Iterator[dict[str, Any]]:
    """Yields all entries of a list, page by page; see `get`.

    Args:
        connection: to the project.
        service: that has the list.
        path: of the list.
        kind: under which name an answer has the entries.
        query: further parameters.
    """
    following = dict(query)
    while True:
        page = get(connection, service, path, **following)
        yield from page.get(kind) or ()
        if not (token := page.get("nextPageToken")):
            return
        following["pageToken"] = token


def post(connection: Connection, service: str, path: str, body: Any) -> dict[str, Any]:
    """Makes a POST request of the kind that changes nothing; see `get`."""
    return _call(connection, "POST", service, path, json=body)


def send(connection: Connection, method: str, service: str, path: str, body: Any, **query: str) -> dict[str, Any]:
    """Makes a request that changes something; see `get`."""
    return _call(connection, method, service, path, json=body, params=query)


def address(connection: Connection, service: str) -> str:
    """Returns the base address of a service, without a slash at its end."""
    if service == VERTEX:
        return f"{connection.service_address}/v1beta1"
    return f"{connection.api_endpoint}/{_EMULATED[service]}" if connection.api_endpoint else f"https://{service}"


def _call(connection: Connection, method: str, service: str, path: str, **options: Any) -> dict[str, Any]:
    # A user's own credentials belong to no project; APIs about a project want to know whose calls they count.
    if service in (STORAGE, VERTEX):
        return _once(connection, method, service, path, {}, options)
    try:
        return _once(connection, method, service, path, {"x-goog-user-project": connection.project}, options)
    except RefusedError as error:
        if error.reason != "USER_PROJECT_DENIED":
            raise
        # Nobody lets this caller count calls there; a service account's own project takes them.
        return _once(connection, method, service, path, {}, options)


def _once(
    connection: Connection,
    method: str,
    service: str,
    path: str,
    headers: Mapping[str, str],
    options: Mapping[str, Any],
) -> dict[str, Any]:
    with connection.http() as session:
        response = session.request(
            method, f"{address(connection, service)}/{path}", headers=dict(headers), timeout=CALL_SECONDS, **options
        )
    try:
        answer = response.json()
    except ValueError:
        answer = {}
    if response.ok and isinstance(answer, dict):
        return answer
    error = answer.get("error") if isinstance(answer, dict) else None
    error = error if isinstance(error, dict) else {}
    infos = [each for each in error.get("details") or () if isinstance(each, dict) and "reason" in each]
    info = infos[0] if infos else {}
    message = str(error.get("message") or response.reason or "no words with it")
    raise RefusedError(
        response.status_code, message, str(info.get("reason", "")), info.get("metadata") or {}, connection
    )
