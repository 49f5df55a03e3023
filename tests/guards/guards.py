"""The guards of what users were hurt by elsewhere: what to take away, and the test that must then fail."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Guard:
    """One guard.

    Attributes:
        scar: what happens without it.
        file: where it stands, from the root of the checkout.
        guard: its text, which occurs there once.
        without: what stands there instead when it is taken away.
        test: the node id of a test that fails then.
    """

    scar: str
    file: str
    guard: str
    without: str
    test: str


def guards() -> list[Guard]:
    """Returns the table."""
    table = tomllib.loads(Path(__file__).with_name("guards.toml").read_text("utf-8"))
    return [Guard(**row) for row in table["guard"]]
