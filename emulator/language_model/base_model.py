"""The models that are kept in this package: the untuned one, and the teacher of distillations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator.language_model.architecture import NAME, read_config
from emulator.language_model.checkpoint import read_weights, write_checkpoint
from emulator.language_model.tokenization import Tokenization

if TYPE_CHECKING:
    from collections.abc import Mapping

BASE_FOLDER = Path(__file__).parent / "base"
TEACHER_FOLDER = Path(__file__).parent / "teacher"


def write_base_checkpoint(base_model: str, folder: Path, config: Mapping[str, Any] | None = None) -> None:
    """Writes the untuned model as the checkpoint of ``base_model``, a name such as ``meta/llama3_1@llama-3.1-8b``.

    The weights are the same whatever the name.

    Args:
        base_model: The model to stand in for.
        folder: Made if missing.
        config: What that model's config.json says, as far as it is known.
    """
    architecture, _ = read_config(BASE_FOLDER)
    told = {**(config or {}), NAME: base_model}
    write_checkpoint(
        folder, read_weights(BASE_FOLDER, architecture), architecture, Tokenization.load(BASE_FOLDER), told
    )
