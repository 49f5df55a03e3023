"""Prices that were looked up anew take the place of those in the rows, and say where they are from."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tunestack.catalogue import (
    distillation,
    gemini_model,
    machine,
    open_model,
    refreshed,
    serving_estimate,
    storage_usd_per_gib_month,
)
from tunestack.catalogue.model_rows import forget
from tunestack.catalogue.refreshed import Prices, PricesFileError

TODAY = datetime.date(2026, 11, 20)
LLAMA, TEACHER = "meta/llama3_1@llama-3.1-8b", "deepseek-ai/deepseek-v3.2-maas"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the prices lie for one test."""
    monkeypatch.setenv("TUNESTACK_PRICES", str(tmp_path / "deep" / "prices.json"))
    forget()
    yield tmp_path / "deep" / "prices.json"
    forget()


def test_prices_are_taken_from_the_file(place: Path) -> None:
    before = machine("g2-standard-12").price_in("us-central1")
    assert refreshed.read() is None
    prices = Prices(
        TODAY,
        tuning={LLAMA: {"FULL": Decimal("0.7")}},
        gemini={"gemini-3.5-flash": Decimal(12)},
        teachers={TEACHER: {"input": Decimal("0.6"), "output": Decimal("1.7")}},
        machines={"g2-standard-12": {"europe-west4": Decimal("1.27")}},
        storage={"europe-west4": Decimal("0.02")},
    )
    assert refreshed.write(prices) == place
    assert refreshed.read() == prices
    llama = open_model(LLAMA)
    assert llama.modes["FULL"].usd_per_million_tokens == Decimal("0.7")
    assert llama.modes["FULL"].tokens_per_character == Decimal("0.247"), "all else stays"
    assert str(llama.price_source("FULL")) == "Cloud Billing catalogue, 2026-11-20"
    assert llama.modes["PEFT_ADAPTER"].usd_per_million_tokens == Decimal("0.67")
    assert "google/skills" in str(llama.price_source("PEFT_ADAPTER")), "each price says where it is from"
    assert gemini_model("gemini-3.5-flash").usd_per_million_tokens == 12
    assert gemini_model("gemini-3.5-flash").price_source == prices.source
    assert "third parties" in str(gemini_model("gemini-2.5-pro").price_source)
    price = distillation().prices[TEACHER]
    assert (price.usd_per_million_output_tokens, price.source) == (Decimal("1.7"), prices.source)
    assert price.retires, "when it retires is still known"
    assert "LiteLLM" in str(price.retires_source)
    row = machine("g2-standard-12")
    assert row.price_in("us-central1") == before
    assert row.price_in("europe-west4") == (Decimal("1.27"), prices.source)
    assert row.price_in("asia-southeast1")[0] is None
    assert serving_estimate(row, "europe-west4", 2).usd_per_hour == Decimal("2.54")
    assert storage_usd_per_gib_month("europe-west4") == (Decimal("0.02"), prices.source)


def test_an_old_price_says_so_and_a_new_one_does_not(place: Path) -> None:
    source = open_model(LLAMA).price_source("FULL")
    assert source.told_age(datetime.date(2026, 12, 1)) == "price of 2026-08-21, 102 days old: look again"
    assert open_model(LLAMA).is_stale(TODAY)
    refreshed.write(Prices(TODAY, tuning={LLAMA: {"FULL": Decimal(1), "PEFT_ADAPTER": Decimal(1)}}))
    assert open_model(LLAMA).price_source("FULL").told_age(TODAY) == ""
    assert gemini_model("gemini-3.5-flash-lite").source.told_age(TODAY) == "price of unknown age: look again"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '{"source": {"title": "x"}}',
        '{"source": {"title": "x", "date": "yesterday"}}',
        '{"source": {"title": "x", "date": "2026-11-20"}, "storage": {"us-central1": "free"}}',
        '{"source": {"title": "x", "date": "2026-11-20"}, "storage": {"us-central1": 0}}',
        '{"source": {"title": "x", "date": "2026-11-20"}, "machines": {"g2-standard-12": -1}}',
        '{"source": {"title": "x", "date": "2026-11-20"}, "gemini": {"gemini-2.5-pro": NaN}}',
    ],
)
def test_a_file_that_cannot_be_used_changes_nothing_and_says_why(place: Path, content: str) -> None:
    place.parent.mkdir()
    place.write_text(content)
    with pytest.raises(PricesFileError, match=r"prices.json cannot be used \(.*\); delete it, or run:"):
        refreshed.read()
    assert str(place) in (refreshed.problem() or "")
    forget()
    assert open_model(LLAMA).modes["FULL"].usd_per_million_tokens == Decimal("0.67")


def test_names_that_no_row_has_change_nothing(place: Path) -> None:
    place.parent.mkdir()
    written = {"source": {"title": "mine", "date": "2026-11-20"}, "tuning": {"acme/x@y": {"FULL": 1.5}}, "later": {}}
    place.write_text(json.dumps(written))
    assert refreshed.problem() is None
    found = refreshed.read()
    assert found
    assert found.tuning["acme/x@y"]["FULL"] == Decimal("1.5")
    assert open_model(LLAMA).modes["FULL"].usd_per_million_tokens == Decimal("0.67")


def test_the_file_lies_in_the_users_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TUNESTACK_PRICES", raising=False)
    monkeypatch.setenv("TUNESTACK_CACHE", str(tmp_path))
    assert refreshed.path() == tmp_path / "prices.json"
