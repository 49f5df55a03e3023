"""A plan that a change's preview left with the host, brought back for the `up` after the merge."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from tunestack.cli.stack import StackError
from tunestack.retries import repeatable

if TYPE_CHECKING:
    from tunestack.cli.review.hosting import Hosting

_LONGEST = 256 * 1024 * 1024
"""Bytes that one file of a plan may have: a plan has a few thousand for each resource."""


def bring(hosting: Hosting, stack: str, commit: str, folder: Path) -> str:
    """Writes the files of a stack's reviewed plan into a folder; returns the change that it was reviewed in.

    Raises:
        StackError: there is no such plan, or what was kept is none.
    """
    kept = repeatable(hosting.plan)(stack, commit)
    folder.mkdir(parents=True, exist_ok=True)
    found = 0
    try:
        with zipfile.ZipFile(io.BytesIO(kept.archive)) as archive:
            for entry in archive.infolist():
                # By its last name alone, so that none is written elsewhere: GitLab keeps folders, GitHub does not.
                name = PurePosixPath(entry.filename).name
                if entry.is_dir() or not name.startswith(f"{stack}.") or entry.file_size > _LONGEST:
                    continue
                (folder / name).write_bytes(archive.read(entry))
                found += name == f"{stack}.plan.json"
    except zipfile.BadZipFile as error:
        raise StackError(f"what {kept.change} keeps as the plan of stack {stack} is no zip file: {error}") from error
    if not found:
        raise StackError(f"what {kept.change} keeps as the plan of stack {stack} has no {stack}.plan.json in it")
    return kept.change
