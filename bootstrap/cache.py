"""The per-user cache: entries that appear whole or not at all, made by one process at a time."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from bootstrap.report import say


@dataclass(frozen=True)
class Cache:
    """A folder of entries.

    Args:
        folder: made when the first entry is.
    """

    folder: Path

    @classmethod
    def of_user(cls) -> Cache:
        """The cache of the user, shared by all checkouts; $TUNESTACK_CACHE names another folder."""
        return cls(Path(os.environ.get("TUNESTACK_CACHE") or platformdirs.user_cache_dir("tunestack")))

    def entry(self, name: str) -> Path:
        """Where an entry is, or will be."""
        return self.folder / name

    @contextmanager
    def filling(self, name: str) -> Iterator[Path | None]:
        """Gives an empty folder that becomes the entry when the block ends well, or None when the entry is there.

        A second process waits here until the first is done. The lock belongs to the open file, so that it ends with
        its process, and whatever an interrupted process left is removed by the next.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.entry(f"{name}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("engine", f"another process is making {self.entry(name)}; waiting for it")
                fcntl.flock(lock, fcntl.LOCK_EX)
            if self.entry(name).exists():
                yield None
                return
            partial = self.entry(f"{name}.partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            try:
                yield partial
                partial.rename(self.entry(name))
            finally:
                shutil.rmtree(partial, ignore_errors=True)
