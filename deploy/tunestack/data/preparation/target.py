"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tunestack.data.preparation.error import PreparationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

    from tunestack.data.preparation.source import Source

BUFFER_BYTES = 1024 * 1024


@contextmanager
def whole(targets: Sequence[Path], source: Source, *, overwrite: bool) -> Iterator[list[BinaryIO]]:
    """Opens files for writing; once the block is left without an error, all of them are there.

    They are written under another name beside their own, and renamed at the end.

    Args:
        targets: where they belong.
        source: what is being read, and must not be written over.
        overwrite: whether files that are there may be replaced.

    Raises:
        PreparationError: a file is there already, is the source, is named twice, or cannot be written.
    """
    places = [_place(target, source, overwrite=overwrite) for target in targets]
    if len(set(places)) < len(places):
        raise PreparationError("one file is named for two parts", "name another one", file=str(targets[-1]))
    unfinished = [place.with_name(f".{place.name}.{os.getpid()}.unfinished") for place in places]
    files: list[BinaryIO] = []
    try:
        for path in unfinished:
            files.append(path.open("wb", buffering=BUFFER_BYTES))  # noqa: PERF401 - those that are open are to be closed
        yield files
        for file in files:
            file.close()
        for place, path in zip(places, unfinished, strict=True):
            path.replace(place)
    except OSError as error:
        reason = f"cannot be written: {error.strerror or error}"
        names = " and ".join(map(str, targets))
        raise PreparationError(reason, "name a file in a folder that is there and has room", file=names) from error
    finally:
        for file in files:
            with suppress(OSError):  # the disk is full, and what is left in its buffer is of no use
                file.close()
        for path in unfinished:
            path.unlink(missing_ok=True)


def _place(target: Path, source: Source, *, overwrite: bool) -> Path:
    place = target.resolve()  # a link stays a link, and what it points to is written
    if source.path is not None and place.exists() and place.samefile(source.path):
        raise PreparationError("is the source itself", "write to another file", file=str(target))
    if place.exists() and not place.is_file():  # a rename would put a file in the place of a device
        what = "a folder" if place.is_dir() else "no file"
        raise PreparationError(f"is {what}", "write the path of a file", file=str(target))
    if place.exists() and not overwrite:
        raise PreparationError("is there already", "write to another file, or use --force", file=str(target))
    return place
