"""The files that a plan was made from, as git names them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from tunestack.cli.git import git
from tunestack.cli.stack import StackError


@dataclass(frozen=True, slots=True)
class Checkout:
    """A folder's files at a time.

    Attributes:
        commit: that is checked out.
        tree: git's hash of all files of the folder in that commit: a merge that changes none of them keeps it.
        uncommitted: hash of the changes to these files that are not committed; empty without any.
    """

    commit: str
    tree: str
    uncommitted: str

    @classmethod
    def of(cls, folder: Path) -> Checkout:
        """Looks at a folder. Files that git does not know are left out: of data, a plan holds the content.

        Raises:
            StackError: git cannot tell which files these are.
        """
        commit = _told(folder, "rev-parse", "HEAD")
        changes = _told(folder, "diff", "HEAD", "--binary", "--no-ext-diff", "--no-textconv", "--", ".")
        return cls(
            commit,
            _told(folder, "rev-parse", "HEAD:./"),
            hashlib.sha256(changes.encode(errors="surrogateescape")).hexdigest() if changes else "",
        )

    def differing(self, folder: Path) -> list[str]:
        """Returns the files that differ now from those of this tree; none where git cannot tell, as in a shallow clone.

        Args:
            folder: in which the files lie now.
        """
        uncommitted = _told(folder, "diff", "--name-only", "--relative", "HEAD", "--", ".").splitlines()
        try:
            committed = _told(folder, "diff", "--name-only", self.tree, "HEAD:./").splitlines()
        except StackError:
            committed = []
        return list(dict.fromkeys([*committed, *uncommitted]))


def commit_of(folder: Path) -> str:
    """Returns the commit that is checked out; empty where git knows of none."""
    try:
        return git(folder, "rev-parse", "HEAD").strip()
    except StackError:
        return ""


def _told(folder: Path, *arguments: str) -> str:
    try:
        return git(folder, *arguments).strip()
    except StackError as error:
        raise StackError(f"a reviewed plan is tied to its files by git, which says: {error}") from error
