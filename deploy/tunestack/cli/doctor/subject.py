"""What the doctor looks at: a project and a location, and the stack that they are of."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tunestack import catalogue
from tunestack.connection import Connection


@dataclass(frozen=True, slots=True)
class Subject:
    """A project in a location.

    Attributes:
        connection: the way there.
        stack: its name; empty where the user named the project.
        outputs: of the stack; empty before its first `up`.
        configuration: of the stack, as its YAML has it.
    """

    connection: Connection
    stack: str = ""
    outputs: Mapping[str, Any] = field(default_factory=dict)
    configuration: Mapping[str, Any] = field(default_factory=dict)

    @property
    def project(self) -> str:
        """The project's id."""
        return self.connection.project

    @property
    def is_applied(self) -> bool:
        """Whether a stack was applied: what is missing then is not on its way, and an `up` takes it for there."""
        return bool(self.outputs)

    @property
    def serving(self) -> dict[str, Mapping[str, Any]]:
        """The endpoints that the stack wants, as its YAML has them."""
        return _sections(self.configuration.get("serving"))

    @property
    def open_models(self) -> int:
        """How many open models the stack tunes: of those, a project may tune only so many at once."""
        models = _sections(self.configuration.get("models"))
        return sum("promote" not in model and not self._is_gemini(name, models) for name, model in models.items())

    @property
    def takes_any_region(self) -> bool:
        """Whether the stack does nothing but tune Gemini models: the list of regions is that of open models."""
        models = _sections(self.configuration.get("models"))
        return bool(models) and not self.serving and all(self._is_gemini(name, models) for name in models)

    @property
    def tunes_nothing(self) -> bool:
        """Whether the stack only serves, and takes from others what is tuned: models are served in more regions."""
        models = _sections(self.configuration.get("models"))
        takes = all("promote" in model for model in models.values())
        return bool(self.configuration.get("foundation") or ((models or self.serving) and takes))

    def _is_gemini(self, name: str, models: Mapping[str, Mapping[str, Any]]) -> bool:
        """Says whether a model, or what it goes on from, is a Gemini; one of another stack tells by its base model."""
        seen: set[str] = set()
        while name in models and name not in seen:
            seen.add(name)
            model = models[name]
            if model.get("preTunedModel") or catalogue.is_gemini(str(model.get("baseModel") or "")):
                return True
            continued = model.get("continueFrom") or {}
            name = "" if continued.get("stack") else str(continued.get("model") or "")
        return False

    def asked(self, key: str) -> int:
        """Returns how much the stack asks for of a quota, by its path below tunestack:quota; 0 for nothing."""
        value: Any = self.configuration.get("quota")
        for part in key.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        return int(value) if isinstance(value, int) else 0

    def set_command(self, path: str, value: object) -> str:
        """Returns the command that sets a value in the stack's YAML."""
        return f"pulumi config set --path tunestack:{path} {shlex.quote(str(value))} --stack {self.stack}"

    @property
    def refresh_command(self) -> str:
        """Returns the command that makes again what a stack has lost."""
        return f"pulumi up --refresh --stack {self.stack}"


def _sections(value: object) -> dict[str, Mapping[str, Any]]:
    return dict(_mappings(value)) if isinstance(value, Mapping) else {}


def _mappings(value: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    return ((name, entry) for name, entry in value.items() if isinstance(entry, Mapping))
