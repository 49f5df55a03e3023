"""The command itself; what it needs is imported when it is run."""

from __future__ import annotations

from typing import Annotated

import typer

from tunestack.cli.options import AsJson


def status(
    stack: Annotated[
        list[str] | None,
        typer.Option("--stack", "-s", metavar="NAME", help="Only this stack; may be repeated."),
    ] = None,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Have the engine compare everything it keeps; seconds a stack.")
    ] = False,
    expect_no_drift: Annotated[
        bool, typer.Option("--expect-no-drift", help="Exit status 1 where anything drifted or was not looked at.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Shows all stacks: last update, jobs, checkpoints, endpoints and their cost an hour, drift; changes nothing."""
    from tunestack.cli import terminal
    from tunestack.cli.status import document, screen
    from tunestack.cli.status.overview import gather

    overview = gather(stack or (), refresh=refresh)
    if as_json:
        terminal.print_json(document.of(overview))
    else:
        screen.show(overview)
    if expect_no_drift and any(each.drift or each.unseen for each in overview.stacks):
        raise typer.Exit(1)
