"""`tunestack data convert` and `split`, as a user meets them."""

from __future__ import annotations

import json
import resource
from typing import TYPE_CHECKING

import pytest

from tests.cli.data.conftest import chat, sums
from tunestack.data import check

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.data.conftest import Ask, Write

ROWS = ["question,answer", *(f"What is {number} + 1?,It is {number + 1}." for number in range(120))]
MAPPED = ("--map", "prompt=question", "--map", "completion=answer")


def test_a_table_becomes_training_data_and_is_checked(ask: Ask, write: Write, tmp_path: Path) -> None:
    target = tmp_path / "train.jsonl"
    answer = ask("convert", write("table.csv", ROWS), target, *MAPPED)
    assert answer.status == 0
    assert "120" in answer.lines[0]
    assert answer.lines[1].startswith(f"{target}: chat, 120 examples")
    assert answer.lines[-1] == f"{target} can be used: no problems"
    assert [json.loads(line) for line in target.read_text("utf-8").splitlines()] == sums(120)


def test_other_formats_and_a_system_message(ask: Ask, write: Write, tmp_path: Path) -> None:
    source, target = write("train.jsonl", sums(120)), tmp_path / "gemini.jsonl"
    assert ask("convert", source, target, "--to", "generate-content", "--model", "gemini-2.5-flash").status == 0
    assert check(target).format == "generate-content"
    told = ask("convert", write("table.csv", ROWS), target, *MAPPED, "--system", "Sums.", "--force", "--json").json
    assert told["ok"] is True
    assert told["prepared"]["written"] == 120
    assert told["checks"][0]["format"] == "chat"


def test_what_was_left_out_is_told(ask: Ask, write: Write, tmp_path: Path) -> None:
    source = write("table.csv", [*ROWS, ",4", *("5," for _ in range(9))])
    answer = ask("convert", source, tmp_path / "train.jsonl", *MAPPED, "--skip-incomplete")
    assert answer.status == 0
    assert answer.lines[0].endswith(", 10 incomplete rows left out")
    assert answer.lines[1].startswith(f"left out: {source}:122: row 121")
    assert answer.lines[6] == "… and 5 more left out"


def test_standard_output_holds_the_data_alone(ask: Ask, write: Write) -> None:
    answer = ask("convert", write("table.csv", ROWS), "-", *MAPPED)
    assert answer.status == 0
    assert [json.loads(line) for line in answer.lines] == sums(120)
    assert answer.err.startswith("standard output: 120 examples")
    assert answer.err.endswith("\nstandard output can be used: no problems\n")


def test_no_room_for_what_is_temporary(ask: Ask, write: Write) -> None:
    source = write("train.jsonl", sums(5_000))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        answer = ask("convert", source, "-", "--to", "prompt-completion")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (answer.status, answer.out) == (1, "")
    assert answer.err.startswith("error: the temporary file for -: cannot be written: File too large; make room in ")
    assert answer.err.endswith(", or name another folder in TMPDIR\n")


def test_data_with_errors_stays_a_file_and_goes_no_further(ask: Ask, write: Write, tmp_path: Path) -> None:
    source, target = write("table.csv", ROWS), tmp_path / "train.jsonl"
    answer = ask("convert", source, target, *MAPPED, "--model", "gemini-2.5-flash")
    assert answer.status == 1
    assert answer.lines[-1].startswith(f"{target} cannot be used to tune gemini-2.5-flash: 1 error")
    assert target.exists()
    piped = ask("convert", source, "-", *MAPPED, "--model", "gemini-2.5-flash")
    assert (piped.status, piped.out) == (1, "")


def test_what_is_there_is_replaced_only_by_force(ask: Ask, write: Write, tmp_path: Path) -> None:
    source, target = write("table.csv", ROWS), tmp_path / "train.jsonl"
    target.write_text("mine", "utf-8")
    answer = ask("convert", source, target, *MAPPED)
    assert (answer.status, answer.out) == (1, "")
    assert "is there already" in answer.err
    assert target.read_text("utf-8") == "mine"
    assert ask("convert", source, target, *MAPPED, "--force").status == 0


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--map", "prompt=q", "--map", "completion=answer"), "q"),
        (("--map", "prompt"), "prompt"),
        (("--template", "prompt={question", "--map", "completion=answer"), "{question"),
        (("--input-format", "parquet"), "table.csv"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    ask: Ask, write: Write, tmp_path: Path, options: tuple[str, ...], told: str
) -> None:
    answer = ask("convert", write("table.csv", ROWS), tmp_path / "train.jsonl", *options)
    assert (answer.status, answer.out) == (1, "")
    assert answer.err.startswith("error: ")
    assert answer.err.count("\n") == 1
    assert told in answer.err
    assert not (tmp_path / "train.jsonl").exists()


def test_a_split_keeps_the_rules_and_repeats_itself(ask: Ask, write: Write, tmp_path: Path) -> None:
    source = write("all.jsonl", sums(500))
    parts = [tmp_path / f"{name}.jsonl" for name in ("train", "validation", "test")]
    named = ("--training", parts[0], "--validation", parts[1], "--test", parts[2], "--test-percent", "30")
    answer = ask("split", source, *named, "--seed", "7")
    assert answer.status == 0
    assert [line.partition(" can be used")[0] for line in answer.lines[-2:]] == [str(part) for part in parts[:2]]
    assert f"{parts[2]}: " in answer.lines[0]
    first = [part.read_bytes() for part in parts]
    assert sorted(b"".join(first).splitlines()) == sorted(source.read_bytes().splitlines())
    assert ask("split", source, *named, "--seed", "7", "--force").status == 0
    assert [part.read_bytes() for part in parts] == first
    assert ask("split", source, *named, "--seed", "8", "--force", "--json").json["ok"] is True
    assert [part.read_bytes() for part in parts] != first


def test_data_with_errors_is_not_split(ask: Ask, write: Write, tmp_path: Path) -> None:
    source = write("all.jsonl", [*sums(20), chat("2 + 2", "")])
    answer = ask("split", source, "--training", tmp_path / "train.jsonl", "--validation", tmp_path / "validation.jsonl")
    assert (answer.status, answer.out) == (1, "")
    assert f"{source}:21" in answer.err
    assert [path.name for path in tmp_path.iterdir()] == ["all.jsonl"]


def test_standard_input_cannot_be_read_twice(ask: Ask, tmp_path: Path) -> None:
    answer = ask("convert", "-", tmp_path / "train.jsonl", stdin=b"question,answer\n1,2\n")
    assert answer.status == 2
    assert "name a file" in " ".join(answer.err.split())
