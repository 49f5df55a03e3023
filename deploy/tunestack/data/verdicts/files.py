"""Verdicts on a file of this machine, kept in the user's cache as long as nobody has touched the file.

Whether it was touched is told by its size, its times to the nanosecond and its number in the file system. A file that
was written moments ago may be written again within the same tick of the file system's clock, so it is not kept. What is
uploaded is held against the verdict's checksum all the same.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tunestack import user_cache
from tunestack.data.report import Report, UnreadableDataError
from tunestack.data.signatures.signature import Signature, SignatureError
from tunestack.data.verdicts.kept import Record, named

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tunestack.catalogue.data_rules import DataRules

WORTH_BYTES = 8 * 1024 * 1024
"""Smaller files are checked in less time than a person notices."""

YOUNG_SECONDS = 2.0
"""The coarsest clock of a file system in use, FAT's: two writes within it may leave the same times."""

KEPT_DAYS = 60
"""After this long without use a verdict goes."""


@dataclass(frozen=True, slots=True)
class FilePlace:
    """A file as it was when it was looked at."""

    path: Path
    name: str
    content: str
    size: int
    is_kept: bool

    @classmethod
    def at(cls, path: Path, name: str) -> FilePlace:
        """Looks at a file.

        Args:
            path: where it lies.
            name: what the program calls it.

        Raises:
            UnreadableDataError: it is not there.
        """
        try:
            found = path.stat()
        except OSError as error:
            raise UnreadableDataError(f"{name} cannot be read: {error.strerror or error}") from error
        stamp = (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev)
        is_old = max(found.st_mtime, found.st_ctime) < time.time() - YOUNG_SECONDS
        return cls(path, name, " ".join(map(str, stamp)), found.st_size, is_old and found.st_size >= WORTH_BYTES)

    def find(self, question: str) -> Report | None:
        """Returns the verdict that is kept; see `Place`."""
        return self._record().find(question) if self.is_kept else None

    def keep(self, question: str, report: Report) -> None:
        """Keeps a verdict, unless the file was touched meanwhile; see `Place`. A cache may fail to keep anything."""
        if not self.is_kept or FilePlace.at(self.path, self.name).content != self.content:
            return
        try:
            if report.signature is not None:
                user_cache.write(self._file("signature"), report.signature.to_bytes())
            user_cache.write(self._file("json"), self._record().added(question, report).written())
            user_cache.prune("checks", KEPT_DAYS)
        except OSError:
            return

    def signature(self) -> Signature | None:
        """Returns the signature that is kept with a verdict; see `Place`."""
        if not self.is_kept or not self._record().reports:
            return None
        try:
            return Signature.from_bytes(self._file("signature").read_bytes())
        except (OSError, SignatureError):
            return None

    def check(
        self, rules: Sequence[DataRules], against: Report | None, progress: Callable[[int], None] | None
    ) -> Report:
        """Reads the file; see `Place`."""
        from tunestack.data.scan import check

        return named(check(self.path, rules=rules, against=against, progress=progress), self.name)

    def _record(self) -> Record:
        try:
            return Record.read(self._file("json").read_bytes(), self.content)
        except OSError:
            return Record(self.content)

    def _file(self, kind: str) -> Path:
        digest = hashlib.sha256(str(self.path.resolve()).encode()).hexdigest()
        return user_cache.folder("checks") / f"{digest[:32]}.{kind}"
