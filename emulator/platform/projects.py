"""Projects: an id is a project from the moment it is first used, and its number follows from the id."""

from __future__ import annotations

import hashlib
import re
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from emulator.clock import timestamp
from emulator.errors import ServiceError

if TYPE_CHECKING:
    from emulator.state import Documents

_COLLECTION: Final = "projects"
_ID: Final = re.compile(r"(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]*[a-z0-9]")


@dataclass(frozen=True, slots=True)
class Project:
    """A project. `created` is the time of its first use."""

    id: str
    number: str
    created: str


class Projects:
    """The projects that were used so far."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._lock = threading.Lock()
        self._known: dict[str, Project] = {}
        for project_id, document in documents.list(_COLLECTION):
            self._remember(Project(project_id, document["number"], document["created"]))

    def get(self, reference: str) -> Project:
        """The project of an id or number, with or without `projects/` before it.

        Raises:
            ServiceError: a number that no project has, or text that cannot be an id. Text and status as Resource
                Manager answers for a project that does not exist or cannot be seen.
        """
        reference = reference.removeprefix("projects/")
        known = self._known.get(reference)
        if known is not None:
            return known
        if not _ID.fullmatch(reference):
            message = f"The caller does not have permission on project {reference!r}, or it does not exist."
            raise ServiceError("PERMISSION_DENIED", message)
        with self._lock:
            project = self._known.get(reference) or Project(reference, _number(reference), timestamp())
            self._documents.put(_COLLECTION, project.id, {"number": project.number, "created": project.created})
            self._remember(project)
        return project

    def _remember(self, project: Project) -> None:
        self._known[project.id] = self._known[project.number] = project


def _number(project_id: str) -> str:
    """Twelve digits, as most projects have; the same in every emulator, so that recorded state stays true."""
    digest = int.from_bytes(hashlib.sha256(project_id.encode()).digest()[:8])
    return str(100_000_000_000 + digest % 900_000_000_000)
