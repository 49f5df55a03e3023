"""What a change costs: training once, serving each month, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from tunestack.catalogue.amounts import at_least, exactly, money
from tunestack.catalogue.prices import HOURS_PER_MONTH
from tunestack.cli.stacks.engine_events import UNKNOWN, Step


class Training(msgspec.Struct, frozen=True, rename="camel"):
    """A job that would be started.

    Attributes:
        name: of the job's resource.
        usd: what it would cost; None where nobody published a price.
        low: at the least.
        high: at the most.
        is_part: whether something comes to it that is not known, such as a teacher's answers or images' tokens.
    """

    name: str
    usd: float | None
    low: float | None
    high: float | None
    is_part: bool

    @classmethod
    def of(cls, name: str, step: Step) -> Training | None:
        """Reads the step of a tuning job; None where none is started: it stays, or is taken over."""
        outputs = (step.new or {}).get("outputs") or {}
        if step.operation not in ("create", "replace") or outputs.get("job") not in (None, "", UNKNOWN):
            return None
        # A program may keep it secret: then a text has its place.
        items = found if isinstance(found := outputs.get("estimate"), list) else ()
        images = ((step.new or {}).get("inputs") or {}).get("images")
        return cls(
            name,
            _number(outputs.get("estimatedCostUsd")),
            _number(outputs.get("estimatedCostUsdLow")),
            _number(outputs.get("estimatedCostUsdHigh")),
            bool(images) or any(item["period"] == "once" and item.get("usd") is None for item in items),
        )

    @property
    def told(self) -> str:
        """What it would cost, in words."""
        total = money(self.usd, self.low, self.high)
        return at_least(total) if self.is_part and self.usd is not None else total


class Serving(msgspec.Struct, frozen=True, rename="camel"):
    """What a deployment costs an hour.

    Attributes:
        name: of its resource.
        before: in USD; 0 where nothing is deployed, None where the price is not known, or what is deployed.
        after: likewise.
        machine_before: on which it is; empty where it is not.
        machine_after: on which it will be.
    """

    name: str
    before: float | None
    after: float | None
    machine_before: str
    machine_after: str

    @classmethod
    def of(cls, name: str, step: Step) -> Serving:
        """Reads the step of a deployment."""
        old, new = ((state or {}).get("outputs") or {} for state in (step.old, step.new))
        # After an interrupted roll, and while it waits for its next model, one of its versions still serves.
        is_there = bool(old) and (old.get("state") != "PENDING" or bool(old.get("deployedModelId")))
        nothing = None if (step.old or {}).get("initErrors") else 0  # a first deployment that failed may go on
        # What waits for its model costs nothing now; it will, once what this change starts has come to its end.
        stays = bool(new) and (step.operation != "same" or is_there)
        return cls(
            name,
            _number(old.get("estimatedHourlyCostUsd")) if is_there else nothing,
            _number(new.get("estimatedHourlyCostUsd")) if stays else 0,
            _machine(old) if is_there else "",
            _machine(new) if stays else "",
        )


class Costs(msgspec.Struct, frozen=True, rename="camel"):
    """What all of a stack costs.

    Attributes:
        training: the jobs that would be started.
        serving: all deployments, those that stay as they are, too.
    """

    training: list[Training] = []
    serving: list[Serving] = []

    @property
    def once(self) -> str:
        """What the jobs cost together, in words; empty without any."""
        if not self.training:
            return ""
        known = [job for job in self.training if job.usd is not None]
        if not known:
            return "price unknown"
        total = money(*(sum(getattr(job, bound) or 0 for job in known) for bound in ("usd", "low", "high")))
        is_part = len(known) < len(self.training) or any(job.is_part for job in known)
        return at_least(total) if is_part else total

    @property
    def monthly(self) -> tuple[str, str]:
        """What serving costs a month before and after, in words."""
        return monthly([each.before for each in self.serving]), monthly([each.after for each in self.serving])


def monthly(hourly: Sequence[float | None]) -> str:
    """Writes what deployments cost a month."""
    known = sum(price for price in hourly if price is not None) * HOURS_PER_MONTH
    if None not in hourly:
        return exactly(known)
    return at_least(money(known)) if known else money(None)


def _machine(outputs: dict[str, Any]) -> str:
    named = outputs.get("machineType")
    return "" if named in (None, UNKNOWN) else str(named)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None
