from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "examples" / "tickets"
FILES = ("train.jsonl", "validation.jsonl", "heldout.jsonl")
OTHER_FORMS = ("generate-content.jsonl", "prompts.jsonl")
SCHEMA = {
    "category": {"billing", "access", "bug", "performance", "data", "question"},
    "product": {"starter-plan", "team-plan", "web-app", "mobile-app", "desktop-app", "api"},
    "urgency": {"low", "normal", "high"},
    "action": {
        "refund",
        "correct-invoice",
        "cancel",
        "upgrade",
        "reset-password",
        "grant-access",
        "revoke-access",
        "fix",
        "investigate",
        "restore",
        "export",
        "explain",
    },
}


def examples(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / name).read_text(encoding="utf-8").splitlines()]


def generate(folder: Path, *arguments: str) -> None:
    subprocess.run([sys.executable, FOLDER / "generate.py", "--output", folder, *arguments], check=True)


def test_the_files_are_what_the_generator_writes(tmp_path: Path) -> None:
    generate(tmp_path)
    for name in FILES + OTHER_FORMS:
        assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes(), name


def test_another_seed_gives_other_tickets(tmp_path: Path) -> None:
    generate(tmp_path, "--seed", "1")
    assert (tmp_path / "train.jsonl").read_bytes() != (FOLDER / "train.jsonl").read_bytes()


@pytest.mark.parametrize("name", FILES)
def test_every_completion_is_a_record(name: str) -> None:
    for number, example in enumerate(examples(name), start=1):
        assert list(example) == ["prompt", "completion"], f"{name}:{number}"
        record = json.loads(example["completion"])
        assert list(record) == list(SCHEMA), f"{name}:{number}"
        assert all(value in SCHEMA[field] for field, value in record.items()), f"{name}:{number}"
        assert example["prompt"] == example["prompt"].strip() != ""
        assert "{" not in example["prompt"], f"{name}:{number} has a placeholder left"


def test_sizes() -> None:
    assert [len(examples(name)) for name in FILES] == [600, 96, 48]
    # The service takes a validation file of at most a quarter of the training file's bytes.
    training, validation = ((FOLDER / name).stat().st_size for name in FILES[:2])
    assert validation <= training / 4


def test_no_ticket_occurs_twice() -> None:
    prompts = Counter(example["prompt"] for name in FILES for example in examples(name))
    assert [prompt for prompt, times in prompts.items() if times > 1] == []


def test_training_shows_every_value_often_enough_to_learn_it() -> None:
    records = [json.loads(example["completion"]) for example in examples("train.jsonl")]
    for field, values in SCHEMA.items():
        times = Counter(record[field] for record in records)
        assert set(times) == values
        assert min(times.values()) >= 15, times


def test_held_out_tickets_ask_for_every_value() -> None:
    records = [json.loads(example["completion"]) for example in examples("heldout.jsonl")]
    for field, values in SCHEMA.items():
        assert {record[field] for record in records} == values


def test_the_other_forms_hold_tickets_of_the_training_file() -> None:
    training = examples("train.jsonl")[:120]
    conversations, prompts = map(examples, OTHER_FORMS)
    assert prompts == [{"prompt": example["prompt"]} for example in training]
    assert [[(turn["role"], turn["parts"][0]["text"]) for turn in each["contents"]] for each in conversations] == [
        [("user", example["prompt"]), ("model", example["completion"])] for example in training
    ]
