"""What `tunestack jobs` can be asked; each command imports what it needs when it is run."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from tunestack.cli.options import AnyStack, AsJson, Location, Project, Yes


class State(StrEnum):
    """States and sub-states as states.phrase says them; the service has no word for the first two."""

    ACTIVE = "active"
    ENDED = "ended"
    QUEUED = "queued"
    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    PARTIALLY_SUCCEEDED = "partially-succeeded"
    FAILED = "failed"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    PAUSED = "paused"
    EXPIRED = "expired"
    UPDATING = "updating"
    WAITING_FOR_QUOTA = "waiting-for-quota"
    PROCESSING_DATASET = "processing-dataset"
    WAITING_FOR_CAPACITY = "waiting-for-capacity"
    TUNING = "tuning"
    POST_PROCESSING = "post-processing"


LISTED = 50
"""How many jobs are shown unless asked for more: a screen; a project keeps the records of its jobs for ever."""

application = typer.Typer(
    help="Lists, shows, watches and cancels tuning jobs: a stack's, or all of a location.", no_args_is_help=True
)

Named = Annotated[
    list[str],
    typer.Argument(metavar="JOB", help="A job's number or full name, or the name of a model of the stack."),
]
All = Annotated[bool, typer.Option("--all", help="All jobs of the location, not the stack's alone.")]
States = Annotated[
    list[State] | None,
    typer.Option(
        "--state",
        metavar="STATE",
        help="Only those in this state or sub-state; active: not ended; repeatable.",
    ),
]
Models = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        metavar="NAME",
        help="Only those of this base model or teacher; a part of the name will do; repeatable.",
    ),
]
Labels = Annotated[
    list[str] | None, typer.Option("--label", metavar="KEY=VALUE", help="Only those with this label; repeatable.")
]


@application.command("list", short_help="Lists jobs, newest first.")
def list_jobs(
    stack: AnyStack = "",
    project: Project = "",
    location: Location = "",
    show_all: All = False,
    state: States = None,
    model: Models = None,
    label: Labels = None,
    limit: Annotated[int, typer.Option(min=1, help="Jobs to show.")] = LISTED,
    as_json: AsJson = False,
) -> None:
    """Lists jobs, newest first: what they tune and how, how far they are, how long they take, what they bill."""
    from tunestack.cli.jobs.listing import show
    from tunestack.cli.jobs.selection import Selection
    from tunestack.cli.place import find

    selection = Selection.parse(state or (), model or (), label or (), everyone=show_all)
    show(find(stack, project, location), selection, limit=limit, as_json=as_json)


@application.command(short_help="Shows all that is known of a job.")
def show(
    job: Annotated[
        str, typer.Argument(metavar="JOB", help="Its number or full name, or the name of a model of the stack.")
    ],
    stack: AnyStack = "",
    project: Project = "",
    location: Location = "",
    as_json: AsJson = False,
) -> None:
    """Shows all that is known of a job: what it was asked for, where it stands, what it made, what it bills."""
    from tunestack.cli.jobs.details import show
    from tunestack.cli.jobs.selection import named

    place, (found,) = named([job], stack, project, location)
    show(place, found, as_json=as_json)


@application.command(
    epilog="Exit status: 0 every job succeeded; 1 one did not, or something failed; 130 interrupted: the jobs go on.",
    short_help="Watches jobs until they have ended.",
)
def watch(
    job: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="JOB", help="Its number or full name, or the name of a model of the stack; all active ones if none."
        ),
    ] = None,
    stack: AnyStack = "",
    project: Project = "",
    location: Location = "",
    show_all: All = False,
    interval: Annotated[
        float | None, typer.Option(min=0.1, metavar="SECONDS", help="Between two looks; 30, or 1 on an emulator.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Watches jobs until they have ended: in place on a terminal, line by line elsewhere; --json, an object a line."""
    from tunestack.cli.jobs.selection import active, named
    from tunestack.cli.jobs.watch import show

    if job:
        place, found = named(job, stack, project, location)
    else:
        place, found = active(stack, project, location, everyone=show_all)
    if not show(place, found, interval=interval, as_json=as_json):
        raise typer.Exit(1)


@application.command(short_help="Cancels jobs, after asking.")
def cancel(
    job: Named,
    stack: AnyStack = "",
    project: Project = "",
    location: Location = "",
    yes: Yes = False,
) -> None:
    """Cancels jobs, after asking: says of each what it is, how far it is and what it bills."""
    from tunestack.cli.jobs.cancellation import run
    from tunestack.cli.jobs.selection import named

    place, found = named(job, stack, project, location)
    if not run(place, found, is_sure=yes):
        raise typer.Exit(1)
