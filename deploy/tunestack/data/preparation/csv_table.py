"""CSV as rows, by Python's own reader: quotes, cells of several lines, any delimiter and encoding."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from tunestack.data.preparation.error import PreparationError, shown
from tunestack.data.preparation.table import MAX_ROW_BYTES, OpenTable, Row, Table

if TYPE_CHECKING:
    from _csv import Reader as _Reader
    from collections.abc import Collection, Iterator
    from io import BufferedReader

DELIMITERS = (",", ";", "\t", "|")
SNIFFED_BYTES = 64 * 1024


def open_csv(name: str, file: BufferedReader, table: Table) -> OpenTable:
    """Reads the header and leaves the rows to be read.

    Raises:
        PreparationError: there is no header, it names a column twice, or the options fit no file.
    """
    encoding = table.encoding or _encoding(file.peek())
    try:
        codecs.lookup(encoding)
    except LookupError as error:
        raise PreparationError(f"no encoding {shown(encoding)}", "write one such as utf-8, cp1252 or utf-16") from error
    if table.delimiter is not None and len(table.delimiter) != 1:
        raise PreparationError(f"the delimiter {shown(table.delimiter)}", "write one character, such as ; or |")
    csv.field_size_limit(MAX_ROW_BYTES)  # for the whole process: its 128 KiB are too little, and no other is a promise
    delimiter = table.delimiter or _delimiter(file.peek()[:SNIFFED_BYTES].decode(encoding, "replace"))
    lines = _lines(name, io.TextIOWrapper(file, encoding, newline=""), encoding)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    first = next(_records(name, reader), None)
    if first is None:
        raise PreparationError("holds no rows", "write some", file=name)
    names = _names(name, first[1]) if table.header else [str(number + 1) for number in range(len(first[1]))]
    held = None if table.header else first
    return OpenTable(names, partial(_rows, name, reader, names, held))


def _encoding(start: bytes) -> str:
    return "utf-16" if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"


def _delimiter(start: str) -> str:
    """Returns the delimiter that divides the first rows most alike, into the most columns."""
    return max(DELIMITERS, key=partial(_likeness, start))


def _likeness(start: str, delimiter: str) -> tuple[float, int]:
    """Returns which share of the rows has as many columns as the first, where it has several; and how many."""
    found = [len(cells) for cells in islice(csv.reader(io.StringIO(start, newline=""), delimiter=delimiter), 20)]
    widths = [width for width in found[:-1] or found if width]  # the last one may be cut off
    columns = widths[0] if widths else 0
    return (widths.count(columns) / len(widths), columns) if columns > 1 else (0, columns)


def _lines(name: str, text: io.TextIOWrapper, encoding: str) -> Iterator[str]:
    number = 0
    try:
        while line := text.readline(MAX_ROW_BYTES):
            number += 1
            if len(line) >= MAX_ROW_BYTES:
                raise PreparationError(
                    f"a line of more than {MAX_ROW_BYTES // 2**20} MiB", "end each row", file=name, line=number
                )
            yield line
    except UnicodeDecodeError as error:
        reason = (
            f"byte 0x{error.object[error.start]:02x} is not {encoding} ({error.reason}), at this line or soon after"
        )
        remedy = "name the file's encoding, as in --encoding cp1252"
        raise PreparationError(reason, remedy, file=name, line=number + 1) from error


def _records(name: str, reader: _Reader) -> Iterator[tuple[int, list[str]]]:
    """Yields records that are not empty, each with the line that it starts on."""
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            remedy = "close the quote that opens here, double each quote in a cell, or name the right --delimiter"
            raise PreparationError(f"no CSV ({error})", remedy, file=name, line=line) from error
        if cells is None:
            return
        if cells:
            yield line, cells


def _names(name: str, cells: list[str]) -> list[str]:
    names = [cell.strip() or str(number) for number, cell in enumerate(cells, 1)]
    for each, times in Counter(names).items():
        if times > 1:
            remedy = "rename one, or use --no-header and the columns' numbers"
            raise PreparationError(f"{times} columns are called {shown(each)}", remedy, file=name, line=1)
    return names


def _rows(
    name: str, reader: _Reader, names: list[str], held: tuple[int, list[str]] | None, _wanted: Collection[str]
) -> Iterator[Row]:
    first = 1
    if held:
        yield Row(1, held[0], dict(zip(names, held[1], strict=True)))
        first = 2
    for number, (line, cells) in enumerate(_records(name, reader), first):
        if len(cells) != len(names):
            reason = f"{len(cells)} cells, where the first row has {len(names)}"
            remedy = "put quotes around a cell that holds the delimiter"
            raise PreparationError(reason, remedy, file=name, line=line, row=number)
        yield Row(number, line, dict(zip(names, cells, strict=True)))
