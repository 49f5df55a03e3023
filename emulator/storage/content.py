"""Where object content lies on disk: a plain tree that a person can read, move and edit.

The live content of an object is `buckets/<bucket>/<object name>`. A name that cannot stand there beside the others (an
empty or dotted part, a part over 255 bytes, a file where another object needs a folder) goes to
`flat/<bucket>/<hash of the name>`. Older generations are in `noncurrent/`, what is on its way in `staging/` and
`uploads/`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import uuid
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_PART_LIMIT: Final = 255  # bytes of one file name on the usual file systems


class Content:
    """The files of all buckets under one data folder. Knows nothing of metadata."""

    def __init__(self, data: Path) -> None:
        self._tree = data / "buckets"
        self._flat = data / "flat"
        self._noncurrent = data / "noncurrent"
        self._staging = data / "staging"
        self._uploads = data / "uploads"
        shutil.rmtree(self._staging, ignore_errors=True)  # what a killed process left half received
        for folder in (self._tree, self._flat, self._noncurrent, self._staging, self._uploads):
            folder.mkdir(parents=True, exist_ok=True)

    def add_bucket(self, bucket: str) -> None:
        """Makes the folder of a bucket, so that files can be put there by hand."""
        (self._tree / bucket).mkdir(exist_ok=True)

    def drop_bucket(self, bucket: str) -> None:
        """Removes what is left of an empty bucket."""
        for root in (self._tree, self._flat, self._noncurrent):
            shutil.rmtree(root / bucket, ignore_errors=True)

    def stage(self) -> Path:
        """A new path for content that is not an object yet."""
        return self._staging / uuid.uuid4().hex

    def received(self, upload_id: str) -> Path:
        """The file of what has come so far of a resumable upload."""
        return self._uploads / upload_id

    def find(self, bucket: str, name: str) -> Path | None:
        """The file that holds the live content, or None."""
        tree = self._tree_path(bucket, name)
        for path in (tree, self._flat_path(bucket, name)):
            if path is not None and path.is_file():
                return path
        return None

    def place(self, bucket: str, name: str, staged: Path) -> Path:
        """Makes a staged file the live content, in place of what was there."""
        flat = self._flat_path(bucket, name)
        tree = self._tree_path(bucket, name)
        if tree is not None:
            try:
                tree.parent.mkdir(parents=True, exist_ok=True)
                if tree.is_dir():
                    self._prune(tree, self._tree / bucket)  # a folder that stands empty is no object
                staged.replace(tree)
            except (FileExistsError, NotADirectoryError, IsADirectoryError):
                pass  # another object is a folder here, or a file where this one needs a folder
            else:
                flat.unlink(missing_ok=True)
                return tree
        flat.parent.mkdir(parents=True, exist_ok=True)
        return staged.replace(flat)

    def remove(self, bucket: str, name: str) -> None:
        """Removes the live content and the folders that it leaves empty."""
        path = self.find(bucket, name)
        if path is not None:
            path.unlink(missing_ok=True)
            self._prune(path.parent, self._tree / bucket)

    def noncurrent(self, bucket: str, name: str, generation: str) -> Path:
        """The file of an older generation."""
        return self._noncurrent / bucket / f"{_digest(name)}.{generation}"

    def retire(self, bucket: str, name: str, generation: str) -> None:
        """Keeps the live content as an older generation, without moving it: what replaces it may fail to come."""
        kept = self.noncurrent(bucket, name, generation)
        live = self.find(bucket, name)
        if live is not None and not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.hardlink_to(live)

    def walk(self, bucket: str, prefix: str = "") -> Iterator[tuple[str, os.stat_result]]:
        """Every file in the tree whose object name starts with `prefix`, in no order."""
        folder = prefix.rpartition("/")[0]
        start = self._tree_path(bucket, folder) if folder else self._tree / bucket
        if start is not None and start.is_dir():
            yield from _files(start, f"{folder}/" if folder else "", prefix)

    def _tree_path(self, bucket: str, name: str) -> Path | None:
        parts = name.split("/")
        if any(part in {"", ".", ".."} or "\0" in part or len(os.fsencode(part)) > _PART_LIMIT for part in parts):
            return None
        return self._tree.joinpath(bucket, *parts)

    def _flat_path(self, bucket: str, name: str) -> Path:
        return self._flat / bucket / _digest(name)

    def _prune(self, folder: Path, top: Path) -> None:
        with suppress(OSError):
            while folder != top and folder.is_relative_to(top):
                folder.rmdir()
                folder = folder.parent


def _files(folder: Path, above: str, prefix: str) -> Iterator[tuple[str, os.stat_result]]:
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            name = above + entry.name
            if entry.is_dir():
                if f"{name}/".startswith(prefix) or prefix.startswith(f"{name}/"):
                    yield from _files(Path(entry.path), f"{name}/", prefix)
            elif name.startswith(prefix) and _speakable(entry.name):
                # A broken link, or a file that has just gone, is no object.
                with suppress(OSError):
                    status = entry.stat()
                    if stat.S_ISREG(status.st_mode):
                        yield name, status


def _speakable(part: str) -> bool:
    """Whether a file's name can be part of an object's: valid UTF-8 without line breaks."""
    try:
        part.encode()
    except UnicodeEncodeError:
        return False
    return "\n" not in part and "\r" not in part


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()
