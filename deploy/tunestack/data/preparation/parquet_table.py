"""Parquet as rows, by Apache Arrow."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from tunestack.data.preparation.error import PreparationError
from tunestack.data.preparation.table import OpenTable, Row

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from io import BufferedReader

BATCH_BYTES = 8 * 1024 * 1024
MAX_BATCH_ROWS = 4096


def open_parquet(name: str, file: BufferedReader) -> OpenTable:
    """Reads what the columns are and leaves the rows to be read.

    Raises:
        PreparationError: pyarrow is not installed, or the file is no Parquet.
    """
    try:
        import pyarrow as arrow
        from pyarrow import parquet
    except ImportError as error:
        raise PreparationError(
            "Parquet is read with pyarrow, which is not installed",
            "install it, as with pip install 'tunestack[parquet]'",
            file=name,
        ) from error
    try:
        # Arrow has a buffer of its own, and would otherwise keep what it has read ahead.
        table = parquet.ParquetFile(file.raw, buffer_size=1024 * 1024, pre_buffer=False)
    except (arrow.ArrowException, ValueError, OSError) as error:
        raise PreparationError(f"no Parquet ({error})", "write the file anew", file=name) from error
    return OpenTable(list(table.schema_arrow.names), partial(_rows, name, table))


def _rows(name: str, table: Any, wanted: Collection[str]) -> Iterator[Row]:
    import pyarrow as arrow

    columns = [column for column in table.schema_arrow.names if column in wanted]
    number = 0  # of the last row that was read
    try:
        for batch in table.iter_batches(batch_size=_batch_rows(table.metadata), columns=columns, use_threads=False):
            for values in batch.to_pylist():
                number += 1
                yield Row(number, 0, values)
    except (arrow.ArrowException, ValueError, OverflowError, OSError) as error:
        remedy = "write the file anew, with columns of text"
        raise PreparationError(f"cannot be read after row {number} ({error})", remedy, file=name) from error


def _batch_rows(metadata: Any) -> int:
    """Returns how many rows to take at once, so that a batch of long rows fits memory as well."""
    sizes = [metadata.row_group(index).total_byte_size for index in range(metadata.num_row_groups)]
    row_bytes: int = sum(sizes) // max(metadata.num_rows, 1) + 1
    return max(1, min(MAX_BATCH_ROWS, BATCH_BYTES // row_bytes))
