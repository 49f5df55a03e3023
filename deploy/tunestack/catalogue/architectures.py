"""Whether a checkpoint is one of the model that it shall be tuned as, by its config.json."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def architecture_problem(base_model: str, config: Mapping[str, Any]) -> str | None:
    """Says why a checkpoint cannot be tuned as a base model; None where nothing is known to be wrong.

    Args:
        base_model: the open model whose architecture the checkpoint must have.
        config: the checkpoint's config.json.
    """
    return None
