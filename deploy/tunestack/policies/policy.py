"""What a policy is: limits that a stack configures, and findings of what goes beyond them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar

import msgspec

SETTINGS_KEY = "tunestack:policies"
"""Where a stack's file configures the policies."""

EnforcementLevel = Literal["advisory", "mandatory", "disabled"]
Severity = Literal["low", "medium", "high", "critical"]
Patterns = Annotated[list[str], msgspec.Meta(description="a list of texts, in which * stands for any characters")]
Usd = Annotated[float, msgspec.Meta(ge=0, description="a number of USD that is not negative")]
UnknownPrice = Annotated[Literal["tell", "refuse"], msgspec.Meta(description="tell or refuse")]
Level = Annotated[EnforcementLevel, msgspec.Meta(description="advisory, mandatory or disabled")]


class Limits(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a stack may configure of a policy; the description of a field's type is what a message says it must be."""

    enforcement_level: Level = "mandatory"


LimitsT = TypeVar("LimitsT", bound=Limits)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a policy has to say.

    Attributes:
        message: what is wrong, where, and how to comply.
        is_advice: nothing is broken as far as is known, and what is not known is told.
        urn: whom it is about, where that is not the resource that was looked at.
        is_unknown: the message is the place of a value that a preview cannot know.
    """

    message: str
    is_advice: bool = False
    urn: str = ""
    is_unknown: bool = False


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource as its program declares it; one of a whole stack, as far as is known what comes of it.

    Attributes:
        urn: `urn:pulumi:STACK::PROJECT::TYPES::NAME`.
        type: such as `gcp:storage/bucket:Bucket`.
        name: in the program.
        properties: by wire name; what shows only when it is applied is `UNKNOWN`.
        is_protected: whether the engine refuses to delete it.
    """

    urn: str
    type: str
    name: str
    properties: dict[str, Any]
    is_protected: bool = False

    def get(self, name: str) -> Any:
        """Returns a property; None where it has none."""
        return self.properties.get(name)

    def number(self, name: str) -> float | None:
        """Returns a property that is a number; None where it is none, or not known."""
        value = self.get(name)
        return float(value) if isinstance(value, (int, float)) else None

    @property
    def stack(self) -> str:
        """The name of its stack."""
        return self._parts[0]

    @property
    def _parts(self) -> list[str]:
        return self.urn.removeprefix("urn:pulumi:").split("::", 3)

    def place(self, name: str, key: str) -> str:
        """Returns where to change a property: in the stack's file if infra/ declares the resource, else in the program.

        Args:
            name: the property.
            key: where the stack's file has it, below `tunestack:`.
        """
        if self._parts[2].startswith("infra:index:"):
            return f"stacks/Pulumi.{self.stack}.yaml: config.tunestack:{key}"
        if self.type.startswith("pulumi:providers:"):
            return f"config.{self.type.rpartition(':')[2]}:{name} (or property {name} of provider {self.name})"
        return f"property {name} of {self.name}"


class Policy(Generic[LimitsT]):
    """One guardrail. It looks at each resource before that is made, or at the stack once all of it is known."""

    name: ClassVar[str]
    description: ClassVar[str]
    severity: ClassVar[Severity] = "high"
    sees_stack: ClassVar[bool] = False
    """Whether it looks at the stack, and so says everything at the end."""

    def __init__(self, limits: type[LimitsT]) -> None:
        self.limits = limits

    def of_resource(self, limits: LimitsT, resource: Resource) -> Iterable[Finding]:  # noqa: ARG002 - for policies
        """Looks at one resource."""
        return ()

    def of_stack(self, limits: LimitsT, resources: Sequence[Resource]) -> Iterable[Finding]:  # noqa: ARG002 - likewise
        """Looks at all resources."""
        return ()

    def at(self, key: str) -> str:
        """Returns where one of its limits is configured."""
        return f"{SETTINGS_KEY}.{self.name}.{key}"


def is_allowed(value: str, patterns: Sequence[str]) -> bool:
    """Says whether a text fits one of the patterns, whatever the case of its letters."""
    return any(fnmatchcase(str.lower(value), pattern.lower()) for pattern in patterns)


def not_known_yet(place: str) -> Finding:
    """Returns what to say of a value that a preview cannot know; the update looks again before it makes anything."""
    return Finding(place, is_advice=True, is_unknown=True)


def listed(patterns: Sequence[str]) -> str:
    """Returns patterns as they stand in a message."""
    return "any" if list(patterns) == ["*"] else ", ".join(patterns) or "none"
