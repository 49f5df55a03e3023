"""`tunestack prices refresh`: looks prices up in the Cloud Billing catalogue, and keeps them."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tunestack.catalogue import machines as all_machines
from tunestack.catalogue import open_model, refreshed
from tunestack.catalogue.amounts import exact_price
from tunestack.catalogue.refreshed import Prices
from tunestack.cli import terminal
from tunestack.cli.prices import machines, matching
from tunestack.cli.prices.matching import Found, Row
from tunestack.cli.prices.skus import skus
from tunestack.cli.stack import StackError
from tunestack.wording import counted

if TYPE_CHECKING:
    from tunestack.connection import Connection


def run(connection: Connection | None, *, only_look: bool, as_json: bool) -> None:
    """Looks prices up, says what they change, and keeps them.

    Args:
        connection: to an emulator; None for Google Cloud.
        only_look: whether to say what would change, and keep nothing.
        as_json: print it for machines.

    Raises:
        StackError: no price was found, or it is an emulator's and nothing says where to keep it.
    """
    if connection and not only_look and not os.environ.get("TUNESTACK_PRICES"):
        raise StackError(
            f"the prices of the emulator at {connection.api_endpoint} are not kept where those of Google Cloud are: "
            "name a file for them in TUNESTACK_PRICES, or only look with --dry-run"
        )
    listed = list(skus(connection))
    found = matching.match(listed) + machines.match(listed)
    if not found.prices:
        many = counted(len(listed), "SKU")
        raise StackError(f"of the {many} of Vertex AI none names a row of the catalogue; prices stay as they are")
    title = f"{refreshed.TITLE} of an emulator" if connection else refreshed.TITLE
    place = None if only_look else refreshed.write(_sorted(found.prices, title))
    if as_json:
        terminal.print_json({**_for_machines(found), "file": str(place) if place else None})
        return
    terminal.print_lines(_told(found))
    where = f"kept in {place}" if place else "found and not kept"
    terminal.print_lines([f"{counted(len(found.prices), 'price')} of the Cloud Billing catalogue {where}"])


def _sorted(prices: Mapping[Row, Decimal], title: str) -> Prices:
    """Returns the prices as the catalogue keeps them."""
    tuning: dict[str, dict[str, Decimal]] = {}
    gemini: dict[str, Decimal] = {}
    teachers: dict[str, dict[str, Decimal]] = {}
    hourly: dict[str, dict[str, Decimal]] = {}
    for row, usd in prices.items():
        if row.item == "serving":
            hourly.setdefault(row.name, {})[row.region] = usd
        elif row.item != "tuning":
            teachers.setdefault(row.name, {})["input" if row.item == "teacher reads" else "output"] = usd
        elif row.name.startswith("gemini"):
            gemini[row.name] = usd
        else:  # descriptions tell no modes apart
            tuning[row.name] = dict.fromkeys(open_model(row.name).modes, usd)
    today = datetime.datetime.now(datetime.UTC).date()
    return Prices(today, tuning=tuning, gemini=gemini, teachers=teachers, machines=hourly, title=title)


def _told(found: Found) -> Iterator[str]:
    changed = {row: usd for row, usd in found.prices.items() if row.known != usd}
    if changed:
        rows = [
            (row.label, exact_price(row.known), exact_price(usd), _share(row.known, usd))
            for row, usd in changed.items()
        ]
        numbers = ("before, USD", "now, USD", "")
        yield from terminal.table(("price of a million tokens, or of an hour", *numbers), rows, right=numbers)
        yield ""
    same = len(found.prices) - len(changed)
    yield f"{counted(same, 'price')} as before"
    for reason, lines in (
        ("no SKU names", list(_missing(found.missing))),
        ("not taken", [f"{row.label}: {why}" for row, why in found.refused.items()]),
        ("not in the catalogue", [f"{sku.description} (SKU {sku.id})" for sku in found.foreign]),
    ):
        if lines:
            yield f"{reason}:"
            yield from (f"  {terminal.styled(line)}" for line in lines)


def _missing(rows: tuple[Row, ...]) -> Iterator[str]:
    """Yields rows without a SKU: models one by one, machines by region."""
    machines_of: dict[str, list[str]] = {}
    for row in rows:
        if row.region:
            machines_of.setdefault(row.region, []).append(row.name)
        else:
            yield row.label
    for region, names in machines_of.items():
        yield f"serving in {region}: {'any machine' if len(names) == len(all_machines()) else ', '.join(names)}"


def _for_machines(found: Found) -> dict[str, Any]:
    return {
        "prices": [{**row.to_json(), "usd": float(usd)} for row, usd in found.prices.items()],
        "missing": [row.to_json() for row in found.missing],
        "refused": [{**row.to_json(), "reason": reason} for row, reason in found.refused.items()],
        "foreign": [{"sku": sku.id, "description": sku.description} for sku in found.foreign],
    }


def _share(before: Decimal | None, now: Decimal) -> str:
    return f"{(now - before) / before:+.2%}" if before else ""
