"""Rows with a question and an answer become chat examples that the check finds right."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tunestack.data import check
from tunestack.data.convert import GSM8K, Columns, ConversionError, convert

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "gsm8k"


def rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_a_question_becomes_the_users_turn(tmp_path: Path) -> None:
    source, target = tmp_path / "rows.jsonl", tmp_path / "chat.jsonl"
    source.write_text('{"question": "2 + 2 = é", "answer": "4\\n#### 4", "id": 1}\n', "utf-8")
    assert convert(source, target, Columns("question", "answer", system="Be exact.")) == 1
    assert rows(target) == [
        {
            "messages": [
                {"role": "system", "content": "Be exact."},
                {"role": "user", "content": "2 + 2 = é"},
                {"role": "assistant", "content": "4\n#### 4"},
            ]
        }
    ]
    assert check(target).ok


def test_prompt_and_completion_are_read_by_default(tmp_path: Path) -> None:
    source, target = tmp_path / "rows.jsonl", tmp_path / "chat.jsonl"
    source.write_text('{"prompt": "a", "completion": "b"}\n' * 3, "utf-8")
    assert convert(source, target) == 3
    assert check(target).format == "chat"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"question": "a"}', '"answer" is missing; the row has question: name the right one'),
        ('{"question": "a", "answer": 4}', '"answer" is not a text'),
        ("{}", "the row has no keys"),
        ("[]", "not a JSON object"),
        ("", "not a JSON object"),
        ('{"question": "\udcff", "answer": "b"}', "not a JSON object"),
    ],
)
def test_a_row_that_cannot_be_converted_is_named_and_nothing_is_written(tmp_path: Path, line: str, said: str) -> None:
    source, target = tmp_path / "rows.jsonl", tmp_path / "chat.jsonl"
    source.write_text(f'{{"question": "a", "answer": "b"}}\n{line}\n', "utf-8", "surrogateescape")
    with pytest.raises(ConversionError, match=r"rows\.jsonl:2: ") as failure:
        convert(source, target, GSM8K)
    assert said in str(failure.value)
    assert [path.name for path in tmp_path.iterdir()] == ["rows.jsonl"]


def test_the_command_line(tmp_path: Path) -> None:
    source, target = tmp_path / "rows.jsonl", tmp_path / "chat.jsonl"
    source.write_text('{"q": "a", "a": "b"}\n', "utf-8")
    command = [sys.executable, "-m", "tunestack.data.convert", str(source), str(target)]
    done = subprocess.run([*command, "--prompt", "q", "--completion", "a"], capture_output=True, text=True, check=True)
    assert done.stdout == f"{target}: 1 examples\n"
    failed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert failed.returncode == 1
    assert '"prompt" is missing' in failed.stderr


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="the data set is not beside the checkout")
def test_gsm8k_converts_and_passes(tmp_path: Path) -> None:
    target = tmp_path / "chat.jsonl"
    assert convert(SHARED / "train.jsonl", target, GSM8K) == 7473
    report = check(target)
    assert report.ok
    assert report.examples == 7473
    texts = [row[key] for row in rows(SHARED / "train.jsonl") for key in ("question", "answer")]
    assert report.characters == sum(len(str(text)) for text in texts)
