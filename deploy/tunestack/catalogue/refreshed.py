"""Prices that were looked up anew, kept in a file of the user's: they take the place of those in the rows.

`tunestack prices refresh` writes the file; `$TUNESTACK_PRICES` names it, and without that it lies in the user's cache.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunestack.catalogue.entries import Source

if TYPE_CHECKING:
    import datetime
    from collections.abc import Mapping
    from decimal import Decimal

TITLE = "Cloud Billing catalogue"

_SECTIONS = {"tuning": 2, "gemini": 1, "teachers": 2, "machines": 2, "storage": 1}
"""Parts of the file, and how many names lead to a price there."""


class PricesFileError(ValueError):
    """The file cannot be used; the message says where it is and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices in USD, by the names that the rows have.

    Attributes:
        date: the day on which they were looked up.
        tuning: of an open model and mode, for a million training tokens.
        gemini: of a Gemini model, for a million training tokens.
        teachers: of a teacher, for a million tokens of `input` and of `output`.
        machines: of a machine and region, for an hour.
        storage: of a region, for a GiB and month.
        title: where they are from.
    """

    date: datetime.date
    tuning: Mapping[str, Mapping[str, Decimal]] = field(default_factory=dict)
    gemini: Mapping[str, Decimal] = field(default_factory=dict)
    teachers: Mapping[str, Mapping[str, Decimal]] = field(default_factory=dict)
    machines: Mapping[str, Mapping[str, Decimal]] = field(default_factory=dict)
    storage: Mapping[str, Decimal] = field(default_factory=dict)
    title: str = TITLE

    @property
    def source(self) -> Source:
        """What is told of a price from here."""
        return Source(self.title, self.date)


def path() -> Path:
    """Returns where the file is, whether or not there is one."""
    from tunestack import user_cache

    named = os.environ.get("TUNESTACK_PRICES")
    return Path(named) if named else user_cache.place() / "prices.json"


def write(prices: Prices) -> Path:
    """Writes the file whole or not at all, and returns where it is; what was read before is forgotten.

    Raises:
        OSError: it cannot be written.
    """
    import json

    from tunestack import user_cache
    from tunestack.catalogue import model_rows

    content = {
        "source": {"title": prices.title, "date": prices.date.isoformat()},
        **{name: _texts(getattr(prices, name)) for name in _SECTIONS},
    }
    place = path()
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    user_cache.write(place, json.dumps(content, indent=2).encode())
    model_rows.forget()
    return place


def read() -> Prices | None:
    """Returns the prices of the file; None where there is none.

    Raises:
        PricesFileError: there is one that cannot be used.
    """
    import datetime
    import json
    from decimal import Decimal

    place = path()
    try:
        content = json.loads(place.read_bytes(), parse_float=Decimal)
        sections = {name: _prices(content.get(name, {}), depth) for name, depth in _SECTIONS.items()}
        source = content["source"]
        return Prices(datetime.date.fromisoformat(source["date"]), title=str(source["title"]), **sections)
    except FileNotFoundError:
        return None
    except (OSError, ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
        message = f"the prices in {place} cannot be used ({reason}); delete it, or run: tunestack prices refresh"
        raise PricesFileError(message) from error


@cache
def known() -> Prices | None:
    """Returns the prices that the rows are read with: a file that cannot be used changes none of them."""
    try:
        return read()
    except PricesFileError:
        return None


def problem() -> str | None:
    """Says why the file is not used; None where it is, or where there is none."""
    try:
        read()
    except PricesFileError as error:
        return str(error)
    return None


def _prices(given: Any, depth: int) -> Any:
    from decimal import Decimal

    if depth:
        return {str(name): _prices(value, depth - 1) for name, value in given.items()}
    price = Decimal(str(given))
    if not (price.is_finite() and price > 0):
        raise ValueError(f"{given} is not a price")
    return price


def _texts(prices: Any) -> Any:
    # As text, since a float is not the price that was read.
    return {name: _texts(value) for name, value in prices.items()} if hasattr(prices, "items") else str(prices)
