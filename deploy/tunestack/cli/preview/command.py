"""`tunestack preview`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tunestack.cli.options import AsJson
from tunestack.cli.stacks.commands import AT_ONCE, AtOnce, Names, Only, Refresh


def preview(
    names: Names,
    only: Only = None,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Print what is put under a change as a comment, one for each stack.")
    ] = False,
    as_json: AsJson = False,
    output: Annotated[
        Path | None, typer.Option(file_okay=False, help="Write STACK.md and STACK.json into this folder as well.")
    ] = None,
    save_plan: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="Keep plans in this folder, which `tunestack up --reviewed` applies."),
    ] = None,
    limit: Annotated[
        int, typer.Option(min=4_000, help="Bytes of a comment at the most; GitHub takes 65,536 characters.")
    ] = 65_000,
    refresh: Refresh = False,
    initialise: Annotated[
        bool, typer.Option("--initialise", help="Make stacks that the backend does not have yet, empty.")
    ] = False,
    parallel: AtOnce = AT_ONCE,
) -> None:
    """Shows what an up would change and cost, for each stack: resources, reasons, data, prices, policies, errors."""
    from tunestack.cli.preview.previewing import Asked
    from tunestack.cli.preview.showing import show

    asked = Asked(names, only or (), refresh, initialise, save_plan, parallel)
    raise typer.Exit(show(asked, as_markdown=as_markdown, as_json=as_json, output=output, limit=limit))
