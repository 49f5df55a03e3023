"""What stays after a stack is gone."""

from __future__ import annotations

import typer


def show(stack: str) -> None:
    """Says what the service keeps by its nature, and what of it can cost money."""
    typer.echo(f"Stack {stack} is removed: no bucket, endpoint, deployed model or model of it is left to be billed.")
    typer.echo("The service keeps, free of charge:")
    for kept in (
        "the records of tuning jobs (it has no way to delete them); running ones were cancelled",
        "enabled APIs, since others in the project may use them",
        "the quota that was granted (a preference cannot be withdrawn)",
        "the service agents that it made for the project",
    ):
        typer.echo(f"  - {kept}")
