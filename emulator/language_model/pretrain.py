"""Makes the untuned model that is kept in base/: ``python -m emulator.language_model.pretrain``."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import jax
import numpy as np

from emulator.language_model import backend, optimization
from emulator.language_model.architecture import NAME, Architecture
from emulator.language_model.base_model import BASE_FOLDER
from emulator.language_model.batching import batches, encode_examples, row_sizes
from emulator.language_model.checkpoint import write_checkpoint
from emulator.language_model.pretraining_text import pretraining_examples
from emulator.language_model.tokenization import Tokenization
from emulator.language_model.transformer import initial_weights

SEED = 5
EXAMPLES = 75_000
TOKENIZER_EXAMPLES = 20_000
BATCH_SIZE = 6
PEAK_LEARNING_RATE = 2e-3
REPORT_EVERY = 1000


def pretrain(folder: Path, architecture: Architecture, examples: int) -> None:
    """Learns a tokenizer and the weights from drawn text, on every token, in one pass, and writes the checkpoint."""
    backend.prepare()
    drawn = pretraining_examples(examples, SEED)
    texts = [text for example in drawn[:TOKENIZER_EXAMPLES] for text in (example.prompt, example.completion)]
    tokenization = Tokenization.learn(texts, architecture.vocab_size)
    rows = encode_examples(drawn, tokenization, architecture.max_position_embeddings, score_prompts=True)
    sizes = row_sizes(rows)
    sequence = list(batches(rows, sizes, BATCH_SIZE, np.random.default_rng(SEED)))
    trained = initial_weights(architecture, jax.random.key(SEED))
    state = optimization.initial_state(trained)
    rates = optimization.learning_rates(PEAK_LEARNING_RATE, len(sequence))
    started = time.monotonic()
    losses = []
    for step, batch in enumerate(sequence):
        trained, state, sums = optimization.training_step(trained, state, {}, batch, rates[step], architecture)
        losses.append(float(sums[0]))
        if (step + 1) % REPORT_EVERY == 0 or step + 1 == len(sequence):
            recent = np.mean(losses[-REPORT_EVERY:])
            sys.stdout.write(f"step {step + 1}/{len(sequence)} loss {recent:.3f} {time.monotonic() - started:.0f} s\n")
            sys.stdout.flush()
    tokens = sum(len(row.ids) for row in rows)
    sys.stdout.write(
        f"{examples} examples, {tokens} tokens, {sum(w.size for w in trained.values())} weights, rows {sizes}\n"
    )
    write_checkpoint(
        folder,
        {name: np.asarray(weight) for name, weight in trained.items()},
        architecture,
        tokenization,
        {NAME: "tunestack/stand-in@1"},
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Pretrain the untuned model.")
    parser.add_argument("--output", type=Path, default=BASE_FOLDER)
    parser.add_argument("--examples", type=int, default=EXAMPLES)
    arguments = parser.parse_args()
    pretrain(arguments.output, Architecture(), arguments.examples)


if __name__ == "__main__":
    main()
