"""What stays after a stack is gone."""

from __future__ import annotations

import typer

from tunestack.cli.stack import StackError, resources_left


def show(stack: str) -> None:
    """Says what the service keeps by its nature, and what of it can cost money.

    Raises:
        StackError: the stack is not gone: resources of it are left.
    """
    left = resources_left(stack)
    if left:
        listed = "".join(f"\n  - {resource}" for resource in left)
        advice = f"these may cost money; `pulumi destroy --stack {stack}` removes them or says why it cannot"
        raise StackError(f"stack {stack} is not gone, {len(left)} of its resources are left: {advice}{listed}")
    typer.echo(
        f"Stack {stack} is gone: no bucket, endpoint, deployed or uploaded model that it made is left to be billed."
    )
    typer.echo("What it used and did not make stays. In buckets that others own, these stay with it:")
    typer.echo("  - the access that the service agents and the jobs' account were given there")
    typer.echo("  - what checks have kept beside data, in OBJECT.tunestack/: some bytes an example, and may be deleted")
    typer.echo("The service keeps, free of charge:")
    for kept in (
        "tuned Gemini models with their endpoints: calls alone are billed; delete them in the console, or by its API",
        "the records of tuning jobs (it has no way to delete them); running ones were cancelled",
        "enabled APIs, since others in the project may use them",
        "the quota that was granted (a preference cannot be withdrawn)",
        "the service agents that it made for the project",
    ):
        typer.echo(f"  - {kept}")
