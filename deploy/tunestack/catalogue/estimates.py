"""What tuning and serving a model on given data would cost, item by item, each with its source.

An item that nobody published a price for is unknown, which is never zero: a total with such an item says "at least".
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from tunestack.catalogue.amounts import Span
from tunestack.catalogue.cost_items import Estimate, Item, Total
from tunestack.catalogue.data_rules import known_mode
from tunestack.catalogue.entries import GeminiModel
from tunestack.catalogue.methods import method
from tunestack.catalogue.model_rows import distillation, model_named
from tunestack.catalogue.names import UnknownTeacherError, nearest
from tunestack.catalogue.prices import HOURS_PER_MONTH, MILLION, serving_estimate, training_estimate
from tunestack.catalogue.reader import machine as machine_named
from tunestack.catalogue.reader import storage_usd_per_gib_month
from tunestack.wording import counted

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterator

    from tunestack.catalogue.entries import Mode, OpenModel
    from tunestack.catalogue.prices import TrainingEstimate
    from tunestack.catalogue.text_tokens import TextCounts

MOST_CHECKPOINTS = 10
"""Checkpoints that the service keeps of a job: one an epoch, and ten at the most (its tuning page)."""

DEFAULT_LOCATION = "us-central1"
"""Where prices are taken from when no location is named: the one region that all price lists have."""

GIB = 2**30

__all__ = ["Estimate", "EstimateError", "Item", "Total", "estimate"]


class EstimateError(ValueError):
    """What was asked cannot be estimated; the message says what to ask instead."""


def estimate(
    counts: TextCounts,
    model: str,
    mode: Mode | None,
    epochs: int,
    *,
    validation: TextCounts | None = None,
    images: int = 0,
    teacher: str | None = None,
    answer_tokens: int | None = None,
    machine: str | None = None,
    hours: Decimal | int | None = None,
    location: str | None = None,
    tokens: int | None = None,
    today: datetime.date | None = None,
) -> Estimate:
    """Estimates what data, a model and a machine cost.

    Args:
        counts: what was counted in the training file, such as a `tunestack.data.Report`; without its size, the
            storage of the data is left out.
        model: an open model, `publisher/family@version`, or a Gemini model.
        mode: the tuning mode; may be None where the model has but one.
        epochs: passes over the training file.
        validation: what was counted in the validation file.
        images: parts of the training file that are no text: their tokens are not known, so they come on top.
        teacher: for a distillation, the model that answers the prompts of the training file.
        answer_tokens: tokens of a teacher's answer; unknown when left out.
        machine: machine that serves the tuned model.
        hours: hours a month that it serves; all when left out.
        location: where everything lies and runs; `us-central1` when left out.
        tokens: tokens of the training file, where the model's own tokenizer has counted them.
        today: the day to judge the age of sources by.

    Raises:
        UnknownRowError: the catalogue has no such model, mode, teacher or machine; the message names the nearest.
        EstimateError: the model learns from no teacher or needs no machine, or a number is out of range.
    """
    import datetime

    row = model_named(model)
    mode = known_mode(row, mode)
    if epochs < 1:
        raise EstimateError(f"{epochs} epochs train nothing; write 1 or more")
    if hours is not None and not 0 <= hours <= HOURS_PER_MONTH:
        raise EstimateError(f"a month has {HOURS_PER_MONTH} hours, not {hours}; write 0 to {HOURS_PER_MONTH}")
    training = training_estimate(row, mode, counts, epochs, tokens)
    items = []
    if teacher is None:
        note = "" if tokens is None else "tokens counted"
        items.append(_training(training, training.tokens, note, images=images))
    else:
        items += _distillation(row, training, counts.examples, teacher, answer_tokens, images)
    where = location or DEFAULT_LOCATION
    sizes = [each.bytes for each in (counts, validation) if each is not None]
    items += _storage(row, mode, epochs, None if None in sizes else sum(filter(None, sizes)), where)
    if machine is not None and isinstance(row, GeminiModel):
        # Its calls are billed by tokens, as those of its base model are.
        raise EstimateError(f"a tuned {row.name} brings its own endpoints and needs no machine; leave out {machine}")
    if machine is not None:
        served = serving_estimate(machine_named(machine), location)
        per_month = Span.exactly(HOURS_PER_MONTH if hours is None else hours)
        note = f"{machine} in {served.location}"
        items.append(Item("serving", "month", per_month, "hours", served.usd_per_hour, 1, (served.source,), note))
    day = today or datetime.datetime.now(datetime.UTC).date()
    how = method(row.name, teacher)
    return Estimate(row.name, how, mode, epochs, training.tokens_per_epoch, tuple(items), day)


def _training(
    training: TrainingEstimate, tokens: Span | None, note: str, *, images: int = 0, more: bool = False
) -> Item:
    notes = [note] if note else []
    if images:
        notes.append(f"{counted(images, 'image')} not counted")
    return Item(
        "training",
        "once",
        tokens,
        "tokens",
        training.usd_per_million_tokens,
        MILLION,
        training.sources,
        ", ".join(notes),
        more or images > 0,
    )


def _distillation(
    model: OpenModel | GeminiModel,
    training: TrainingEstimate,
    examples: int,
    teacher: str,
    answer_tokens: int | None,
    images: int,
) -> Iterator[Item]:
    """Yields the student's training and the teacher's calls: one an example, all text of the file as its prompt."""
    lists = distillation()
    if teacher not in lists.teachers:
        near = nearest(teacher, lists.teachers)
        raise UnknownTeacherError(f'"{teacher}" is not among the teachers; nearest: {", ".join(near)}', near)
    if model.name not in lists.students:
        raise EstimateError(f"{model.name} is not among the students; write one of {', '.join(lists.students)}")
    if answer_tokens is not None and answer_tokens < 0:
        raise EstimateError(f"an answer of {answer_tokens} tokens cannot be; write 0 or more")
    price = lists.prices.get(teacher)
    sources = (price.source,) if price else (lists.source,)
    learnt, answers = training.tokens, None
    note = "without the teacher's answers, whose length is not known"
    if answer_tokens is not None:
        answers, note = Span.exactly(answer_tokens * examples), "prompts and answers"
        learnt = learnt and learnt + answers * training.epochs
    yield _training(training, learnt, note, images=images, more=answers is None)
    who = f"{teacher}, said to retire on {price.retires}" if price and price.retires else teacher
    for name, quantity, usd in (
        ("teacher reads", training.tokens_per_epoch, price.usd_per_million_input_tokens if price else None),
        ("teacher writes", answers, price.usd_per_million_output_tokens if price else None),
    ):
        yield Item(name, "once", quantity, "tokens", usd, MILLION, sources, who)


def _storage(
    model: OpenModel | GeminiModel, mode: Mode, epochs: int, data_bytes: int | None, location: str
) -> Iterator[Item]:
    usd, source = storage_usd_per_gib_month(location)
    if data_bytes is not None:
        stored = Span.exactly(Decimal(data_bytes) / GIB)
        yield Item("storage of data", "month", stored, "GiB", usd, 1, (source,), f"in {location}")
    if isinstance(model, GeminiModel):
        return  # its checkpoints stay with the service
    size = model.weight_bytes if mode == "FULL" else None
    # The service says one an epoch; whether the final one is kept beside them, it does not say.
    count = min(epochs, MOST_CHECKPOINTS)
    kept = Span(Decimal(count), Decimal(count), Decimal(count + 1))
    note = f"{count} in {location}" if size else f"{count} in {location}, size of adapters not published"
    quantity = None if size is None else kept * (Decimal(size) / GIB)
    yield Item("storage of checkpoints", "month", quantity, "GiB", usd, 1, (source, model.source), note)
