"""The `tunestack` command: what it can be asked, and errors as people want to read them."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper
from typing import Annotated

import typer

from tunestack.cli.capacity.command import capacity
from tunestack.cli.data import commands as data_commands
from tunestack.cli.doctor.command import doctor
from tunestack.cli.jobs import commands as jobs_commands
from tunestack.cli.models.command import models
from tunestack.cli.options import StackName
from tunestack.cli.predict import predict
from tunestack.cli.preview.command import preview
from tunestack.cli.prices import commands as prices_commands
from tunestack.cli.review import commands as review_commands
from tunestack.cli.stacks import commands as stacks_commands
from tunestack.cli.state import commands as state_commands
from tunestack.cli.status.command import status

application = typer.Typer(
    help="Tuned models on Google Cloud as infrastructure as code.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # a sentence is to be found by grep, and importing rich takes as long as all the rest
    pretty_exceptions_enable=False,
)

application.add_typer(
    data_commands.application, name="data", short_help="Checks, counts, prices and prepares training data."
)
application.add_typer(
    jobs_commands.application, name="jobs", short_help="Lists, shows, watches and cancels tuning jobs."
)
application.add_typer(
    prices_commands.application, name="prices", short_help="Shows and refreshes the prices of estimates."
)
application.add_typer(
    review_commands.application, name="review", short_help="What workflows run beside a repository's changes."
)
application.command(short_help="Shows what an up would change and cost.")(preview)
application.command(short_help="Shows all stacks at a glance: cost, drift, forgotten endpoints.")(status)
application.add_typer(state_commands.application, name="state", short_help="Makes the bucket and key for state.")
application.add_typer(stacks_commands.application, name="stack", short_help="Writes the file of a new stack.")
application.command(short_help="Updates stacks, or whole environments.")(stacks_commands.up)
application.command(short_help="Destroys stacks, or whole environments.")(stacks_commands.destroy)
application.command(short_help="Shows which machines can be had where.")(capacity)
application.command(short_help="Looks at all that a pulumi up needs.")(doctor)
application.command(short_help="Asks an endpoint.")(predict)
application.command(short_help="Shows the models that can be tuned.")(models)


@application.command(short_help="Shows what a stack has.")
def summary(
    stack: StackName,
    untuned: Annotated[
        bool, typer.Option(help="Ask the untuned base model, too; it is deployed for that and removed again.")
    ] = False,
) -> None:
    """Shows what a stack has: buckets, access, quota, data, jobs, checkpoints, prices, endpoints, answers."""
    from tunestack.cli.stack import Stack
    from tunestack.cli.summary import show

    show(Stack.select(stack), ask_untuned=untuned)


@application.command(short_help="Says what stays after a destroy.")
def kept(stack: StackName) -> None:
    """Says what the service keeps after a stack was destroyed, and what that costs."""
    from tunestack.cli.kept import show

    show(stack)


@application.command(short_help="Clears what a killed pulumi has left.")
def recover(
    stack: Annotated[str, typer.Option("--stack", "-s", help="The Pulumi stack; the selected one when left out.")] = "",
    host: Annotated[
        list[str] | None, typer.Option(help="A name that this machine had when the lock was made; may be repeated.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask whether a lock in a bucket is of this very machine.")
    ] = False,
) -> None:
    """Clears what a killed pulumi has left: its lock, and what it had begun; never those of a live one."""
    from tunestack.cli.recover import show

    show(stack, earlier_names=host or (), only_look=dry_run, is_sure=yes)


def main() -> None:
    """Runs the command; a failure that the user can mend is one sentence and exit code 1."""
    _settle_streams()
    try:
        application()
    except Exception as error:
        from tunestack.cli.stack import StackError
        from tunestack.service_errors import explain
        from tunestack.wording import printable

        told = str(error) if isinstance(error, StackError) else explain(error)
        if told is None and isinstance(error, OSError):  # of a file, or of the output, whose disk is full
            told = str(error)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # Python would try and fail once more at its end
        if told is None:
            raise
        shown = "\n".join(printable(line) for line in told.split("\n"))
        typer.secho(f"error: {shown}", fg=None if os.environ.get("NO_COLOR") else "red", err=True)
        sys.exit(1)


def _settle_streams() -> None:
    """Lets no stream fail that is closed, or whose encoding lacks a character."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - as long as the process
        elif isinstance(stream, TextIOWrapper) and mode == "w":
            stream.reconfigure(errors="backslashreplace")
