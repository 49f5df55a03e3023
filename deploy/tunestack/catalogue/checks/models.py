"""Models that do not exist, have retired, or cannot learn as they are asked to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tunestack.catalogue.checks.problem import Problem
from tunestack.catalogue.methods import is_gemini
from tunestack.catalogue.reader import (
    UnknownRowError,
    distillation,
    gemini_model,
    gemini_models,
    nearest,
    open_model,
    open_models,
)
from tunestack.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tunestack.catalogue.checks.problem import Asked
    from tunestack.catalogue.entries import GeminiModel, OpenModel

_MODEL = re.compile(r"projects/[^/]+/locations/([^/]+)/models/[^/@]+(@[^/@]+)?")
"""The form of a tuned model's name, by the service's page of continuous tuning."""


def looked_up(asked: Asked) -> tuple[OpenModel | GeminiModel | None, list[Problem]]:
    """Finds the base model's row, or says that there is none."""
    name = asked.base_model
    if name is None:
        return None, []
    try:
        return (gemini_model(name) if is_gemini(name) else open_model(name)), []
    except UnknownRowError as error:
        return None, [Problem("baseModel", str(error), is_unknown=True)]


def problems(asked: Asked, model: OpenModel | GeminiModel | None) -> Iterator[Problem]:
    """Yields what is wrong with the models, and with what they shall learn from."""
    yield from _retirement("baseModel", asked, model)
    if asked.teacher_model is not None:
        yield from _teaching(asked, model)
    if asked.pre_tuned_model is not None:
        yield from _continuing(asked)
    if asked.images and model is not None and not is_gemini(model.name):
        yield from _images(asked.images, model)


def _retirement(name: str, asked: Asked, model: OpenModel | GeminiModel | None) -> Iterator[Problem]:
    yield from ()


def _teaching(asked: Asked, student: OpenModel | GeminiModel | None) -> Iterator[Problem]:
    lists = distillation()
    teacher = asked.teacher_model or ""
    if teacher not in lists.teachers:
        near = ", ".join(nearest(teacher, lists.teachers))
        yield Problem("teacherModel", f'"{teacher}" is not among the teachers; nearest: {near}', is_unknown=True)
    if student is not None and student.name not in lists.students:
        near = nearest(student.name, lists.students)[0]
        reason = f"{student.name} is not among the students; nearest: {near}; all: {', '.join(lists.students)}"
        yield Problem("baseModel", reason)


def _continuing(asked: Asked) -> Iterator[Problem]:
    name = asked.pre_tuned_model or ""
    form = _MODEL.fullmatch(name)
    if form is None:
        reason = f'"{name}" is not the name of a tuned model; write projects/…/locations/…/models/ID, ID@3 or ID@alias'
        yield Problem("preTunedModel", reason)
    elif asked.location is not None and form[1] != asked.location:
        yield Problem("preTunedModel", f"is in {form[1]}, and the job in {asked.location}; tune it where it is")
    if asked.base_model is not None and not is_gemini(asked.base_model):
        near = ", ".join(row.name for row in gemini_models())
        yield Problem("baseModel", f"preTunedModel was tuned from a Gemini model: leave it out, or write one of {near}")


def _images(images: int, model: OpenModel | GeminiModel) -> Iterator[Problem]:
    if "image" not in getattr(model, "modalities", ("image",)):
        able = ", ".join(row.name for row in open_models() if "image" in row.modalities)
        yield Problem(
            "baseModel",
            f"{model.name} learns from text alone, and the training data holds {counted(images, 'image')}; "
            f"nearest that takes them: {able}",
        )
