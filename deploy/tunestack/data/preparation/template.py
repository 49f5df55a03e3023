"""Texts with places for a row's values, such as `Question: {question}`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tunestack.data.preparation.error import FaultError, shown
from tunestack.data.preparation.values import text_of

_pieces = re.compile(r"\{\{|\}\}|\\[nt\\]|\{([^{}]*)\}|[{}]")
_LITERALS = {"{{": "{", "}}": "}", r"\n": "\n", r"\t": "\t", "\\\\": "\\"}

ABSENT = object()
"""What `Field.find` returns where a row has no such column."""


@dataclass(frozen=True, slots=True)
class Field:
    """A column by its name, or a value inside one by a dotted path such as `answers.text.0`.

    Attributes:
        name: as it was written.
        is_optional: whether nothing is written where the row has no value, instead of refusing the row.
    """

    name: str
    is_optional: bool = False

    @classmethod
    def parse(cls, text: str) -> Field:
        """Reads a name; a `?` at its end makes it optional."""
        name = text.removesuffix("?")
        if not name:
            raise FaultError("a field without a name", "write the name of a column between { and }")
        return cls(name, is_optional=name != text)

    def find(self, row: Mapping[str, Any]) -> Any:
        """Returns the row's value. A column of just that name, dots and all, comes before a path."""
        found = row.get(self.name, ABSENT)
        if self.is_optional:
            found = row.get(f"{self.name}?", found)  # a column whose own name ends so
        if found is not ABSENT or "." not in self.name:
            return found
        value: Any = row
        for step in self.name.split("."):
            if isinstance(value, Mapping):
                value = value.get(step, ABSENT)
            elif isinstance(value, Sequence) and not isinstance(value, str | bytes) and step.isdecimal():
                value = value[int(step)] if int(step) < len(value) else ABSENT
            else:
                return ABSENT
            if value is ABSENT:
                return ABSENT
        return value

    def columns(self) -> tuple[str, ...]:
        """Returns the names of columns that it may be read from."""
        return self.name, f"{self.name}?", self.name.split(".")[0]

    def value(self, row: Mapping[str, Any]) -> Any:
        """Returns the row's value; None where it has none and need not have one.

        Raises:
            FaultError: the row has no such column.
        """
        found = self.find(row)
        if found is not ABSENT:
            return found
        if self.is_optional:
            return None
        has_column = "." in self.name and self.name.split(".")[0] in row
        reason = "nothing there" if has_column else f"no such column; {nearest(self.name, row)}"
        raise FaultError(reason, "name one that is there", self.name, is_incomplete=True)

    def text(self, row: Mapping[str, Any]) -> str:
        """Returns the row's value as text; an empty one where there is none and need not be.

        Raises:
            FaultError: there is none, or it is no text.
        """
        try:
            return text_of(self.value(row))
        except FaultError as fault:
            if fault.is_incomplete and self.is_optional:
                return ""
            fault.path = self.name
            raise


@dataclass(frozen=True, slots=True)
class Template:
    r"""A text with fields in it.

    `{name}` is a column, `{name?}` one that may be empty; `{{` and `}}` are braces; `\n`, `\t` and `\\` are a
    newline, a tab and a backslash, since a shell has no other way to write them.
    """

    pieces: tuple[str | Field, ...]

    @classmethod
    def parse(cls, text: str) -> Template:
        """Reads a template.

        Raises:
            FaultError: a brace without its other half, or a field without a name.
        """
        pieces: list[str | Field] = []
        end = 0
        for match in _pieces.finditer(text):
            pieces.append(text[end : match.start()])
            end = match.end()
            if match[0] in _LITERALS:
                pieces.append(_LITERALS[match[0]])
            elif match[1] is not None:
                pieces.append(Field.parse(match[1]))
            else:
                reason = f"a single {match[0]} at character {match.start() + 1} of the template {shown(text)}"
                raise FaultError(reason, f"write {match[0] * 2} for a brace, {{column}} for a value")
        return cls((*(piece for piece in (*pieces, text[end:]) if piece),))

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields in it."""
        return tuple(piece for piece in self.pieces if isinstance(piece, Field))

    def fill(self, row: Mapping[str, Any]) -> str:
        """Returns the text for a row; empty where all of it is optional and missing.

        Raises:
            FaultError: the row has no value for a field.
        """
        return "".join([piece if isinstance(piece, str) else piece.text(row) for piece in self.pieces])


def nearest(name: str, names: Mapping[str, Any] | Sequence[str]) -> str:
    """Says which of the names is most like one that is not there."""
    known = [str(each) for each in names]
    if near := difflib.get_close_matches(name, known, n=1, cutoff=0.5):
        return f"the nearest is {shown(near[0])}"
    return f"there are {', '.join(map(shown, known[:8]))}" if known else "there are none"
