"""The one error of this room, with its place."""

from __future__ import annotations

from typing import Any

from tunestack.wording import printable


class FaultError(Exception):
    """What is wrong with one row or example; who reads the file knows which one.

    Attributes:
        reason: what is wrong.
        remedy: how to mend it.
        path: the column of a table, or the JSON path in an example.
        is_incomplete: whether the row only lacks something, so that it may be skipped where that is wanted.
        turn: the turn of the example that is meant, from 0.
        part: the part of that turn, from 0.
    """

    def __init__(
        self,
        reason: str,
        remedy: str,
        path: str = "",
        *,
        is_incomplete: bool = False,
        turn: int | None = None,
        part: int | None = None,
    ) -> None:
        super().__init__(reason, remedy)
        self.reason, self.remedy, self.path, self.is_incomplete = reason, remedy, path, is_incomplete
        self.turn, self.part = turn, part


class PreparationError(Exception):
    """Data that cannot be converted or split as asked; the message says where, what is wrong, and what to do.

    Attributes:
        reason: what is wrong.
        remedy: how to mend it.
        file: the file that is meant; empty where an option is wrong.
        line: its line, from 1; 0 where none is meant, or where lines mean nothing.
        row: its row, from 1; 0 where none is meant.
        path: the column of a table, or the JSON path in an example.
    """

    def __init__(
        self, reason: str, remedy: str, *, file: str = "", line: int = 0, row: int = 0, path: str = ""
    ) -> None:
        super().__init__(reason, remedy)
        self.reason, self.remedy = reason, remedy
        self.file, self.line, self.row, self.path = file, line, row, path

    def __str__(self) -> str:
        file = f"{self.file}:{self.line}" if self.line else self.file
        place = ", ".join(part for part in (f"row {self.row}" if self.row else "", self.path) if part)
        return printable(": ".join(part for part in (file, place, f"{self.reason}; {self.remedy}") if part))

    def to_json(self) -> dict[str, Any]:
        """Returns it for machines."""
        return {name: getattr(self, name) for name in ("file", "line", "row", "path", "reason", "remedy")}


def shown(text: str) -> str:
    """Returns a piece of data as it can stand in a message: short and in quotes."""
    return f'"{text[:40]}…"' if len(text) > 40 else f'"{text}"'
