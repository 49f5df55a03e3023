"""What tuning and serving cost, by the rows of the catalogue."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunestack.catalogue import (
    UnknownMachineError,
    UnknownModeError,
    UnknownModelError,
    UnknownTeacherError,
    gemini_models,
    machine,
    money,
    open_model,
    open_models,
    serving_estimate,
    training_estimate,
)
from tunestack.catalogue.estimates import Estimate, EstimateError, Item, Total, estimate

TODAY = datetime.date(2026, 10, 30)

GEMMA, LLAMA, QWEN = "google/gemma3@gemma-3-1b-it", "meta/llama3_1@llama-3.1-8b", "qwen/qwen3@qwen3-4b"
UNPRICED = "zai-org/glm-4.7-flash@glm-4.7-flash"
TEACHER = "deepseek-ai/deepseek-v3.2-maas"


@dataclass(frozen=True)
class Counts:
    """What a check counts."""

    characters: int = 1_000_000
    non_ascii: int = 0
    examples: int = 1_000
    turns: int = 2_000
    bytes: int = 2**30


@st.composite
def counted(draw: st.DrawFn) -> Counts:
    """Counts that a file can have."""
    characters = draw(st.integers(0, 10**10))
    examples = draw(st.integers(0, 10**6))
    return Counts(
        characters, draw(st.integers(0, characters)), examples, examples * draw(st.integers(1, 9)), 2 * characters
    )


models = st.sampled_from([row.name for row in open_models()] + [row.name for row in gemini_models()])


def estimated(counts: Counts, model: str, epochs: int, **more: Any) -> Estimate:
    mode = next(iter(open_model(model).modes)) if "@" in model else None
    return estimate(counts, model, mode, epochs, today=TODAY, **more)


@pytest.mark.parametrize(
    ("name", "mode", "per_epoch", "usd", "why"),
    [
        (LLAMA, "PEFT_ADAPTER", 317_000, "0.63717", "three epochs of the ratio of this mode"),
        (LLAMA, "FULL", 247_000, "0.49647", "the ratio differs by mode"),
        (GEMMA, "FULL", 231_000, "0.32571", "another family"),
    ],
)
def test_long_english_examples_bill_by_the_measured_ratio(
    name: str, mode: Any, per_epoch: int, usd: str, why: str
) -> None:
    found = training_estimate(open_model(name), mode, Counts(examples=1, turns=2), 3)
    assert found.tokens_per_epoch
    assert found.tokens
    assert found.usd
    assert found.tokens_per_epoch.middle == per_epoch, why
    assert found.tokens.middle == 3 * per_epoch
    assert found.usd.middle == Decimal(usd)
    assert "google/skills" in str(found.sources[0])
    assert any("measured" in str(source) for source in found.sources)


@pytest.mark.parametrize(
    ("name", "mode", "why"),
    [
        (UNPRICED, "PEFT_ADAPTER", "nobody published a price or a ratio"),
        ("qwen/qwen3-5@qwen3.5-9b", "FULL", "only a learning rate is published"),
        (GEMMA, "PEFT_ADAPTER", "not a mode of this model"),
    ],
)
def test_what_is_not_published_is_not_zero(name: str, mode: Any, why: str) -> None:
    found = training_estimate(open_model(name), mode, Counts(), 3)
    assert (found.tokens, found.usd) == (None, None), why


# Tokens of real texts, counted with the models' own tokenizers and chat templates; docs/estimates.md names the texts.
@pytest.mark.parametrize(
    ("model", "counts", "tokens", "why"),
    [
        (GEMMA, Counts(3_900_927, 1_352, 7_473, 14_946), 1_444_714, "GSM8K: each digit is a token"),
        (GEMMA, Counts(10_000, 0, 1, 2), 1_931, "English law"),
        (GEMMA, Counts(10_000, 9_390, 1, 2), 6_891, "Chinese"),
        (LLAMA, Counts(10_000, 8_390, 1, 2), 2_901, "Russian, to a tokenizer that knows it well"),
        (LLAMA, Counts(10_000, 9_260, 1, 2), 19_450, "Burmese, to a tokenizer that hardly does"),
        (QWEN, Counts(10_000, 0, 1, 2), 3_050, "Indonesian, in plain Latin letters"),
    ],
)
def test_the_bounds_hold_real_texts(model: str, counts: Counts, tokens: int, why: str) -> None:
    found = estimated(counts, model, 1).tokens_per_epoch
    assert found
    assert found.low <= tokens <= found.high, why


def test_short_examples_cost_at_least_their_template() -> None:
    found = estimated(Counts(characters=20_000, examples=1_000, turns=2_000), GEMMA, 1).tokens_per_epoch
    assert found
    assert found.low >= 2_000 * 5
    assert found.middle >= found.low


@pytest.mark.parametrize("tokens", [None, 100])
def test_images_come_on_top(tokens: int | None) -> None:
    found = estimated(Counts(), "meta/llama4@llama-4-scout-17b-16e-instruct", 1, images=7, tokens=tokens)
    assert "7 images not counted" in found.items[0].note
    assert "training" in found.once.unknown
    assert str(found.once).startswith("at least 1" if tokens is None else "more than 0.00 USD")
    assert "<" not in str(found.once)


def test_a_count_by_the_tokenizer_has_no_bounds() -> None:
    found = estimated(Counts(), GEMMA, 3, tokens=100)
    assert found.items[0].quantity is not None
    assert found.items[0].quantity.is_exact
    assert found.items[0].quantity.middle == 300
    assert not any("measured" in str(source) for source in found.items[0].sources)


@given(counted(), models, st.integers(1, 20))
def test_bounds_are_in_order_and_unknown_is_never_zero(counts: Counts, model: str, epochs: int) -> None:
    machine_type = "g2-standard-12" if "@" in model else None
    found = estimated(counts, model, epochs, machine=machine_type, location="europe-west4")
    for item in found.items:
        for span in (item.quantity, item.usd):
            assert span is None or 0 <= span.low <= span.middle <= span.high
        if item.unit_usd is None:
            assert item.usd is None
            assert item.name in (*found.once.unknown, *found.monthly.unknown)
    assert ("serving" in found.monthly.unknown) is (machine_type is not None)
    assert str(found.monthly).startswith(("at least", "unknown"))
    told = found.to_json()
    assert [item["usd"] for item in told["items"]] == [item.usd and item.usd.to_json() for item in found.items]


@given(counted(), models, st.integers(1, 9), st.integers(0, 10**6))
def test_more_text_and_more_epochs_never_cost_less(counts: Counts, model: str, epochs: int, more: int) -> None:
    less = estimated(counts, model, epochs).once.known
    longer = estimated(replace(counts, characters=counts.characters + more), model, epochs).once.known
    again = estimated(counts, model, epochs + 1).once.known
    for other in (longer, again):
        assert (less.low, less.middle, less.high) <= (other.low, other.middle, other.high)
        assert less.low <= other.low
        assert less.middle <= other.middle
        assert less.high <= other.high


def test_every_item_says_where_its_price_is_from_and_whether_that_is_old() -> None:
    found = estimated(Counts(), GEMMA, 3, machine="g2-standard-12", hours=100)
    by_name = {row[0].partition(",")[0]: row for row in found.rows()}
    assert list(by_name) == ["training", "storage of data", "storage of checkpoints", "serving"]
    assert by_name["serving"][1:4] == ("100 hours", "1.1507 USD an hour", "about 115.07 USD a month")
    assert by_name["storage of data"][4].endswith("2026-09-20")
    assert by_name["serving"][4].endswith("2026-07-08 (old: look again)")
    stale = {item["name"]: item["isStale"] for item in found.to_json()["items"]}
    assert stale["storage of data"] is False
    assert stale["serving"] is True


@pytest.mark.parametrize(
    ("model", "epochs", "gib", "why"),
    [
        (GEMMA, 3, (3, 3, 4), "one an epoch, and perhaps a final one"),
        (GEMMA, 50, (10, 10, 11), "ten at the most"),
        ("meta/llama4@llama-4-scout-17b-16e-instruct", 3, None, "nobody says how large adapters' checkpoints are"),
    ],
)
def test_checkpoints_take_room(model: str, epochs: int, gib: tuple[int, int, int] | None, why: str) -> None:
    item = next(item for item in estimated(Counts(), model, epochs).items if item.name == "storage of checkpoints")
    size = open_model(model).weight_bytes
    assert size
    if gib is None:
        assert (item.quantity, item.usd) == (None, None), why
    else:
        assert item.quantity
        sizes = [
            round(number * 2**30 / size) for number in (item.quantity.low, item.quantity.middle, item.quantity.high)
        ]
        assert tuple(sizes) == gib, why


@pytest.mark.parametrize(
    ("model", "teacher", "method"),
    [(GEMMA, None, "supervised"), (QWEN, TEACHER, "distillation"), ("gemini-2.5-flash", None, "gemini")],
)
def test_an_estimate_says_of_which_method_it_is(model: str, teacher: str | None, method: str) -> None:
    assert estimated(Counts(), model, 1, teacher=teacher).to_json()["method"] == method


def test_gemini_keeps_its_checkpoints_itself() -> None:
    assert [item.name for item in estimated(Counts(), "gemini-2.5-flash", 3).items] == ["training", "storage of data"]


def test_a_distillation_costs_the_teachers_calls_too() -> None:
    open_ended = estimated(Counts(), QWEN, 2, teacher=TEACHER)
    assert str(open_ended.once).startswith("at least ")
    assert set(open_ended.once.unknown) == {"training", "teacher writes"}
    assert open_ended.items[1].note == f"{TEACHER}, said to retire on 2026-10-21"
    known = estimated(Counts(), QWEN, 2, teacher=TEACHER, answer_tokens=300)
    assert not known.once.unknown
    training, reads, writes = known.items[:3]
    assert training.quantity
    assert writes.quantity
    assert writes.usd
    assert (writes.quantity.middle, writes.usd.middle) == (Decimal(300_000), Decimal("0.504"))
    assert reads.quantity
    assert training.quantity.middle == 2 * (reads.quantity.middle + 300_000), "the student learns prompts and answers"
    assert known.once.known.low > open_ended.once.known.low


@pytest.mark.parametrize(
    ("asked", "error", "says"),
    [
        ({"model": "google/gemma3@gemma-3-1b"}, UnknownModelError, "google/gemma3@gemma-3-1b-it"),
        ({"model": "gemini-2.5-flsh"}, UnknownModelError, "gemini-2.5-flash"),
        ({"machine": "g2-standard-13"}, UnknownMachineError, "g2-standard-12"),
        ({"teacher": "deepseek-v3.2"}, UnknownTeacherError, TEACHER),
        ({"teacher": TEACHER, "model": LLAMA, "mode": "FULL"}, EstimateError, "not among the students"),
        ({"teacher": TEACHER, "model": QWEN, "answer_tokens": -1}, EstimateError, "write 0 or more"),
        ({"model": LLAMA}, UnknownModeError, "write PEFT_ADAPTER or FULL"),
        ({"mode": "PEFT_ADAPTER"}, UnknownModeError, "it is in FULL"),
        ({"mode": "HALF"}, UnknownModeError, "it is in FULL"),
        ({"model": "gemini-2.5-pro", "mode": "FULL"}, UnknownModeError, "it is in PEFT_ADAPTER"),
        ({"model": "gemini-2.5-pro", "machine": "g2-standard-12"}, EstimateError, "brings its own endpoints"),
        ({"model": "gemini-2.5-pro", "teacher": TEACHER}, EstimateError, "not among the students"),
        ({"epochs": 0}, EstimateError, "write 1 or more"),
        ({"machine": "g2-standard-12", "hours": 731}, EstimateError, "0 to 730"),
    ],
)
def test_what_cannot_be_estimated_says_what_can(asked: dict[str, Any], error: type[Exception], says: str) -> None:
    wanted = {"model": GEMMA, "mode": None, "epochs": 3, **asked}
    with pytest.raises(error, match=says.replace(".", r"\.")):
        estimate(Counts(), **wanted)


def test_a_machine_costs_by_the_hour_and_the_month() -> None:
    row = machine("g2-standard-12")
    here = serving_estimate(row, "us-central1", replicas=2)
    assert here.usd_per_hour == Decimal("2.3014")
    assert here.usd_per_month == Decimal("2.3014") * 730
    assert serving_estimate(row).usd_per_hour == Decimal("1.1507")
    elsewhere = serving_estimate(row, "europe-west4")
    assert (elsewhere.usd_per_hour, elsewhere.usd_per_month) == (None, None)


@pytest.mark.parametrize(
    ("amounts", "text"),
    [
        ((None,), "price unknown"),
        ((Decimal(0),), "about 0.00 USD"),
        ((Decimal("0.0004"),), "< 0.01 USD"),
        ((Decimal("1.835"),), "about 1.84 USD"),
        ((1.84, 1.6, 2.1), "about 1.84 USD (1.60–2.10)"),
        ((1.84, 1.84, 1.84), "about 1.84 USD"),
        ((0.004, 0.003, 0.008), "< 0.01 USD"),
        ((0.004, 0.003, 0.02), "< 0.01 USD (up to 0.02)"),
        ((Decimal("73753.4"),), "about 73,753.40 USD"),
    ],
)
def test_money_is_written_for_people(amounts: tuple[Any, ...], text: str) -> None:
    assert money(*amounts) == text


def test_a_total_of_unknowns_is_unknown() -> None:
    nothing = Item("x", "once", None, "tokens", None, 1, ())
    assert str(Total.of([nothing])) == "unknown"
    assert Total.of([nothing]).to_json()["isComplete"] is False
