"""What can be asked of many stacks; each command imports what it needs when it is run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tunestack.cli.options import AsJson, Yes

AT_ONCE = 8
"""Stacks worked on at the same time unless told otherwise: an engine and its plugins take some 300 MB of memory."""

application = typer.Typer(help="Writes the files of stacks.", no_args_is_help=True)

Names = Annotated[
    list[str],
    typer.Argument(metavar="STACK…", help="Stacks; a foundation stands for its environment, with all its regions."),
]
Only = Annotated[
    list[str] | None, typer.Option("--only", metavar="STACK", help="Only this one of those stacks; repeatable.")
]
SkipPreview = Annotated[bool, typer.Option("--skip-preview", "-f", help="Do not preview first.")]
Refresh = Annotated[bool, typer.Option("--refresh", "-r", help="Look at everything that is there first.")]
AtOnce = Annotated[int, typer.Option("--parallel", min=1, help="Stacks worked on at the same time.")]


def up(
    names: Names,
    only: Only = None,
    yes: Yes = False,
    skip_preview: SkipPreview = False,
    reviewed: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            help="Keep to the plans that `tunestack preview --save-plan` left in this folder, and refuse where the "
            "files or the state moved since.",
        ),
    ] = None,
    refresh: Refresh = False,
    message: Annotated[str, typer.Option("--message", "-m", help="Kept with the updates.")] = "",
    parallel: AtOnce = AT_ONCE,
    as_json: AsJson = False,
) -> None:
    """Updates stacks: a foundation first, its regions at the same time; previews all of them and asks before."""
    from tunestack.cli.stacks.updating import Up, update

    raise typer.Exit(update(Up(names, only or (), yes, skip_preview, refresh, parallel, as_json, reviewed, message)))


def destroy(
    names: Names,
    only: Only = None,
    yes: Yes = False,
    skip_preview: SkipPreview = False,
    refresh: Refresh = False,
    parallel: AtOnce = AT_ONCE,
    as_json: AsJson = False,
) -> None:
    """Destroys stacks: regions at the same time, their foundation after them; shows what goes and asks before."""
    from tunestack.cli.stacks.destroying import destroy as bring_down
    from tunestack.cli.stacks.rounds import Request

    raise typer.Exit(bring_down(Request(names, only or (), yes, skip_preview, refresh, parallel, as_json)))


@application.callback()
def _group() -> None:
    """Keeps `new` a command of its own, although it is the only one."""


@application.command("new", short_help="Writes the file of a new stack.")
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The new stack.")],
    location: Annotated[str, typer.Option("--location", "-l", metavar="REGION", help="Where it is.")],
    project: Annotated[
        str, typer.Option(metavar="ID", help="Its Google Cloud project; that of the stack it follows when left out.")
    ] = "",
    foundation: Annotated[
        str, typer.Option("--foundation", metavar="STACK", help="Make it a region of this stack.")
    ] = "",
    like: Annotated[
        str, typer.Option("--like", metavar="STACK", help="Take over the configuration of this stack.")
    ] = "",
    promote: Annotated[
        list[str] | None,
        typer.Option("--promote", metavar="STACK:MODEL", help="Take over a tuned model of another stack; repeatable."),
    ] = None,
    machine: Annotated[
        list[str] | None,
        typer.Option("--machine", metavar="TYPE", help="Serve on this machine; repeatable, in order of preference."),
    ] = None,
    secrets_provider: Annotated[
        str,
        typer.Option("--secrets-provider", metavar="URL", help="Such as gcpkms://…; as other stacks' when left out."),
    ] = "",
    initialise: Annotated[
        bool, typer.Option("--init/--no-init", help="Make the stack in the backend, too; else its first up does.")
    ] = True,
) -> None:
    """Writes stacks/Pulumi.NAME.yaml, from the stacks that are there, and makes the stack in the backend."""
    from tunestack.cli.stacks.creating import create
    from tunestack.cli.stacks.new_stack import NewStack

    asked = NewStack(
        name, location, project, foundation, like, tuple(promote or ()), tuple(machine or ()), secrets_provider
    )
    create(asked, initialises=initialise)
