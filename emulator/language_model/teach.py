"""Makes the teacher that is kept in teacher/: ``python -m emulator.language_model.teach``."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from emulator.language_model import Hyperparameters, Progress, train
from emulator.language_model.base_model import TEACHER_FOLDER, write_base_checkpoint
from emulator.language_model.teaching_text import teaching_examples

SEED = 11
EXAMPLES = 40_000
REPORT_EVERY = 1000


def teach(folder: Path, examples: int) -> None:
    """Tunes all weights of the untuned model on the answers of drawn examples, in one pass."""
    started = time.monotonic()
    losses: list[float] = []

    def report(progress: Progress) -> None:
        losses.append(progress.loss)
        if progress.step % REPORT_EVERY == 0 or progress.step == progress.total_steps:
            recent = sum(losses[-REPORT_EVERY:]) / len(losses[-REPORT_EVERY:])
            seconds = time.monotonic() - started
            sys.stdout.write(f"step {progress.step}/{progress.total_steps} loss {recent:.3f} {seconds:.0f} s\n")
            sys.stdout.flush()

    with tempfile.TemporaryDirectory() as base:
        write_base_checkpoint("tunestack/teacher@1", Path(base))
        train(
            Path(base),
            teaching_examples(examples, SEED),
            [],
            Hyperparameters("FULL", epochs=1),
            save=lambda _epoch, _step, write: write(folder),
            progress=report,
            cancelled=lambda: False,
        )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Teach the teacher.")
    parser.add_argument("--output", type=Path, default=TEACHER_FOLDER)
    parser.add_argument("--examples", type=int, default=EXAMPLES)
    arguments = parser.parse_args()
    teach(arguments.output, arguments.examples)


if __name__ == "__main__":
    main()
