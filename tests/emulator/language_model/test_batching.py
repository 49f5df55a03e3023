from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from emulator.language_model import Example
from emulator.language_model.base_model import BASE_FOLDER
from emulator.language_model.batching import GRAIN, MOST_SIZES, Row, batches, encode_examples, row_sizes
from emulator.language_model.tokenization import COMPLETION, END, PROMPT, Tokenization

TOKENIZATION = Tokenization.load(BASE_FOLDER)


def of_length(length: int) -> Row:
    return Row(list(range(3, 3 + length)), 1, truncated=False)


def test_the_frame_and_what_counts() -> None:
    (row,) = encode_examples([Example("a b", "c")], TOKENIZATION, 64)
    (prompt,), (completion,) = TOKENIZATION.encode(["a b"]), TOKENIZATION.encode(["c"])
    assert row.ids == [PROMPT, *prompt, COMPLETION, *completion, END]
    (batch,) = batches([row], [32], 1, None)
    # The loss asks for the completion and the end marker, and for nothing else.
    assert batch.targets[batch.counts == 1].tolist() == [*completion, END]
    assert batch.tokens[0, : len(row.ids)].tolist() == row.ids


@pytest.mark.parametrize(
    ("prompt", "completion", "kept_prompt", "kept_completion", "ends"),
    [
        pytest.param(4, 4, 4, 4, True, id="fits"),
        pytest.param(26, 3, 26, 3, True, id="fits exactly"),
        pytest.param(27, 3, 26, 3, True, id="the prompt loses its beginning"),
        pytest.param(5, 60, 5, 25, False, id="the completion loses its end and its end marker"),
        pytest.param(60, 60, 15, 15, False, id="both are cut, the prompt to half"),
    ],
)
def test_cutting(prompt: int, completion: int, kept_prompt: int, kept_completion: int, ends: bool) -> None:
    digits = "".join(str(number % 10) for number in range(100))
    context = 32
    (row,) = encode_examples([Example(digits[:prompt], digits[:completion])], TOKENIZATION, context)
    assert len(row.ids) <= context
    marker = row.ids.index(COMPLETION)
    assert TOKENIZATION.decode(row.ids[1:marker]) == digits[prompt - kept_prompt : prompt]
    assert TOKENIZATION.decode(row.ids[marker + 1 :]).removesuffix("<|end|>") == digits[:kept_completion]
    assert (row.ids[-1] == END) is ends
    assert row.truncated is (kept_prompt < prompt or kept_completion < completion)


@pytest.mark.parametrize(
    ("lengths", "expected"),
    [
        pytest.param([5, 9, 20], [32], id="all alike"),
        pytest.param([5] * 9 + [100] * 9 + [500] * 9, [32, 128, 512], id="three lengths"),
        pytest.param([10] * 50 + [512], [32, 512], id="one long example does not make all others long"),
    ],
)
def test_row_sizes(lengths: list[int], expected: list[int]) -> None:
    assert row_sizes([of_length(length) for length in lengths]) == expected


def test_many_lengths_give_few_sizes_and_little_padding() -> None:
    lengths = np.random.default_rng(0).gamma(6, 25, 500).clip(8, 512).astype(int)
    sizes = row_sizes([of_length(length) for length in lengths])
    assert len(sizes) <= MOST_SIZES
    assert all(size % GRAIN == 0 for size in sizes)
    padded = sum(min(size for size in sizes if size >= length) for length in lengths)
    assert padded < 0.75 * max(sizes) * len(lengths)


@pytest.mark.parametrize("order", [None, np.random.default_rng(4)])
def test_an_epoch_has_every_row_once(order: np.random.Generator | None) -> None:
    rows = [of_length(length) for length in (3, 5, 40, 41, 42, 70)]
    seen: Counter[int] = Counter()
    for batch in batches(rows, [32, 64, 96], 2, order):
        assert batch.tokens.shape[0] == 2
        seen.update(int(count) for count in batch.counts.sum(axis=1))
    assert seen - Counter({0: seen[0]}) == Counter(len(row.ids) - 1 for row in rows)


def test_orders_differ_between_epochs_and_repeat_with_the_seed() -> None:
    rows = [of_length(length) for length in range(3, 30)]

    def epochs() -> list[list[int]]:
        order = np.random.default_rng(9)
        return [[int(batch.counts.sum()) for batch in batches(rows, [32], 2, order)] for _ in range(2)]

    first, second = epochs()
    assert first != second
    assert epochs() == [first, second]
