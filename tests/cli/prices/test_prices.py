"""Prices: which SKU is whose, what a refresh keeps and says, what is shown of it."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Command
from tests.running_emulator import NO_DELAYS, Emulator
from tunestack.catalogue import distillation, gemini_models, machine, machines, model_rows, open_model, open_models
from tunestack.catalogue.amounts import exact_price
from tunestack.cli.prices import machines as machine_prices
from tunestack.cli.prices import skus
from tunestack.cli.prices.matching import Row, match, words
from tunestack.cli.prices.skus import Sku, from_service

TUNING = "Cloud Vertex AI Model Garden Managed OSS Fine Tuning for "
CALLS = "Cloud Vertex AI Model Garden Model as a Service "
MACHINE = "Vertex AI: Online/Batch Prediction "
QWEN = "qwen/qwen3-5@qwen3.5-9b"
TEACHER = "deepseek-ai/deepseek-v3.2-maas"
GEMMA = "google/gemma3@gemma-3-1b-it"
OPEN = [model.name for model in open_models()]
GEMINI = [model.name for model in gemini_models()]


def sku(description: str, usd: str | None = "0.0000005", unit: str = "count", usage: str = "OnDemand") -> Sku:
    return Sku("AAAA-BBBB-CCCC", description, usage, ("us-central1",), unit, Decimal(usd) if usd else None)


@pytest.mark.parametrize(
    ("description", "item", "name", "why"),
    [
        (f"{TUNING}Gemma 3 1B model", "tuning", GEMMA, "as the price list spells it"),
        (f"{TUNING}gemma-3-27b", "tuning", "google/gemma3@gemma-3-27b-it", "another spelling"),
        (f"{TUNING}Llama 4 Scout", "tuning", "meta/llama4@llama-4-scout-17b-16e-instruct", "by its other name"),
        (f"{TUNING}Qwen 3.5 9B", "tuning", QWEN, "a price that nobody had published"),
        ("Gemini 2.5 flash tuning", "tuning", "gemini-2.5-flash", "as a bill names it"),
        ("Gemini 2.5 Flash Lite Tuning", "tuning", "gemini-2.5-flash-lite", "not Flash's"),
        (f"{CALLS}DeepSeek R1 (0528) Output Token", "teacher writes", "deepseek-ai/deepseek-r1-0528-maas", ""),
        (f"{CALLS}Deepseek V3.2 Input Tokens", "teacher reads", TEACHER, "in the plural"),
    ],
)
def test_whose_price_it_is(description: str, item: str, name: str, why: str) -> None:
    assert {(row.item, row.name): usd for row, usd in match([sku(description)]).prices.items()} == {
        (item, name): Decimal("0.5")
    }, why


@pytest.mark.parametrize(
    ("description", "why"),
    [
        (f"{TUNING}Gemma 31B", "Gemma 3 1B is another model"),
        (f"{TUNING}Gemma 3", "a family is no model"),
        (f"{TUNING}Gemma 3 1B Long Context", "a word more says something else"),
        (f"{CALLS}Deepseek V3.2 Batch Input Token", "half price, and not what a distillation pays"),
        (f"{CALLS}Deepseek V3.2 Cached Input Token", "not what it pays either"),
        ("Gemini 2.5 Flash Text Input - Tuned Models", "asking a tuned model"),
        ("Gemini 2.5 Flash Text Output - Predictions", "asking a model"),
        (f"Spot {TUNING}Gemma 3 1B", "not what is paid on demand"),
    ],
)
def test_a_price_that_is_nobodys(description: str, why: str) -> None:
    assert not match([sku(description)]).prices, why


@pytest.mark.parametrize(
    ("offered", "reason"),
    [
        ([sku(f"{TUNING}Gemma 3 1B"), sku(f"{TUNING}Gemma-3-1b model", "0.0000006")], "its SKUs differ: "),
        ([sku(f"{TUNING}Gemma 3 1B", unit="k{char}")], "is priced by the k{char}, not by the token"),
        ([sku(f"{TUNING}Gemma 3 1B", usd=None)], "depends on how much is used"),
    ],
)
def test_a_price_that_is_not_taken(offered: list[Sku], reason: str) -> None:
    found = match(offered)
    assert not found.prices
    assert [row.name for row in found.refused] == [GEMMA]
    assert all(reason in told for told in found.refused.values())
    assert GEMMA not in {row.name for row in found.missing}


def test_what_no_row_names_is_said() -> None:
    found = match([sku(f"{TUNING}Mistral Small 4"), sku(f"{TUNING}Gemma 3 1B", usage="Preemptible")])
    assert [each.description for each in found.foreign] == [f"{TUNING}Mistral Small 4"]
    assert {row.name for row in found.missing if row.item == "tuning"} == {*OPEN, *GEMINI}


def test_two_rows_are_never_one_to_the_price_list() -> None:
    """Llama 3.1 8B and its Instruct are: they are billed alike."""
    spelt: dict[tuple[str, ...], list[str]] = {}
    for name in (*OPEN, *GEMINI, *distillation().teachers):
        spelt.setdefault(words(name.rpartition("/")[2].rpartition("@")[2]), []).append(name)
    assert [names for names in spelt.values() if len(names) > 1] == [
        ["meta/llama3_1@llama-3.1-8b", "meta/llama3_1@llama-3.1-8b-instruct"]
    ]


def parts(*kinds: str, **changes: Any) -> list[Sku]:
    priced = {
        "Nvidia L4 GPU": ("0.644046", "h"),
        "G2 Instance Core": ("0.0287362", "h"),
        "G2 Instance Ram": ("0.00336605", "GiBy.h"),
        "Nvidia H100 80gb GPU": ("11.2660332", "h"),
        "A3 Predefined Instance Core": ("0.0293227", "h"),
        "A3 Predefined Instance Ram": ("0.0025534", "GBy.h"),
    }
    return [sku(f"{MACHINE}{kind} running in Iowa", *priced[kind], **changes) for kind in kinds or priced]


def test_a_machine_costs_what_its_parts_do() -> None:
    found = machine_prices.match(parts())
    hourly = {row.name: usd for row, usd in found.prices.items()}
    assert {row.region for row in found.prices} == {"us-central1"}
    assert set(hourly) == {each.name for each in machines() if each.name.startswith(("g2-standard", "a3-highgpu"))}
    for name, usd in hourly.items():
        listed = machine(name).usd_per_hour
        assert listed is not None
        assert abs(usd / listed - 1) < Decimal("0.001"), f"{name}: the catalogue's own is of a rounded list"


@pytest.mark.parametrize(
    ("offered", "why"),
    [
        (parts("Nvidia L4 GPU", "G2 Instance Core"), "no memory"),
        (parts(usage="Commit1Yr"), "not on demand"),
        ([sku(f"{MACHINE}management fee on G2 Instance Core in Iowa", "1", "h"), *parts("Nvidia L4 GPU")], "a fee"),
    ],
)
def test_a_machine_of_which_a_part_is_missing_has_no_price(offered: list[Sku], why: str) -> None:
    found = machine_prices.match(offered)
    assert not [row for row in found.prices if row.name.startswith("g2")], why
    assert Row("serving", "g2-standard-12", Decimal("1.1507"), "us-central1") in found.missing


def test_a_machine_whose_part_is_not_clear_is_not_taken() -> None:
    found = machine_prices.match([*parts(), sku(f"{MACHINE}G2 Instance Core running in Americas", "0.03", "h")])
    assert {told for row, told in found.refused.items() if row.name == "g2-standard-4"} == {
        "its vCPU has no one price in USD: SKU AAAA-BBBB-CCCC, AAAA-BBBB-CCCC"
    }
    assert machine_prices.match([*parts(), *parts("G2 Instance Core")]).prices, "twice the same is no contradiction"


@pytest.mark.parametrize(
    ("rates", "usd"),
    [
        ([{"units": "0", "nanos": 470}], "0.00000047"),
        ([{"units": "11", "nanos": 266033200}], "11.2660332"),
        ([{"nanos": 0}, {"nanos": 5}], "0.000000005"),
        ([{"nanos": 4}, {"nanos": 5}], None),
        ([{"nanos": 470, "currencyCode": "EUR"}], None),
        ([], None),
    ],
)
def test_prices_are_read_to_the_last_digit(rates: list[dict[str, Any]], usd: str | None) -> None:
    expression = {"usageUnit": "count", "tieredRates": [{"unitPrice": rate} for rate in rates]}
    older = {"pricingExpression": {"usageUnit": "h", "tieredRates": [{"unitPrice": {"units": "9"}}]}}
    read = from_service({"skuId": "A", "pricingInfo": [older, {"pricingExpression": expression}]})
    assert (read.usd, read.unit) == (usd and Decimal(usd), "count")


@pytest.mark.parametrize(
    ("usd", "told"), [("0.47", "0.47"), ("1.4", "1.40"), ("25", "25.00"), ("0.644046", "0.644046")]
)
def test_a_price_in_words(usd: str, told: str) -> None:
    assert exact_price(Decimal(usd)) == told
    assert exact_price(None) == "unknown"


def test_a_name_that_no_price_has(command: Command) -> None:
    answer = command("prices", "show", "gemma", "gema")
    assert (answer.status, answer.out) == (2, "")
    assert 'no model or machine has "gema" in its name' in answer.err


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    emulator = Emulator(tmp_path_factory.mktemp("emulator"), {"delays": NO_DELAYS})
    yield emulator
    emulator.http.close()
    emulator.stop()


@pytest.fixture
def kept(tmp_path: Path, served: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where prices are kept, in this test alone, and the emulator to ask."""
    file = tmp_path / "prices.json"
    monkeypatch.setenv("TUNESTACK_PRICES", str(file))
    monkeypatch.setenv("TUNESTACK_EMULATOR_URL", served.url)
    model_rows.forget()
    yield file
    model_rows.forget()


def test_a_refresh_is_what_estimates_use_from_then_on(command: Command, kept: Path, tmp_path: Path) -> None:
    examples = tmp_path / "train.jsonl"
    examples.write_text('{"prompt": "What is 1 + 1?", "completion": "2"}\n')

    def estimated() -> str:
        answer = command("data", "estimate", examples, "--model", QWEN)
        return next(line for line in answer.lines if line.startswith("training"))

    assert "unknown" in estimated()
    answer = command("prices", "refresh", "--dry-run", "--json")
    assert answer.status == 0
    assert {"item": "tuning", "name": QWEN, "region": None, "usd": 0.6} in answer.json["prices"]
    assert not kept.exists()
    assert "unknown" in estimated()

    answer = command("prices", "refresh")
    assert answer.status == 0
    (changed,) = [line for line in answer.lines if QWEN in line]
    assert changed.split() == ["tuning", QWEN, "unknown", "0.60"]
    assert answer.lines[-1].endswith(f"of the Cloud Billing catalogue kept in {kept}")
    assert "  tuning gemini-2.5-pro" in answer.lines[answer.lines.index("no SKU names:") :]
    assert " 0.6 USD a million tokens" in estimated()
    today = datetime.datetime.now(datetime.UTC).date()
    assert open_model(QWEN).price_source("FULL").date == today
    assert not machine("g2-standard-12").price_in("us-central1")[1].is_stale(today)

    (shown,) = command("prices", "show", QWEN, "--json").json
    assert (shown["usd"], shown["date"], shown["stale"]) == (0.6, today.isoformat(), False)
    again = command("prices", "refresh")
    assert not [line for line in again.lines if QWEN in line], "nothing has changed since"


def test_prices_in_pages_are_the_same(command: Command, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = command("prices", "refresh", "--dry-run", "--json").json
    monkeypatch.setattr(skus, "PAGE_SIZE", 4)
    assert command("prices", "refresh", "--dry-run", "--json").json == whole


def test_prices_of_an_emulator_do_not_replace_the_users(
    command: Command, kept: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("TUNESTACK_PRICES")
    monkeypatch.setenv("TUNESTACK_CACHE", str(tmp_path / "cache"))
    answer = command("prices", "refresh")
    assert answer.status == 1
    assert "name a file for them in TUNESTACK_PRICES, or only look with --dry-run" in answer.err
    assert not (tmp_path / "cache").exists()


def test_what_the_service_refuses_is_one_sentence(command: Command, kept: Path, served: Emulator) -> None:
    rule = {"path": "/billing/v1/services/.*", "status": 403, "message": "Cloud Billing API is off.", "times": 1}
    assert served.http.post("/emulator/faults", json=rule).is_success
    answer = command("prices", "refresh")
    assert (answer.status, answer.out) == (1, "")
    assert answer.err.count("\n") == 1
    assert "HTTP 403" in answer.err
    assert "the API that it names has to be enabled first" in answer.err
    assert not kept.exists()


def test_a_price_list_that_names_nothing_changes_nothing(
    command: Command, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(skus, "VERTEX_AI", "services/0000-0000-0000")
    assert command("prices", "refresh").status == 1
    assert not kept.exists()


def test_old_prices_say_so(command: Command, kept: Path) -> None:
    answer = command("prices", "show", "g2-standard-12")
    row = next(line for line in answer.lines if "us-central1" in line)
    assert "1.1507" in row
    assert "price of 2026-07-08, " in row, "older than 90 days"
    kept.write_text("{")
    model_rows.forget()
    answer = command("prices", "show", GEMMA)
    assert answer.status == 0
    assert str(kept) in answer.err, "a file that cannot be used is said"
    assert "0.47" in answer.out
