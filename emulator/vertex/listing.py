"""Lists with a filter, an order and pages, the same for jobs, models and endpoints."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from emulator.paging import page
from emulator.vertex.messages import camel_case
from emulator.vertex.refusals import invalid_argument

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from emulator.vertex.calls import Call

Resource = dict[str, Any]

_TERM = re.compile(
    r"\s*(?P<field>labels\.[\w-]+|\w+)\s*(?P<relation>!=|=|:)\s*(?P<value>\"[^\"]*\"|'[^']*'|\*|[^\s\"']+)\s*(?:AND\s|$)",
    re.IGNORECASE,
)
LARGEST_PAGE = 100


def answer(call: Call, collection: str, resources: Iterable[Resource], fields: Mapping[str, str]) -> dict[str, Any]:
    """One page of the resources that `filter` lets through, in the order of `orderBy`, newest first without one.

    Args:
        call: With its parameters.
        collection: The field of the answer.
        resources: All there are.
        fields: What can be filtered on besides labels, in camelCase, each with the resource's own field.

    Raises:
        ServiceError: the filter, page size or page token is not one.
    """
    matches = matcher(call.parameter("filter"), fields)
    field, _, direction = (call.parameter("orderBy") or "createTime desc").partition(" ")
    found = sorted(
        filter(matches, resources),
        key=lambda resource: str(resource.get(camel_case(field), "")),
        reverse=direction.strip() == "desc",
    )
    return page(collection, found, call.request, default=LARGEST_PAGE, limit=LARGEST_PAGE)


def matcher(text: str, fields: Mapping[str, str]) -> Callable[[Resource], bool]:
    """Reads `labels.key=value AND displayName="x"`, also `labels.key:*` for a label that is there at all.

    The grammar is that of the sibling resources: "Some examples: displayName="myDisplayName"; labels.myKey="myValue"",
    field `filter` of ListModelsRequest and ListEndpointsRequest. Only AND is read.
    """
    tests: list[Callable[[Resource], bool]] = []
    position = 0
    while position < len(text.rstrip()):
        match = _TERM.match(text, position)
        if match is None:
            raise invalid_argument(f"Invalid filter expression {text!r}: cannot read it from character {position + 1}.")
        tests.append(_test(match["field"], match["relation"], match["value"].strip("\"'"), fields))
        position = match.end()
    return lambda resource: all(test(resource) for test in tests)


def _test(field: str, relation: str, value: str, fields: Mapping[str, str]) -> Callable[[Resource], bool]:
    def actual(resource: Resource) -> object:
        if field.lower().startswith("labels."):
            return resource.get("labels", {}).get(field[len("labels.") :])
        found = resource.get(fields[camel_case(field)])
        return found.rsplit("/", 1)[-1] if camel_case(field) in {"model", "endpoint"} and found else found

    if not field.lower().startswith("labels.") and camel_case(field) not in fields:
        known = ", ".join(sorted(fields))
        raise invalid_argument(f"Invalid filter: {field!r} cannot be filtered on. Known: labels.KEY, {known}.")
    if relation == ":" and value == "*":
        return lambda resource: actual(resource) is not None
    return lambda resource: (actual(resource) == value) != (relation == "!=")
