"""Cloud Quotas: what a project may use of a quota, and the request for more.

A request is a *preference*: there is one for a quota and its dimensions, whoever made it, and it can be changed but
never deleted. So a preference that is there is raised where it is too low, and never lowered: another stack of the
project may count on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import tenacity

from tunestack.retries import CALL_SECONDS, PREVIEW_SECONDS, is_transient, retrying

if TYPE_CHECKING:
    from tunestack.catalogue import Quota
    from tunestack.connection import Connection

P = ParamSpec("P")
T = TypeVar("T")

SERVICE = "aiplatform.googleapis.com"
"""Whose quotas these are."""

UNLIMITED = -1
"""What the service says for no limit."""


class QuotaServiceError(Exception):
    """Cloud Quotas refused.

    Args:
        code: the HTTP status.
        message: the service's own words.
        status: the service's own name of the code.
        response: the answer itself, whose headers may say when to come back.
    """

    def __init__(self, code: int, message: str, status: str, response: object) -> None:
        super().__init__(message)
        self.code, self.message, self.status, self.response = code, message, status, response


def _patiently(function: Callable[P, T]) -> Callable[P, T]:
    """Repeats what may be repeated, and looks again after a race."""

    @wraps(function)
    def call(*arguments: P.args, **named: P.kwargs) -> T:
        again = tenacity.retry_if_exception(lambda error: is_transient(error) or _was_raced(error))
        result: T = retrying().copy(retry=again)(function, *arguments, **named)
        return result

    return call


def _was_raced(error: BaseException) -> bool:
    """Says whether somebody else has made the request since we looked for one; the next attempt finds theirs."""
    return isinstance(error, QuotaServiceError) and error.status == "ALREADY_EXISTS"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a project stands with a quota.

    Attributes:
        quota_id: the service's id.
        granted: what may be used; `UNLIMITED` for no limit, None where the service tells no value for the region.
        fixed: whether nothing else can be had.
    """

    quota_id: str
    granted: int | None
    fixed: bool = False

    def covers(self, wanted: int) -> bool:
        """Says whether it is enough."""
        return self.granted is not None and (self.granted == UNLIMITED or self.granted >= wanted)


@dataclass(frozen=True, slots=True)
class Preference:
    """A request for a quota.

    Attributes:
        document: as the service has it.
    """

    document: Mapping[str, Any]

    @property
    def preferred(self) -> int:
        """What was asked for."""
        return int(self.document.get("quotaConfig", {}).get("preferredValue", 0))

    @property
    def pending(self) -> bool:
        """Whether the service has not decided yet."""
        return bool(self.document.get("reconciling", False))

    @property
    def detail(self) -> str:
        """What the service says of it; mostly empty."""
        return str(self.document.get("quotaConfig", {}).get("stateDetail", ""))


def standing(infos: Iterable[Mapping[str, Any]], quota: Quota, region: str) -> Standing | None:
    """Finds a quota among those that the service lists; None when it is not there.

    Args:
        infos: quota infos as the API has them.
        quota: which one.
        region: where, for a regional one.
    """
    for info in infos:
        regional = "region" in info.get("dimensions", ())
        if regional == quota.regional and quota.is_named(info.get("metric", ""), info.get("quotaDisplayName", "")):
            places = list(info.get("dimensionsInfos", ()))
            if regional:
                places = [place for place in places if place.get("dimensions", {}).get("region") == region] or [
                    place for place in places if region in place.get("applicableLocations", ())
                ]
            # A value of zero is not in the JSON of the service.
            granted = int(places[0].get("details", {}).get("value", 0)) if places else None
            return Standing(info["quotaId"], granted, info.get("isFixed", False))
    return None


def foresee(connection: Connection, quota: Quota, region: str) -> Standing | None:
    """Returns what `look` does, asking once: for a preview, which can do without.

    Raises:
        QuotaServiceError: the service refuses, as it does while its API is not enabled.
        requests.RequestException: it does not answer.
    """
    return standing(_infos(connection, PREVIEW_SECONDS), quota, region)


def foresee_all(
    connection: Connection, wanted: Mapping[str, Quota], region: str, seconds: float = PREVIEW_SECONDS
) -> dict[str, Standing | None]:
    """Returns where the project stands with several quotas, by the name that each is given; asks once, as `foresee`.

    Args:
        connection: to the project.
        wanted: quotas by name.
        region: for the regional ones.
        seconds: how long an answer may take.
    """
    infos = list(_infos(connection, seconds)) if wanted else []
    return {name: standing(infos, quota, region) for name, quota in wanted.items()}


@_patiently
def look(connection: Connection, quota: Quota, region: str) -> Standing | None:
    """Returns where the project stands with a quota, None when the service does not list it."""
    return standing(_infos(connection, CALL_SECONDS), quota, region)


@_patiently
def preference(connection: Connection, quota_id: str, region: str) -> Preference | None:
    """Returns the request for a quota, whoever made it; None when there is none."""
    return _find(connection, quota_id, _dimensions(region))


@_patiently
def raise_to(connection: Connection, quota_id: str, region: str, preferred: int, contact: str) -> Preference:
    """Makes the request for a quota, or raises the one that is there; one that asks for as much stays as it is.

    Args:
        connection: to the project.
        quota_id: of the quota.
        region: for a regional one, else empty.
        preferred: how much.
        contact: e-mail address.
    """
    dimensions = _dimensions(region)
    present = _find(connection, quota_id, dimensions)
    if present is not None and (present.preferred == UNLIMITED or present.preferred >= preferred):
        return present
    body = {
        "service": SERVICE,
        "quotaId": quota_id,
        "dimensions": dimensions,
        "quotaConfig": {"preferredValue": str(preferred)},
        "contactEmail": contact,
    }
    if present is None:
        parent = f"{_parent(connection)}/quotaPreferences"
        name = "-".join(("tunestack", quota_id, *dimensions.values()))
        return Preference(_call(connection, "POST", parent, {"quotaPreferenceId": name}, body))
    # The etag makes the service refuse if somebody else has raised it meanwhile; the next attempt looks again.
    kept = {key: present.document[key] for key in ("name", "etag", "justification") if key in present.document}
    return Preference(_call(connection, "PATCH", present.document["name"], {}, {**kept, **body}))


def _find(connection: Connection, quota_id: str, dimensions: dict[str, str]) -> Preference | None:
    path = f"{_parent(connection)}/quotaPreferences"
    for document in _pages(connection, path, "quotaPreferences", CALL_SECONDS):
        same = (document.get("service"), document.get("quotaId")) == (SERVICE, quota_id)
        if same and document.get("dimensions", {}) == dimensions:
            return Preference(document)
    return None


def _dimensions(region: str) -> dict[str, str]:
    return {"region": region} if region else {}


def _parent(connection: Connection) -> str:
    return f"projects/{connection.project}/locations/global"


def _infos(connection: Connection, seconds: float) -> Iterator[dict[str, Any]]:
    return _pages(connection, f"{_parent(connection)}/services/{SERVICE}/quotaInfos", "quotaInfos", seconds)


def _pages(connection: Connection, path: str, field: str, seconds: float) -> Iterator[dict[str, Any]]:
    token = ""
    while True:
        page = _call(connection, "GET", path, {"pageToken": token} if token else {}, seconds=seconds)
        yield from page.get(field, ())
        token = page.get("nextPageToken", "")
        if not token:
            return


def _call(
    connection: Connection,
    method: str,
    path: str,
    query: Mapping[str, str],
    body: Any = None,
    seconds: float = CALL_SECONDS,
) -> dict[str, Any]:
    address = f"{connection.api_endpoint}/quotas" if connection.api_endpoint else "https://cloudquotas.googleapis.com"
    # A user's own credentials belong to no project, and this API has to know whose calls it counts.
    headers = {"x-goog-user-project": connection.project}
    with connection.http() as session:
        response = session.request(
            method, f"{address}/v1/{path}", params=dict(query), json=body, headers=headers, timeout=seconds
        )
    if not response.ok:
        raise _refusal(response)
    answer: dict[str, Any] = response.json()
    return answer


def _refusal(response: Any) -> QuotaServiceError:
    try:
        error = response.json()["error"]
        return QuotaServiceError(response.status_code, error["message"], error.get("status", ""), response)
    except (ValueError, KeyError, TypeError, AttributeError):
        return QuotaServiceError(response.status_code, response.text or response.reason, "", response)
