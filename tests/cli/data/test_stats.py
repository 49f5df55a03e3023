"""`tunestack data stats` and `estimate`, as a user meets them."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.data.conftest import chat, sums
from tunestack.cli.data.sizes import histogram, spread

if TYPE_CHECKING:
    from tests.cli.data.conftest import Ask, Write

GEMMA = "google/gemma3@gemma-3-1b-it"
TOKENIZER = Path(__file__).parents[3] / "emulator" / "language_model" / "base" / "tokenizer.json"
LARGER = "google/gemma3@gemma-3-27b-it"


def test_how_a_file_is_spread(ask: Ask, write: Write) -> None:
    examples = [chat("q" * length, "a") for length in range(1, 101)]
    file = write("train.jsonl", [*examples, examples[0], "{", chat("ä" * 9, " ")])
    answer = ask("stats", file, "--model", GEMMA)
    assert answer.status == 0
    facts = {line[:14].strip(): line[14:] for line in answer.lines[2:7]}
    assert facts["characters"] == "min 0, median 50, p95 96, max 101"
    assert facts["beyond ASCII"] == "0.2% of the characters"
    assert facts["duplicates"] == "1 example"
    assert facts["tokens"].startswith("about ")
    assert facts["tokens"].endswith(f" by {GEMMA}, estimated")
    assert answer.lines[-1].startswith("90–101  █")
    assert answer.err == f"note: {file} has 2 errors; see tunestack data check {file} --model {GEMMA}\n"


def test_statistics_for_machines(ask: Ask, write: Write) -> None:
    told = ask("stats", write("train.jsonl", sums(200)), "--model", GEMMA, "--json").json
    assert (told["examples"], told["turns"], told["format"], told["duplicates"]) == (200, 400, "chat", 0)
    assert sum(row["examples"] for row in told["histogram"]) == 200
    assert told["histogram"][0]["from"] <= told["spread"]["min"]
    assert told["histogram"][-1]["to"] == told["spread"]["max"]
    assert told["tokens"] is None
    tokens = told["estimatedTokens"][GEMMA]
    assert 0 < tokens["low"] <= tokens["middle"] <= tokens["high"]


def test_a_tokenizer_counts_exactly(ask: Ask, write: Write) -> None:
    file = write("train.jsonl", [*sums(120), chat("word " * 40, "4")])
    counted = ask("stats", file, "--tokenizer", TOKENIZER, "--json").json["tokens"]
    assert counted["examples"] == 121
    spread = counted["spread"]
    assert spread["min"] < spread["median"] < spread["max"] < counted["tokens"]
    facts = ask("stats", file, "--tokenizer", TOKENIZER).out
    assert f"max {spread['max']:,}; {counted['tokens']:,} tokens; chat template: " in facts
    estimated = ask("estimate", file, "--model", GEMMA, "--tokenizer", TOKENIZER, "--json").json["tokensPerEpoch"]
    assert estimated["low"] == estimated["high"] >= counted["tokens"]
    checked = ask("check", file, "--tokenizer", TOKENIZER, "--json").json
    assert [each["tokens"] for each in checked["tokens"]] == [counted["tokens"]]


def test_an_example_that_is_too_long_is_told_exactly(ask: Ask, write: Write) -> None:
    file = write("train.jsonl", [*sums(120), chat("a b " * 30_000, "4")])
    answer = ask("check", file, "--model", GEMMA, "--tokenizer", TOKENIZER)
    assert answer.status == 0
    told = next(line for line in answer.lines if line.startswith(f"{file}:121: $: "))
    assert re.search(rf": [\d,]+ tokens; expected at most [\d,]+ tokens, the longest sequence of {GEMMA}; ", told)
    assert answer.lines.count("over-long (1)") == 1


def test_what_is_no_tokenizer(ask: Ask, write: Write) -> None:
    file = write("train.jsonl", sums(120))
    for command in ("check", "stats"):
        answer = ask(command, file, "--tokenizer", file)
        assert (answer.status, answer.out) == (1, "")
        assert "is no tokenizer.json" in answer.err


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe", b"{}"], ids=["empty", "blank", "binary", "no format"])
def test_statistics_of_next_to_nothing(ask: Ask, write: Write, content: bytes) -> None:
    answer = ask("stats", write("train.jsonl", [content]))
    assert answer.status == 0
    assert "no known format" in answer.lines[0]


def test_classes_of_a_histogram() -> None:
    numbers = Counter([*range(100), 10**9])
    assert spread(numbers) == {"min": 0, "median": 50, "p95": 95, "max": 10**9}
    assert histogram(numbers)[:2] == [(0, 9, 10), (10, 19, 10)]
    assert histogram(numbers)[-1] == (90, 10**9, 11)
    assert histogram({7: 1}) == [(7, 7, 1)]
    assert histogram({}) == []


def test_an_estimate_is_itemised_with_its_sources(ask: Ask, write: Write) -> None:
    training, validation = write("train.jsonl", sums(120)), write("validation.jsonl", sums(9, 500))
    answer = ask(
        *("estimate", training, "--validation", validation, "--model", GEMMA, "--mode", "full", "--epochs", "3"),
        *("--machine", "g2-standard-12", "--hours", "100"),
    )
    assert answer.status == 0
    assert answer.lines[2].startswith(f"{GEMMA} in mode FULL, 3 epochs of about ")
    rows = {line.partition("  ")[0]: line for line in answer.lines}
    assert " USD a million tokens " in rows["training"]
    assert "100 hours" in rows["serving, g2-standard-12 in us-central1"]
    assert rows["training"].endswith("[1]")
    assert rows["serving, g2-standard-12 in us-central1"].endswith("[3]")
    assert [line[:4] for line in answer.lines[-3:]] == ["[1] ", "[2] ", "[3] "]
    assert any(line.startswith("once: ") for line in answer.lines)
    assert any(line.startswith("every month: ") for line in answer.lines)


def test_gemini_models_are_tuned_in_no_mode(ask: Ask, write: Write) -> None:
    answer = ask("estimate", write("train.jsonl", sums(120)), "--model", "gemini-2.5-flash")
    assert any(line.startswith("gemini-2.5-flash, 1 epoch of about ") for line in answer.lines), answer.lines


def test_an_estimate_for_machines(ask: Ask, write: Write) -> None:
    told = ask("estimate", write("train.jsonl", sums(120)), "--model", "gemini-2.5-flash", "--json").json
    assert told["model"] == "gemini-2.5-flash"
    assert [(file["examples"], file["ok"]) for file in told["files"]] == [(120, True)]
    assert [item["name"] for item in told["items"]] == ["training", "storage of data"]
    assert told["items"][0]["sources"][0]["date"]


def test_what_nobody_published_is_unknown(ask: Ask, write: Write) -> None:
    answer = ask("estimate", write("train.jsonl", sums(120)), "--model", LARGER, "--mode", "peft_adapter")
    row = next(line for line in answer.lines if line.startswith("storage of checkpoints"))
    assert "unknown" in row
    assert any(line.startswith("every month: more than ") for line in answer.lines)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--model", "gemma"), "nearest: google/gemma"),
        (("--model", GEMMA, "--machine", "g2-standard-13"), "g2-standard-12"),
        (("--model", GEMMA, "--teacher", "a teacher"), "is not among the teachers"),
        (("--model", GEMMA, "--epochs", "0"), "--epochs"),
        (("--model", GEMMA, "--hours", "9000"), "730"),
        ((), "--model"),
    ],
)
def test_what_cannot_be_estimated(ask: Ask, options: tuple[str, ...], told: str) -> None:
    answer = ask("estimate", "not-even-there.jsonl", *options)
    assert (answer.status, answer.out) == (2, "")
    assert told in answer.err
    assert "Traceback" not in answer.err


def test_a_file_is_told_alike_by_every_command(ask: Ask, write: Write) -> None:
    file, copy = write("train.jsonl", [*sums(120), chat("1", "")]), write("new.jsonl", sums(120))
    checked = ask("check", file, "--json").json["training"]
    told = [
        ask("stats", file, "--json").json,
        ask("diff", file, copy, "--json").json["files"][0],
        ask("estimate", file, "--model", GEMMA, "--json").json["files"][0],
    ]
    for name in ("ok", "name", "format", "sha256", "examples", "turns", "characters", "images", "problemCounts"):
        assert [each[name] for each in told] == [checked[name]] * 3
