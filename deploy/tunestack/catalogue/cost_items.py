"""The items of an estimate, what they add up to, and how both are written for people and machines."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from tunestack.catalogue.amounts import NOTHING, Span, at_least, money, plain
from tunestack.catalogue.prices import MILLION

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterable, Iterator

    from tunestack.catalogue.entries import Mode, Source
    from tunestack.catalogue.methods import Method

Period = Literal["once", "month"]


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that is paid for; None is not known.

    Attributes:
        name: what it is.
        period: whether it is paid once, or every month.
        quantity: how much of it.
        unit: what the quantity counts.
        unit_usd: price of `per` units.
        per: units that the price is for.
        sources: where the price comes from, then the quantity; at least one.
        note: what a reader must know of it.
        more: whether an unknown part comes on top.
    """

    name: str
    period: Period
    quantity: Span | None
    unit: str
    unit_usd: Decimal | None
    per: int
    sources: tuple[Source, ...]
    note: str = ""
    more: bool = False

    @property
    def usd(self) -> Span | None:
        """What it costs; None where quantity or price is not known."""
        if self.quantity is None or self.unit_usd is None:
            return None
        return self.quantity * (self.unit_usd / self.per)

    def to_json(self) -> dict[str, Any]:
        """Returns the item as JSON has it."""
        return {
            "name": self.name,
            "period": self.period,
            "quantity": self.quantity and self.quantity.to_json(),
            "unit": self.unit,
            "unitUsd": None if self.unit_usd is None else plain(self.unit_usd),
            "per": self.per,
            "usd": self.usd and self.usd.to_json(),
            "sources": [
                {"title": source.title, "date": source.date.isoformat() if source.date else None}
                for source in self.sources
            ],
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class Total:
    """What items cost together: `known`, and more where any of `unknown` is not known."""

    known: Span
    unknown: tuple[str, ...]

    @classmethod
    def of(cls, items: Iterable[Item]) -> Total:
        """Adds items up."""
        known, unknown = NOTHING, []
        for item in items:
            if item.usd is not None:
                known += item.usd
            if item.usd is None or item.more:
                unknown.append(item.name)
        return cls(known, tuple(unknown))

    def to_json(self) -> dict[str, Any]:
        """Returns the total as JSON has it; `isComplete` says whether nothing unknown comes on top."""
        return {"usd": self.known.to_json(), "isComplete": not self.unknown, "unknown": list(self.unknown)}

    def __str__(self) -> str:
        if self.unknown and not self.known.high:
            return "unknown"
        amount = money(self.known.middle, self.known.low, self.known.high)
        return at_least(amount) if self.unknown else amount


@dataclass(frozen=True, slots=True)
class Estimate:
    """Everything that tuning, keeping and serving a model would cost."""

    HEADINGS: ClassVar[tuple[str, ...]] = ("what", "quantity", "unit price", "amount", "source")

    model: str
    method: Method
    mode: Mode
    epochs: int
    tokens_per_epoch: Span | None
    items: tuple[Item, ...]
    today: datetime.date

    @property
    def once(self) -> Total:
        """What is paid once."""
        return Total.of(item for item in self.items if item.period == "once")

    @property
    def monthly(self) -> Total:
        """What is paid every month."""
        return Total.of(item for item in self.items if item.period == "month")

    def rows(self) -> Iterator[tuple[str, str, str, str, str]]:
        """Yields each item as people read it, in the order of `HEADINGS`; of the sources, that of the price."""
        for item in self.items:
            amount = "unknown" if item.usd is None else money(item.usd.middle, item.usd.low, item.usd.high)
            if item.more and item.usd is not None:
                amount = at_least(amount)
            name = f"{item.name}, {item.note}" if item.note else item.name
            yield name, _quantity(item), _unit_price(item), _per(amount, item.period), self._told(item.sources[0])

    def to_json(self) -> dict[str, Any]:
        """Returns the estimate as JSON has it."""
        items = [
            {**item.to_json(), "isStale": any(source.is_stale(self.today) for source in item.sources)}
            for item in self.items
        ]
        return {
            "model": self.model,
            "method": self.method,
            "mode": self.mode,
            "epochs": self.epochs,
            "tokensPerEpoch": self.tokens_per_epoch and self.tokens_per_epoch.to_json(),
            "items": items,
            "once": self.once.to_json(),
            "monthly": self.monthly.to_json(),
        }

    def _told(self, source: Source) -> str:
        return f"{source} (old: look again)" if source.is_stale(self.today) else str(source)


def _quantity(item: Item) -> str:
    if item.quantity is None:
        return "unknown"
    low, middle, high = (_number(number) for number in (item.quantity.low, item.quantity.middle, item.quantity.high))
    return f"{middle} {item.unit}" if low == high else f"{middle} {item.unit} ({low}–{high})"


def _number(number: Decimal) -> str:
    if number == number.to_integral_value() or number >= 1000:
        return f"{number:,.0f}"
    return f"{number:,.2f}" if number >= Decimal("0.01") else "< 0.01"


def _unit_price(item: Item) -> str:
    if item.unit_usd is None:
        return "unknown"
    unit = "a million tokens" if item.per == MILLION else {"hours": "an hour", "GiB": "a GiB"}[item.unit]
    return f"{item.unit_usd.normalize():f} USD {unit}"


def _per(amount: str, period: Period) -> str:
    return f"{amount} a month" if period == "month" and amount != "unknown" else amount
