"""Where prepared data goes: into a file, or by way of a temporary one into a bucket or to standard output."""

from __future__ import annotations

import shutil
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tunestack.cli.data import places
from tunestack.cli.data.progress import Bar
from tunestack.data.preparation import PreparationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tunestack.data.stream import Stream


class Delivery:
    """A target of a preparation.

    Attributes:
        address: as the user named it.
        name: as messages name it.
        path: the file to write.
    """

    def __init__(self, address: str, folder: Path) -> None:
        self.address = address
        self.is_file = address != places.STANDARD and not places.is_object(address)
        self.name = "standard output" if address == places.STANDARD else address
        self.path = Path(address) if self.is_file else folder / "data.jsonl"

    def written(self) -> Path | Stream:
        """Returns what was written, under the name that the user knows."""
        if self.is_file:
            return self.path
        from tunestack.data.stream import Stream

        return Stream(self.name, lambda: self.path.open("rb"), self.path.stat().st_size)

    def deliver(self, *, overwrite: bool) -> None:
        """Puts what was written where it belongs; a file is there already."""
        if self.address == places.STANDARD:
            with self.path.open("rb") as written:
                shutil.copyfileobj(written, sys.stdout.buffer)
        elif not self.is_file:
            from tunestack.data.storage.bucket import put

            with Bar(self.name, self.path.stat().st_size) as bar:
                put(self.path, self.address, places.client, replace=overwrite, progress=bar)


@contextmanager
def deliveries(addresses: Sequence[str], *, overwrite: bool) -> Iterator[list[Delivery]]:
    """Prepares targets; what is temporary is gone afterwards.

    Raises:
        PreparationError: there is no room for what is temporary.
        UploadError: an object is there already, or the bucket is not, which is better known before the work than after.
    """
    if not overwrite:
        for address in filter(places.is_object, addresses):
            _make_sure_that_nothing_is_at(address)
    with tempfile.TemporaryDirectory(prefix="tunestack-") as temporary:
        folders = [Path(temporary, str(number)) for number, _ in enumerate(addresses)]
        for folder in folders:
            folder.mkdir()
        try:
            yield [Delivery(address, folder) for address, folder in zip(addresses, folders, strict=True)]
        except PreparationError as error:
            if temporary not in error.file:
                raise
            room = f"make room in {tempfile.gettempdir()}, or name another folder in TMPDIR"
            what = "the temporary file for " + " and ".join(addresses)
            raise PreparationError(error.reason, room, file=what) from error


def _make_sure_that_nothing_is_at(address: str) -> None:
    from google.api_core.exceptions import NotFound

    from tunestack.data.storage.bucket import UploadError, no_bucket
    from tunestack.data.storage.objects import address_parts, explained
    from tunestack.retries import CALL_SECONDS, repeatable

    bucket, name = address_parts(address)
    missing = None
    with explained(address):
        try:
            places.client().bucket(bucket).blob(name).reload(timeout=CALL_SECONDS, retry=repeatable)
        except NotFound as error:
            missing = error
    if missing is None:
        raise UploadError(f"{address} is there already; write to another address, or use --force")
    if "bucket does not exist" in str(missing):
        raise no_bucket(address) from missing
