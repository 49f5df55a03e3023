"""The untuned model that is kept in this package."""

from __future__ import annotations

from pathlib import Path

from emulator.language_model.architecture import read_config
from emulator.language_model.checkpoint import read_weights, write_checkpoint
from emulator.language_model.tokenization import Tokenization

BASE_FOLDER = Path(__file__).parent / "base"


def write_base_checkpoint(base_model: str, folder: Path) -> None:
    """Writes the untuned model as the checkpoint of ``base_model``, a name such as ``meta/llama3_1@llama-3.1-8b``.

    The weights are the same whatever the name; the configuration is of that model's family and says so.
    """
    architecture, _ = read_config(BASE_FOLDER)
    write_checkpoint(
        folder, read_weights(BASE_FOLDER, architecture), architecture, Tokenization.load(BASE_FOLDER), base_model
    )
