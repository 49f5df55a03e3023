"""The open models that the service tunes: modes, baseline learning rates and regions, read from `open_models.json`."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

Mode = Literal["FULL", "PEFT_ADAPTER"]

# Where no baseline is published, the one that most models of that mode have in the same table.
_USUAL_LEARNING_RATE: dict[Mode, float] = {"FULL": 1e-5, "PEFT_ADAPTER": 2e-4}
_USUAL_ADAPTER_SIZE = 16

_RESOURCE_NAME = re.compile(r"(?:publishers/)?(?P<publisher>[^/@]+)(?:/models)?/(?P<model>[^/@]+)@(?P<version>[^/@]+)")


@dataclass(frozen=True)
class OpenModel:
    """One base model that can be tuned.

    Attributes:
        name: `publisher/family@version`.
        modes: The tuning modes it has, each with its baseline learning rate.
        adapter_size: The rank of the adapters where a job names none.
        takes_images: Whether examples may have images, beside which those without any are dropped.
    """

    name: str
    modes: dict[Mode, float]
    adapter_size: int
    takes_images: bool


@cache
def _content() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(files(__package__).joinpath("open_models.json").read_text("utf-8"))
    return content


@cache
def _models() -> dict[str, OpenModel]:
    return {
        name: OpenModel(
            name,
            {mode: rate or _USUAL_LEARNING_RATE[mode] for mode, rate in row["modes"].items()},
            row.get("adapter_size", _USUAL_ADAPTER_SIZE),
            row.get("images", False),
        )
        for name, row in _content()["models"].items()
    }


def canonical_name(base_model: str) -> str | None:
    """`publisher/family@version` of a name in either of its forms, or None where it is not one.

    Both `google/gemma3@gemma-3-1b-it` and `publishers/google/models/gemma3@gemma-3-1b-it` name the same model.
    """
    match = _RESOURCE_NAME.fullmatch(base_model)
    return f"{match['publisher']}/{match['model']}@{match['version']}" if match else None


def find(name: str) -> OpenModel | None:
    """The model of that canonical name, if the service tunes it."""
    return _models().get(name)


def tuned_in(region: str) -> bool:
    """Whether open models are tuned in a region."""
    return region in _content()["regions"]


def tuning_regions() -> list[str]:
    """The regions in which open models are tuned, in alphabetical order."""
    return sorted(_content()["regions"])


def teachers() -> list[str]:
    """The models that can label prompts. They are named without a version."""
    return list(_content()["teachers"])


def students() -> list[str]:
    """The canonical names of the models that can be taught."""
    return list(_content()["students"])
