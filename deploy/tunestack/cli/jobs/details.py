"""`tunestack jobs show`: all that is known of one job."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from tunestack.catalogue.methods import told
from tunestack.cli import terminal
from tunestack.cli.jobs.described import cost, duration, progress, state, to_json
from tunestack.cli.jobs.selection import resource
from tunestack.cli.place import Place
from tunestack.retries import http_code
from tunestack.tuning import artifacts, declared, states
from tunestack.tuning.artifacts import Checkpoint
from tunestack.tuning.job import Job
from tunestack.tuning.ownership import OURS, STACK
from tunestack.tuning.progress import lasting

_TOLD_ELSEWHERE = frozenset({"baseModel", "teacherModel", "trainingUri", "outputUri", "labels"})
"""Inputs that stand among the facts by themselves."""


def show(place: Place, job: Job, *, as_json: bool) -> None:
    """Prints what is known of a job: facts, what it was asked for, and what it made."""
    inputs = declared.inputs(job)
    found, labelled = _made(place, job)
    if as_json:
        folders = [{"name": each.name, "uri": each.uri} for each in found]
        more = {"inputs": inputs, "folders": folders, "labelledDataUri": labelled or None}
        terminal.print_json({**to_json(place, job), **more})
        return
    terminal.print_facts(_facts(place, job, inputs, labelled))
    if found:
        terminal.print_lines(["", *terminal.table(("checkpoint", "folder"), [(each.name, each.uri) for each in found])])
    elif job.checkpoints:
        rows = [(each.id, _number(each.epoch), _number(each.step), each.endpoint) for each in job.checkpoints]
        headings = ("checkpoint", "epoch", "step", "endpoint")
        terminal.print_lines(["", *terminal.table(headings, rows, right=("epoch", "step"))])


def _facts(place: Place, job: Job, inputs: dict[str, Any], labelled: str) -> Iterator[tuple[str, str]]:
    at = datetime.now(UTC)
    yield "job", job.name
    yield "name", (name := resource(place, job))
    yield "display name", job.display_name if job.display_name != name else ""
    yield "method", told(job.method)
    yield "base model", job.base_model
    yield "teacher", job.teacher_model
    yield "asked for", "\n".join(f"{name}: {value}" for name, value in inputs.items() if name not in _TOLD_ELSEWHERE)
    yield "data", job.training_uri
    yield "output", job.output_uri
    yield "labelled data", labelled
    yield "state", state(job)
    yield "error", job.error
    yield "progress", progress(job)
    yield "submitted", f"{job.created:%Y-%m-%d %H:%M:%S} UTC, {lasting(at - job.created)} ago" if job.created else ""
    yield "duration", duration(job, at)
    yield "tokens", "" if job.billed_tokens is None else f"{job.billed_tokens:,}"
    yield "cost", cost(place, job)
    yield "tuned model", job.model
    yield "endpoint", job.endpoint
    yield "labels", "\n".join(f"{key}={value}" for key, value in job.labels.items() if key not in OURS)
    yield "stack", _stack(place, job)


def _stack(place: Place, job: Job) -> str:
    if STACK not in job.labels:
        return "none: it was not submitted by one"
    if place.stack:
        return place.stack if job.labels[STACK] == place.stack_label() else f"another than {place.stack}"
    return ""


def _made(place: Place, job: Job) -> tuple[list[Checkpoint], str]:
    """Returns the folders of checkpoints that an open model's job has made, and the data that its teacher labelled."""
    if job.state not in states.FRUITFUL or not job.keeps_folder or not job.output_uri:
        return [], ""
    try:
        found = artifacts.checkpoints(place.connection, job.output_uri)
        is_distilled = job.method == "distillation"
        return found, artifacts.labelled_data(place.connection, job.output_uri) if is_distilled else ""
    except Exception as error:
        if http_code(error) in (403, 404):  # whoever may see jobs need not see the bucket
            return [], ""
        raise


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"
