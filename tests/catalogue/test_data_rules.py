"""What models demand of data, by the catalogue's rows."""

from __future__ import annotations

import datetime
import re
from pathlib import Path
from typing import Any, get_args

import pytest

from tunestack.catalogue import UnknownModeError, UnknownModelError, gemini_model, gemini_models, is_gemini, open_models
from tunestack.catalogue import data_rules as module
from tunestack.catalogue.checks import ADAPTER_SIZES
from tunestack.catalogue.data_rules import OPEN_RULES, data_rules
from tunestack.data.report import Format

REFERENCE = Path(__file__).resolve().parents[2].parent / "shared" / "reference" / "service.md"

NAMES = [row.name for row in open_models()] + [row.name for row in gemini_models()]


@pytest.mark.parametrize("name", NAMES)
def test_every_model_has_rules_with_a_source(name: str) -> None:
    rules = data_rules(name)
    assert rules.model == name
    assert rules.kind == ("gemini" if is_gemini(name) else "open")
    assert set(rules.formats) <= set(get_args(Format))
    assert "text" in rules.modalities
    assert rules.max_sequence_tokens
    assert rules.sources
    assert all(source.title for source in rules.sources)


@pytest.mark.parametrize(
    ("name", "expected", "why"),
    [
        (
            "google/gemma3@gemma-3-1b-it",
            {"validation_percent_of_bytes": 25, "validation_examples": 5000, "max_sequence_tokens": 8192},
            "open models",
        ),
        ("google/gemma3@gemma-3-1b-it", {"max_bytes": None, "modalities": ("text",)}, "no limit is published"),
        (
            "meta/llama4@llama-4-scout-17b-16e-instruct",
            {"drops_text_beside_images": True, "modalities": ("text", "image")},
            "the one that takes images",
        ),
        (
            "gemini-2.5-flash",
            {
                "formats": ("generate-content",),
                "validation_percent_of_bytes": None,
                "validation_examples": 5000,
                "validation_percent_of_examples": 30,
                "validation_percent_beyond": 1000,
                "max_bytes": 2**30,
                "max_text_examples": 10_000_000,
                "max_multimodal_examples": 300_000,
                "max_sequence_tokens": 131_072,
            },
            "Gemini's own limits",
        ),
    ],
)
def test_rules_of_models(name: str, expected: dict[str, Any], why: str) -> None:
    rules = data_rules(name)
    assert {field: getattr(rules, field) for field in expected} == expected, why


def test_the_longest_example_is_warned_of_by_the_lowest_ratio() -> None:
    name = "meta/llama3_1@llama-3.1-8b"
    full, adapter = data_rules(name, "FULL"), data_rules(name, "PEFT_ADAPTER")
    assert full.tokens_per_character
    assert adapter.tokens_per_character
    assert full.tokens_per_character < adapter.tokens_per_character
    assert data_rules(name).tokens_per_character == full.tokens_per_character


@pytest.mark.parametrize(
    ("name", "mode"), [("google/gemma3@gemma-3-1b-it", "PEFT_ADAPTER"), ("gemini-2.5-pro", "FULL")]
)
def test_a_mode_that_a_model_does_not_have_is_refused(name: str, mode: Any) -> None:
    with pytest.raises(UnknownModeError, match=f"{name} is not tuned in mode {mode}; it is in"):
        data_rules(name, mode)


def test_rules_without_a_model_are_those_of_open_ones() -> None:
    assert (OPEN_RULES.model, OPEN_RULES.kind, OPEN_RULES.max_sequence_tokens) == ("", "open", None)
    assert OPEN_RULES.validation_percent_of_bytes == 25
    with pytest.raises(AttributeError, match="CLOSED_RULES"):
        module.CLOSED_RULES  # noqa: B018 - asked for to be refused


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("gemini-2.5-flsh", "gemini-2.5-flash"),
        ("publishers/google/models/gemini-2.5-por", "gemini-2.5-pro"),
        ("gemma-3-1b-it", "google/gemma3@gemma-3-1b-it"),
        ("Gemma 3 1B IT", "google/gemma3@gemma-3-1b-it"),
    ],
)
def test_an_unknown_model_is_told_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(UnknownModelError, match=f"nearest: {re.escape(nearest)}") as caught:
        data_rules(name)
    assert caught.value.nearest[0] == nearest


@pytest.mark.parametrize("name", ["gemini-2.5-pro", "publishers/google/models/gemini-2.5-pro", "google/gemini-2.5-pro"])
def test_a_gemini_model_goes_by_several_names(name: str) -> None:
    assert gemini_model(name).name == "gemini-2.5-pro"


@pytest.mark.parametrize("name", [row.name for row in gemini_models()])
def test_every_gemini_model_can_be_believed(name: str) -> None:
    row = gemini_model(name)
    assert set(row.adapter_sizes) <= set(ADAPTER_SIZES)
    assert (row.usd_per_million_tokens is None) == (row.price_source is None), "a price needs a source"
    assert row.is_stale(datetime.date(2026, 10, 1)) is row.is_disputed, "the one that is disputed has no dated source"
    assert (row.retires is None) == (row.retires_source is None)
    assert not set(row.adapter_sizes) & set(row.disputed_adapter_sizes)
    assert not row.is_disputed or row.note
    assert row.is_stale(datetime.date(2027, 6, 1))


@pytest.mark.shared
@pytest.mark.skipif(not REFERENCE.exists(), reason="the reference is not beside the checkout")
def test_gemini_models_are_those_of_the_reference() -> None:
    section = REFERENCE.read_text("utf-8").partition("## Gemini tuning")[2].partition("\n## ")[0]
    found = {}
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split("|")]
        if not line.startswith("| gemini-"):
            continue
        names = [name.strip() for name in cells[0].split(",")]
        stem = names[0].rpartition("-")[0]
        names = [stem.rpartition("-")[0] + name if name.startswith("-") else name for name in names]
        for name, price in zip(names, cells[8].split(","), strict=True):
            found[name] = (int(cells[1].replace(",", "")), price.strip(), cells[7])
    disputed = {row.name for row in gemini_models() if row.is_disputed}
    assert {row.name for row in gemini_models()} - disputed == set(found)
    assert all(f"{name}: one page lists it as tunable" in section for name in disputed)
    for name, (tokens, price, cmek) in found.items():
        row = gemini_model(name)
        assert row.max_example_tokens == tokens
        assert row.usd_per_million_tokens == (None if price == "–" else pytest.approx(float(price)))
        assert row.cmek is (cmek == "yes")
