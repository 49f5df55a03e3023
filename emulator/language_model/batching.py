"""Examples as rows of token ids, in few shapes, so that few programs are compiled and little is padding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from emulator.language_model.tokenization import COMPLETION, END, PROMPT, Tokenization

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from emulator.language_model.contract import Example

# Row lengths are multiples of this.
GRAIN = 32
MOST_SIZES = 3


@dataclass(frozen=True)
class Row:
    """One example as ids; the loss is taken on ``ids[scored:]``."""

    ids: list[int]
    scored: int
    truncated: bool


class Batch(NamedTuple):
    """Padded rows: what goes in, what is to come out, and 1.0 where the answer counts."""

    tokens: NDArray[np.int32]
    targets: NDArray[np.int32]
    counts: NDArray[np.float32]


def encode_examples(
    examples: Sequence[Example], tokenization: Tokenization, context: int, *, score_prompts: bool = False
) -> list[Row]:
    """Frames every example and cuts those longer than the context; ``score_prompts`` is for pretraining.

    What is cut first is the beginning of a long prompt, down to half of the context; then the end of the completion,
    whose end marker is then cut too, so that the model does not learn to stop in the middle.
    """
    prompts = tokenization.encode([example.prompt for example in examples])
    completions = tokenization.encode([example.completion for example in examples])
    rows = []
    room = context - 2
    for prompt, completion in zip(prompts, completions, strict=True):
        answer = [*completion, END]
        keep = max(room // 2, room - len(answer))
        kept = prompt[max(0, len(prompt) - keep) :]
        ids = [PROMPT, *kept, COMPLETION, *answer]
        rows.append(
            Row(ids[:context], 1 if score_prompts else len(kept) + 2, len(kept) < len(prompt) or len(ids) > context)
        )
    return rows


def row_sizes(rows: Sequence[Row]) -> list[int]:
    """Chooses at most MOST_SIZES row lengths for these rows: the longest, and those that save most padding."""
    lengths = np.sort([_rounded(len(row.ids)) for row in rows])
    chosen = [int(lengths[-1])]
    while len(chosen) < MOST_SIZES:
        candidates = [int(length) for length in np.unique(lengths) if length not in chosen]
        costs = [_padded_size(lengths, [*chosen, length]) for length in candidates]
        # A size must save a tenth of the work to be worth compiling.
        if not candidates or min(costs) > 0.9 * _padded_size(lengths, chosen):
            break
        chosen.append(candidates[int(np.argmin(costs))])
    return sorted(chosen)


def _rounded(length: int) -> int:
    return -(-length // GRAIN) * GRAIN


def _padded_size(lengths: NDArray[np.int64], chosen: Sequence[int]) -> int:
    ordered = np.sort(chosen)
    return int(ordered[np.searchsorted(ordered, lengths)].sum())


def batches(
    rows: Sequence[Row], sizes: Sequence[int], batch_size: int, order: np.random.Generator | None
) -> Iterator[Batch]:
    """Yields all rows once, each batch of one shape; ``order`` shuffles the rows, then the batches."""
    indices = np.arange(len(rows)) if order is None else order.permutation(len(rows))
    grouped: list[tuple[int, list[Row]]] = []
    for shorter, size in zip([0, *sizes], sizes, strict=False):
        group = [rows[index] for index in indices if shorter < len(rows[index].ids) <= size]
        grouped += [(size, group[at : at + batch_size]) for at in range(0, len(group), batch_size)]
    sequence = np.arange(len(grouped)) if order is None else order.permutation(len(grouped))
    for index in sequence:
        size, group = grouped[index]
        yield _padded(group, size, batch_size)


def _padded(rows: Sequence[Row], size: int, batch_size: int) -> Batch:
    ids = np.full((batch_size, size + 1), END, np.int32)
    counts = np.zeros((batch_size, size), np.float32)
    for number, row in enumerate(rows):
        ids[number, : len(row.ids)] = row.ids
        counts[number, row.scored - 1 : len(row.ids) - 1] = 1.0
    return Batch(ids[:, :-1], ids[:, 1:], counts)
