"""What a preview says of a deployment."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tunestack.catalogue import entries, machine
from tunestack.provider.deployment_inputs import forecast

L4 = ("g2-standard-12", "NVIDIA_L4", 1)
LINE = "deploys on g2-standard-12 with 1 × NVIDIA_L4: {}"
PRICE = "about 1.15 USD an hour until it is undeployed"


def test_an_old_price_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entries, "FRESH_DAYS", -1)
    _, source = machine("g2-standard-12").price_in("us-central1")
    age = source.told_age(datetime.now(UTC).date())
    assert "days old" in age
    assert forecast({}, "us-central1", "deploys", L4) == LINE.format(PRICE) + f", {age}"


def test_a_fresh_one_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entries, "FRESH_DAYS", 10**6)
    assert forecast({}, "us-central1", "deploys", L4) == LINE.format(PRICE)


def test_an_unknown_price_has_no_age(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entries, "FRESH_DAYS", -1)
    assert forecast({}, "mars-north1", "deploys", L4) == LINE.format("price unknown")
