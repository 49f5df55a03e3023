"""Which files a program means: paths on this machine, or objects that lie in Cloud Storage already."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunestack.catalogue import UnknownModelError
from tunestack.catalogue.data_rules import DataRules, data_rules, with_optional_answers
from tunestack.data import UnreadableDataError
from tunestack.data.storage.objects import PinnedObject, is_address, pin
from tunestack.data.verdicts.files import FilePlace

if TYPE_CHECKING:
    from google.cloud.storage import Client

    from tunestack.data.verdicts.objects import ObjectPlace

FILES = ("training", "validation")
"""The inputs that name files."""

GENERATIONS = {"training": "trainingGeneration", "validation": "validationGeneration"}
"""The inputs, added by Check, that pin each to one content where it lies in Cloud Storage."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file: the input that names it, and where it lies."""

    role: str
    place: FilePlace | ObjectPlace

    @property
    def pinned(self) -> PinnedObject | None:
        """The object, where it is one."""
        return None if isinstance(self.place, FilePlace) else self.place.pinned

    @property
    def path(self) -> Path | None:
        """The path, where it lies on this machine."""
        return self.place.path if isinstance(self.place, FilePlace) else None

    @property
    def generation(self) -> str | None:
        """What pins it; a text, since the engine's numbers are doubles."""
        return None if self.pinned is None else str(self.pinned.generation)


def locate(role: str, named: str, client: Callable[[], Client]) -> DataFile:
    """Finds a file; an object is looked up, and what lies there now is pinned.

    Args:
        role: the input.
        named: what the program calls the file.
        client: makes the storage client.

    Raises:
        UnreadableDataError: it is not there, or cannot be looked at.
    """
    if is_address(named):
        from tunestack.data.verdicts.objects import ObjectPlace

        return DataFile(role, ObjectPlace(pin(named, client), client))
    path = _resolve(named)
    if path.is_dir():
        raise UnreadableDataError(f"{named} is a folder; write the path of one JSONL file in it")
    if not path.is_file():
        raise UnreadableDataError(
            f"there is no file {named}; relative paths start at the folder that holds Pulumi.yaml, and data that lies "
            "in Cloud Storage reads gs://bucket/file.jsonl"
        )
    return DataFile(role, FilePlace.at(path, named))


def is_local(inputs: Mapping[str, Any]) -> bool:
    """Says whether a dataset has a file that has to be uploaded."""
    return any(isinstance(named := inputs.get(role), str) and not is_address(named) for role in FILES)


def rules_of(inputs: Mapping[str, Any]) -> list[DataRules]:
    """Returns what the models demand; one that the catalogue does not know is refused with its job, not here."""
    found = []
    for model in inputs.get("baseModels") or ():
        try:
            found.append(data_rules(model))
        except UnknownModelError:
            continue
    return with_optional_answers(found) if inputs.get("answers") == "optional" else found


def _resolve(path: str) -> Path:
    """Returns a file's place on this machine: relative paths start at the folder that holds Pulumi.yaml."""
    here = Path.cwd()
    root = next((folder for folder in (here, *here.parents) if (folder / "Pulumi.yaml").exists()), here)
    return root / path
