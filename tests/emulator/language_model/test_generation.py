from __future__ import annotations

import shutil
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from emulator.language_model import Example, Generator, Hyperparameters
from emulator.language_model.generation import choose

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SCORES = np.log(np.array([0.5, 0.3, 0.15, 0.05], np.float32))


@pytest.fixture(scope="module")
def generator(tiny_base: Path) -> Generator:
    return Generator.load(tiny_base)


@pytest.mark.parametrize(
    ("temperature", "top_p", "top_k", "shares"),
    [
        pytest.param(0.0, 1.0, 0, [1, 0, 0, 0], id="greedy"),
        pytest.param(1.0, 1.0, 0, [0.5, 0.3, 0.15, 0.05], id="as the model says"),
        pytest.param(1.0, 1.0, 1, [1, 0, 0, 0], id="top_k of one is greedy"),
        pytest.param(1.0, 1.0, 2, [0.625, 0.375, 0, 0], id="top_k"),
        pytest.param(1.0, 1.0, 99, [0.5, 0.3, 0.15, 0.05], id="top_k beyond the vocabulary"),
        pytest.param(1.0, 0.75, 0, [0.625, 0.375, 0, 0], id="top_p takes what is needed to reach it"),
        pytest.param(1.0, 0.0, 0, [1, 0, 0, 0], id="top_p of nothing still takes one"),
        pytest.param(0.5, 1.0, 0, [0.685, 0.247, 0.062, 0.007], id="cold: squared and scaled"),
    ],
)
def test_drawing(temperature: float, top_p: float, top_k: int, shares: list[float]) -> None:
    random = np.random.default_rng(3)
    drawn = [choose(SCORES, temperature, top_p, top_k, random) for _ in range(4000)]
    np.testing.assert_allclose(np.bincount(drawn, minlength=4) / 4000, shares, atol=0.03)


def test_seeds(generator: Generator) -> None:
    answers = [generator.generate("The", max_tokens=20, temperature=1.0, seed=seed).text for seed in (1, 1, 2)]
    assert answers[0] == answers[1] != answers[2]


@pytest.mark.parametrize("limit", [0, 1, 5])
def test_the_limit_on_tokens(generator: Generator, limit: int) -> None:
    answer = generator.generate("The snow", max_tokens=limit, temperature=1.0)
    assert answer.completion_tokens <= limit
    assert answer.finish_reason == "length"


def test_the_context_is_a_limit_too(generator: Generator) -> None:
    answer = generator.generate("The grass is green. " * 50, max_tokens=10_000)
    assert answer.finish_reason == "length"
    # Half of the 64 places are the prompt's; the last token needs none, since nothing follows it.
    assert answer.completion_tokens == 64 - 31 - 2 + 1
    assert answer.prompt_tokens > 64


def test_a_learned_end_is_a_stop(base: Path, colours: list[Example], tune: Callable[..., Any]) -> None:
    trained = tune(base, colours, Hyperparameters(epochs=15, batch_size=1))
    answer = Generator.load(trained.checkpoints[-1]).generate(colours[0].prompt, max_tokens=30)
    assert (answer.text, answer.finish_reason) == ("green", "stop")
    assert answer.completion_tokens < 30


def test_swapping_folders_swaps_answers(base: Path, tune: Callable[..., Any]) -> None:
    folders = [
        tune(base, [Example("Say it", word)], Hyperparameters(epochs=15, batch_size=1)).checkpoints[-1]
        for word in ("red", "black")
    ]

    def answers() -> list[str]:
        return [Generator.load(folder).generate("Say it", max_tokens=20).text for folder in folders]

    assert answers() == ["red", "black"]
    aside = folders[0].with_name("aside")
    shutil.move(folders[0], aside)
    shutil.move(folders[1], folders[0])
    shutil.move(aside, folders[1])
    assert answers() == ["black", "red"]


def test_threads_may_share_a_generator(generator: Generator) -> None:
    prompts = [f"Number {number}" for number in range(8)]
    expected = [generator.generate(prompt, max_tokens=20).text for prompt in prompts]
    found: dict[str, str] = {}
    threads = [
        threading.Thread(target=lambda p=prompt: found.update({p: generator.generate(p, max_tokens=20).text}))
        for prompt in prompts
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[prompt] for prompt in prompts] == expected
