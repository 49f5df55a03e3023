"""What a machine that serves costs by the hour: the sum of its parts, each of which is a SKU."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunestack.catalogue import machines, regions
from tunestack.cli.prices.matching import Found, Row, words

if TYPE_CHECKING:
    from tunestack.catalogue import Machine
    from tunestack.cli.prices.skus import Sku

_FORMS = {
    "accelerator": r"Vertex AI: Online/Batch Prediction Nvidia (.+) GPU running in .+",
    "vCPU": r"Vertex AI: Online/Batch Prediction (.+?)(?: Predefined)? Instance Core running in .+",
    "memory": r"Vertex AI: Online/Batch Prediction (.+?)(?: Predefined)? Instance Ram running in .+",
}
_UNITS = {"accelerator": ("h",), "vCPU": ("h",), "memory": ("GiBy.h", "GBy.h")}
"""What each part is billed by, as the units of measure of https://ucum.org have it."""

_Part = tuple[str, tuple[str, ...]]
"""Kind of part, and the accelerator or the series of machines word by word."""


def rows() -> Iterator[Row]:
    """Yields the price of every machine in every region that serves."""
    for machine in machines():
        for region in dict.fromkeys((machine.price_region, *(each.name for each in regions() if each.serves))):
            yield Row("serving", machine.name, machine.price_in(region)[0], region)


def match(skus: Iterable[Sku]) -> Found:
    """Finds the prices of all machines among SKUs."""
    parts: dict[_Part, list[Sku]] = {}
    for sku in skus:
        if sku.usage in ("", "OnDemand"):
            for kind, form in _FORMS.items():
                if named := re.fullmatch(form, sku.description, re.IGNORECASE):
                    parts.setdefault((kind, words(named[1])), []).append(sku)
    known = {machine.name: machine for machine in machines()}
    prices: dict[Row, Decimal] = {}
    refused: dict[Row, str] = {}
    missing: list[Row] = []
    composed = _composed()
    for row in rows():
        wanted = _wanted(known[row.name], composed)
        offered = {part: [sku for sku in parts.get(part, ()) if row.region in sku.regions] for part in wanted}
        if not wanted or not all(offered.values()):
            missing.append(row)
            continue
        reasons = [reason for part, each in offered.items() if (reason := _trouble(part, each))]
        if reasons:
            refused[row] = reasons[0]
        else:
            usd = {part: each[0].usd or Decimal(0) for part, each in offered.items()}
            prices[row] = sum((count * usd[part] for part, count in wanted.items()), Decimal(0))
    return Found(prices, refused, tuple(missing))


def _composed() -> Mapping[str, Any]:
    import tomllib

    return tomllib.loads(Path(__file__).with_name("machine_parts.toml").read_text("utf-8"))


def _wanted(machine: Machine, composed: Mapping[str, Any]) -> dict[_Part, int]:
    """Returns how much of each part a machine has; nothing where that is not known."""
    shape = composed["machine"].get(machine.name)
    accelerator = composed["accelerator"].get(machine.accelerator_type)
    if not (shape and accelerator):
        return {}
    series = words(machine.name.partition("-")[0])
    return {
        ("accelerator", words(accelerator)): machine.accelerator_count,
        ("vCPU", series): shape["vcpus"],
        ("memory", series): shape["memory_gib"],
    }


def _trouble(part: _Part, skus: list[Sku]) -> str:
    """Returns why a part has no one price; empty where it has."""
    kind = part[0]
    if other := [sku for sku in skus if sku.unit not in _UNITS[kind]]:
        return f"SKU {other[0].id} of its {kind} is priced by the {other[0].unit or 'unknown unit'}"
    if len({sku.usd for sku in skus}) > 1 or skus[0].usd is None:
        return f"its {kind} has no one price in USD: SKU {', '.join(sku.id for sku in skus)}"
    return ""
