"""The teacher of distillations: it answers better than the untuned model, and a student comes to answer as it does."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from emulator.language_model import TEACHER_FOLDER, Example, Generator, Hyperparameters, pretraining_text
from emulator.language_model.teaching_text import teaching_examples, told_apart

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="module")
def teacher() -> Generator:
    return Generator.load(TEACHER_FOLDER)


@pytest.fixture(scope="module")
def untuned(base: Path) -> Generator:
    return Generator.load(base)


@pytest.fixture(scope="module")
def shown() -> set[str]:
    """All prompts that the teacher was taught with."""
    from emulator.language_model.teach import EXAMPLES, SEED

    return {example.prompt for example in teaching_examples(EXAMPLES, SEED)}


def right(generator: Generator, examples: list[Example]) -> float:
    """The share of the examples that it answers word for word."""
    return sum(answer(generator, example) == example.completion for example in examples) / len(examples)


def answer(generator: Generator, example: Example) -> str:
    return generator.generate(example.prompt, max_tokens=100).text


@pytest.mark.parametrize(
    ("draw", "most_of_the_untuned", "least_of_the_teacher"),
    [
        pytest.param(told_apart, 0.0, 0.8, id="what a message is about"),
        pytest.param(pretraining_text.record_of_facts, 0.5, 0.8, id="a record of what is asked for"),
        pytest.param(pretraining_text.conversion, 0.4, 0.7, id="lines as a record"),
    ],
)
def test_it_answers_what_it_was_not_shown_better_than_the_untuned_model(
    draw: Callable[[random.Random], Example],
    most_of_the_untuned: float,
    least_of_the_teacher: float,
    teacher: Generator,
    untuned: Generator,
    shown: set[str],
) -> None:
    choose = random.Random(2026)  # noqa: S311 - the same examples in every run
    examples = [draw(choose) for _ in range(20)]
    assert not shown & {example.prompt for example in examples}
    assert right(untuned, examples) <= most_of_the_untuned
    assert right(teacher, examples) >= least_of_the_teacher


def test_a_student_comes_to_answer_as_the_teacher_does(
    teacher: Generator, untuned: Generator, base: Path, tune: Callable[..., Any]
) -> None:
    choose = random.Random(7)  # noqa: S311 - the same prompts in every run
    prompts = [told_apart(choose) for _ in range(32)]
    labelled = [Example(example.prompt, answer(teacher, example)) for example in prompts]
    shown, unseen = labelled[:24], labelled[24:]
    assert right(untuned, labelled) == 0.0
    student = Generator.load(tune(base, shown, Hyperparameters("FULL", epochs=10)).checkpoints[-1])
    assert right(student, shown) >= 0.9
    # Of a message that it has not seen it may mistake the topic, but tells it in the teacher's manner.
    assert all(answer(student, example).startswith("It is about the ") for example in unseen)


def test_teaching_writes_a_checkpoint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from emulator.language_model.teach import teach

    teach(tmp_path, examples=4)
    assert "loss" in capsys.readouterr().out
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["_name_or_path"] == "tunestack/teacher@1"
    Generator.load(tmp_path)


def test_the_seed_decides_the_text() -> None:
    assert teaching_examples(50, 5) == teaching_examples(50, 5) != teaching_examples(50, 6)
