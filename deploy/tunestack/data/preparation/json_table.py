"""JSON as rows: an array of objects, read piece by piece, or an object a line."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from tunestack.data.preparation.bounded_rows import BoundedRows, TooLongError
from tunestack.data.preparation.error import PreparationError
from tunestack.data.preparation.table import BOM, MAX_ROW_BYTES, OpenTable, Row

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from io import BufferedReader


def open_json(name: str, file: BufferedReader, records: str | None) -> OpenTable:
    """Makes the objects of an array ready to be read: of the whole, or of the one at a dotted path."""
    return OpenTable(None, partial(_array, name, file, records))


def open_json_lines(name: str, file: BufferedReader) -> OpenTable:
    """Makes an object a line ready to be read."""
    return OpenTable(None, partial(_lines, name, file))


def _array(name: str, file: BufferedReader, records: str | None, _wanted: Collection[str]) -> Iterator[Row]:
    import ijson

    if file.peek().startswith(BOM):
        file.read(len(BOM))
    bounded = BoundedRows(file)
    number = 0
    try:
        items = ijson.items(bounded, f"{records}.item" if records else "item", use_float=True)
        for number, item in enumerate(items, 1):
            bounded.next_row()
            yield Row(number, 0, _object(item, name, number, 0))
    except (ijson.JSONError, UnicodeDecodeError, TooLongError) as error:
        reason = f"no JSON after row {number} ({' '.join(str(error).split())[:120]})"
        raise PreparationError(reason, "write it with a JSON library", file=name) from error
    if not number:
        where = f"at {records}" if records else "at the top"
        remedy = "say where the rows are, as in --records data.rows"
        raise PreparationError(f"no array with rows {where}", remedy, file=name)


def _lines(name: str, file: BufferedReader, _wanted: Collection[str]) -> Iterator[Row]:
    decode = msgspec.json.Decoder().decode
    line = number = 0
    while text := file.readline(MAX_ROW_BYTES):
        line += 1
        if line == 1:
            text = text.removeprefix(BOM)
        if len(text) >= MAX_ROW_BYTES:
            reason = f"a line of more than {MAX_ROW_BYTES // 2**20} MiB"
            raise PreparationError(reason, "write one object a line", file=name, line=line)
        if text.isspace():
            continue
        number += 1
        try:
            values = decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            remedy = "write one object a line, with a JSON library"
            raise PreparationError(f"no JSON ({error})", remedy, file=name, line=line) from error
        yield Row(number, line, _object(values, name, number, line))


def _object(value: Any, name: str, number: int, line: int) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise PreparationError("a row that is no object", "write rows as {…}", file=name, line=line, row=number)
    return value
