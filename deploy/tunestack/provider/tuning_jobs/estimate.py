"""What a tuning job and its checkpoints would cost, as outputs and in a few words."""

from __future__ import annotations

from typing import Any

import msgspec

from tunestack.catalogue import UnknownRowError
from tunestack.catalogue.amounts import at_least, money, plain
from tunestack.catalogue.estimates import EstimateError, Item, estimate


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
    if not all(name in known for name in ("baseModel", "mode", "characters", "epochs")):
        return {}
    wanted = {"characters": "characters", "examples": "examples", "turns": "turns", "non_ascii": "nonAscii"}
    counts = _Counts(**{field: known[name] for field, name in wanted.items() if known.get(name) is not None})
    try:
        images = known.get("images") or 0
        found = estimate(counts, known["baseModel"], known["mode"], known["epochs"], images=images, location=location)
    except (UnknownRowError, EstimateError):
        unknown = {f"{name}{bound}": None for name in ("estimatedTokens", "estimatedCostUsd") for bound in _BOUNDS}
        return {**unknown, "estimate": []}
    training = found.items[0]
    spans = {"estimatedTokens": training.quantity, "estimatedCostUsd": training.usd}
    return {
        **{
            f"{name}{bound}": None if span is None else plain(getattr(span, field))
            for name, span in spans.items()
            for bound, field in _BOUNDS.items()
        },
        "estimate": [_cost_item(item) for item in found.items],
    }


def told_cost(known: dict[str, Any], location: str | None = None) -> str:
    """Says what a job would cost, as far as that is no secret."""
    if "(secret)" in (known.get(name) for name in ("epochs", *COUNTED)):
        return "at a secret price"
    outputs = estimated(known, location)
    cost = money(*(outputs.get(f"estimatedCostUsd{bound}") for bound in _BOUNDS))
    # Nobody published how many tokens an image is.
    return at_least(cost) if known.get("images") and outputs.get("estimatedCostUsd") is not None else cost


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
