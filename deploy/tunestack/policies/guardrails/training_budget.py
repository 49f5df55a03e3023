"""What all the jobs that a change starts may cost together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

import msgspec

from tunestack.catalogue.amounts import money
from tunestack.policies.policy import Finding, Limits, Policy, Resource, UnknownPrice, Usd
from tunestack.policies.properties import UNKNOWN

JOB = "tunestack:index:TuningJob"
_PROPERTIES = {"expected": "estimatedCostUsd", "high": "estimatedCostUsdHigh"}


class TrainingBudgetLimits(Limits, frozen=True, kw_only=True):
    """How much, by which estimate, and what of a job without a price."""

    max_usd: Usd | None = None
    estimate: Annotated[Literal["expected", "high"], msgspec.Meta(description="expected or high")] = "expected"
    unknown_price: UnknownPrice = "tell"


class TrainingBudget(Policy[TrainingBudgetLimits]):
    """Adds up what would start.

    A preview alone tells what would: there a job has no name yet. Once a change is applied every job has one.
    """

    name = "training-budget"
    description = "The tuning jobs that a change starts cost no more together than the stack allows."
    sees_stack = True

    def of_stack(self, limits: TrainingBudgetLimits, resources: Sequence[Resource]) -> Iterator[Finding]:
        """Sums the estimates of the jobs that a preview would start."""
        if limits.max_usd is None:
            return
        starting = [each for each in resources if each.type == JOB and each.get("job") in (None, UNKNOWN)]
        prices = {job.name: job.get(_PROPERTIES[limits.estimate]) for job in starting}
        known = {name: float(price) for name, price in prices.items() if isinstance(price, (int, float))}
        if (total := sum(known.values())) > limits.max_usd:
            items = ", ".join(f"{name} {money(usd)}" for name, usd in sorted(known.items(), key=lambda item: -item[1]))
            yield Finding(
                f"the jobs that this change starts cost {money(total)} ({limits.estimate} estimate), more than the "
                f"{money(limits.max_usd)} of {self.at('maxUsd')}: {items}; tune fewer models at once, with less data "
                "or fewer epochs, or have the budget raised"
            )
        for job in starting:
            if job.name not in known:
                yield self._unpriced(job, limits)

    def _unpriced(self, job: Resource, limits: TrainingBudgetLimits) -> Finding:
        is_counted = job.get("characters") not in (None, UNKNOWN)
        why = "nobody published a price of this model and mode" if is_counted else "its data is not known yet"
        message = f"{job.name}: what this job costs is not known ({why}), so the budget of {money(limits.max_usd)} "
        if limits.unknown_price == "tell":
            return Finding(f"{message}does not count it; {self.at('unknownPrice')}: refuse stops it", True, job.urn)
        return Finding(
            f"{message}cannot be kept; tune a model with a price (`tunestack models`), or have "
            f"{self.at('unknownPrice')} set to tell",
            urn=job.urn,
        )
