"""Sums of what is known and what is not."""

from __future__ import annotations

import pytest

from infra.outputs import total_cost


@pytest.mark.parametrize(
    ("estimates", "total", "reason"),
    [
        ([], 0, "nothing costs nothing"),
        ([0.1, 0.2], 0.3, "no dust of binary fractions"),
        ([1.84, None], None, "a price that nobody published is not zero"),
    ],
)
def test_total_cost(estimates: list[float | None], total: float | None, reason: str) -> None:
    assert total_cost(estimates) == total, reason
