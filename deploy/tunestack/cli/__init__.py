"""The `tunestack` command."""

from tunestack.cli.application import main

__all__ = ["main"]
