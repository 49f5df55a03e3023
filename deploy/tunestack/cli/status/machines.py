"""What runs for a deployed model, and what that costs an hour."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from tunestack.catalogue import find_machine, serving_estimate
from tunestack.catalogue.amounts import hourly


@dataclass(frozen=True, slots=True)
class Machines:
    """Machines that run for a deployed model as long as it is deployed.

    Attributes:
        type: of the machine; empty where the service chose it.
        replicas: that always run.
    """

    type: str
    replicas: int

    @classmethod
    def of(cls, deployed: Mapping[str, Any]) -> Machines | None:
        """Reads a deployed model as the service has it; None where calls alone are billed, as of a tuned Gemini."""
        if dedicated := deployed.get("dedicatedResources"):
            kind = str((dedicated.get("machineSpec") or {}).get("machineType") or "")
            return cls(kind, int(dedicated.get("minReplicaCount") or 1))
        if automatic := deployed.get("automaticResources"):
            return cls("", int(automatic.get("minReplicaCount") or 1))
        return None

    def hourly(self, location: str) -> float | None:
        """Returns what they cost an hour in USD; None where that is not known."""
        row = find_machine(self.type)
        usd = serving_estimate(row, location, self.replicas).usd_per_hour if row else None
        return None if usd is None else float(usd)

    def told(self, location: str) -> str:
        """Returns what runs and what it costs."""
        return f"{self.replicas} × {self.type or 'a machine of its choice'}, {hourly(self.hourly(location))}"


def total(prices: Collection[float | None]) -> float | None:
    """Adds prices; None where one is not known, since a part is not a total."""
    return None if None in prices else sum((price or 0.0 for price in prices), 0.0)
