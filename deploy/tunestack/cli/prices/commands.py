"""What `tunestack prices` can be asked; each command imports what it needs when it is run."""

from __future__ import annotations

from typing import Annotated

import typer

from tunestack.cli.options import AsJson

application = typer.Typer(
    help="Shows the prices that estimates use, and looks them up anew in the Cloud Billing catalogue.",
    no_args_is_help=True,
)


@application.command(short_help="Shows prices with source and age.")
def show(
    name: Annotated[
        list[str] | None, typer.Argument(metavar="NAME", help="Of models or machines; a part of a name will do.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Shows the prices of tuning, of teachers' calls and of machines, each with its source and how old it is."""
    from tunestack.cli.prices.shown import show

    show(name or (), as_json=as_json)


@application.command(short_help="Looks prices up in the Cloud Billing catalogue.")
def refresh(
    stack: Annotated[
        str, typer.Option("--stack", "-s", metavar="NAME", help="A local stack, whose emulator is asked instead.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    as_json: AsJson = False,
) -> None:
    """Looks prices up in the Cloud Billing catalogue, says what changed, and keeps them for every later estimate.

    Needs credentials and a project on which the Cloud Billing API is enabled; prices are the same for everybody.
    """
    from tunestack.cli.place import priced_by
    from tunestack.cli.prices.refresh import run

    run(priced_by(stack), only_look=dry_run, as_json=as_json)
