"""What git knows of a folder's files."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tunestack.cli.stack import StackError


def git(folder: Path, *arguments: str) -> str:
    """Runs git in a folder and returns what it prints; names of files that are no text come through.

    Raises:
        StackError: there is no git, or it refused: in its own words.
    """
    try:
        done = subprocess.run(
            ["git", "-c", "core.quotePath=false", *arguments],  # names as people write them
            cwd=folder,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            check=False,
            process_group=0,  # a Ctrl-C of the terminal is for the command, and would look like a refusal of git's
        )
    except FileNotFoundError:
        raise StackError("there is no git on PATH") from None
    if done.returncode:
        raise StackError(done.stderr.strip().partition("\n")[0].removeprefix("fatal: "))
    return done.stdout
