"""`tunestack data check`, as a user meets it."""

from __future__ import annotations

import json
import os
import re
import shlex
from typing import TYPE_CHECKING, Any, get_args

import pytest

from tests.cli.data.conftest import chat, sums
from tunestack.catalogue.entries import Mode
from tunestack.cli import options
from tunestack.cli.data import commands
from tunestack.data import check
from tunestack.data.preparation.table import TableKind
from tunestack.data.report import Format

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.data.conftest import Ask, Write

NO_ANSWER = chat("What is 2 + 2?", " ")
NO_ASSISTANT = {"messages": [{"role": "user", "content": "What is 2 + 2?"}]}


def test_a_good_file_is_named_and_counted(ask: Ask, write: Write) -> None:
    file = write("train.jsonl", sums(120))
    answer = ask("check", file)
    assert answer.status == 0
    assert re.match(rf"{re.escape(str(file))}: chat, 120 examples, 240 turns, [\d,]+ characters, ", answer.lines[0])
    assert answer.lines[-1] == f"{file} can be used: no problems"
    assert answer.err == ""


def test_every_problem_stands_on_a_line_with_its_place(ask: Ask, write: Write) -> None:
    file = write("train.jsonl", [*sums(120), NO_ANSWER, "{", NO_ASSISTANT, sums(1)[0], NO_ANSWER | {"id": 7}])
    answer = ask("check", file)
    assert answer.status == 1
    report = check(file)
    assert {problem.kind for problem in report.problems} >= {"empty", "truncated-line", "no-assistant", "duplicate"}
    for problem in report.problems:
        assert str(problem) in answer.lines
    for kind, count in report.problem_counts.items():
        assert f"{kind} ({count})" in answer.lines
    errors, warnings = answer.lines.index("5 errors"), answer.lines.index("1 warning")
    assert errors < answer.lines.index(str(report.errors[0])) < warnings < answer.lines.index(str(report.warnings[0]))
    assert answer.lines[-1] == f"{file} cannot be used: 5 errors, 1 warning"


def test_warnings_alone_are_no_failure(ask: Ask, write: Write) -> None:
    answer = ask("check", write("train.jsonl", sums(3)))
    assert answer.status == 0
    assert answer.lines[-1].endswith("train.jsonl can be used: 1 warning")


@pytest.mark.parametrize(
    ("options", "shown", "rest"),
    [
        ((), 20, "… and 10 more of this kind; --all shows them"),
        (("--limit", "2"), 2, "… and 28 more of this kind; --all shows them"),
        (("--limit", "0"), 0, "… and 30 more of this kind; --all shows them"),
        (("--all",), 30, None),
    ],
)
def test_as_many_problems_as_asked_for(
    ask: Ask, write: Write, options: tuple[str, ...], shown: int, rest: str | None
) -> None:
    file = write("train.jsonl", [chat(str(number), "") for number in range(30)])
    answer = ask("check", file, *options)
    assert sum(line.startswith(f"{file}:") and "empty" in line for line in answer.lines) == shown
    assert "empty (30)" in answer.lines
    assert [line for line in answer.lines if line.startswith("…")] == ([rest] if rest else [])


def test_json_is_all_there_is_on_standard_output(ask: Ask, write: Write) -> None:
    training, validation = write("train.jsonl", [*sums(120), NO_ANSWER]), write("validation.jsonl", sums(9, 110))
    answer = ask("check", training, "--validation", validation, "--json")
    assert answer.status == 1
    assert answer.err == ""
    report = check(training)
    told = {
        "ok": False,
        "training": report.to_json(),
        "validation": check(validation, against=report).to_json(),
    }
    assert answer.json == json.loads(json.dumps(told))
    assert answer.json["validation"]["problemCounts"]["in-both-files"] == 9
    assert ask("check", training, "--json").json["validation"] is None


def test_a_validation_file_is_compared_with_its_training_file(ask: Ask, write: Write) -> None:
    training, validation = write("train.jsonl", sums(120)), write("validation.jsonl", sums(60, 119))
    answer = ask("check", training, "--validation", validation)
    assert answer.status == 1
    assert "in-both-files (1)" in answer.lines
    assert answer.lines[-2:] == [
        f"{training} can be used: no problems",
        f"{validation} cannot be used: 1 error, 1 warning",
    ]


def test_models_have_rules_of_their_own(ask: Ask, write: Write) -> None:
    file = write("train.jsonl", sums(120))
    assert ask("check", file, "--model", "google/gemma3@gemma-3-1b-it", "--mode", "full").status == 0
    assert ask("check", file, "--model", "google/gemma3@gemma-3-1b-it", "--mode", "peft_adapter").status == 2
    answer = ask("check", file, "--model", "gemini-2.5-flash", "--model", "google/gemma3@gemma-3-1b-it")
    assert answer.status == 1
    assert "format-not-allowed (1)" in answer.lines
    assert answer.lines[-1].startswith(
        f"{file} cannot be used to tune gemini-2.5-flash, google/gemma3@gemma-3-1b-it: 1 error"
    )


def test_prompts_for_a_teacher_need_no_model(ask: Ask, write: Write) -> None:
    file = write("prompts.jsonl", [{"prompt": f"{number} + 1?"} for number in range(120)])
    assert ask("check", file, "--answers", "optional").lines[-1] == f"{file} can be used: no problems"


def test_an_unknown_model_is_a_slip_of_the_pen(ask: Ask, write: Write) -> None:
    answer = ask("check", write("train.jsonl", sums(1)), "--model", "google/gemma3@gemma-3-1b-itt")
    assert answer.status == 2
    assert "gemma-3-1b-it" in answer.err
    assert "Traceback" not in answer.err


def test_standard_input(ask: Ask) -> None:
    lines = "".join(f"{json.dumps(example)}\n" for example in sums(120))
    answer = ask("check", "-", stdin=lines.encode())
    assert answer.status == 0
    assert answer.lines[0].startswith("standard input: chat, 120 examples")
    assert ask("stats", "-", stdin=lines.encode()).lines[0] == answer.lines[0]


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda path: None, "No such file or directory"),
        (lambda path: path.mkdir(), "Is a directory"),
        (lambda path: path.symlink_to(path), "Too many levels of symbolic links"),
        pytest.param(
            lambda path: path.touch(mode=0o200),
            "Permission denied",
            marks=pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything"),
        ),
    ],
    ids=["missing", "a folder", "a loop of links", "not allowed"],
)
def test_what_cannot_be_read_is_one_sentence(ask: Ask, tmp_path: Path, make: Any, told: str) -> None:
    path = tmp_path / "train.jsonl"
    make(path)
    for arguments in (("check",), ("check", "--json"), ("stats",), ("diff", str(path))):
        answer = ask(*arguments, path)
        assert (answer.status, answer.out) == (1, "")
        assert answer.err.startswith(f"error: {path} cannot be read: {told}")
        assert answer.err.count("\n") == 1


def test_an_address_of_another_kind(ask: Ask) -> None:
    answer = ask("check", "https://example.com/train.jsonl")
    assert answer.status == 2
    assert "neither a path nor a gs:// address" in " ".join(answer.err.split())


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "no-examples"),
        (b"\n\n", "blank-line"),
        (bytes(range(256)) * 40, "not-utf-8"),
        (b"\x1f\x8b\x08\x00" + b"\x9f" * 100, "not-utf-8"),
        (b"PK\x03\x04\x00\x00\x00\x00", "bad-json"),
        ("\ufeff".encode() + json.dumps(chat("1", "2")).encode(), "bom"),
        (json.dumps(chat("1", "2")).encode("utf-16"), "not-utf-8"),
        (b"question,answer\n1,2\n", "bad-json"),
    ],
    ids=["empty", "blank", "binary", "gzip", "zip", "bom", "utf-16", "csv"],
)
def test_what_is_no_training_file(ask: Ask, tmp_path: Path, content: bytes, kind: str) -> None:
    file = tmp_path / "train.jsonl"
    file.write_bytes(content)
    answer = ask("check", file)
    assert answer.status == 1
    assert any(line.startswith(f"{kind} (") for line in answer.lines)
    assert answer.lines[-1].startswith(f"{file} cannot be used: ")


@pytest.mark.parametrize(
    ("name", "told"), [("table.csv", "data convert"), ("a.JSON", "data convert"), ("a.gz", "unpack")]
)
def test_another_kind_of_file_gets_a_hint(ask: Ask, write: Write, name: str, told: str) -> None:
    file = write(name, ["question,answer", "1,2"])
    hint = ask("check", file).lines[-3]
    assert hint.startswith("hint: ")
    assert f"{file} " in hint
    assert told in hint
    assert "hint" not in ask("check", write(name, sums(3))).out


def test_rows_with_other_keys_get_a_hint_that_can_be_pasted(ask: Ask, write: Write, tmp_path: Path) -> None:
    file = write("all rows.jsonl", [{"question": "2 + 2", "answer": "4"}] * 3)
    hint = ask("check", file).lines[-3]
    assert hint.startswith(f"hint: tunestack data convert '{file}' TARGET.jsonl --map prompt=KEY --map completion=KEY ")
    command = shlex.split(hint.replace("TARGET", str(tmp_path / "target")))[4:10]
    keys = {"prompt=KEY": "prompt=question", "completion=KEY": "completion=answer"}
    assert ask("convert", *(keys.get(each, each) for each in command)).status == 0


def test_linked_images_that_were_not_looked_at_get_a_hint(ask: Ask, write: Write) -> None:
    image = {"type": "image_url", "image_url": {"url": "gs://pictures/1.png"}}
    told = [{"role": "user", "content": [image]}, {"role": "assistant", "content": "A lamp."}]
    answer = ask("check", write("train.jsonl", [{"messages": told}]))
    assert answer.lines[-3].startswith("hint: --images looks at 1 linked image: ")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--mode", "full"), "name the model with --model"),
        (("--project", "demo"), "add --images"),
        (("--location", "us-central1"), "add --images"),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(
    ask: Ask, write: Write, options: tuple[str, ...], told: str
) -> None:
    answer = ask("check", write("train.jsonl", sums(3)), *options)
    assert answer.status == 2
    assert told in answer.err


def test_nothing_in_a_file_commands_the_terminal(ask: Ask, write: Write) -> None:
    hostile = "\x1b[31m\x1b]0;title\x07\u202e\u2028\r"
    file = write(
        f"{hostile[:4]}.jsonl", [chat("1", "2") | {hostile: 1}, {hostile: 1}, '{"messages": [{"role": "\x1b"}]}']
    )
    answer = ask("check", file)
    assert answer.status == 1
    assert not [character for character in answer.out if not character.isprintable() and character != "\n"]
    assert "\\x1b" in answer.out


def test_help_names_the_exit_statuses(ask: Ask) -> None:
    assert "130 interrupted" in " ".join(ask("check", "--help").out.split())


def test_the_choices_are_those_of_the_rooms() -> None:
    assert get_args(options.Mode) == get_args(Mode)
    assert get_args(commands.Format) == get_args(Format)
    assert get_args(commands.InputFormat) == get_args(TableKind)
