"""What a run would create and what it could cost at the most: printed, and held against the cap, before anything is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tunestack.cli.stacks.engine_events import messages, steps, typed
from tunestack.resource_types import DEPLOYMENT, JOB

LONGEST_HOURS: Final = 3.0
"""A tuning job of 100 examples and one deployment, with waiting for capacity: more is something wrong."""
SHORTEST_HOURS: Final = 1.0
"""Less is not worth beginning: deploying alone takes up to half an hour (seed: open-model tuning)."""


class CapError(Exception):
    """The plan may cost more than was allowed, or nobody knows what it costs."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a preview says.

    Attributes:
        resources: how many of each type would be created.
        says: each resource's own line.
        training_usd: of all jobs, at the most; None where a price is not known.
        serving_usd_per_hour: of all deployments; None where a price is not known.
    """

    resources: Mapping[str, int]
    says: tuple[str, ...]
    training_usd: float | None
    serving_usd_per_hour: float | None

    def hours(self, cap_usd: float) -> float:
        """Returns how long the run may take, as if it served from the beginning, so that the cap holds.

        Raises:
            CapError: it does not pay for a run, or a price is not known.
        """
        if self.training_usd is None or self.serving_usd_per_hour is None:
            raise CapError("the price of this plan is not known, so no cap can hold: `tunestack prices refresh`")
        left = cap_usd - self.training_usd
        hours = min(left / self.serving_usd_per_hour, LONGEST_HOURS) if self.serving_usd_per_hour else LONGEST_HOURS
        if hours < SHORTEST_HOURS:
            needed = self.training_usd + self.serving_usd_per_hour * SHORTEST_HOURS
            raise CapError(
                f"CAP={cap_usd:g} does not pay for {SHORTEST_HOURS:g} hour, which this takes at least: "
                f"set it to {needed:.2f} USD or more"
            )
        return hours

    def told(self, cap_usd: float) -> Iterable[str]:
        """Returns the plan in lines."""
        hours = self.hours(cap_usd)
        yield f"would create {sum(self.resources.values())} resources:"
        yield from (f"  {count:2} × {kind}" for kind, count in sorted(self.resources.items()))
        yield from (f"  {line}" for line in self.says)
        most = (self.training_usd or 0.0) + (self.serving_usd_per_hour or 0.0) * hours
        yield (
            f"costs at the most {most:.2f} USD: training {self.training_usd:.2f}, serving "
            f"{self.serving_usd_per_hour:.2f} an hour for {hours:.1f} hours, then everything is stopped and removed; "
            f"the cap is {cap_usd:g}"
        )


def read(events: Iterable[Mapping[str, Any]]) -> Plan:
    """Reads a preview's events, as the engine's log has them."""
    events = list(events)
    created = {step.urn: step.new or {} for step in steps(events) if step.operation == "create"}
    kinds = Counter(str(resource["type"]) for resource in created.values())
    says = tuple(f"{typed(each.urn)[1]}: {each.text}" for each in messages(events) if each.urn in created)
    return Plan(
        {kind: count for kind, count in kinds.items() if not kind.startswith(("pulumi:", "infra:"))},
        says,
        _sum(created.values(), JOB, "estimatedCostUsdHigh"),
        _sum(created.values(), DEPLOYMENT, "estimatedHourlyCostUsd"),
    )


def _sum(created: Iterable[Mapping[str, Any]], kind: str, output: str) -> float | None:
    prices = [(resource.get("outputs") or {}).get(output) for resource in created if resource["type"] == kind]
    known = [float(price) for price in prices if isinstance(price, int | float)]
    return sum(known) if len(known) == len(prices) else None
