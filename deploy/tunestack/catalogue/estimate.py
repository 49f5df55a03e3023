"""What a job or an endpoint would cost on Google Cloud, by published prices; None where nobody published one."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tunestack.catalogue.entries import Machine, Mode, OpenModel, Source

HOURS_PER_MONTH = 730
"""The mean month, 365 days × 24 hours ÷ 12, as Google's price calculator counts it."""

_MILLION = 1_000_000
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class TrainingEstimate:
    """Tokens that a tuning job would bill, and their price; None is not known.

    The ratio behind the tokens is one measured mean without a published spread, so there is no range to give.
    """

    characters: int
    epochs: int
    tokens_per_epoch: int | None
    tokens: int | None
    usd: Decimal | None
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class ServingEstimate:
    """What a deployed model on one machine costs until it is undeployed; None is not known."""

    location: str
    usd_per_hour: Decimal | None
    usd_per_month: Decimal | None
    source: Source


def training_estimate(model: OpenModel, mode: Mode, characters: int, epochs: int) -> TrainingEstimate:
    """Estimates a tuning job: dataset tokens × epochs, at the price of the model in that mode.

    Args:
        model: a row of the catalogue.
        mode: a mode; one that the model does not have gives an estimate of unknowns.
        characters: characters of the examples' text, as `tunestack.data` counts them.
        epochs: passes over the training file.
    """
    terms = model.modes.get(mode)
    ratio = terms.tokens_per_character if terms else None
    price = terms.usd_per_million_tokens if terms else None
    per_epoch = None if ratio is None else int((characters * ratio).to_integral_value(ROUND_HALF_UP))
    tokens = None if per_epoch is None else per_epoch * epochs
    usd = None if tokens is None or price is None else tokens * price / _MILLION
    return TrainingEstimate(
        characters, epochs, per_epoch, tokens, usd, (model.terms_source,) if model.terms_source else ()
    )


def serving_estimate(machine: Machine, location: str | None = None, replicas: int = 1) -> ServingEstimate:
    """Estimates an endpoint's machines per hour and month; a location without a published price gives unknowns."""
    where = location or machine.price_region
    hourly = machine.usd_per_hour if where == machine.price_region else None
    usd = None if hourly is None else hourly * replicas
    return ServingEstimate(where, usd, None if usd is None else usd * HOURS_PER_MONTH, machine.source)


def money(usd: Decimal | float | None) -> str:
    """Writes an amount, or one that went through an output, for people: `about 1.84 USD`, `price unknown`."""
    if usd is None:
        return "price unknown"
    usd = Decimal(str(usd))
    if 0 < usd < _CENT:
        return "< 0.01 USD"
    return f"about {usd.quantize(_CENT, ROUND_HALF_UP):,} USD"
