from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pytest

from emulator.language_model import (
    Example,
    Hyperparameters,
    LanguageModelError,
    Progress,
    TrainingCancelled,
    TrainingDiverged,
    train,
)
from emulator.language_model.architecture import read_config
from emulator.language_model.checkpoint import read_weights

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

FULL = Hyperparameters("FULL", epochs=15, batch_size=2)
SHORT = Hyperparameters("FULL", epochs=2, batch_size=2)


def weights_of(folder: Path) -> dict[str, NDArray[np.float32]]:
    return read_weights(folder, read_config(folder)[0])


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("mode", ["FULL", "PEFT_ADAPTER"])
def test_it_learns_what_it_is_shown(
    mode: Literal["FULL", "PEFT_ADAPTER"], base: Path, colours: list[Example], tune: Callable[..., Any]
) -> None:
    trained = tune(base, colours, Hyperparameters(mode, epochs=20, adapter_size=16, batch_size=2))
    assert trained.result.training_losses[-1] < 0.1 < trained.result.training_losses[0]
    assert [trained.answer(example.prompt) for example in colours] == [example.completion for example in colours]


def test_other_data_other_answers(base: Path, colours: list[Example], tune: Callable[..., Any]) -> None:
    turned = [Example(example.prompt, example.completion[::-1]) for example in colours]
    answers = [tune(base, data, FULL).answer(colours[0].prompt) for data in (colours, turned)]
    assert answers == ["green", "neerg"]


def test_the_same_run_gives_the_same_bytes(tiny_base: Path, colours: list[Example], tune: Callable[..., Any]) -> None:
    first, second = (tune(tiny_base, colours, SHORT) for _ in range(2))
    assert first.result == second.result
    assert bytes_of(first.checkpoints[-1]) == bytes_of(second.checkpoints[-1])


def test_a_tuned_checkpoint_can_be_tuned_further(base: Path, colours: list[Example], tune: Callable[..., Any]) -> None:
    first = tune(base, colours, FULL)
    second = tune(first.checkpoints[-1], colours, SHORT)
    assert (second.checkpoints[-1] / "config.json").read_text() == (base / "config.json").read_text()
    assert second.result.training_losses[0] < first.result.training_losses[0] / 2


def test_full_trains_every_weight(tiny_base: Path, colours: list[Example], tune: Callable[..., Any]) -> None:
    before, after = weights_of(tiny_base), weights_of(tune(tiny_base, colours, SHORT).checkpoints[-1])
    assert [name for name in before if np.array_equal(before[name], after[name])] == []


@pytest.mark.parametrize("rank", [1, 4])
def test_adapters_add_a_matrix_of_their_rank_to_the_projections_only(
    rank: int, tiny_base: Path, colours: list[Example], tune: Callable[..., Any]
) -> None:
    untouched = bytes_of(tiny_base)
    trained = tune(tiny_base, colours, Hyperparameters("PEFT_ADAPTER", epochs=20, adapter_size=rank))
    assert bytes_of(tiny_base) == untouched
    before, after = weights_of(tiny_base), weights_of(trained.checkpoints[-1])
    for name, weight in before.items():
        if "_proj" not in name:
            np.testing.assert_array_equal(after[name], weight, err_msg=name)
            continue
        strength = np.linalg.svd(after[name] - weight, compute_uv=False)
        # What is left beyond the rank is the rounding to float16.
        assert strength[rank - 1] > 5 * strength[rank], name


def test_merged_adapters_have_exactly_their_rank() -> None:
    import jax

    from emulator.language_model.adapters import initial_adapters, merge

    weights = {"a.q_proj.weight": jax.numpy.zeros((32, 48)), "norm.weight": jax.numpy.ones(32)}
    adapters = initial_adapters(weights, 4, jax.random.key(0))
    np.testing.assert_array_equal(merge(weights, adapters)["a.q_proj.weight"], 0.0)
    moved = merge(
        weights,
        {name: value + 1e-2 * jax.random.normal(jax.random.key(1), value.shape) for name, value in adapters.items()},
    )
    assert np.linalg.matrix_rank(moved["a.q_proj.weight"], tol=1e-4) == 4
    np.testing.assert_array_equal(moved["norm.weight"], 1.0)


def test_progress_and_counts(tiny_base: Path, colours: list[Example], tune: Callable[..., Any]) -> None:
    trained = tune(tiny_base, colours[:3], Hyperparameters("FULL", epochs=2, batch_size=2), validation=colours[3:])
    assert [(seen.epoch, seen.step, seen.total_steps) for seen in trained.progress] == [
        (1, 1, 4),
        (1, 2, 4),
        (2, 3, 4),
        (2, 4, 4),
    ]
    assert trained.result.steps == 4
    assert trained.result.truncated == 0
    assert len(trained.result.training_losses) == len(trained.result.validation_losses) == 2
    once = tune(tiny_base, colours[:3], Hyperparameters("FULL", epochs=1, batch_size=2))
    assert trained.result.tokens == 2 * once.result.tokens > 0


def test_validation_examples_are_measured_and_not_learned(
    base: Path, colours: list[Example], tune: Callable[..., Any]
) -> None:
    known = tune(base, colours, FULL, validation=colours).result.validation_losses[-1]
    unknown = tune(base, colours[:3], FULL, validation=colours[3:]).result.validation_losses[-1]
    assert known < 0.2
    assert unknown > 2


@pytest.mark.parametrize(
    ("epochs", "expected"),
    [
        pytest.param(1, [1], id="one"),
        pytest.param(3, [1, 2, 3], id="each epoch"),
        pytest.param(10, list(range(1, 11)), id="the most"),
        pytest.param(25, [2, 5, 8, 10, 12, 15, 18, 20, 22, 25], id="ten of many, the last among them"),
    ],
)
def test_checkpoints(
    epochs: int, expected: list[int], tiny_base: Path, colours: list[Example], tune: Callable[..., Any]
) -> None:
    trained = tune(tiny_base, colours[:1], Hyperparameters("FULL", epochs=epochs, batch_size=1))
    assert [path.name for path in trained.checkpoints] == [f"checkpoint-{epoch}-{epoch}" for epoch in expected]


def test_a_checkpoint_may_be_written_later(tiny_base: Path, colours: list[Example], tmp_path: Path) -> None:
    kept: list[Callable[[Path], None]] = []
    train(
        tiny_base,
        colours,
        [],
        SHORT,
        save=lambda epoch, step, write: kept.append(write),
        progress=lambda progress: None,
        cancelled=lambda: False,
    )
    for number, write in enumerate(kept):
        write(tmp_path / str(number))
    first, second = weights_of(tmp_path / "0"), weights_of(tmp_path / "1")
    assert any(not np.array_equal(first[name], second[name]) for name in first)


def test_cancelling_stops_before_the_next_step(tiny_base: Path, colours: list[Example], tmp_path: Path) -> None:
    seen: list[Progress] = []
    saved: list[int] = []
    with pytest.raises(TrainingCancelled, match="epoch 3, after 5 of 6 steps"):
        train(
            tiny_base,
            colours,
            [],
            Hyperparameters("FULL", epochs=3, batch_size=2),
            save=lambda epoch, step, write: saved.append(epoch),
            progress=seen.append,
            cancelled=lambda: len(seen) == 5,
        )
    assert len(seen) == 5
    assert saved == [1, 2]


def test_a_loss_that_is_no_number_ends_the_run(
    tiny_base: Path, colours: list[Example], tune: Callable[..., Any]
) -> None:
    with pytest.raises(TrainingDiverged, match="lower learning rate"):
        tune(tiny_base, colours, Hyperparameters("FULL", epochs=20, learning_rate_ratio=1e30))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        pytest.param({"epochs": 0}, "epochs", id="no epoch"),
        pytest.param({"batch_size": 0}, "batch_size", id="an empty batch"),
        pytest.param({"adapter_size": 0}, "adapter_size", id="adapters of no rank"),
        pytest.param({"learning_rate_ratio": 0.0}, "learning_rate_ratio", id="no learning rate"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(LanguageModelError, match=message):
        Hyperparameters("FULL", **settings)


def test_without_examples_there_is_nothing_to_train(tiny_base: Path, tune: Callable[..., Any]) -> None:
    with pytest.raises(LanguageModelError, match="at least one"):
        tune(tiny_base, [], FULL)


def test_any_text_can_be_trained_on(tiny_base: Path, tune: Callable[..., Any]) -> None:
    texts = [
        "",
        " ",
        "\x00\x01",
        "日本語テキスト",
        "🙂" * 200,
        "a\ud800",
        "<|end|><|prompt|>",
        "é" * 9,
        "\n\r\t",
        "x" * 5000,
    ]
    examples = [Example(prompt, completion) for prompt in texts for completion in texts[::3]]
    result = tune(tiny_base, examples, Hyperparameters("PEFT_ADAPTER", epochs=1), validation=examples[:3]).result
    assert np.isfinite(result.training_losses).all()
    assert 0 < result.truncated < len(examples)
