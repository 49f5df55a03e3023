"""CSV as rows, by Python's own reader: quotes, cells of several lines, any delimiter and encoding."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING

from tunestack.data.preparation.bounded_rows import BoundedRows, TooLongError
from tunestack.data.preparation.error import PreparationError, shown
from tunestack.data.preparation.table import MAX_ROW_BYTES, OpenTable, Row, Table

if TYPE_CHECKING:
    from _csv import Reader as _Reader
    from collections.abc import Collection, Iterable, Iterator
    from io import BufferedReader

DELIMITERS = (",", ";", "\t", "|")
PIECE_BYTES = 64 * 1024


def open_csv(name: str, file: BufferedReader, table: Table) -> OpenTable:
    """Reads the header and leaves the rows to be read.

    Raises:
        PreparationError: there is no header, it names a column twice, or the options fit no file.
    """
    encoding = table.encoding or _encoding(file.peek())
    try:
        "".encode(encoding)
    except (LookupError, UnicodeError) as error:
        raise PreparationError(f"no encoding {shown(encoding)}", "write one such as utf-8, cp1252 or utf-16") from error
    delimiter = "\t" if table.delimiter == "tab" else table.delimiter
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
        raise PreparationError(f"the delimiter {shown(delimiter)}", "write one character, such as ; or |, or tab")
    csv.field_size_limit(MAX_ROW_BYTES)  # for the whole process: its 128 KiB are too little, and no other is a promise
    delimiter = delimiter or _delimiter(file.peek()[:PIECE_BYTES].decode(encoding, "replace"))
    bounded = BoundedRows(file)
    text = io.TextIOWrapper(io.BufferedReader(bounded, PIECE_BYTES), encoding, newline="")
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    records = _records(name, reader, bounded, encoding)
    first = next(records, None)
    if first is None:
        raise PreparationError("holds no rows", "write some", file=name)
    names = _names(name, first[1]) if table.header else [str(number + 1) for number in range(len(first[1]))]
    return OpenTable(names, partial(_rows, name, records if table.header else chain([first], records), names))


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


def _records(name: str, reader: _Reader, bounded: BoundedRows, encoding: str) -> Iterator[tuple[int, list[str]]]:
    """Yields records that are not empty, each with the line that it starts on."""
    line = 1
    try:
        for cells in reader:
            bounded.next_row()
            if cells:
                yield line, cells
            line = reader.line_num + 1
    except (csv.Error, TooLongError) as error:
        remedy = "close the quote that opens here, double each quote in a cell, or name the right --delimiter"
        raise PreparationError(f"no CSV ({error})", remedy, file=name, line=line) from error
    except UnicodeError as error:
        found = f"byte 0x{error.object[error.start]:02x}" if isinstance(error, UnicodeDecodeError) else "the text"
        remedy = "name the file's encoding, as in --encoding cp1252"
        raise PreparationError(
            f"{found} is not {encoding}, here or soon after", remedy, file=name, line=line
        ) from error


def _names(name: str, cells: list[str]) -> list[str]:
    names = [cell.strip() or str(number) for number, cell in enumerate(cells, 1)]
    for each, times in Counter(names).items():
        if times > 1:
            remedy = "rename one, or use --no-header and the columns' numbers"
            raise PreparationError(f"{times} columns are called {shown(each)}", remedy, file=name, line=1)
    return names


def _rows(
    name: str, records: Iterable[tuple[int, list[str]]], names: list[str], _wanted: Collection[str]
) -> Iterator[Row]:
    for number, (line, cells) in enumerate(records, 1):
        if len(cells) != len(names):
            reason = f"{len(cells)} cells, where the first row has {len(names)}"
            remedy = "put quotes around a cell that holds the delimiter"
            raise PreparationError(reason, remedy, file=name, line=line, row=number)
        yield Row(number, line, dict(zip(names, cells, strict=True)))
