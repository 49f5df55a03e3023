"""Where a stack's resources may lie."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tunestack.policies.policy import Finding, Limits, Patterns, Policy, Resource, is_allowed, listed, not_known_yet
from tunestack.policies.properties import UNKNOWN
from tunestack.resource_types import BUCKET

_PROPERTIES = ("location", "region", "zone")
_ZONE = re.compile(r"-[a-z]$")


class RegionsLimits(Limits, frozen=True, kw_only=True):
    """Which: regions, multi-regions of buckets such as `eu`, `global`."""

    allowed: Patterns | None = None


class Regions(Policy[RegionsLimits]):
    """Looks at everything that says where it lies, the providers included: jobs lie where their provider does."""

    name = "regions"
    description = "Everything lies in a region that the stack allows."

    def of_resource(self, limits: RegionsLimits, resource: Resource) -> Iterator[Finding]:
        """Compares its region."""
        if limits.allowed is None or not resource.type.startswith(
            ("gcp:", "tunestack:", "pulumi:providers:gcp", "pulumi:providers:tunestack")
        ):
            return
        key = "buckets.location" if resource.type == BUCKET else "location"
        for name in _PROPERTIES:
            where, place = resource.get(name), resource.place(name, key)
            if where is UNKNOWN:
                yield not_known_yet(place)
            elif isinstance(where, str) and where:
                region = _ZONE.sub("", where) if name == "zone" else where
                if not is_allowed(region, limits.allowed):
                    yield Finding(
                        f"{where} is not an allowed region: {place} may be {listed(limits.allowed)}; write "
                        f"one of them, or have {self.at('allowed')} extended"
                    )
