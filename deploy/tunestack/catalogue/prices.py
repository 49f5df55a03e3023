"""What a job or an endpoint would cost on Google Cloud, by published prices; None where nobody published one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tunestack.catalogue.amounts import Span
from tunestack.catalogue.entries import GeminiModel, OpenModel, TuningTerms
from tunestack.catalogue.model_rows import model_named
from tunestack.catalogue.names import UnknownModelError
from tunestack.catalogue.reader import data_limits, token_range
from tunestack.catalogue.text_tokens import expected_tokens

if TYPE_CHECKING:
    from decimal import Decimal

    from tunestack.catalogue.entries import Machine, Mode, Source
    from tunestack.catalogue.text_tokens import TextCounts

HOURS_PER_MONTH = 730
"""The mean month, 365 days × 24 hours ÷ 12, as Google's price calculator counts it."""

MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class TrainingEstimate:
    """Tokens that a tuning job would bill, and their price; None is not known."""

    epochs: int
    tokens_per_epoch: Span | None
    tokens: Span | None
    usd_per_million_tokens: Decimal | None
    usd: Span | None
    sources: tuple[Source, ...]
    """Of the price first, then of what the tokens are estimated by."""


@dataclass(frozen=True, slots=True)
class ServingEstimate:
    """What a deployed model on one machine costs until it is undeployed; None is not known."""

    location: str
    usd_per_hour: Decimal | None
    usd_per_month: Decimal | None
    source: Source


def training_cost(model: str, mode: str | None, tokens: int) -> Decimal | None:
    """Returns what the training tokens that the service counted cost, in USD; None where nobody published a price.

    Gemini models have no modes.
    """
    try:
        row = model_named(model)
    except UnknownModelError:
        return None
    if isinstance(row, OpenModel):
        price = next((terms.usd_per_million_tokens for name, terms in row.modes.items() if name == mode), None)
    else:
        price = row.usd_per_million_tokens
    return None if price is None else tokens * price / MILLION


def training_estimate(
    model: OpenModel | GeminiModel,
    mode: Mode | None,
    counts: TextCounts,
    epochs: int,
    tokens: int | None = None,
) -> TrainingEstimate:
    """Estimates a tuning job: dataset tokens × epochs, at the price of the model in that mode.

    Args:
        model: a row of the catalogue.
        mode: a mode; one that the model does not have gives an estimate of unknowns. Gemini models have but one.
        counts: what was counted in the training file, such as a `tunestack.data.Report`.
        epochs: passes over the training file.
        tokens: tokens of the file, where they were counted with the model's own tokenizer.
    """
    if isinstance(model, GeminiModel):
        limits, measured = data_limits("gemini")
        ratio, price = limits["tokens_per_character"], model.usd_per_million_tokens
        source = model.price_source or model.source
    else:
        terms = next((terms for name, terms in model.modes.items() if name == mode), TuningTerms())
        ratio, price = terms.tokens_per_character, terms.usd_per_million_tokens
        source, measured = model.price_source(mode), ()
    sources = [source]
    if tokens is not None:
        once: Span | None = Span.exactly(tokens)
    elif once := expected_tokens(model.name, ratio, counts):
        known = token_range(model.name)
        sources += [*measured, *([known.source] if known else [])]
    all_epochs = None if once is None else once * epochs
    usd = None if all_epochs is None or price is None else all_epochs * (price / MILLION)
    return TrainingEstimate(epochs, once, all_epochs, price, usd, tuple(dict.fromkeys(sources)))


def serving_estimate(machine: Machine, location: str | None = None, replicas: int = 1) -> ServingEstimate:
    """Estimates an endpoint's machines per hour and month; a location without a published price gives unknowns."""
    where = location or machine.price_region
    hourly, source = machine.price_in(where)
    usd = None if hourly is None else hourly * replicas
    return ServingEstimate(where, usd, None if usd is None else usd * HOURS_PER_MONTH, source)
