from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from emulator.language_model import Generator
from emulator.language_model.pretraining_text import pretraining_examples

if TYPE_CHECKING:
    from collections.abc import Iterator

TICKETS = Path(__file__).parents[3] / "examples" / "tickets"
EXAMPLES = pretraining_examples(5000, seed=5)


def tickets() -> Iterator[dict[str, Any]]:
    for name in ("train.jsonl", "validation.jsonl", "heldout.jsonl"):
        yield from map(json.loads, (TICKETS / name).read_text(encoding="utf-8").splitlines())


def test_the_seed_decides_the_text() -> None:
    assert pretraining_examples(50, 5) == pretraining_examples(50, 5) != pretraining_examples(50, 6)


def test_records_are_json_and_of_many_kinds() -> None:
    records = [json.loads(example.completion) for example in EXAMPLES if example.completion.startswith("{")]
    assert len(records) > len(EXAMPLES) / 3
    assert len({tuple(record) for record in records}) > 100


def test_the_tickets_task_is_not_in_it() -> None:
    fields = set(json.loads(next(tickets())["completion"]))
    assert fields == {"category", "product", "urgency", "action"}
    assert not fields & {
        field for example in EXAMPLES if example.completion[0] == "{" for field in json.loads(example.completion)
    }
    assert not {example.prompt for example in EXAMPLES} & {ticket["prompt"] for ticket in tickets()}


def test_pretraining_writes_a_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from emulator.language_model.architecture import Architecture
    from emulator.language_model.pretrain import pretrain

    pretrain(tmp_path, Architecture(320, 16, 16, 1, 1, 64), examples=40)
    assert "40 examples" in capsys.readouterr().out
    assert Generator.load(tmp_path).generate("Hello", max_tokens=5, temperature=1.0).completion_tokens <= 5
