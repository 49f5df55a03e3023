from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pytest

from emulator.language_model import (
    Example,
    Generator,
    Hyperparameters,
    Progress,
    TrainingResult,
    backend,
    train,
    write_base_checkpoint,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

COLOURS = {"grass": "green", "snow": "white", "coal": "black", "blood": "red"}


def pytest_configure(config: pytest.Config) -> None:
    # Two workers may compile the same program at once; the library ignores this, pytest undoes it for each test.
    config.addinivalue_line("filterwarnings", "ignore:Error (reading|writing) persistent compilation cache")


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained checkpoint that a test trains in a moment."""
    backend.prepare()
    import jax

    from emulator.language_model.architecture import Architecture
    from emulator.language_model.checkpoint import write_checkpoint
    from emulator.language_model.tokenization import Tokenization
    from emulator.language_model.transformer import initial_weights

    tokenization = Tokenization.learn(["The grass is green.", "What colour is the snow?", "white black red"] * 5, 300)
    architecture = Architecture(tokenization.size, 32, 64, 2, 2, 64)
    weights = {name: np.asarray(weight) for name, weight in initial_weights(architecture, jax.random.key(1)).items()}
    folder = tmp_path_factory.mktemp("tiny")
    write_checkpoint(folder, weights, architecture, tokenization, {"_name_or_path": "meta/llama3_1@llama-3.1-8b"})
    return folder


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The untuned model."""
    folder = tmp_path_factory.mktemp("base")
    write_base_checkpoint("google/gemma3@gemma-3-1b-it", folder)
    return folder


@pytest.fixture(scope="session")
def colours() -> list[Example]:
    return [Example(f"What colour is {thing}?", colour) for thing, colour in COLOURS.items()]


@dataclass
class Trained:
    """What a run left behind."""

    result: TrainingResult
    checkpoints: list[Path]
    progress: list[Progress] = field(default_factory=list)

    def answer(self, prompt: str) -> str:
        return Generator.load(self.checkpoints[-1]).generate(prompt, max_tokens=60).text


@pytest.fixture
def tune(tmp_path: Path) -> Callable[..., Trained]:
    """Trains into a folder of its own for each call."""
    runs = 0

    def tuned(
        base: Path,
        training: Sequence[Example],
        hyperparameters: Hyperparameters,
        validation: Sequence[Example] = (),
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Trained:
        nonlocal runs
        runs += 1
        checkpoints: list[Path] = []
        progress: list[Progress] = []

        def save(epoch: int, step: int, write: Callable[[Path], None]) -> None:
            checkpoints.append(tmp_path / f"run-{runs}" / f"checkpoint-{epoch}-{step}")
            write(checkpoints[-1])

        result = train(
            base, training, validation, hyperparameters, save=save, progress=progress.append, cancelled=cancelled
        )
        return Trained(result, checkpoints, progress)

    return tuned
