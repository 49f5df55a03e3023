"""One call of the API as its handler sees it, and the resource names in it."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emulator.vertex import messages
from emulator.vertex.refusals import invalid_argument

if TYPE_CHECKING:
    from starlette.requests import Request

    from emulator.platform.projects import Project, Projects

_NAME = re.compile(r"projects/(?P<project>[^/]+)/locations/(?P<location>[^/]+)/(?P<rest>.+)")


@dataclass(frozen=True)
class Place:
    """A project in a location. Answers name projects by number, as the service does; requests may use either.

    Attributes:
        project: Whose it is.
        location: The region, or `global`.
    """

    project: Project
    location: str

    @classmethod
    def of(cls, name: str, projects: Projects) -> Place:
        """Where a resource is, by its name."""
        _, project, _, location, *_ = name.split("/")
        return cls(projects.get(project), location)

    @property
    def name(self) -> str:
        """The start of the names of all that is there."""
        return f"projects/{self.project.number}/locations/{self.location}"

    def own(self, name: str, collection: str) -> str:
        """The id in the name of a resource in this place, be the project written as id or as number.

        Raises:
            ServiceError: the name has another form or is of another place.
        """
        match = _NAME.fullmatch(name)
        if match is None or not match["rest"].startswith(f"{collection}/"):
            raise invalid_argument(
                f"Invalid resource name {name!r}: it should be of the form "
                f"projects/{{project}}/locations/{{location}}/{collection}/{{id}}."
            )
        if match["project"] not in {self.project.id, self.project.number} or match["location"] != self.location:
            raise invalid_argument(f"{name} is not in {self.name}: resources of one call are in one location.")
        return match["rest"].removeprefix(f"{collection}/")


@dataclass(frozen=True)
class Call:
    """A request that was routed.

    Attributes:
        request: As it came: ids in the path, parameters behind the question mark.
        place: Whose resources it is about.
        version: `v1` or `v1beta1`, by which the types in an operation go, or `ui`, where clients poll operations.
        body: The JSON body.
    """

    request: Request
    place: Place
    version: str
    body: dict[str, Any]

    def part(self, name: str) -> str:
        """An id in the path."""
        return str(self.request.path_params[name])

    def parameter(self, name: str) -> str:
        """A parameter by its camelCase name, in either spelling; empty where it was not sent."""
        for sent, value in self.request.query_params.items():
            if messages.camel_case(sent) == name:
                return value
        return ""

    def read(self, kind: str) -> dict[str, Any]:
        """The body as canonical JSON of the message the method takes."""
        return messages.read(kind, self.body)

    def mask(self) -> list[str]:
        """The top-level fields of `updateMask`, in camelCase.

        Raises:
            ServiceError: there is no mask; the API requires one.
        """
        mask = self.parameter("updateMask")
        if not mask:
            raise invalid_argument("updateMask is required.")
        return [messages.camel_case(path.strip().split(".")[0]) for path in mask.split(",")]


def new_id() -> str:
    """An id as the service makes them: up to 19 digits, no leading zero."""
    return str(secrets.randbelow(9 * 10**18) + 10**18)
