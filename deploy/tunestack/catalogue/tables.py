"""The files in rows/, read when first asked for, so that importing this costs nothing."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunestack.catalogue.entries import Source

if TYPE_CHECKING:
    from collections.abc import Mapping

_ROWS = Path(__file__).with_name("rows")


@cache
def table(name: str) -> dict[str, Any]:
    """Returns the content of one file."""
    import tomllib  # pure Python: paid for only by those who read rows

    return tomllib.loads((_ROWS / f"{name}.toml").read_text("utf-8"), parse_float=Decimal)


@cache
def sources() -> Mapping[str, Source]:
    """Returns every source by the name that rows have for it."""
    return {key: Source(row["title"], row.get("date")) for key, row in table("sources").items()}
