"""Models that do not exist, have retired, or cannot learn as they are asked to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunestack.catalogue.checks.problem import Problem
from tunestack.catalogue.entries import FRESH_DAYS, GeminiModel
from tunestack.catalogue.methods import is_gemini
from tunestack.catalogue.methods import told as told_method
from tunestack.catalogue.model_rows import distillation, gemini_models, model_named, open_models
from tunestack.catalogue.names import UnknownRowError, nearest
from tunestack.catalogue.reader import data_limits

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterator

    from tunestack.catalogue.checks.problem import Asked
    from tunestack.catalogue.entries import OpenModel, Source


def looked_up(asked: Asked) -> tuple[OpenModel | GeminiModel | None, list[Problem]]:
    """Finds the base model's row, or says that there is none."""
    name = asked.base_model
    if name is None:
        return None, []
    try:
        return model_named(name), []
    except UnknownRowError as error:
        # Without its version the service refuses the name of an open model, one that it adds tomorrow as well.
        may_be_new = "@" in name or is_gemini(name) or asked.machine_type is not None
        return None, [Problem("baseModel", str(error), is_unknown=may_be_new)]


def problems(asked: Asked, model: OpenModel | GeminiModel | None) -> Iterator[Problem]:
    """Yields what is wrong with the models, and with what they shall learn from."""
    if isinstance(model, GeminiModel):
        yield from _gemini(asked, model)
    if asked.teacher_model is not None:
        yield from _teaching(asked.teacher_model, model, asked.today)
    if asked.pre_tuned_model is not None:
        yield from _continuing(asked, asked.pre_tuned_model)
        if isinstance(model, GeminiModel) and model.continuous is None:
            reason = f"no page says whether a tuned {model.name} can be tuned further"
            yield Problem("baseModel", reason, is_warning=True)
    if asked.images and model is not None and "image" not in model.modalities:
        from tunestack.wording import counted  # most jobs have none

        able = ", ".join(row.name for row in open_models() if "image" in row.modalities)
        held = counted(asked.images, "image")
        yield Problem("baseModel", f"{model.name} learns from text alone, and the data holds {held}; nearest: {able}")
    if asked.data_format is not None:
        formats = data_limits("open" if asked.is_open else "gemini")[0]["formats"]
        if asked.data_format not in formats:
            takes = f"{told_method(asked.method)} takes {' or '.join(formats)} alone"
            remedy = f"tunestack data convert … --to {formats[0]} writes it"
            yield Problem("format", f"the dataset is in the format {asked.data_format}, and {takes}; {remedy}")


def _gemini(asked: Asked, model: GeminiModel) -> Iterator[Problem]:
    if model.is_disputed and asked.machine_type is None:
        yield Problem("baseModel", f"whether {model.name} can be tuned is disputed: {model.note}", is_warning=True)
    if model.retires is not None and model.retires_source is not None:
        told = _retirement(model.name, model.retires, model.retires_source, asked.today, may_stay=model.may_stay)
        if told:
            stays = [row for row in gemini_models() if row.retires is None or row.retires > asked.today]
            known = [row.name for row in stays if not row.is_disputed]
            remedy = f"; nearest that stays: {nearest(model.name, known)[0]}" if known else ""
            yield Problem("baseModel", f"{told}; a tuned model goes with its base model{remedy}", is_warning=True)


def _teaching(teacher: str, student: OpenModel | GeminiModel | None, today: datetime.date) -> Iterator[Problem]:
    lists = distillation()
    if teacher not in lists.teachers:
        near = ", ".join(nearest(teacher, lists.teachers))
        yield Problem("teacherModel", f'"{teacher}" is not among the teachers; nearest: {near}', is_unknown=True)
    price = lists.prices.get(teacher)
    if price and price.retires and (told := _retirement(teacher, price.retires, price.retires_source, today)):
        yield Problem("teacherModel", f"{told}; without it nothing labels the prompts", is_warning=True)
    if student is not None and student.name not in lists.students:
        near = nearest(student.name, lists.students)[0]
        reason = f"{student.name} is not among the students; nearest: {near}; all: {', '.join(lists.students)}"
        yield Problem("baseModel", reason)


def _retirement(
    name: str, day: datetime.date, source: Source, today: datetime.date, *, may_stay: bool = False
) -> str | None:
    """Says that a model has retired, or soon will; None while that is far away."""
    left = (day - today).days
    if left > FRESH_DAYS:
        return None
    if left > 0:
        verb = "may be shut down from" if may_stay else "is said to be shut down on"
        return f"{name} {verb} {day}, in {left} days ({source})"
    verb = "may have been shut down since" if may_stay else "is said to have been shut down on"
    return f"{name} {verb} {day} ({source})"


def _continuing(asked: Asked, name: str) -> Iterator[Problem]:
    parts = name.split("/")
    # The form that the service's page of continuous tuning gives.
    if len(parts) != 6 or parts[::2] != ["projects", "locations", "models"] or not all(parts) or name.count("@") > 1:
        reason = f'"{name}" is not the name of a tuned model; write projects/…/locations/…/models/ID, ID@3 or ID@alias'
        yield Problem("preTunedModel", reason)
    elif asked.location is not None and asked.location != parts[3] and not _is_part(asked.location, parts[3]):
        place = {"us": "a region of us", "eu": "a region of eu"}.get(parts[3], parts[3])
        reason = (
            f"is in {parts[3]}, and the job in {asked.location}; tune it further in a stack whose location is {place}"
        )
        yield Problem("preTunedModel", reason)
    if asked.base_model is not None and not is_gemini(asked.base_model):
        near = ", ".join(row.name for row in gemini_models())
        reason = f"preTunedModel goes on from a tuned Gemini model: leave out baseModel, or write one of {near}"
        yield Problem("baseModel", reason)


def _is_part(region: str, place: str) -> bool:
    # Models tuned from Gemini 3 lie in the multi-region of their job's region.
    return region.startswith({"us": "us-", "eu": "europe-"}.get(place, "/"))
