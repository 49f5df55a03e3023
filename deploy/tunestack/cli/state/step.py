"""One thing to be done for a state's place, told before it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """Something that a place for state needs.

    Attributes:
        says: what it is.
        do: does it; None where it is so already. May be called again after a failure.
    """

    says: str
    do: Callable[[], object] | None = None
