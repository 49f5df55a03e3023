"""Preparation: tables become training data, one format becomes another, a file is split in two or three.

All of it streams: memory does not grow with the file, and a target appears whole or not at all.
"""

from tunestack.data.preparation.column_options import parse_columns
from tunestack.data.preparation.columns import Columns
from tunestack.data.preparation.conversion import Conversion, convert
from tunestack.data.preparation.error import PreparationError
from tunestack.data.preparation.splitting import Part, Split, split
from tunestack.data.preparation.table import Table

__all__ = ["Columns", "Conversion", "Part", "PreparationError", "Split", "Table", "convert", "parse_columns", "split"]
