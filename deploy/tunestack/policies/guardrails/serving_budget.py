"""What everything that a stack serves may cost a month."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

import msgspec

from tunestack.catalogue.amounts import money
from tunestack.catalogue.prices import HOURS_PER_MONTH
from tunestack.policies.policy import Finding, Limits, Policy, Resource, UnknownPrice, Usd

DEPLOYMENT = "tunestack:index:ModelDeployment"


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
        known = {each.name: usd for each in deployments if (usd := _usd_per_month(each, limits.replicas)) is not None}
        if (total := sum(known.values())) > limits.max_usd_per_month:
            items = ", ".join(f"{name} {money(usd)}" for name, usd in sorted(known.items(), key=lambda item: -item[1]))
            yield Finding(
                f"what this stack serves would cost {money(total)} a month ({HOURS_PER_MONTH} hours, "
                f"{limits.replicas}Replicas), more than the {money(limits.max_usd_per_month)} of "
                f"{self.at('maxUsdPerMonth')}: {items}; serve on a smaller machine, with fewer replicas or fewer "
                "endpoints, or have the budget raised"
            )
        for deployment in deployments:
            if deployment.name not in known:
                yield self._unpriced(deployment, limits)

    def _unpriced(self, deployment: Resource, limits: ServingBudgetLimits) -> Finding:
        message = (
            f"{deployment.name}: what it costs to serve on {deployment.get('machineType') or 'this machine'} is not "
            f"known, so the budget of {money(limits.max_usd_per_month)} a month "
        )
        if limits.unknown_price == "tell":
            return Finding(
                f"{message}does not count it; {self.at('unknownPrice')}: refuse stops it", True, deployment.urn
            )
        return Finding(
            f"{message}cannot be kept; take a machine with a price there (`tunestack prices`), or have "
            f"{self.at('unknownPrice')} set to tell",
            urn=deployment.urn,
        )


def _usd_per_month(deployment: Resource, replicas: str) -> float | None:
    """Returns what the replicas cost: the published hourly price is that of `minReplicas`."""
    hourly = deployment.get("estimatedHourlyCostUsd")
    counts = [deployment.get(name) for name in ("minReplicas", "maxReplicas")]
    least, most = (count if isinstance(count, (int, float)) else None for count in counts)
    if not isinstance(hourly, (int, float)):
        return None
    factor = max((most or least or 1) / (least or 1), 1) if replicas == "max" else 1
    return float(hourly) * HOURS_PER_MONTH * factor
