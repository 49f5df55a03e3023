"""Where the bytes of a data file come from: a file on this machine, or a stream such as an object in a bucket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Stream:
    """Bytes that are read once, from the first to the last.

    Args:
        name: as problems name it, such as a `gs://` address.
        open: opens it at its first byte. Errors of reading that are no `OSError` come through `check` as they are.
        bytes: how many there are; None when that is not known before.
    """

    name: str
    open: Callable[[], BinaryIO]
    bytes: int | None = None
