"""JSON as rows: an array of objects, read piece by piece, or an object a line.

Python's own parser reads one row after the other out of a piece of the file. The streaming parsers that there are were
tried: the best known one, `ijson` on YAJL, turns half a surrogate pair into a question mark without a word, and needs
memory by the square of the depth.
"""

from __future__ import annotations

import codecs
import json
import re
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from tunestack.data.preparation.error import PreparationError, shown
from tunestack.data.preparation.table import BOM, MAX_ROW_BYTES, OpenTable, Row

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from io import BufferedReader

PIECE_BYTES = 1024 * 1024

REMEDY = "write it with a JSON library"

_decoder = json.JSONDecoder(parse_float=Decimal)  # so that a number has the digits that were written
_space = re.compile(r"[ \t\r\n]*").match


def open_json(name: str, file: BufferedReader, records: str | None) -> OpenTable:
    """Makes the objects of an array ready to be read: of the whole, or of the one at a dotted path."""
    return OpenTable(None, partial(_array, name, file, records))


def open_json_lines(name: str, file: BufferedReader) -> OpenTable:
    """Makes an object a line ready to be read."""
    return OpenTable(None, partial(_lines, name, file))


def _array(name: str, file: BufferedReader, records: str | None, _wanted: Collection[str]) -> Iterator[Row]:
    pieces = _Pieces(file)
    number = 0
    try:
        if not _enter(pieces, records.split(".") if records else []):
            where = f"at {shown(records)}" if records else "at the top"
            raise PreparationError(f"no array {where}", "say where the rows are, as in --records data.rows", file=name)
        while pieces.next() != "]":
            if number:
                pieces.take(",")
            value = pieces.value()
            number += 1
            yield Row(number, 0, _object(value, name, number, 0))
    except (ValueError, RecursionError) as error:
        reason = f"no JSON after row {number} ({_cause(error)})"
        raise PreparationError(reason, REMEDY, file=name) from error


def _enter(pieces: _Pieces, path: list[str]) -> bool:
    """Reads up to the first row of the array at a path; says whether there is one."""
    for step in path:
        if pieces.next() != "{":
            return False
        pieces.take("{")
        while pieces.next() != "}":
            key = pieces.value()
            pieces.take(":")
            if key == step:
                break
            pieces.value()
            if pieces.next() == ",":
                pieces.take(",")
        else:
            return False
    if pieces.next() != "[":
        return False
    pieces.take("[")
    return True


class _Pieces:
    """The text of a file, of which a piece with at least the next value is in memory.

    Args:
        file: what is read.
    """

    def __init__(self, file: BufferedReader) -> None:
        self._file = file
        self._decode = codecs.getincrementaldecoder("utf-8-sig")().decode
        self._text = ""
        self._at = 0

    def next(self) -> str:
        """Returns the next character but white space, and leaves it there; an empty text at the end."""
        while True:
            match = _space(self._text, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._text) or not self._read_on():
                return self._text[self._at : self._at + 1]

    def take(self, character: str) -> None:
        """Takes a character that must come next."""
        if (found := self.next()) != character:
            raise ValueError(f"{shown(found)} in the place of {shown(character)}" if found else "it ends too early")
        self._at += 1

    def value(self) -> Any:
        """Takes a value."""
        self.next()
        while True:
            try:
                value, end = _decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError:
                if not self._read_on():
                    raise
            else:
                if end < len(self._text) or not self._read_on():
                    self._at = end
                    return value

    def _read_on(self) -> bool:
        """Reads as much again as is left, so that a long value is parsed a few times only; false at the end."""
        rest = self._text[self._at :]
        if len(rest) > MAX_ROW_BYTES:
            raise ValueError(f"a row of more than {MAX_ROW_BYTES // 2**20} MiB")
        piece = self._file.read(max(len(rest), PIECE_BYTES))
        self._text, self._at = rest + self._decode(piece, final=not piece), 0
        return bool(piece)


def _lines(name: str, file: BufferedReader, _wanted: Collection[str]) -> Iterator[Row]:
    number = 0
    for line, text in enumerate(iter(partial(file.readline, MAX_ROW_BYTES), b""), 1):
        if text.isspace():
            continue
        number += 1
        if len(text) >= MAX_ROW_BYTES:
            reason = f"no JSON (a line of more than {MAX_ROW_BYTES // 2**20} MiB)"
            raise PreparationError(reason, REMEDY, file=name, line=line)
        try:
            values = _decoder.decode((text.removeprefix(BOM) if line == 1 else text).decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise PreparationError(f"no JSON ({_cause(error)})", REMEDY, file=name, line=line) from error
        yield Row(number, line, _object(values, name, number, line))


def _cause(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if isinstance(error, json.JSONDecodeError):
        return (error.msg[:1].lower() + error.msg[1:]).removesuffix(" at")  # it counts from what was read last
    if isinstance(error, UnicodeDecodeError):
        return f"byte 0x{error.object[error.start]:02x} is not UTF-8"
    return "a number of thousands of digits" if "int_max_str_digits" in str(error) else str(error)


def _object(value: Any, name: str, number: int, line: int) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise PreparationError("a row that is no object", "write rows as {…}", file=name, line=line, row=number)
    return value
