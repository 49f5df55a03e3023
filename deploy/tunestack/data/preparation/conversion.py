"""Turns a table, or training data of another format, into training data."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import msgspec

from tunestack.data.formats import format_named_by
from tunestack.data.preparation.checked import changed, checked
from tunestack.data.preparation.columns import Columns
from tunestack.data.preparation.error import FaultError, PreparationError
from tunestack.data.preparation.example import Example, Image, with_system
from tunestack.data.preparation.formats import path_in, reader, writer
from tunestack.data.preparation.source import Source
from tunestack.data.preparation.table import BOM, MAX_ROW_BYTES, Row, Table, TableKind, kind_of, open_table
from tunestack.data.preparation.target import whole
from tunestack.data.report import Format
from tunestack.wording import counted

if TYPE_CHECKING:
    from io import BufferedReader
    from typing import BinaryIO

    from tunestack.data.stream import Stream

TOLD_SKIPS = 5

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Conversion:
    """What was converted.

    Attributes:
        source: what was read, as it was named.
        target: what was written.
        origin: what the source was: a kind of table, or a format.
        format: what the target is.
        rows: rows or examples that were read.
        written: examples that were written.
        skipped: rows that were left out since they lack something.
        skips: the first of them, each with its place and reason.
        bytes: size of the target.
    """

    source: str
    target: Path
    origin: TableKind | Format
    format: Format
    rows: int
    written: int
    skipped: int
    skips: tuple[PreparationError, ...]
    bytes: int

    def __str__(self) -> str:
        left_out = f", {counted(self.skipped, 'incomplete row')} left out" if self.skipped else ""
        written = counted(self.written, "example")
        return f"{self.target}: {written} ({self.format}) from {self.source} ({self.origin}){left_out}"

    def to_json(self) -> dict[str, Any]:
        """Returns it for machines."""
        return {
            "source": self.source,
            "target": str(self.target),
            "origin": self.origin,
            "format": self.format,
            "rows": self.rows,
            "written": self.written,
            "skipped": self.skipped,
            "skips": [skip.to_json() for skip in self.skips],
            "bytes": self.bytes,
        }


def convert(
    source: Path | str | Stream,
    target: Path | str,
    *,
    to: Format,
    columns: Columns | None = None,
    table: Table | None = None,
    skip_incomplete: bool = False,
    drop_detail: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Conversion:
    """Writes a table, or training data of another format, as training data.

    Memory does not grow with the source. The target appears whole or not at all, and never over the source.

    Args:
        source: CSV, Parquet, JSON or JSON lines. Lines in one of the three formats are converted as examples, unless
            `columns` says which of their keys to read.
        target: where to write.
        to: the format to write.
        columns: which columns hold what; by the columns' own names where None.
        table: how the table is written, where that cannot be seen.
        skip_incomplete: leave out rows that lack something, instead of refusing the first one.
        drop_detail: leave out the level of detail of a chat's images, which GenerateContent does not have.
        overwrite: replace the target if it is there.
        progress: told how many bytes of the source are done.

    Raises:
        PreparationError: a row or example cannot be converted, or the target not be written.
        UnreadableDataError: the source is not there or cannot be read.
    """
    if to not in get_args(Format):
        raise PreparationError(f'there is no format "{to}"', f"write {', '.join(get_args(Format))}")
    read = Source(source)
    job = _Job(read, Path(target), to, columns, skip_incomplete, drop_detail)
    with read.opened() as file:
        kind = kind_of(read.name, file, table or Table())
        named = _format(file) if kind == "jsonl" and not (columns and columns.names_columns) else None
    with whole([job.target], read, overwrite=overwrite) as (written,):
        if named:
            job.examples(named, written, progress)
        else:
            job.table(table or Table(), kind, written, progress)
        return job.result(named or kind, written.tell())


class _Job:
    """One conversion."""

    def __init__(
        self, source: Source, target: Path, to: Format, columns: Columns | None, skip: bool, drop_detail: bool
    ) -> None:
        self.source = source
        self.target = target
        self.to = to
        self.columns = columns or Columns()
        self.skip = skip
        self.drop_detail = drop_detail
        self.write = writer(to)
        self.rows = 0
        self.written = 0
        self.skipped = 0
        self.skips: list[PreparationError] = []

    def result(self, origin: TableKind | Format, size: int) -> Conversion:
        return Conversion(
            self.source.name,
            self.target,
            origin,
            self.to,
            self.rows,
            self.written,
            self.skipped,
            tuple(self.skips),
            size,
        )

    def table(self, table: Table, kind: TableKind, target: BinaryIO, progress: Progress | None) -> None:
        with self.source.opened(progress, seekable=kind == "parquet") as file:
            opened = open_table(self.source.name, file, table, kind)
            columns, rows = self._columns(opened.names, opened.rows)
            for row in rows:
                self.rows = row.number
                try:
                    line = self._line(columns.example(row.values))
                except FaultError as fault:
                    self._refuse(fault, row)
                    continue
                target.write(line)
        if not self.rows:
            raise PreparationError("holds no rows", "write some", file=self.source.name)
        if not self.written:
            raise self.skips[0]

    def _columns(
        self, names: list[str] | None, read: Callable[[Collection[str]], Iterator[Row]]
    ) -> tuple[Columns, Iterator[Row]]:
        """Decides which columns are read, and begins to read the rows."""
        try:
            if names is not None:
                columns = self.columns.named_by(names)
                columns.require(names)
                return columns, read({name for each in columns.fields for name in each.columns()})
            rows = read(())
            if self.columns.names_columns:
                return self.columns, rows
            first = next(rows, None)
            if first is None:
                return self.columns, rows
            return self.columns.named_by(first.values), chain([first], rows)
        except FaultError as fault:
            raise PreparationError(fault.reason, fault.remedy, file=self.source.name, path=fault.path) from None

    def _refuse(self, fault: FaultError, row: Row) -> None:
        """Takes note of a row that lacks something, or refuses it."""
        path = f'column "{fault.path}"' if fault.path else ""
        error = PreparationError(
            fault.reason, fault.remedy, file=self.source.name, line=row.line, row=row.number, path=path
        )
        if not (self.skip and fault.is_incomplete):
            raise error from fault
        self.skipped += 1
        if len(self.skips) < TOLD_SKIPS:
            self.skips.append(error)

    def examples(self, data_format: Format, target: BinaryIO, progress: Progress | None) -> None:
        """Converts from one format to another, once the source is known to be right."""
        _, size = checked(self.source, progress and (lambda done: progress(done // 2)))
        read = reader(data_format)
        with self.source.opened(progress and (lambda done: progress((size + done) // 2))) as file:
            for self.rows, line in enumerate(file, 1):
                example: Example = []
                try:
                    example = read(line)
                    if self.columns.system:
                        example = with_system(example, self.columns.system.fill({}))
                    target.write(self._line(example))
                except FaultError as fault:
                    path = path_in(data_format, example, fault.turn, fault.part)
                    raise PreparationError(
                        fault.reason, fault.remedy, file=self.source.name, line=self.rows, path=path
                    ) from fault
                except (msgspec.DecodeError, UnicodeDecodeError) as error:
                    raise changed(self.source) from error

    def _line(self, example: Example) -> bytes:
        if self.drop_detail:
            for turn in example:
                turn.parts = [_without_detail(part) if isinstance(part, Image) else part for part in turn.parts]
        try:
            line = self.write(example)
        except UnicodeEncodeError as error:
            raise FaultError("half a character (a lone surrogate)", "write the text anew") from error
        self.written += 1
        return line + b"\n"


def _format(file: BufferedReader) -> Format | None:
    """Names the format that the first line is in; None where it is a row of a table.

    With keys that the format does not have, or with other roles, it is a row, of which a mapping takes what it wants.
    """
    line = file.readline(MAX_ROW_BYTES).removeprefix(BOM)
    try:
        named = format_named_by(msgspec.json.decode(line, type=dict[str, msgspec.Raw]))
        if named and named != "generate-content":
            reader(named)(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return named


def _without_detail(image: Image) -> Image:
    return Image(image.uri, image.mime_type)
