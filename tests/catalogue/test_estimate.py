"""Tokens and money, computed by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tunestack.catalogue import machine, money, open_model, serving_estimate, training_estimate


def test_training_costs_dataset_tokens_times_epochs_times_price() -> None:
    estimate = training_estimate(open_model("meta/llama3_1@llama-3.1-8b"), "PEFT_ADAPTER", 1_000_000, 3)
    assert estimate.tokens_per_epoch == 317_000
    assert estimate.tokens == 951_000
    assert estimate.usd == Decimal("0.63717")
    assert "google/skills" in str(estimate.sources[0])


def test_the_modes_of_a_model_bill_differently() -> None:
    model = open_model("meta/llama3_1@llama-3.1-8b")
    assert training_estimate(model, "FULL", 1_000_000, 1).tokens == 247_000


@pytest.mark.parametrize(
    ("name", "mode", "why"),
    [
        ("qwen/qwen3-6@qwen3.6-27b", "PEFT_ADAPTER", "nobody published a price"),
        ("google/gemma3@gemma-3-1b-it", "PEFT_ADAPTER", "the model does not have the mode"),
    ],
)
def test_what_nobody_published_is_unknown_and_not_free(name: str, mode: str, why: str) -> None:
    estimate = training_estimate(open_model(name), mode, 1_000_000, 3)  # type: ignore[arg-type]
    assert (estimate.tokens, estimate.usd) == (None, None), why
    assert money(estimate.usd) == "price unknown"


def test_serving_costs_by_the_hour_where_the_price_is_known() -> None:
    row = machine("g2-standard-12")
    here = serving_estimate(row, "us-central1", replicas=2)
    assert here.usd_per_hour == Decimal("2.3014")
    assert here.usd_per_month == Decimal("2.3014") * 730
    assert serving_estimate(row).usd_per_hour == Decimal("1.1507")
    elsewhere = serving_estimate(row, "europe-west4")
    assert (elsewhere.usd_per_hour, elsewhere.usd_per_month) == (None, None)


@pytest.mark.parametrize(
    ("usd", "written"),
    [
        (None, "price unknown"),
        (Decimal(0), "about 0.00 USD"),
        (Decimal("0.0001"), "< 0.01 USD"),
        (Decimal("0.01"), "about 0.01 USD"),
        (Decimal("1.835"), "about 1.84 USD"),
        (Decimal("1234567.891"), "about 1,234,567.89 USD"),
    ],
)
def test_money_is_written_for_people(usd: Decimal | None, written: str) -> None:
    assert money(usd) == written
