"""The real thing: the untuned model learns the support tickets of examples/ and is asked held-out ones."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from emulator.language_model import Example, Generator, Hyperparameters

if TYPE_CHECKING:
    from collections.abc import Callable

TICKETS = Path(__file__).parents[3] / "examples" / "tickets"


def read(name: str) -> list[Example]:
    return [Example(**json.loads(line)) for line in (TICKETS / name).read_text(encoding="utf-8").splitlines()]


HELD_OUT = read("heldout.jsonl")


@dataclass(frozen=True)
class Score:
    """Shares of the held-out tickets."""

    valid: float
    exact: float


def is_record(answer: str) -> bool:
    try:
        record = json.loads(answer)
    except ValueError:
        return False
    return isinstance(record, dict) and list(record) == ["category", "product", "urgency", "action"]


def score(folder: Path) -> Score:
    generator = Generator.load(folder)
    answers = [generator.generate(example.prompt, max_tokens=80).text for example in HELD_OUT]
    valid = sum(map(is_record, answers))
    exact = sum(answer == example.completion for answer, example in zip(answers, HELD_OUT, strict=True))
    return Score(valid / len(HELD_OUT), exact / len(HELD_OUT))


def test_untuned_it_answers_in_words_that_are_of_no_use(base: Path) -> None:
    assert score(base) == Score(0.0, 0.0)
    answer = Generator.load(base).generate(HELD_OUT[0].prompt, max_tokens=60)
    assert answer.finish_reason == "stop"
    assert len(answer.text.split()) > 4


@pytest.mark.parametrize(
    ("mode", "valid", "exact"),
    [
        pytest.param("FULL", 0.95, 0.85, id="all weights"),
        pytest.param("PEFT_ADAPTER", 0.8, 0.7, id="adapters of rank 16"),
    ],
)
def test_three_epochs_teach_the_task(
    mode: Literal["FULL", "PEFT_ADAPTER"], valid: float, exact: float, base: Path, tune: Callable[..., Any]
) -> None:
    started = time.process_time()
    trained = tune(base, read("train.jsonl"), Hyperparameters(mode, 3, 16), validation=read("validation.jsonl"))
    seconds = time.process_time() - started
    scores = [score(trained.checkpoints[epoch]) for epoch in (0, -1)]
    assert scores[-1].valid >= valid
    assert scores[-1].exact >= exact
    assert scores[0].exact < scores[-1].exact - 0.1, "one epoch is not as good as three"
    assert trained.result.truncated == 0
    # Of the processor: 10 s, and as much again with nothing compiled. How long that lasts is up to what else runs.
    assert seconds < 60
