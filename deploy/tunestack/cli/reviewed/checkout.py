"""The files that a plan was made from, as git names them."""

from __future__ import annotations

import hashlib
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Checkout:
    """A folder's files at a time.

    Attributes:
        commit: that is checked out; empty where the folder is in no repository.
        tree: git's hash of all files of the folder in that commit: a merge that changes none of them keeps it.
        uncommitted: hash of the changes to these files that are not committed; empty without any.
    """

    commit: str
    tree: str
    uncommitted: str

    @classmethod
    def of(cls, folder: Path) -> Checkout:
        """Looks at a folder. Files that git does not know are left out: of data, a plan holds the content."""
        commit = _git(folder, "rev-parse", "HEAD")
        if commit is None:
            return cls("", "", "")
        changes = _git(folder, "diff", "HEAD", "--binary", "--no-ext-diff", "--no-textconv", "--", ".") or ""
        return cls(
            commit,
            _git(folder, "rev-parse", "HEAD:./") or "",
            hashlib.sha256(changes.encode(errors="surrogateescape")).hexdigest() if changes else "",
        )

    def differing(self, folder: Path) -> list[str]:
        """Returns the files that differ now from those of this tree; none where git cannot tell, as in a shallow clone.

        Args:
            folder: in which the files lie now.
        """
        named = _git(folder, "diff", "--name-only", "--relative", self.tree, "HEAD:./")
        uncommitted = _git(folder, "diff", "--name-only", "--relative", "HEAD", "--", ".") or ""
        return list(dict.fromkeys([*(named or "").splitlines(), *uncommitted.splitlines()]))


def _git(folder: Path, *arguments: str) -> str | None:
    """Returns what git prints; None where it refuses or is not there."""
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, text=True, errors="surrogateescape", check=False
        )
    except FileNotFoundError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
