"""Reads the rows of all that is no model: regions, machines, quotas, storage, tokens, demands of data."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from tunestack.catalogue import refreshed
from tunestack.catalogue.entries import Machine, Quota, Region, Source, TokenRange
from tunestack.catalogue.names import UnknownMachineError, nearest
from tunestack.catalogue.tables import sources, table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from tunestack.catalogue.refreshed import Prices

_REGION = re.compile(
    r"(africa|asia|australia|europe|me|northamerica|southamerica|us)-"
    r"(central|(north|south)?(east|west)|north|south)[1-9][0-9]?"
)
"""How regions are called: https://cloud.google.com/compute/docs/regions-zones."""


@cache
def regions() -> tuple[Region, ...]:
    """Returns every location that takes tuning jobs of open models."""
    return tuple(
        Region(name, row["place"], row.get("serves", True), sources()[row["source"]], row.get("note", ""))
        for name, row in table("regions").items()
    )


def region(name: str) -> Region | None:
    """Returns the location of that name, or None."""
    return next((row for row in regions() if row.name == name), None)


def is_region_name(name: str) -> bool:
    """Says whether a name is formed like a region's: models are served in more of them than open ones are tuned in."""
    return _REGION.fullmatch(name) is not None


@cache
def machines() -> tuple[Machine, ...]:
    """Returns every machine that serves."""
    rows, newer = table("machines"), refreshed.known()
    return tuple(_machine(name, row, rows, newer) for name, row in rows["machine"].items())


def machine(name: str) -> Machine:
    """Finds a machine by its type, such as `g2-standard-12`.

    Raises:
        UnknownMachineError: there is none; the message names the nearest.
    """
    row = find_machine(name)
    if row is None:
        near = nearest(name, [each.name for each in machines()])
        raise UnknownMachineError(f'the catalogue has no machine "{name}"; nearest: {", ".join(near)}', near)
    return row


def find_machine(name: str) -> Machine | None:
    """Finds a machine by its type; None where the catalogue has none of it."""
    return next((row for row in machines() if row.name == name), None)


def machines_for(weight_bytes: int | None) -> tuple[Machine, ...]:
    """Returns the machines that hold weights of that size, the cheapest first; none where the size is not known."""
    able = [row for row in machines() if row.holds(weight_bytes)]
    return tuple(sorted(able, key=lambda row: (row.usd_per_hour is None, row.usd_per_hour)))


@cache
def token_range(model: str) -> TokenRange | None:
    """Returns what a model's tokenizer makes of texts; None where nobody measured it."""
    rows = dict(table("token_ranges"))
    source = sources()[rows.pop("source")]
    for row in rows.values():
        if model.startswith(names := tuple(row["models"])):
            return TokenRange(**{**row, "models": names}, source=source)
    return None


def storage_usd_per_gib_month(location: str) -> tuple[Decimal | None, Source]:
    """Returns the price of standard storage in a region, None where it is not known, and its source."""
    newer = refreshed.known()
    if newer and location in newer.storage:
        return newer.storage[location], newer.source
    rows = table("storage")
    row = rows["usd_per_gib_month"].get(location, {})
    return row.get("usd"), sources()[row.get("source", rows["source"])]


@cache
def tuning_quota() -> Quota:
    """Returns the quota of tuning jobs of open models that run at once, over all regions."""
    return _quota(table("quotas")["concurrent_tuning_jobs"], regional=False)


@cache
def serving_quotas() -> Mapping[str, Quota]:
    """Returns the quotas of accelerators for serving, by accelerator; those without a source are missing."""
    return {accelerator: _quota(row, regional=True) for accelerator, row in table("quotas")["serving"].items()}


@cache
def data_limits(kind: str) -> tuple[Mapping[str, Any], tuple[Source, ...]]:
    """Returns what all models of a kind, `open` or `gemini`, demand of data, and where that is known from."""
    row = dict(table("data_rules")[kind])
    told = tuple(sources()[row.pop(name)] for name in ("source", "tokens_source", "images_source") if name in row)
    return {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}, told


def _machine(name: str, row: Mapping[str, Any], rows: Mapping[str, Any], newer: Prices | None) -> Machine:
    gib = rows["accelerator_memory_gib"].get(row["accelerator"])
    prices = newer.machines.get(name, {}) if newer else {}
    here = rows["price_region"]
    return Machine(
        name=name,
        accelerator_type=row["accelerator"],
        accelerator_count=row["count"],
        accelerator_memory_gib=gib,
        usable_bytes=None if gib is None else int(rows["usable_share"] * gib * row["count"] * 2**30),
        usd_per_hour=prices.get(here, row.get("usd_per_hour")),
        price_region=here,
        source=newer.source if newer and here in prices else sources()[rows["source"]],
        elsewhere={region: (usd, newer.source) for region, usd in prices.items() if newer and region != here},
    )


def _quota(row: Mapping[str, str], *, regional: bool) -> Quota:
    metric = f"{table('quotas')['service']}/{row['metric']}" if "metric" in row else ""
    return Quota(metric, row.get("display_name", ""), regional, sources()[row["source"]])
