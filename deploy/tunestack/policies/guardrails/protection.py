"""What production must not lose by mistake: endpoints that clients call, data and checkpoints."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

import msgspec

from tunestack.policies.policy import Finding, Limits, Patterns, Policy, Resource
from tunestack.resource_types import BUCKET, ENDPOINT

_KINDS = {BUCKET: "bucket", ENDPOINT: "endpoint"}


class ProtectionLimits(Limits, frozen=True, kw_only=True):
    """Which stacks are production, by name."""

    stacks: Patterns = msgspec.field(default_factory=lambda: ["prod", "prod-*"])


class Protection(Policy[ProtectionLimits]):
    """Looks at the endpoints and buckets of production."""

    name = "protection"
    description = "Endpoints and buckets of production cannot be deleted by mistake."
    severity = "critical"

    def of_resource(self, limits: ProtectionLimits, resource: Resource) -> Iterator[Finding]:
        """Asks for the engine's protection, and that no bucket is deleted with what is in it."""
        kind = _KINDS.get(resource.type)
        if kind is None or not any(fnmatchcase(resource.stack, pattern) for pattern in limits.stacks):
            return
        if not resource.is_protected:
            place = resource.place("protect", "protect")
            option = "the resource option protect" if place.startswith("property") else f"{place}: true"
            yield Finding(
                f"{kind} {resource.name} of {resource.stack} (production by {self.at('stacks')}) can be deleted by "
                f"mistake: set {option}"
            )
        if resource.type == BUCKET and resource.get("forceDestroy") is True:
            yield Finding(
                f"bucket {resource.name} of {resource.stack} would be deleted with everything in it: take out "
                f"{resource.place('forceDestroy', 'buckets.forceDestroy')}, or set it to false"
            )
