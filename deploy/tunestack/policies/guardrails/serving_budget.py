"""What everything that a stack serves may cost a month."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

import msgspec

from tunestack.catalogue.prices import HOURS_PER_MONTH
from tunestack.policies.budget import excess, unpriced
from tunestack.policies.policy import Finding, Limits, Policy, Resource, UnknownPrice, Usd
from tunestack.resource_types import DEPLOYMENT


class ServingBudgetLimits(Limits, frozen=True, kw_only=True):
    """How much, of which replicas, and what of a machine without a price."""

    max_usd_per_month: Usd | None = None
    replicas: Annotated[Literal["min", "max"], msgspec.Meta(description="min or max")] = "min"
    unknown_price: UnknownPrice = "tell"


class ServingBudget(Policy[ServingBudgetLimits]):
    """Adds up what the stack's endpoints would cost, those that a change leaves alone too."""

    name = "serving-budget"
    description = "What the stack serves costs no more a month than it allows."
    sees_stack = True

    def of_stack(self, limits: ServingBudgetLimits, resources: Sequence[Resource]) -> Iterator[Finding]:
        """Sums the hourly prices of the stack's deployments."""
        if limits.max_usd_per_month is None:
            return
        deployments = [each for each in resources if each.type == DEPLOYMENT]
        priced = [(each, _usd_per_month(each, limits.replicas)) for each in deployments]
        if told := excess(priced, limits.max_usd_per_month):
            yield Finding(
                f"a month ({HOURS_PER_MONTH} hours) of what this stack serves would cost {told} "
                f"({self.at('maxUsdPerMonth')}, {limits.replicas}Replicas); serve on a smaller machine, with fewer "
                "replicas or fewer endpoints, or have the budget raised"
            )
        why = "nobody knows what it costs to serve this: its machine has no published price there, or is not known yet"
        advice = "take a machine with a price (`tunestack capacity` shows them)"
        yield from unpriced(priced, why, advice, self.at("unknownPrice"), refuses=limits.unknown_price == "refuse")


def _usd_per_month(deployment: Resource, replicas: str) -> float | None:
    """Returns what the replicas cost; the hourly price is that of `minReplicas`."""
    hourly, least = deployment.number("estimatedHourlyCostUsd"), deployment.number("minReplicas") or 1
    if hourly is None:
        return None
    most = max(deployment.number("maxReplicas") or least, least)
    return hourly * HOURS_PER_MONTH * (most / least if replicas == "max" else 1)
