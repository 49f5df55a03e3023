"""The overview as people read it: a table of stacks, one of what they serve, then what wants a look."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from tunestack.catalogue import money
from tunestack.catalogue.amounts import at_least, hourly
from tunestack.cli import terminal
from tunestack.cli.status.overview import Job, Overview, StackStatus
from tunestack.tuning.progress import lasting
from tunestack.wording import counted


def show(overview: Overview) -> None:
    """Prints all of it."""
    terminal.print_lines([f"stacks in {overview.backend}", ""])
    headings = ("stack", "where", "last update", "resources", "jobs", "serving", "USD/h", "drift")
    terminal.print_lines(terminal.table(headings, map(_row, overview.stacks), right=("resources", "USD/h")))
    models = [(stack.name, *_model(job)) for stack in overview.stacks for job in stack.jobs]
    if models:
        terminal.print_lines(["", *terminal.table(("stack", "model", "job", "state", "checkpoint"), models)])
    served = [
        (stack.name, each.name, each.state, each.machine, _amount(each.usd_per_hour), each.endpoint)
        for stack in overview.stacks
        for each in stack.endpoints
    ]
    if served:
        columns = ("stack", "endpoint", "state", "machine", "USD/h", "name")
        terminal.print_lines(["", *terminal.table(columns, served, right=("USD/h",))])
    terminal.print_lines(["", *_remarks(overview), _total(overview)])


def _row(stack: StackStatus) -> tuple[str, ...]:
    drift = "" if not stack.is_known else "not looked at" if stack.unseen and not stack.drift else _count(stack)
    return (
        stack.name,
        f"{stack.project}, {stack.location}" if stack.project else "",
        _update(stack),
        str(stack.resources or ""),
        ", ".join(_counted([each.state for each in stack.jobs])),
        ", ".join(_counted([each.state for each in stack.endpoints])),
        _amount(stack.usd_per_hour) if stack.endpoints else "",
        drift,
    )


def _count(stack: StackStatus) -> str:
    return str(len(stack.drift)) if stack.drift else "none" if stack.is_up else ""


def _update(stack: StackStatus) -> str:
    if not stack.is_known:
        return "not up yet"
    if not stack.update:
        return "initialised, not up yet"
    ended = stack.update.ended
    ago = f" {lasting(datetime.now(UTC) - datetime.fromisoformat(ended))} ago" if ended else ""
    gone = "" if stack.is_up else ", nothing is there"
    return f"{stack.update.kind} {stack.update.result}{ago}{gone}"


def _model(job: Job) -> tuple[str, ...]:
    return job.name, job.job.rpartition("/")[2], job.state, job.checkpoint


def _remarks(overview: Overview) -> Iterator[str]:
    for stack in overview.stacks:
        for lock in stack.locks:
            yield terminal.styled(f"{stack.name}: locked by {lock}", "yellow")
        if stack.pending:
            says = f"cut off in {counted(stack.pending, 'operation')}: tunestack recover --stack {stack.name}"
            yield terminal.styled(f"{stack.name}: {says}", "yellow")
        for drift in stack.drift:
            yield terminal.styled(f"{stack.name}: {drift.resource}: {drift.says}", "red")
            yield f"  → {drift.advice}"
        for unseen in stack.unseen:
            yield terminal.styled(f"{stack.name}: not looked at: {unseen}", "yellow")
    for stray in overview.strays:
        machines = ", ".join(f"{each.replicas} × {each.type}" for each in stray.deployed.values())
        named = f" ({stray.display_name})" if stray.display_name else ""
        says = f"{stray.endpoint}{named}: {machines}, {hourly(stray.usd_per_hour)} since {stray.created[:10]}"
        yield terminal.styled(f"no stack here owns {says}", "red")
        for deployed in stray.deployed:
            remove = f"gcloud ai endpoints undeploy-model {stray.endpoint} --deployed-model-id {deployed}"
            yield f"  → if nobody needs it: {remove} --project {stray.project} --region {stray.location}"
    for unseen in overview.unseen:
        yield terminal.styled(f"not looked at: {unseen}", "yellow")


def _total(overview: Overview) -> str:
    emulated = " (emulated stacks cost nothing)" if any(each.is_emulated for each in overview.stacks) else ""
    known = money(overview.known_usd_per_hour)
    price = at_least(known) if overview.usd_per_hour is None else known
    return f"all of it on Google Cloud: {price} an hour until it is undeployed{emulated}"


def _counted(states: list[str]) -> Iterator[str]:
    for state in dict.fromkeys(states):
        yield f"{states.count(state)} {state}"


def _amount(usd: float | None) -> str:
    return "unknown" if usd is None else f"{usd:.2f}"
