"""What `tunestack state` can be asked; what it needs is imported when it is run."""

from __future__ import annotations

from typing import Annotated

import typer

from tunestack.cli.options import AsJson, Yes

application = typer.Typer(
    help="Makes the bucket and the key for the state and the secrets of real stacks.", no_args_is_help=True
)


@application.callback()
def _state() -> None:
    """Makes the bucket and the key for the state and the secrets of real stacks."""


@application.command(short_help="Makes a state bucket and a key, after showing what would be done.")
def new(
    project: Annotated[str, typer.Option("--project", metavar="ID", help="Project of the bucket and the key.")],
    location: Annotated[str, typer.Option("--location", metavar="REGION", help="Where both are; it cannot change.")],
    bucket: Annotated[str, typer.Option(metavar="NAME", help="The bucket; PROJECT-pulumi-state when left out.")] = "",
    key: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="An existing key, projects/…/cryptoKeys/…; one is made in the key ring tunestack when left out.",
        ),
    ] = "",
    member: Annotated[
        list[str] | None,
        typer.Option(metavar="MEMBER", help="Who applies stacks, such as group:platform@example.com; repeatable."),
    ] = None,
    reader: Annotated[
        list[str] | None,
        typer.Option(metavar="MEMBER", help="Who only previews, such as the account of pull requests; repeatable."),
    ] = None,
    yes: Yes = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    as_json: AsJson = False,
) -> None:
    """Makes a versioned state bucket and a key for secrets, gives rights to both, and says what to commit.

    What is there already is kept, so the command may be run again, with other members, too.
    """
    from tunestack.cli.state.creation import Wanted, run

    wanted = Wanted.checked(project, location, bucket, key, member or (), reader or ())
    run(wanted, is_sure=yes, only_look=dry_run, as_json=as_json)
