"""What kind of table a file holds, and how its rows come out of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import msgspec

from tunestack.data.preparation.error import PreparationError

if TYPE_CHECKING:
    from io import BufferedReader

TableKind: TypeAlias = Literal["csv", "parquet", "json", "jsonl"]

ENDINGS: Mapping[str, TableKind] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}

_PACKED = (
    (b"\x1f\x8b", "compressed by gzip", "unpack it first"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd", "unpack it first"),
    (b"PK\x03\x04", "a ZIP archive or a spreadsheet", "unpack it, or save the sheet as CSV"),
)

BOM = b"\xef\xbb\xbf"

MAX_ROW_BYTES = 64 * 1024 * 1024
"""The longest row that is kept in memory."""


@dataclass(frozen=True, slots=True)
class Table:
    """How a table is written, where its name and content do not say so.

    Attributes:
        kind: what it is; by its content and its name's end where None.
        delimiter: what stands between the cells of CSV, `tab` for a tab; found out where None.
        encoding: of CSV; UTF-8, or UTF-16 where it starts so, where None.
        header: whether the first row of CSV names the columns; without, they are called 1, 2, 3, …
        records: where the rows stand in JSON that is no array itself, as a dotted path such as `data.rows`.
    """

    kind: TableKind | None = None
    delimiter: str | None = None
    encoding: str | None = None
    header: bool = True
    records: str | None = None


class Row(NamedTuple):
    """One row: its number from 1, the line that it starts on (0 where lines mean nothing), its values by column."""

    number: int
    line: int
    values: Mapping[str, Any]


class OpenTable(NamedTuple):
    """A table whose rows are to be read.

    Attributes:
        names: of its columns; None where each row has its own.
        rows: reads the rows, of which only the named columns are needed.
    """

    names: list[str] | None
    rows: Callable[[Collection[str]], Iterator[Row]]


def kind_of(name: str, file: BufferedReader, table: Table) -> TableKind:
    """Tells what kind of table it is; nothing is read off the file.

    Raises:
        PreparationError: it is compressed, or a spreadsheet.
    """
    start = file.peek()
    for beginning, what, remedy in _PACKED:
        if start.startswith(beginning):
            raise PreparationError(what, remedy, file=name)
    if table.kind:
        return table.kind
    if start.startswith(b"PAR1"):
        return "parquet"
    named = next((kind for ending, kind in ENDINGS.items() if name.lower().endswith(ending)), None)
    if named and named != "json":
        return named
    if table.records:
        return "json"
    text = start.removeprefix(BOM).lstrip()
    if text.startswith(b"{"):
        return "jsonl" if _is_object(text.partition(b"\n")[0]) else "json"
    return "json" if text.startswith(b"[") else named or "csv"


def open_table(name: str, file: BufferedReader, table: Table, kind: TableKind) -> OpenTable:
    """Makes a table's rows ready to be read.

    Raises:
        PreparationError: it is no such table.
    """
    if kind == "csv":
        from tunestack.data.preparation.csv_table import open_csv

        return open_csv(name, file, table)
    if kind == "parquet":
        from tunestack.data.preparation.parquet_table import open_parquet

        return open_parquet(name, file)
    from tunestack.data.preparation.json_table import open_json, open_json_lines

    return open_json(name, file, table.records) if kind == "json" else open_json_lines(name, file)


def _is_object(line: bytes) -> bool:
    try:
        msgspec.json.decode(line, type=dict)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True
