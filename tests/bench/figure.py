"""One measured figure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured.

    Attributes:
        what: in words.
        measured: the value, in `unit`.
        unit: such as `s` or `MB`.
        peer: what it is compared with, and its value; empty for none.
        peer_value: in the same unit.
        limit: the most that `measured`, or the ratio to the peer, may be; None for no limit.
        more_is_better: for rates, whose limit is the least.
    """

    what: str
    measured: float
    unit: str
    peer: str = ""
    peer_value: float | None = None
    limit: float | None = None
    more_is_better: bool = False

    @property
    def ratio(self) -> float | None:
        """Measured ÷ peer."""
        return None if self.peer_value is None else self.measured / self.peer_value

    @property
    def is_missed(self) -> bool:
        """Whether the limit was missed."""
        if self.limit is None:
            return False
        value = self.measured if self.ratio is None else self.ratio
        return value < self.limit if self.more_is_better else value > self.limit

    def row(self) -> tuple[str, str, str, str, str]:
        """Returns the figure as a row of the table."""
        bound = "" if self.limit is None else f"{'≥' if self.more_is_better else '≤'} {self.limit:g}"
        return (
            self.what,
            f"{self.measured:.3g} {self.unit}",
            f"{self.peer} {self.peer_value:.3g} {self.unit}" if self.peer_value is not None else "",
            f"{self.ratio:.2f}" if self.ratio is not None else "",
            f"{bound} {'missed' if self.is_missed else 'met'}" if bound else "",
        )
