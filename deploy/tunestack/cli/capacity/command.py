"""`tunestack capacity`, as it can be asked; what it needs is imported when it is run."""

from __future__ import annotations

from typing import Annotated

import typer

from tunestack.cli.options import AsJson, Project


def capacity(
    stack: Annotated[
        list[str] | None,
        typer.Option("--stack", "-s", metavar="NAME", help="A stack, or a foundation with its regions; repeatable."),
    ] = None,
    project: Project = "",
    region: Annotated[
        list[str] | None, typer.Option("--region", metavar="NAME", help="Look there, too; repeatable.")
    ] = None,
    machine: Annotated[
        list[str] | None, typer.Option("--machine", "-m", metavar="TYPE", help="Only this machine; repeatable.")
    ] = None,
    model: Annotated[str, typer.Option(metavar="NAME", help="The base model that shall be served.")] = "",
    checkpoint: Annotated[
        str, typer.Option(metavar="gs://…", help="The checkpoint that the service is asked about.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Shows which machines hold a model, have quota and can be had in a region, and what a deployment would take.

    Ends with 1 where an endpoint that does not serve yet can be had on none of its machines.
    """
    from tunestack.catalogue import UnknownRowError
    from tunestack.cli import terminal
    from tunestack.cli.capacity import document, screen
    from tunestack.cli.capacity.answers import answers
    from tunestack.cli.capacity.questions import Wanted, questions

    wanted = Wanted(tuple(stack or ()), project, tuple(region or ()), tuple(machine or ()), model, checkpoint)
    try:
        asked = questions(wanted)
    except UnknownRowError as error:
        raise typer.BadParameter(str(error)) from error
    found = answers(asked)
    if as_json:
        terminal.print_json(document.of(found))
    else:
        screen.show(found)
    if any(answer.is_stuck for answer in found):
        raise typer.Exit(1)
