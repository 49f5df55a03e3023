"""Which SKU is the price of which row of the catalogue: by what its description says, word for word.

A description that names no row in all its words is nobody's, and a row with two prices has none: nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from tunestack.catalogue import distillation, gemini_models, open_models
from tunestack.catalogue.prices import MILLION

if TYPE_CHECKING:
    from tunestack.cli.prices.skus import Sku

Item = Literal["tuning", "teacher reads", "teacher writes", "serving"]
"""What a row has a price for."""

TOKENS = "count"
"""The unit of SKUs that are billed by the token."""

# As descriptions in the Cloud Billing catalogue of August 2026 begin and end, which public programs take apart
# (github.com/JoakimCarlsson/model-sync, providers/vertexai), and as one bill names the tuning of a Gemini model.
_FORMS: tuple[tuple[Item, str], ...] = (
    ("tuning", r"Cloud Vertex AI Model Garden Managed OSS Fine Tuning for (.+)"),
    ("tuning", r"(Gemini .+) Tuning"),
    ("teacher reads", r"Cloud Vertex AI Model Garden Model as a Service (.+) Input Tokens?"),
    ("teacher writes", r"Cloud Vertex AI Model Garden Model as a Service (.+) Output Tokens?"),
)

_SILENT_WORDS = frozenset({"it", "instruct", "maas", "model"})
"""Words that either side leaves out: tuned and billed is one model, whether its name says how it was trained or not."""

_OTHER_NAMES = {"meta/llama4@llama-4-scout-17b-16e-instruct": "Llama 4 Scout"}
"""Rows that descriptions give another name: of Llama 4 Scout there is one size only."""


@dataclass(frozen=True, slots=True)
class Row:
    """A price that the catalogue has, or could have.

    Attributes:
        item: what is paid for.
        name: of the model, or of the machine that serves.
        known: USD for a million tokens, or for an hour, as the catalogue has it; None where it has none.
        region: where; empty where the price is the same everywhere.
    """

    item: Item
    name: str
    known: Decimal | None
    region: str = ""

    @property
    def label(self) -> str:
        """What it is, for people."""
        return f"{self.item} {self.name}{f' in {self.region}' if self.region else ''}"

    def to_json(self) -> dict[str, str | None]:
        """What it is, for machines."""
        return {"item": self.item, "name": self.name, "region": self.region or None}


@dataclass(frozen=True, slots=True)
class Found:
    """What the SKUs say of the catalogue's rows.

    Attributes:
        prices: USD for a million tokens, or for an hour, by row.
        refused: rows that have SKUs and no price, each with the reason.
        missing: rows that no SKU names.
        foreign: SKUs of tuning that name no row.
    """

    prices: Mapping[Row, Decimal] = field(default_factory=dict)
    refused: Mapping[Row, str] = field(default_factory=dict)
    missing: tuple[Row, ...] = ()
    foreign: tuple[Sku, ...] = ()

    def __add__(self, other: Found) -> Found:
        return Found(
            {**self.prices, **other.prices},
            {**self.refused, **other.refused},
            self.missing + other.missing,
            self.foreign + other.foreign,
        )


def rows() -> Iterator[Row]:
    """Yields every price for tokens that the catalogue has or could have."""
    for model in open_models():
        usd = {terms.usd_per_million_tokens for terms in model.modes.values()}
        yield Row("tuning", model.name, usd.pop() if len(usd) == 1 else None)
    for gemini in gemini_models():
        yield Row("tuning", gemini.name, gemini.usd_per_million_tokens)
    lists = distillation()
    for teacher in lists.teachers:
        price = lists.prices.get(teacher)
        yield Row("teacher reads", teacher, price.usd_per_million_input_tokens if price else None)
        yield Row("teacher writes", teacher, price.usd_per_million_output_tokens if price else None)


def match(skus: Iterable[Sku]) -> Found:
    """Finds the prices of all rows for tokens among SKUs."""
    by_name: dict[tuple[Item, tuple[str, ...]], list[Sku]] = {}
    for sku in skus:
        if sku.usage in ("", "OnDemand"):
            for item, form in _FORMS:
                if named := re.fullmatch(form, sku.description, re.IGNORECASE):
                    by_name.setdefault((item, words(named[1])), []).append(sku)
    prices: dict[Row, Decimal] = {}
    refused: dict[Row, str] = {}
    missing: list[Row] = []
    taken = set()
    for row in rows():
        key = (row.item, words(_OTHER_NAMES.get(row.name, row.name.rpartition("/")[2].rpartition("@")[2])))
        taken.add(key)
        if key not in by_name:
            missing.append(row)
            continue
        price = _price(by_name[key])
        if isinstance(price, str):
            refused[row] = price
        else:
            prices[row] = price
    foreign = [sku for key, each in by_name.items() if key not in taken and key[0] == "tuning" for sku in each]
    return Found(prices, refused, tuple(missing), tuple(foreign))


def words(name: str) -> tuple[str, ...]:
    """Returns a model's name word by word, however it is spelt: `Qwen3-4B` and `qwen 3 4b` are one."""
    spaced = re.sub(r"(?<=[a-z])(?=[0-9])", " ", re.sub(r"[^a-z0-9.]+", " ", name.lower()))
    return tuple(word for word in spaced.split() if word not in _SILENT_WORDS)


def _price(skus: list[Sku]) -> Decimal | str:
    """Returns the one price for a million tokens, or why there is none."""
    if other := [sku for sku in skus if sku.unit != TOKENS]:
        return f"SKU {other[0].id} is priced by the {other[0].unit or 'unknown unit'}, not by the token"
    if unclear := [sku for sku in skus if sku.usd is None]:
        return f"SKU {unclear[0].id} has no one price in USD: it depends on how much is used"
    prices = {sku.usd * MILLION for sku in skus if sku.usd is not None}
    if len(prices) > 1:
        told = ", ".join(f"{sku.id} {sku.usd * MILLION:f}" for sku in skus if sku.usd is not None)
        return f"its SKUs differ: {told}"
    return prices.pop()
