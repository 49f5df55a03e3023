"""`tunestack prices show`: the prices that are told, each with where it is from and how old it is."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import typer

from tunestack.catalogue import distillation, gemini_models, machines, open_models, refreshed
from tunestack.catalogue.amounts import exact_price
from tunestack.cli import terminal
from tunestack.cli.prices import machines as machine_prices
from tunestack.cli.prices.matching import Row, rows
from tunestack.cli.sources import Sources

if TYPE_CHECKING:
    from tunestack.catalogue import Source


def show(names: Sequence[str], *, as_json: bool) -> None:
    """Prints the prices of what has one of these texts in its name; all known ones where there are none.

    Raises:
        typer.BadParameter: nothing has one of them in its name.
    """
    today = datetime.datetime.now(datetime.UTC).date()
    told = [
        (row, source)
        for row, source in _prices()
        if (any(name in row.name for name in names) if names else row.known is not None)
    ]
    for name in names:
        if not any(name in row.name for row, _ in told):
            raise typer.BadParameter(f'no model or machine has "{name}" in its name; tunestack models lists the models')
    if as_json:
        terminal.print_json(
            [
                {
                    **row.to_json(),
                    "usd": None if row.known is None else float(row.known),
                    "source": source.title,
                    "date": source.date.isoformat() if source.date else None,
                    "stale": source.is_stale(today),
                }
                for row, source in told
            ]
        )
    else:
        sources = Sources()
        lines = [
            (
                row.label,
                exact_price(row.known),
                "an hour" if row.item == "serving" else "1M tokens",
                sources(source),
                "" if row.known is None else source.told_age(today),
            )
            for row, source in told
        ]
        terminal.print_lines(terminal.table(("price", "USD", "for", "source", ""), lines, right=("USD",)))
        terminal.print_lines(["", *sources.lines()])
    if problem := refreshed.problem():
        terminal.print_lines([f"note: {problem}"], sys.stderr)


def _prices() -> Iterator[tuple[Row, Source]]:
    """Yields every price, known or not, and its source."""
    tuned = {model.name: model.price_source(next(iter(model.modes))) for model in open_models()}
    gemini = {model.name: model.price_source or model.source for model in gemini_models()}
    lists = distillation()
    taught = {name: lists.prices[name].source if name in lists.prices else lists.source for name in lists.teachers}
    for row in rows():
        yield row, {**tuned, **gemini}[row.name] if row.item == "tuning" else taught[row.name]
    known = {machine.name: machine for machine in machines()}
    for row in machine_prices.rows():
        yield row, known[row.name].price_in(row.region)[1]
