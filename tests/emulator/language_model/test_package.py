from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import emulator.language_model

if TYPE_CHECKING:
    from pathlib import Path

TRAIN = """
import sys
from pathlib import Path
from emulator.language_model import Example, Generator, Hyperparameters, train
checkpoints = Path(sys.argv[2])
train(Path(sys.argv[1]), [Example("a", "b")], [], Hyperparameters(epochs=1),
      save=lambda epoch, step, write: write(checkpoints), progress=lambda progress: None, cancelled=lambda: False)
Generator.load(checkpoints).generate("a", max_tokens=3)
import jax
print({device.platform for device in jax.devices()})
"""


def python(code: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_public_names() -> None:
    assert emulator.language_model.__all__ == [
        "TEACHER_FOLDER",
        "Example",
        "Generation",
        "Generator",
        "Hyperparameters",
        "LanguageModelError",
        "Progress",
        "TrainingCancelled",
        "TrainingDiverged",
        "TrainingResult",
        "render_chat",
        "render_prompt",
        "train",
        "write_base_checkpoint",
    ]


def test_importing_it_does_not_import_jax() -> None:
    done = python("import sys, emulator.language_model; print({'jax', 'optax'} & set(sys.modules))")
    assert (done.stdout.strip(), done.stderr) == ("set()", "")


def test_a_run_is_silent_on_the_processor_and_outlives_a_damaged_cache(tiny_base: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    for _ in range(2):
        done = python(TRAIN, str(tiny_base), str(tmp_path / "checkpoint"), TUNESTACK_JAX_CACHE=str(cache))
        assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "{'cpu'}", "")
        entries = list(cache.iterdir())
        assert entries
        for entry in entries:
            entry.write_bytes(b"not a program")
