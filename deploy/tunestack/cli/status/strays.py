"""Endpoints that are billed and that no stack owns, where the stacks have theirs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from tunestack.cli import calls
from tunestack.cli.calls import RefusedError
from tunestack.cli.status.kept import Kept
from tunestack.cli.status.live import told
from tunestack.cli.status.machines import Machines, total
from tunestack.connection import Connection
from tunestack.resource_names import without_project
from tunestack.resource_types import DEPLOYMENT, ENDPOINT, MODEL

_THREADS = 8


@dataclass(frozen=True, slots=True)
class Stray:
    """An endpoint on which something runs, and that no stack of the backend has.

    Attributes:
        project: in which it is.
        location: in which it is.
        endpoint: its resource name.
        display_name: as its owner called it.
        labels: of the endpoint, which may tell whose it is.
        created: when.
        deployed: what runs there, by id of the deployed model.
        usd_per_hour: all of it; None where a price is not known.
    """

    project: str
    location: str
    endpoint: str
    display_name: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    created: str = ""
    deployed: Mapping[str, Machines] = field(default_factory=dict)
    usd_per_hour: float | None = None


def owned(stacks: Collection[Kept]) -> set[str]:
    """Returns location and id of all endpoints that stacks name: made, deployed to, or brought by a tuned Gemini."""
    names = []
    for stack in stacks:
        names += [each.id for each in stack.of(ENDPOINT)]
        names += [each.text("endpoint") for each in stack.of(DEPLOYMENT, MODEL)]
    return {without_project(name) for name in names if name}


def find(places: Collection[Connection], known: Collection[str]) -> tuple[list[Stray], list[str]]:
    """Looks for endpoints that nobody owns.

    Args:
        places: projects and locations to look at.
        known: what stacks own, as `owned` returns it.

    Returns:
        The endpoints, the dearest first, and what could not be looked at.
    """
    found: list[Stray] = []
    unseen: list[str] = []

    def look(place: Connection) -> list[Stray] | str:
        try:
            path = f"{place.parent}/endpoints"
            listed = calls.entries(place, calls.VERTEX, path, "endpoints", pageSize="100")
            return [stray for each in listed if (stray := _stray(place, each, known))]
        except Exception as error:  # whatever it is: the others are to be looked at
            if isinstance(error, RefusedError) and error.reason == "SERVICE_DISABLED" and _is_disabled(place):
                return []
            return f"endpoints of {place.project} in {place.location}: {told(error)}"

    with ThreadPoolExecutor(_THREADS) as threads:
        for answer in threads.map(look, places):
            if isinstance(answer, str):
                unseen.append(answer)
            else:
                found += answer
    return sorted(found, key=lambda stray: -(stray.usd_per_hour or 0)), unseen


def _is_disabled(place: Connection) -> bool:
    """Says whether nothing can run there, for want of the API; a refusal may be about the caller's own project."""
    try:
        api = calls.get(place, calls.SERVICE_USAGE, f"projects/{place.project}/services/aiplatform.googleapis.com")
    except Exception:  # then it is not known
        return False
    return bool(api.get("state") == "DISABLED")


def _stray(place: Connection, endpoint: Mapping[str, Any], known: Collection[str]) -> Stray | None:
    name = str(endpoint["name"])
    deployed = {str(each.get("id")): Machines.of(each) for each in endpoint.get("deployedModels") or ()}
    billed = {each: machines for each, machines in deployed.items() if machines}
    if without_project(name) in known or not billed:
        return None  # one without machines costs nothing
    return Stray(
        place.project,
        place.location,
        name,
        str(endpoint.get("displayName") or ""),
        endpoint.get("labels") or {},
        str(endpoint.get("createTime") or ""),
        billed,
        total([machines.hourly(place.location) for machines in billed.values()]),
    )
