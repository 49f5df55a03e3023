"""The rows against the table of models in the reference beside the checkout, read as Markdown."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest

from tunestack.catalogue import TuningTerms, distillation, machine, open_model, open_models, regions

REFERENCE = Path(__file__).resolve().parents[2].parent / "shared" / "reference" / "service.md"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not REFERENCE.exists(), reason="the reference is not beside the checkout"),
]

MODE_NAMES = {"PEFT": "PEFT_ADAPTER", "FULL": "FULL"}


def numbers(cell: str) -> list[Decimal | None]:
    """Returns the numbers of a cell; one None where it has none."""
    return [Decimal(number) for number in re.findall(r"\d+(?:\.\d+)?(?:e-\d+)?", cell)] or [None]


def names_in(cell: str) -> list[str]:
    """Spells out cells such as `newer page: a/b@c-1, -2` and `a/b@c-4b (seed) = c-1.5-4b (newer page)`."""
    names: list[str] = []
    for part in re.split(r",|=", re.sub(r"newer page \([^)]*\):|newer page:|\([^)]*\)", "", cell)):
        name = part.strip()
        if name.startswith("-"):
            name = names[0].rpartition("-e2b")[0] + name
        elif name.startswith("@") or "@" not in name:
            name = f"{names[0].partition('@')[0]}@{name.lstrip('@')}"
        names.append(name)
    return names


def table() -> dict[str, list[str]]:
    """Returns the cells behind each model's name; prices of several names in a row are dealt out."""
    section = REFERENCE.read_text("utf-8").partition("## Open-model supervised tuning")[2].partition("\n## ")[0]
    rows = [
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in section.splitlines()
        if line.startswith("|") and "@" in line
    ]
    found = {}
    for row in rows:
        names = names_in(row[0])
        prices = row[4].split(",") if len(row[4].split(",")) == len(names) else [row[4]] * len(names)
        for name, price in zip(names, prices, strict=True):
            found[name] = [*row[1:4], price, *row[5:]]
    return found


def test_the_table_is_understood_and_complete() -> None:
    assert len(table()) == 24
    assert set(table()) == {model.name for model in open_models()}


@pytest.mark.parametrize("name", table() if REFERENCE.exists() else [])
def test_a_row_says_what_the_table_says(name: str) -> None:
    modes, sequence, modality, price, ratios, rates, adapter = table()[name]
    model = open_model(name)
    wanted_modes = [MODE_NAMES[mode.strip()] for mode in modes.split(",")]
    assert sorted(model.modes) == sorted(wanted_modes)
    assert model.max_sequence_tokens == int(sequence)
    assert list(model.modalities) == [word.strip(" *") for word in modality.split(",")]
    assert {terms.usd_per_million_tokens for terms in model.modes.values()} == set(numbers(price))
    # The ratios stand in the order FULL, PEFT; the rates name their mode where they differ, in that order as well.
    present = [mode for mode in ("FULL", "PEFT_ADAPTER") if mode in model.modes]
    terms_by_mode: dict[str, TuningTerms] = {str(mode): terms for mode, terms in model.modes.items()}
    for column, field in ((ratios, "tokens_per_character"), (rates, "learning_rate")):
        said = numbers(column)
        wanted = said if len(said) == len(present) else said * len(present)
        assert [getattr(terms_by_mode[mode], field) for mode in present] == wanted
    terms = model.modes.get("PEFT_ADAPTER")
    assert (terms and terms.adapter_size) == (int(adapter) if adapter else None)


def test_regions_teachers_and_students_are_those_of_the_text() -> None:
    text = REFERENCE.read_text("utf-8")
    for region in regions():
        assert region.name in text
    for teacher in distillation().teachers:
        assert teacher in text
    listed = re.search(r"Students: qwen3 ([^;]*); gemma3 ([^.]*)\.", text)
    assert listed
    names = [f"qwen/qwen3@qwen3-{size}" for size in listed[1].split(", ")]
    names += [f"google/gemma3@gemma-3-{size}-it" for size in listed[2].split(", ")]
    assert sorted(distillation().students) == sorted(names)


def test_machines_cost_what_the_text_says() -> None:
    text = REFERENCE.read_text("utf-8").partition("Price (us-central1, 2026-07-08")[2].partition("USD per hour")[0]
    prices = {f"g2-standard{size}": price for size, price in re.findall(r"(-\d+) (?:\([^)]*\) )?(\d+\.\d+)", text)}
    prices |= dict(re.findall(r"(a\d-\w+-\d+g) (\d+\.\d+)", REFERENCE.read_text("utf-8")))
    assert len(prices) >= 11
    for name, price in prices.items():
        assert machine(name).usd_per_hour == Decimal(price), name
