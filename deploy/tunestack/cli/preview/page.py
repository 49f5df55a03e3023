"""A text that must not grow beyond a limit: each part gets its share, and says what was left out of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_SHARE = 0.6
"""Of the room that is left, what a part may take at the most: so that there is always some for those after it."""

_CLOSING = 200
"""Bytes that are kept for the line that says what was left out, and for closing tags."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a page.

    Attributes:
        opening: stands before its rows.
        rows: of which the last ones are left out where there is no room.
        closing: stands after them.
        row: how a row begins and ends that says what was left out.
    """

    opening: str
    rows: Sequence[str]
    closing: str = ""
    row: tuple[str, str] = ("", "")


class Page:
    """Parts, one after the other.

    Args:
        limit: size of the whole, in bytes: no service counts more than that, whatever it counts.
    """

    def __init__(self, limit: int) -> None:
        self._room = limit
        self._texts: list[str] = []
        self.left_out = 0

    def add(self, part: Part) -> None:
        """Adds a part, or as many of its rows as its share has room for."""
        budget = int(self._room * _SHARE) - _size(part.opening) - _size(part.closing) - _CLOSING
        kept: list[str] = []
        for row in part.rows:
            budget -= _size(row)
            if budget < 0:
                break
            kept.append(row)
        missing = len(part.rows) - len(kept)
        if missing:
            self.left_out += missing
            kept.append(f"{part.row[0]}… and {missing:,} more{part.row[1]}")
        self.write("\n".join(text for text in (part.opening, *kept, part.closing) if text))

    def write(self, text: str) -> None:
        """Adds a text as it is."""
        self._room -= _size(text) + 1
        self._texts.append(text)

    def text(self) -> str:
        """Returns the whole."""
        return "\n\n".join(self._texts) + "\n"


def _size(text: str) -> int:
    return len(text.encode()) + 1
