"""`tunestack models MODEL`: all that the catalogue has of one model, with sources."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

from tunestack.catalogue import (
    GeminiModel,
    Machine,
    OpenModel,
    Source,
    UnknownRowError,
    distillation,
    machines_for,
    model_named,
)
from tunestack.catalogue.amounts import exact_price
from tunestack.cli import terminal
from tunestack.cli.models.entry import Entry, as_float, entries
from tunestack.cli.sources import Sources
from tunestack.wording import gib

MACHINES_SHOWN = 5
"""Machines that hold a model, cheapest first: more are of no use to choose from."""


def show(name: str, *, as_json: bool) -> None:
    """Prints one model.

    Raises:
        UnknownRowError: the catalogue has none of that name; the message says which is nearest.
    """
    entry = _found(name)
    today = datetime.datetime.now(datetime.UTC).date()
    if as_json:
        terminal.print_json({**entry.to_json(), **_more(entry), "stale": entry.is_stale(today)})
        return
    sources = Sources()
    terminal.print_facts(_facts(entry, sources, today))
    terminal.print_lines(["", *sources.lines()])


def _found(name: str) -> Entry:
    known = {entry.name: entry for entry in entries()}
    if name in known:
        return known[name]
    if name.rpartition("/")[2].endswith("-maas"):
        teachers = distillation().teachers
        raise UnknownRowError(f'"{name}" is not among the teachers: {", ".join(teachers)}', teachers)
    return known[model_named(name).name]


def _facts(entry: Entry, sources: Sources, today: datetime.date) -> Iterator[tuple[str, str]]:
    row = entry.row
    yield "model", entry.name if row is None else f"{entry.name} ({row.display_name})"
    yield "methods", f"{', '.join(entry.methods)} {sources(row.source if row else distillation().source)}"
    if isinstance(row, OpenModel):
        yield "modes", "\n".join(_modes(row, sources, today))
    else:
        yield "adapters", entry.adapters
        yield "price", f"{_price(entry)} {sources(entry.source)} {_age(entry, today)}".rstrip()
    yield "longest example", f"{entry.longest:,} tokens" if entry.longest else ""
    yield "learns from", ", ".join(entry.modalities)
    if row is not None:
        yield "tuned in", ", ".join(entry.regions) or "unknown: no page says where"
    if isinstance(row, OpenModel):
        yield "weights", f"{gib(row.weight_bytes)} as bfloat16" if row.weight_bytes else "unknown"
        yield "teachers", ", ".join(distillation().teachers) if "distillation" in entry.methods else ""
        yield "served", "\n".join(_served(row, sources))
    elif isinstance(row, GeminiModel):
        cmek = {True: "yes", False: "no", None: "unknown"}[row.cmek]
        yield "customer-managed keys", cmek
        yield "continued", {True: "yes", False: "no", None: "unknown"}[row.continuous]
        yield "answers", entry.served
        yield "disputed", "sources differ about whether it can be tuned" if row.is_disputed else ""
    else:
        yield "students", "\n".join(distillation().students)
    yield "retires", f"{entry.retires} {sources(_retirement(entry))}" if entry.retires else ""
    yield "note", row.note if row else ""


def _modes(row: OpenModel, sources: Sources, today: datetime.date) -> Iterator[str]:
    for mode, terms in row.modes.items():
        source = row.price_source(mode)
        age = source.told_age(today) if terms.usd_per_million_tokens is not None else ""
        parts = (
            f"{mode}: {exact_price(terms.usd_per_million_tokens)} USD a million training tokens {sources(source)}",
            age,
            f"adapter size {terms.adapter_size}" if terms.adapter_size else "",
            f"learning rate {terms.learning_rate}" if terms.learning_rate is not None else "",
            f"{terms.tokens_per_character} tokens a character" if terms.tokens_per_character is not None else "",
        )
        yield ", ".join(filter(None, parts))


def _served(row: OpenModel, sources: Sources) -> Iterator[str]:
    taken = {True: "taken by", False: "not taken by", None: "unknown whether taken by"}[row.servable]
    yield f"{taken} custom-weights serving {sources(row.servable_source)}".rstrip()
    if row.servable is False:
        return
    able = machines_for(row.weight_bytes) if row.weight_bytes else ()
    for machine in able[:MACHINES_SHOWN]:
        yield f"on {_machine(machine)} {sources(machine.source)}"
    if len(able) > MACHINES_SHOWN:
        yield f"and on {len(able) - MACHINES_SHOWN} larger machines"


def _machine(machine: Machine) -> str:
    accelerators = f"{machine.accelerator_count} × {machine.accelerator_type}"
    return f"{machine.name} ({accelerators}): {exact_price(machine.usd_per_hour)} USD an hour in {machine.price_region}"


def _price(entry: Entry) -> str:
    what = "training tokens" if entry.row else "tokens that it reads / that it writes"
    return f"{entry.price} USD a million {what}"


def _age(entry: Entry, today: datetime.date) -> str:
    return f"({entry.source.told_age(today)})" if entry.is_stale(today) else ""


def _retirement(entry: Entry) -> Source | None:
    if isinstance(entry.row, GeminiModel):
        return entry.row.retires_source
    price = distillation().prices.get(entry.name)
    return price.retires_source if price else None


def _more(entry: Entry) -> dict[str, Any]:
    row = entry.row
    if not isinstance(row, OpenModel):
        return {"note": (row and row.note) or None}
    return {
        "terms": {
            mode: {
                "usdPerMillionTokens": as_float(terms.usd_per_million_tokens),
                "adapterSize": terms.adapter_size,
                "learningRate": as_float(terms.learning_rate),
            }
            for mode, terms in row.modes.items()
        },
        "servable": row.servable,
        "weightBytes": row.weight_bytes,
        "machines": [machine.name for machine in machines_for(row.weight_bytes)] if row.weight_bytes else [],
        "note": row.note or None,
    }
