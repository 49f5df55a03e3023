"""A model of the catalogue, open, Gemini or teacher, in the words of a table and as JSON."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tunestack.catalogue import (
    GeminiModel,
    OpenModel,
    Source,
    distillation,
    gemini_models,
    machines_for,
    methods_of,
    open_models,
)
from tunestack.catalogue.amounts import exact_price

if TYPE_CHECKING:
    from decimal import Decimal

TEACHER = "teacher"


@dataclass(frozen=True, slots=True)
class Entry:
    """A model in the words of a table; what is not known is `unknown`, what does not apply is empty.

    Attributes:
        name: of the model.
        row: of the catalogue; None for a teacher, which is in its lists alone.
        methods: what it can be used for.
        modes: of an open model.
        adapters: sizes, or the one that is recommended.
        longest: the longest example, in tokens.
        modalities: what it learns from.
        regions: where it is tuned.
        priced: what costs something: training in its modes, or what a teacher reads (input) and writes (output).
        usd: USD for a million tokens of each; None is unknown.
        source: of the price, or where it was looked for.
        served: on what a tuned one answers.
        retires: the day, and whether it may be later.
    """

    name: str
    row: OpenModel | GeminiModel | None
    methods: tuple[str, ...]
    modes: tuple[str, ...]
    adapters: str
    longest: int | None
    modalities: tuple[str, ...]
    regions: tuple[str, ...]
    priced: tuple[str, ...]
    usd: tuple[Decimal | None, ...]
    source: Source
    served: str
    retires: str

    @property
    def price(self) -> str:
        """The price, or the prices where there are several."""
        return " / ".join(dict.fromkeys(map(exact_price, self.usd)) if self.row else map(exact_price, self.usd))

    def is_stale(self, today: datetime.date) -> bool:
        """Whether the price is known, and old."""
        return None not in self.usd and self.source.is_stale(today)

    def to_json(self) -> dict[str, Any]:
        """Returns it for machines."""
        return {
            "name": self.name,
            "methods": list(self.methods),
            "modes": list(self.modes),
            "adapters": self.adapters or None,
            "maxExampleTokens": self.longest,
            "modalities": list(self.modalities),
            "regions": list(self.regions),
            "usdPerMillionTokens": dict(zip(self.priced, map(as_float, self.usd), strict=True)),
            "priceSource": str(self.source),
            "served": self.served or None,
            "retires": self.retires or None,
        }


def entries() -> Iterator[Entry]:
    """Yields every model of the catalogue."""
    yield from map(_open, open_models())
    yield from map(_gemini, gemini_models())
    lists = distillation()
    for name in lists.teachers:
        price = lists.prices.get(name)
        usd = (price.usd_per_million_input_tokens, price.usd_per_million_output_tokens) if price else (None, None)
        yield Entry(
            name,
            None,
            (TEACHER,),
            (),
            "",
            None,
            ("text",),
            (),
            ("input", "output"),
            usd,
            price.source if price else lists.source,
            "",
            _day(price.retires if price else None),
        )


def _open(model: OpenModel) -> Entry:
    recommended = (terms.adapter_size for terms in model.modes.values() if terms.adapter_size)
    return Entry(
        model.name,
        model,
        methods_of(model),
        tuple(model.modes),
        next(map(str, recommended), "unknown" if "PEFT_ADAPTER" in model.modes else ""),
        model.max_sequence_tokens,
        model.modalities,
        model.regions,
        tuple(model.modes),
        tuple(terms.usd_per_million_tokens for terms in model.modes.values()),
        model.price_source(next(iter(model.modes))),
        _served(model),
        "",
    )


def _served(model: OpenModel) -> str:
    """Returns the cheapest machine that holds a model, or why there is none."""
    if model.servable is False:
        return "no"
    if model.weight_bytes is None:
        return "unknown"
    able = machines_for(model.weight_bytes)
    machine = able[0].name if able else "no machine holds it"
    return machine if model.servable else f"unknown; {machine} would hold it"


def _gemini(model: GeminiModel) -> Entry:
    sizes = ", ".join(map(str, model.adapter_sizes))
    if model.disputed_adapter_sizes:
        sizes += f" ({', '.join(map(str, model.disputed_adapter_sizes))} disputed)"
    places = ["the job's region" if place == "job" else place for place in model.served_at]
    return Entry(
        model.name,
        model,
        methods_of(model),
        (),
        sizes,
        model.max_example_tokens,
        model.modalities,
        model.regions,
        ("training",),
        (model.usd_per_million_tokens,),
        model.price_source or model.source,
        f"own endpoints{' in ' + ' or '.join(places) if places else ', unknown where'}",
        _day(model.retires, may_stay=model.may_stay),
    )


def _day(retires: datetime.date | None, *, may_stay: bool = False) -> str:
    """Returns when a model retires, and whether that day is past."""
    if retires is None:
        return ""
    past = retires <= datetime.datetime.now(datetime.UTC).date()
    return f"{retires}{' or later' if may_stay else ', past' if past else ''}"


def as_float(number: Decimal | None) -> float | None:
    """Returns a number as JSON has it."""
    return None if number is None else float(number)
