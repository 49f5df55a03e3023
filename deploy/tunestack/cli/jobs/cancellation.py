"""`tunestack jobs cancel`: asks, and has the service stop what still runs."""

from __future__ import annotations

from datetime import UTC, datetime

from tunestack.cli import terminal
from tunestack.cli.jobs.described import cost
from tunestack.cli.jobs.selection import resource
from tunestack.cli.place import Place
from tunestack.tuning import jobs, states
from tunestack.tuning.job import Job
from tunestack.tuning.ownership import OWNER, STACK
from tunestack.tuning.progress import Forecast, lasting


def run(place: Place, found: list[Job], *, is_sure: bool) -> bool:
    """Cancels jobs; returns whether each is stopping, or has been stopped before.

    Raises:
        StackError: nobody is there to ask.
        typer.Abort: somebody was asked, and said no.
    """
    at = datetime.now(UTC)
    to_cancel = []
    for job in found:
        if job.is_over:
            when = f" {lasting(at - job.ended)} ago" if job.ended else ""
            terminal.print_lines([f"job {job.number} {states.phrase(job.state)}{when}: there is nothing to cancel"])
        elif job.state == states.CANCELLING:
            terminal.print_lines([f"job {job.number} is being cancelled already"])
        else:
            to_cancel.append(job)
    if to_cancel and not is_sure:
        _ask(place, to_cancel, at)
    stopping = [_cancel(place, job) for job in to_cancel]
    return all(stopping) and all(job.state in states.STOPPING for job in found if job not in to_cancel)


def _ask(place: Place, found: list[Job], at: datetime) -> None:
    for job in found:
        terminal.print_lines(_described(place, job, at))
    what = "this job" if len(found) == 1 else f"these {len(found)} jobs"
    terminal.confirm(f"Cancel {what}? It cannot be resumed, and what it has billed stays billed.")


def _described(place: Place, job: Job, at: datetime) -> list[str]:
    name = resource(place, job) or job.display_name
    lines = [
        Forecast().sentence(job, at),
        f"  {', '.join(filter(None, (name, job.method, job.base_model)))}",
        f"  {_billed(place, job)}",
    ]
    if OWNER not in job.labels:
        lines.append("  it was not submitted by a stack")
    elif place.stack and job.labels.get(STACK) != place.stack_label():
        lines.append(f"  it belongs to another stack than {place.stack}")
    else:
        lines.append("  the next pulumi up of its stack will say that it was cancelled, and start nothing by itself")
    return lines


def _billed(place: Place, job: Job) -> str:
    if job.billed_tokens is None:
        return "what it bills is not known yet: the service has not counted its tokens"
    whole = ", ".join(filter(None, (f"{job.billed_tokens:,} tokens", cost(place, job))))
    if not (job.steps and job.step is not None):
        return f"{whole} if it ran to its end"
    return f"{whole} if it ran to its end, of which {100 * job.step // job.steps} % are done"


def _cancel(place: Place, job: Job) -> bool:
    reason = jobs.cancel(place.connection, job.name)
    told = f"job {job.number} was not cancelled: {reason}" if reason else f"job {job.number} is being cancelled"
    terminal.print_lines([told])
    return not reason
