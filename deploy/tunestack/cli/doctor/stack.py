"""Which stack is meant, and where its next `up` would work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from tunestack.cli.doctor import locks
from tunestack.cli.doctor.finding import Finding, ok, problem, warning
from tunestack.cli.doctor.subject import Subject
from tunestack.cli.place import Place, configuration, emulator_url, find
from tunestack.cli.stack import StackError
from tunestack.connection import Connection

NAME = "stack"


def look(stack: str, project: str, location: str, found: list[Subject]) -> Iterator[Finding]:
    """Yields what the stack is, or that there is none, and adds what is to be looked at to `found`."""
    try:
        place = find(stack, project, location)
        configured = configuration(stack) if stack else {}
        connection = _next_connection(place, configured)
    except StackError as error:
        yield problem(NAME, str(error), *(["pulumi stack ls"] if "no stack named" in str(error) else []))
        return
    subject = Subject(connection, stack, place.outputs, configured)
    found.append(subject)
    where = f"project {connection.project}, {connection.location}"
    if not stack:
        yield ok(NAME, f"none; {where}")
        return
    yield ok(NAME, f"{stack}: {where}; {'applied' if subject.is_applied else 'not applied yet'}")
    if (before := place.connection.parent) != connection.parent:
        yield warning(NAME, f"was applied in {before}; an up would make anew what its YAML now wants elsewhere")
    yield from locks.look(stack)


def _next_connection(place: Place, configured: Mapping[str, Any]) -> Connection:
    """Returns where the next `up` works: the YAML goes before what was applied, and an emulator may have moved."""
    here: dict[str, Any] = {key: str(configured[key]) for key in ("project", "location") if configured.get(key)}
    if configured.get("emulator") in (True, "true"):
        here["api_endpoint"] = emulator_url()
    return replace(place.connection, **here)
