"""Numbers that are known only within bounds, and amounts of money as people read them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Span:
    """A number with its bounds, `low <= middle <= high`; what is not known at all is None instead."""

    low: Decimal
    middle: Decimal
    high: Decimal

    @classmethod
    def exactly(cls, value: Decimal | int) -> Span:
        """Returns a number that is known."""
        number = Decimal(value)
        return cls(number, number, number)

    @property
    def is_exact(self) -> bool:
        """Whether the number is known."""
        return self.low == self.high

    def rounded(self) -> Span:
        """Returns whole numbers, of which the bounds still hold what they held."""
        return Span(
            self.low.to_integral_value(ROUND_FLOOR),
            self.middle.to_integral_value(ROUND_HALF_UP),
            self.high.to_integral_value(ROUND_CEILING),
        )

    def __mul__(self, factor: Decimal | int) -> Span:
        return Span(self.low * factor, self.middle * factor, self.high * factor)

    def __add__(self, other: Span) -> Span:
        return Span(self.low + other.low, self.middle + other.middle, self.high + other.high)

    def to_json(self) -> dict[str, int | float]:
        """Returns the three numbers as JSON has them."""
        return {name: plain(getattr(self, name)) for name in ("low", "middle", "high")}


NOTHING = Span.exactly(0)


def plain(number: Decimal) -> int | float:
    """Returns a number as JSON has it: whole ones without a fraction."""
    return int(number) if number == number.to_integral_value() else float(number)


def money(usd: Decimal | float | None, low: Decimal | float | None = None, high: Decimal | float | None = None) -> str:
    """Writes an amount, or one that went through an output, for people.

    Such as `about 1.84 USD`, `about 1.84 USD (1.53–3.19)` where bounds are given, or `price unknown`.
    """
    if usd is None:
        return "price unknown"
    amount = Decimal(str(usd))
    first, last = (None if bound is None else _cents(Decimal(str(bound))) for bound in (low, high))
    if 0 < amount < _CENT:
        return "< 0.01 USD" if last in (None, "0.00", "0.01") else f"< 0.01 USD (up to {last})"
    return f"about {_cents(amount)} USD" + ("" if first is None or first == last else f" ({first}–{last})")


def exactly(usd: Decimal | float) -> str:
    """Writes an amount, as `money` does, that is no estimate: a limit, or what was billed."""
    return money(usd).removeprefix("about ")


def hourly(usd: Decimal | float | None) -> str:
    """Writes what something costs an hour, for people."""
    return money(usd) if usd is None else f"{money(usd)} an hour"


def exact_price(usd: Decimal | None) -> str:
    """Returns a price in USD as people read it: all its digits, and two decimals at the least."""
    if usd is None:
        return "unknown"
    whole, _, decimals = f"{usd.normalize():f}".partition(".")
    return f"{whole}.{decimals:0<2}"


def at_least(amount: str) -> str:
    """Writes an amount, as `money` does, to which something unknown comes."""
    return "more than 0.00 USD" if amount.startswith("<") else f"at least {amount.removeprefix('about ')}"


def _cents(amount: Decimal) -> str:
    return f"{amount.quantize(_CENT, ROUND_HALF_UP):,}"
