"""Finding rows by name, and what is said when there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class UnknownRowError(LookupError):
    """A name that the catalogue does not have; the message says what is nearest.

    Args:
        message: what is wrong and what to write instead.
        nearest: the right names that come nearest, best first.
    """

    def __init__(self, message: str, nearest: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.nearest = nearest


class UnknownModelError(UnknownRowError):
    """No model of that name can be tuned, as far as the catalogue knows."""


class UnknownModeError(UnknownRowError):
    """The model is not tuned in that mode, as far as the catalogue knows."""


class UnknownTeacherError(UnknownRowError):
    """No model of that name teaches, as far as the catalogue knows."""


class UnknownMachineError(UnknownRowError):
    """The catalogue has no machine of that name."""


def nearest(name: str, candidates: Iterable[str]) -> tuple[str, ...]:
    """Returns up to three candidates that are spelt most like the name, or the first three when none is near."""
    from difflib import get_close_matches  # only errors need it

    known = list(candidates)
    return tuple(get_close_matches(name, known, n=3, cutoff=0.6) or known[:3])


def short(name: str) -> str:
    """`publishers/P/models/M@V` is the longer form that the service takes as well."""
    parts = name.strip().split("/")
    return f"{parts[1]}/{parts[3]}" if len(parts) == 4 and parts[::2] == ["publishers", "models"] else name.strip()
