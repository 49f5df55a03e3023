"""The Gemini models that the service tunes: adapters, regions and keys, read from `gemini_models.json`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_PUBLISHER = "publishers/google/models/"


@dataclass(frozen=True)
class GeminiModel:
    """One Gemini model that can be tuned.

    Attributes:
        name: Such as `gemini-2.5-flash`.
        adapter_sizes: The ranks that its adapters can have.
        regions: Where it is tuned, or nothing where that is not published.
        takes_keys: Whether a job on it may name a customer-managed key.
    """

    name: str
    adapter_sizes: tuple[int, ...]
    regions: tuple[str, ...]
    takes_keys: bool


@cache
def _table() -> dict[str, GeminiModel]:
    content = json.loads(files(__package__).joinpath("gemini_models.json").read_text("utf-8"))
    sizes = tuple(content["adapter_sizes"])
    return {
        name: GeminiModel(name, sizes, tuple(row["regions"] or ()), row["keys"])
        for name, row in content["models"].items()
    }


def is_gemini(base_model: str) -> bool:
    """Whether a base model is named as a Gemini model is, be it one that exists or not."""
    return base_model.removeprefix(_PUBLISHER).startswith("gemini-")


def find(base_model: str) -> GeminiModel | None:
    """The model of that name, in either of its forms, if the service tunes it."""
    return _table().get(base_model.removeprefix(_PUBLISHER))


def names() -> list[str]:
    """All models that can be tuned, newest first."""
    return list(_table())
