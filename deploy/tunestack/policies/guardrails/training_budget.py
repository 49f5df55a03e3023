"""What all the jobs that a change starts may cost together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

import msgspec

from tunestack.policies.budget import excess, unpriced
from tunestack.policies.policy import Finding, Limits, Policy, Resource, UnknownPrice, Usd
from tunestack.policies.properties import UNKNOWN
from tunestack.resource_types import JOB

_ESTIMATES = {"expected": "estimatedCostUsd", "high": "estimatedCostUsdHigh"}


class TrainingBudgetLimits(Limits, frozen=True, kw_only=True):
    """How much, by which estimate, and what of a job without a price."""

    max_usd: Usd | None = None
    estimate: Annotated[Literal["expected", "high"], msgspec.Meta(description="expected or high")] = "expected"
    unknown_price: UnknownPrice = "tell"


class TrainingBudget(Policy[TrainingBudgetLimits]):
    """Adds up what would start.

    A preview alone tells what would: there such a job has no name yet. Once a change is applied every job has one.
    """

    name = "training-budget"
    description = "The tuning jobs that a change starts cost no more together than the stack allows."
    sees_stack = True

    def of_stack(self, limits: TrainingBudgetLimits, resources: Sequence[Resource]) -> Iterator[Finding]:
        """Sums the estimates of the jobs that a preview would start."""
        if limits.max_usd is None:
            return
        jobs = [each for each in resources if each.type == JOB and each.get("job") in (None, UNKNOWN)]
        priced = [(job, job.number(_ESTIMATES[limits.estimate])) for job in jobs]
        if told := excess(priced, limits.max_usd):
            yield Finding(
                f"the jobs that this change starts cost {told} ({self.at('maxUsd')}, {limits.estimate} estimate); tune "
                "fewer models at once, on less data or for fewer epochs, or have the budget raised"
            )
        why = "nobody knows what this job costs: its model has no published price, or its data is not known yet"
        advice = "tune a model with a price (`tunestack models` shows them)"
        yield from unpriced(priced, why, advice, self.at("unknownPrice"), refuses=limits.unknown_price == "refuse")
