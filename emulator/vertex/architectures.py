"""What the config.json of each open model says, and whether a checkpoint says the same."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from emulator.vertex.refusals import invalid_argument

if TYPE_CHECKING:
    from pathlib import Path

_INNER = "text_config"


@cache
def _configs() -> dict[str, dict[str, Any]]:
    content = json.loads(files(__package__).joinpath("open_model_configs.json").read_text("utf-8"))
    models: dict[str, dict[str, Any]] = content["models"]
    return models


def config(base_model: str) -> dict[str, Any]:
    """What is known of a model's config.json, by its canonical name; nothing for a model of another kind."""
    return _configs().get(base_model, {})


def check(base_model: str, folder: Path, uri: str) -> None:
    """Refuses to start from a checkpoint of another architecture.

    Raises:
        ServiceError: its config.json says something else than the base model's. What it does not say is not held
            against it. "Models with the same architecture as one of the supported base models" can be tuned: open-model
            tuning, "Create a tuning job". The wording is the emulator's.
    """
    try:
        found = _flat(json.loads((folder / "config.json").read_text(encoding="utf-8")))
    except ValueError as error:
        raise invalid_argument(f"The config.json of custom base model {uri} is not JSON: {error}") from error
    differences = [
        f"{name} {found[name]!r} instead of {wanted!r}"
        for name, wanted in _flat(config(base_model)).items()
        if name in found and found[name] != wanted
    ]
    if differences:
        raise invalid_argument(
            f"The custom base model {uri} does not have the architecture of {base_model}: its config.json has "
            f"{', '.join(differences)}."
        )


def _flat(document: dict[str, Any]) -> dict[str, Any]:
    """The configuration of the language model, be it the whole or, with its own name, a part of one.

    The class is left out: the language part of a larger model may be stored by itself, under a class of its own.
    """
    inner = document.get(_INNER)
    flat = {**(inner if isinstance(inner, dict) else {}), **document}
    if "model_type" in flat:
        flat["model_type"] = str(flat["model_type"]).removesuffix("_text")
    return {name: value for name, value in flat.items() if name not in {_INNER, "architectures"}}
