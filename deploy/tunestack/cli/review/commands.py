"""`tunestack review`: what a repository's workflows run beside its changes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from tunestack.cli.options import StackName

application = typer.Typer(
    no_args_is_help=True,
    help="What a repository's workflows run beside its changes; docs/ci.md has those workflows.",
    rich_markup_mode=None,
)

Number = Annotated[
    int, typer.Option("--change", metavar="NUMBER", help="The pull or merge request; by default that of this run.")
]


@application.command(short_help="Says which stacks a change touches.")
def touched(
    base: Annotated[
        str, typer.Option(metavar="COMMIT", help="What to compare with; its own later commits are left out.")
    ] = "",
    also: Annotated[
        list[str] | None, typer.Option(metavar="PATTERN", help="Paths that all stacks depend on, such as 'deploy/*'.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(metavar="STACK", help="Take this stack whatever has changed; may be repeated.")
    ] = None,
    emulated: Annotated[bool, typer.Option("--emulated", help="Stacks of the emulator, too.")] = False,
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="Say in comments which stacks it touches no longer, or takes away.")
    ] = False,
    github_output: Annotated[
        Path | None, typer.Option(help="Append outputs for later jobs, to $GITHUB_OUTPUT.")
    ] = None,
    gitlab_pipeline: Annotated[Path | None, typer.Option(help="Write a child pipeline.")] = None,
    gitlab_template: Annotated[str, typer.Option(help="The file of its jobs.")] = ".gitlab/tunestack.yml",
    gitlab_jobs: Annotated[
        Literal["previews", "ups", "fresh-ups"],
        typer.Option(help="Previews; ups by the reviewed plan; ups by a plan that is made and looked at there."),
    ] = "previews",
) -> None:
    """Says which stacks the commits since a base touch, why, and in what order, as JSON."""
    from tunestack.cli import terminal
    from tunestack.cli.review import pipelines
    from tunestack.cli.review.touched import look

    if not base and not only:
        raise typer.BadParameter("name a commit to compare with, or stacks with --only", param_hint="--base")
    change = look(base, also=also or (), emulated=emulated, only=only or ())
    if withdraw:
        from tunestack.cli.review import comment
        from tunestack.cli.review.hosting import find_hosting

        hosting = find_hosting()
        number = hosting.change()
        for stack in change.removed:
            comment.post(hosting, number, stack, comment.of_removed(stack))
        for stack in comment.withdraw(hosting, number, {*change.removed, *(each.name for each in change.stacks)}):
            typer.echo(f"stack {stack} is touched no longer; its comment says so", err=True)
    for stack in change.removed:
        told = (
            f"the file of stack {stack} goes, and what the stack has made stays until: pulumi destroy --stack {stack}"
        )
        typer.echo(told, err=True)
    if github_output:
        with github_output.open("a", encoding="utf-8") as file:
            file.write(pipelines.github_outputs(change))
    if gitlab_pipeline:
        written = (
            pipelines.gitlab_previews(change, gitlab_template)
            if gitlab_jobs == "previews"
            else pipelines.gitlab_ups(change, gitlab_template, reviewed=gitlab_jobs == "ups")
        )
        gitlab_pipeline.write_text(written, encoding="utf-8")
    terminal.print_json(change.to_json())


@application.command(short_help="Writes a stack's comment on a change.")
def comment(
    file: Annotated[Path, typer.Argument(help="What `tunestack preview --markdown --output` wrote for the stack.")],
    stack: StackName,
    change: Number = 0,
) -> None:
    """Writes a stack's comment on a change, in the place of the one that is there.

    Where the file is missing, the comment says that there is no preview, and where the log is.
    """
    from tunestack.cli.review import comment as comments
    from tunestack.cli.review.hosting import find_hosting

    hosting = find_hosting()
    number = change or hosting.change()
    done = comments.post(hosting, number, stack, comments.read(stack, file))
    typer.echo(f"{done} the comment of stack {stack} on {number}")


@application.command(short_help="Brings the plan that was reviewed.")
def plan(
    folder: Annotated[Path, typer.Argument(help="Where to put it; made where it is missing.")],
    stack: StackName,
    commit: Annotated[str, typer.Option(help="The commit that merged the change.")],
) -> None:
    """Brings the plan that was reviewed with a change, for `tunestack up --reviewed`."""
    from tunestack.cli.review.hosting import find_hosting
    from tunestack.cli.review.kept_plan import bring

    reviewed_in = bring(find_hosting(), stack, commit, folder)
    typer.echo(f"the plan of stack {stack}, reviewed in {reviewed_in}, is in {folder}")


@application.command(short_help="Writes credentials without a key, at GitLab.")
def login(
    file: Annotated[Path, typer.Argument(help="To write, for GOOGLE_APPLICATION_CREDENTIALS.")],
    provider: Annotated[str, typer.Option(help="projects/…/locations/global/workloadIdentityPools/…/providers/….")],
    account: Annotated[str, typer.Option(help="The service account that the job acts as.")],
) -> None:
    """Writes credentials without a key, from the token that GitLab signs for a job ($GOOGLE_ID_TOKEN)."""
    from tunestack.cli.review.login import write

    # Not as an option: other processes see those.
    write(file, os.environ.get("GOOGLE_ID_TOKEN", ""), provider, account)
    typer.echo(f"{file}: the job acts as {account}")


@application.command(short_help="Keeps an issue for each stack that drifted.")
def drift(
    stack: Annotated[
        list[str] | None,
        typer.Option("--stack", "-s", metavar="NAME", help="Only this one; all of Google Cloud when left out."),
    ] = None,
) -> None:
    """Opens, updates and closes an issue for each stack that is not as its state says.

    Exit status 1 where something could not be looked at.
    """
    from tunestack.cli.review.drift import close_of_gone, look, tell
    from tunestack.cli.review.hosting import find_hosting

    hosting = find_hosting()
    unseen, names = 0, set[str]()
    for found in look(stack or ()):
        names.add(found.stack)
        typer.echo(tell(hosting, found))
        for each in found.unseen:
            typer.echo(f"  {each}", err=True)
        unseen += len(found.unseen)
    if names and not stack:
        for done in close_of_gone(hosting, names):
            typer.echo(done)
    raise typer.Exit(1 if unseen else 0)
