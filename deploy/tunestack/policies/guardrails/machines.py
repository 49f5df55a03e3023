"""On which machines a stack may serve."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tunestack.policies.policy import Finding, Limits, Patterns, Policy, Resource, is_allowed, listed, not_known_yet
from tunestack.policies.properties import UNKNOWN


class MachinesLimits(Limits, frozen=True, kw_only=True):
    """Which types."""

    allowed: Patterns | None = None


class Machines(Policy[MachinesLimits]):
    """Looks at every machine type that a resource names, alternatives included."""

    name = "machines"
    description = "Only machine types that the stack allows are used."

    def of_resource(self, limits: MachinesLimits, resource: Resource) -> Iterator[Finding]:
        """Compares its machine types."""
        if limits.allowed is None or not resource.type.startswith(("gcp:", "tunestack:")):
            return
        for name, machine in _machines(resource):
            place = resource.place(name, f"serving.{resource.name}.{name}")
            if machine is UNKNOWN:
                yield not_known_yet(place)
            elif isinstance(machine, str) and not is_allowed(machine, limits.allowed):
                yield Finding(
                    f"{machine} is not an allowed machine: {place} may be {listed(limits.allowed)}; write one of them "
                    f"(`tunestack capacity` shows which fit), or have {self.at('allowed')} extended"
                )


def _machines(resource: Resource) -> Iterator[tuple[str, Any]]:
    """Yields the machine types with the property that each stands in, at whatever depth."""
    for name, value in resource.properties.items():
        yield from ((name, each) for each in _within(value, is_machine=name in ("machineType", "machines")))


def _within(value: Any, *, is_machine: bool) -> Iterator[Any]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _within(each, is_machine=name == "machineType")
    elif isinstance(value, list):
        for each in value:
            yield from _within(each, is_machine=is_machine)
    elif is_machine:
        yield value
