"""The ways to tune; which one is meant follows from what is asked."""

from __future__ import annotations

from typing import Literal

Method = Literal["supervised", "distillation", "gemini", "continuous"]

OPEN_METHODS: frozenset[Method] = frozenset({"supervised", "distillation"})
"""Those whose result is a folder of checkpoints; the others' is a model of the service with its own endpoints."""

_TOLD: dict[Method, str] = {
    "supervised": "supervised tuning",
    "distillation": "distillation",
    "gemini": "Gemini tuning",
    "continuous": "continuous Gemini tuning",
}


def method(base_model: str | None, teacher_model: str | None = None, pre_tuned_model: str | None = None) -> Method:
    """Returns the method that inputs ask for; open models tuned from a custom base are `supervised` as well.

    Args:
        base_model: an open model, `publisher/family@version`, or a Gemini model.
        teacher_model: the model that labels the prompts, which makes it a distillation.
        pre_tuned_model: the tuned Gemini model to go on from, which makes it continuous.
    """
    if pre_tuned_model:
        return "continuous"
    if teacher_model:
        return "distillation"
    return "gemini" if base_model and is_gemini(base_model) else "supervised"


def told(name: Method) -> str:
    """Returns a method as people call it, such as `Gemini tuning`."""
    return _TOLD[name]


def is_gemini(model: str) -> bool:
    """Says whether a name is meant for a Gemini model, known or not."""
    return model.strip().rpartition("/")[2].startswith("gemini")
