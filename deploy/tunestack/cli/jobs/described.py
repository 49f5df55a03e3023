"""A job in the words of a table, and as JSON."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from tunestack.catalogue import money, training_cost
from tunestack.catalogue.amounts import at_least
from tunestack.cli.jobs.selection import resource
from tunestack.cli.place import Place
from tunestack.tuning import states
from tunestack.tuning.job import Job
from tunestack.tuning.progress import lasting

HEADINGS = ("job", "name", "method", "base model", "state", "progress", "age", "duration", "tokens", "cost")
NUMBERS = ("age", "duration", "tokens", "cost")


def row(place: Place, job: Job, at: datetime) -> tuple[str, ...]:
    """Returns a job as a row of a table, by `HEADINGS`."""
    return (
        job.number,
        resource(place, job) or job.display_name,
        job.method,
        job.base_model.rpartition("@")[2].rpartition("/")[2],
        state(job),
        progress(job),
        lasting(at - job.created) if job.created else "",
        duration(job, at),
        "" if job.billed_tokens is None else f"{job.billed_tokens:,}",
        cost(place, job),
    )


def state(job: Job) -> str:
    """Returns the state, and the sub-state while it runs."""
    said = states.phrase(job.state)
    return f"{said}, {states.phrase(job.detail)}" if job.detail and not job.is_over else said


def progress(job: Job) -> str:
    """Returns epochs and steps done."""
    parts = []
    if job.epoch is not None:
        parts.append(f"epoch {job.epoch}{f'/{job.epochs}' if job.epochs else ''}")
    if job.step is not None:
        parts.append(f"step {job.step:,}{f'/{job.steps:,}' if job.steps else ''}")
    return ", ".join(parts)


def duration(job: Job, at: datetime) -> str:
    """Returns how long a job has run, or ran."""
    return lasting((job.ended or at) - job.started) if job.started else ""


def cost_usd(place: Place, job: Job) -> Decimal | None:
    """Returns what the training tokens of a job cost, from start to end; None where tokens or price are not known.

    An emulator counts with the tokenizer of its own tiny model: no price follows from that.
    """
    if job.billed_tokens is None or place.is_emulated:
        return None
    return training_cost(job.base_model, job.mode, job.billed_tokens)


def is_cut_short(job: Job) -> bool:
    """Whether a job ended before its end: what of its tokens was billed, the service does not tell."""
    return job.is_over and job.state not in states.FRUITFUL


def cost(place: Place, job: Job) -> str:
    """Returns what a job costs as people read it; empty where that is not known."""
    usd = cost_usd(place, job)
    if usd is None or (is_cut_short(job) and job.method == "distillation"):
        return ""
    if is_cut_short(job):
        return f"at most {money(usd).removeprefix('about ')}"
    # Of the teacher's calls the service tells nothing.
    return at_least(money(usd)) if job.method == "distillation" else money(usd)


def to_json(place: Place, job: Job) -> dict[str, Any]:
    """Returns all that is known of a job for machines; what is not known is null."""
    usd = None if is_cut_short(job) else cost_usd(place, job)
    ran = (job.ended - job.started).total_seconds() if job.ended and job.started else None
    return {
        "id": job.number,
        "name": job.name,
        "resource": resource(place, job) or None,
        "displayName": job.display_name or None,
        "method": job.method,
        "baseModel": job.base_model or None,
        "mode": job.mode or None,
        "teacherModel": job.teacher_model or None,
        "state": job.state,
        "detail": job.detail or None,
        "error": job.error or None,
        "epochs": job.epochs,
        "completedEpochs": job.epoch,
        "completedSteps": job.step,
        "steps": job.steps,
        "created": _moment(job.created),
        "started": _moment(job.started),
        "updated": _moment(job.updated),
        "ended": _moment(job.ended),
        "durationSeconds": ran,
        "billedTokens": job.billed_tokens,
        "costUsd": None if usd is None else float(usd),
        "trainingUri": job.training_uri or None,
        "outputUri": job.output_uri or None,
        "tunedModel": job.model or None,
        "endpoint": job.endpoint or None,
        "checkpoints": [
            {"id": each.id, "epoch": each.epoch, "step": each.step, "endpoint": each.endpoint or None}
            for each in job.checkpoints
        ],
        "labels": dict(job.labels),
    }


def _moment(when: datetime | None) -> str | None:
    return when.isoformat() if when else None
