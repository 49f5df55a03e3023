"""The user's cache folder: what can be lost at any time and saves work while it is there."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path


def place() -> Path:
    """Returns where the cache is, made or not: `$TUNESTACK_CACHE`, or below where the system keeps caches."""
    import platformdirs

    return Path(os.environ.get("TUNESTACK_CACHE") or platformdirs.user_cache_dir("tunestack"))


def folder(purpose: str) -> Path:
    """Returns the folder for one purpose.

    Raises:
        OSError: it cannot be made.
    """
    made = place() / purpose
    made.mkdir(mode=0o700, parents=True, exist_ok=True)
    return made


def write(path: Path, content: bytes) -> None:
    """Makes a file of the cache appear whole or not at all, readable by the user alone.

    Raises:
        OSError: it cannot be written.
    """
    import tempfile

    descriptor, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(partial).replace(path)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise


def prune(purpose: str, days: int) -> None:
    """Deletes what was written longer ago than this; what cannot be deleted stays."""
    oldest = time.time() - days * 24 * 3600
    for path in folder(purpose).iterdir():
        with suppress(OSError):
            if path.stat().st_mtime < oldest:
                path.unlink()
