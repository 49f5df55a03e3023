"""What is read: a file, or a stream such as an object in a bucket."""

from __future__ import annotations

import io
import shutil
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from tunestack.data.preparation.error import PreparationError
from tunestack.data.report import UnreadableDataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

    from typing_extensions import Buffer

    from tunestack.data.stream import Stream

BUFFER_BYTES = 1024 * 1024


class Source:
    """A file or a stream by its name, opened as often as it has to be read.

    Args:
        given: a path or a stream.
    """

    def __init__(self, given: Path | str | Stream) -> None:
        self.path = Path(given) if isinstance(given, Path | str) else None
        self.stream = None if isinstance(given, Path | str) else given
        self.name = str(given) if isinstance(given, Path | str) else given.name

    @property
    def given(self) -> Path | Stream:
        """What `tunestack.data.check` takes."""
        return self.path or cast("Stream", self.stream)

    @contextmanager
    def opened(
        self, progress: Callable[[int], None] | None = None, *, seekable: bool = False
    ) -> Iterator[io.BufferedReader[Any]]:
        """Opens it from the start.

        Args:
            progress: told how many bytes were read.
            seekable: copy a stream to this machine if it can only be read from its start to its end.

        Raises:
            UnreadableDataError: it is not there or cannot be read.
        """
        with ExitStack() as stack:
            file = _Told(self.name, stack.enter_context(self._open()), progress)
            if seekable and not file.seekable():
                file = _Told(self.name, stack.enter_context(_copy(file)), None)
            yield stack.enter_context(io.BufferedReader(file, BUFFER_BYTES))

    def _open(self) -> BinaryIO:
        if self.path and self.path.exists() and not (self.path.is_file() or self.path.is_dir()):
            raise UnreadableDataError(f"{self.name} is a pipe or a device, but is read more than once; name a file")
        try:
            return self.stream.open() if self.stream else cast("Path", self.path).open("rb", buffering=0)
        except OSError as error:
            raise _unreadable(self.name, error) from error


def _copy(file: _Told) -> BinaryIO:
    copy = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    try:
        shutil.copyfileobj(io.BufferedReader(file, BUFFER_BYTES), copy, BUFFER_BYTES)
        copy.seek(0)
    except OSError as error:
        copy.close()
        reason = f"no copy can be made of it: {error.strerror or error}"
        raise PreparationError(reason, f"make room in {tempfile.gettempdir()}", file=file.name) from error
    return copy


def _unreadable(name: str, error: OSError) -> UnreadableDataError:
    return UnreadableDataError(f"{name} cannot be read: {error.strerror or error}; write the path of a file that can")


class _Told(io.RawIOBase):
    """Reads a file and tells how far."""

    def __init__(self, name: str, file: BinaryIO, progress: Callable[[int], None] | None) -> None:
        self.name = name
        self._file = file
        self._progress = progress
        self._bytes = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._file.seekable()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer)
        try:
            piece = self._file.read(len(view))
        except OSError as error:
            raise _unreadable(self.name, error) from error
        view[: len(piece)] = piece
        self._bytes += len(piece)
        if self._progress:
            self._progress(self._bytes)
        return len(piece)
