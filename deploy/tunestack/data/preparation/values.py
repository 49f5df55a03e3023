"""The values of tables, as text.

| value | text |
|---|---|
| text | as it stands |
| whole number | its digits |
| number of JSON, decimal number | the digits that were written, without an exponent: `1.50`, `100000` |
| floating-point number of Parquet | the shortest digits that give the same number again: `0.1`, `4.0` |
| true, false | `true`, `false` |
| date, time, date and time | ISO 8601: `2026-02-01`, `12:30:00`, `2026-02-01T12:30:00+00:00` |
"""

from __future__ import annotations

import datetime
import decimal
import math
from typing import Any

from tunestack.data.formats import is_missing_value
from tunestack.data.preparation.error import FaultError, shown

WRITE_OR_SKIP = "write the text, remove the row, or skip such rows with --skip-incomplete"


MAX_DIGITS = 4300
"""Of a number, as Python has it for whole ones: 1e999999999 would fill the memory."""


def text_of(value: Any) -> str:
    """Returns a value as text.

    Raises:
        FaultError: it is missing, or no value that can stand in a text.
    """
    if isinstance(value, str):
        bare = value.strip()
        if not bare:
            raise FaultError("only whitespace" if value else "empty", WRITE_OR_SKIP, is_incomplete=True)
        if len(bare) == len("nan") and is_missing_value(bare):
            raise FaultError(f"{shown(bare)}, a missing value", WRITE_OR_SKIP, is_incomplete=True)
        return value
    if value is None:
        raise FaultError("null", WRITE_OR_SKIP, is_incomplete=True)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | decimal.Decimal):
        return _digits(value)
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, dict):
        keys = ", ".join(map(str, list(value)[:5]))
        raise FaultError(f"an object with {keys or 'no keys'}", "name one of its keys, as in column.key")
    if isinstance(value, list | tuple):
        raise FaultError("a list", "name one of its elements, as in column.0")
    raise FaultError(f"{type(value).__name__}, which is no text", "name another column")


def _digits(number: float | decimal.Decimal) -> str:
    if isinstance(number, int):
        return str(number)
    if not (number.is_finite() if isinstance(number, decimal.Decimal) else math.isfinite(number)):
        raise FaultError(f"{number}, which is no number", WRITE_OR_SKIP, is_incomplete=True)
    if isinstance(number, float):
        return repr(number)
    if abs(number.adjusted()) > MAX_DIGITS:
        raise FaultError(f"a number of more than {MAX_DIGITS} digits", "write it as text")
    return f"{number:f}"
