"""What a tuning job and its checkpoints would cost, as outputs and in a few words."""

from __future__ import annotations

from typing import Any

import msgspec

from tunestack.catalogue import UnknownRowError
from tunestack.catalogue.amounts import money, plain
from tunestack.catalogue.estimates import Estimate, EstimateError, Item, estimate


class _Counts(msgspec.Struct, frozen=True):
    """What a dataset says of its text; that of an older version says less."""

    characters: int
    examples: int = 0
    turns: int = 0
    non_ascii: int = 0
    bytes: int | None = None


COUNTED = ("characters", "nonAscii", "examples", "images", "turns")
"""Inputs that only a price follows from; the state of an older version's dataset does not have all of them."""

_BOUNDS = {"": "middle", "Low": "low", "High": "high"}


def estimated(known: dict[str, Any], location: str | None = None) -> dict[str, Any]:
    """Returns tokens and price as outputs; None where nobody published a price, nothing where a preview cannot know."""
    if not all(name in known for name in ("characters", "epochs")) or _is_unsaid(known):
        return {}
    found = _estimate(known, location)
    if found is None:
        unknown = {f"{name}{bound}": None for name in ("estimatedTokens", "estimatedCostUsd") for bound in _BOUNDS}
        return {**unknown, "estimate": []}
    once = found.once
    spans = {
        "estimatedTokens": found.items[0].quantity,
        # What nobody published is not zero; where only a part is unknown, the rest is the least that it costs.
        "estimatedCostUsd": once.known if once.known.high else None,
    }
    return {
        **{
            f"{name}{bound}": None if span is None else plain(getattr(span, field))
            for name, span in spans.items()
            for bound, field in _BOUNDS.items()
        },
        "estimate": [_cost_item(item) for item in found.items],
    }


def told_cost(known: dict[str, Any], location: str | None = None) -> str:
    """Says what a job would cost, as far as that is no secret, and how old the price is."""
    if "(secret)" in (known.get(name) for name in ("epochs", *COUNTED)):
        return "at a secret price"
    if estimated(known, location).get("estimatedCostUsd") is None or (found := _estimate(known, location)) is None:
        return money(None)
    training = found.items[0]
    age = training.sources[0].told_age(found.today) if training.usd else ""
    return f"{found.once}, {age}" if age else str(found.once)


def _is_unsaid(known: dict[str, Any]) -> bool:
    """Says whether a preview cannot know what is tuned: a tuned model may come without the name of its base model."""
    return "baseModel" not in known and "preTunedModel" not in known


def _estimate(known: dict[str, Any], location: str | None) -> Estimate | None:
    wanted = {"characters": "characters", "examples": "examples", "turns": "turns", "non_ascii": "nonAscii"}
    counts = _Counts(**{field: known[name] for field, name in wanted.items() if known.get(name) is not None})
    try:
        return estimate(
            counts,
            known["baseModel"],
            known.get("mode"),
            known["epochs"],
            images=known.get("images") or 0,
            teacher=known.get("teacherModel"),
            location=location,
        )
    except (KeyError, UnknownRowError, EstimateError):
        return None


def _cost_item(item: Item) -> dict[str, Any]:
    """Returns an item of an estimate as an output has it, without what is not known."""
    source = item.sources[0]
    told = {
        "name": item.name,
        "period": item.period,
        "quantity": item.quantity and float(item.quantity.middle),
        "unit": item.unit,
        "price": None if item.unit_usd is None else float(item.unit_usd),
        "per": item.per,
        "usd": item.usd and float(item.usd.middle),
        "low": item.usd and float(item.usd.low),
        "high": item.usd and float(item.usd.high),
        "source": source.title,
        "date": source.date and source.date.isoformat(),
        "note": item.note or None,
    }
    return {name: value for name, value in told.items() if value is not None}
