"""The exact half of the check: every problem of one line, with its place. Slow, and only used on lines in doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunestack.data.exact.examples import example
from tunestack.data.exact.json_places import JsonFault, Members, Value, kind_of, read
from tunestack.data.exact.values import Examination, Line, Tell
from tunestack.data.lines.blocks import MAX_LINE_BYTES

if TYPE_CHECKING:
    from tunestack.data.demands import Demands
    from tunestack.data.report import Format

__all__ = ["Examination", "Tell", "examine"]

_BOM = b"\xef\xbb\xbf"
_REMEDIES = {
    "truncated-line": ("a whole example", "write it anew"),
    "bad-json": ("a JSON object", "write it with a JSON library"),
    "nested-too-deeply": ("text, not structures", "flatten it"),
    "too-many-values": ("one example a line", "split it into several"),
}


def examine(line: bytes, file_format: Format | None, format_line: int, demands: Demands, tell: Tell) -> Examination:
    """Finds every problem of one line, in memory of about ten times its size.

    Args:
        line: without its newline; past `MAX_LINE_BYTES` it may be cut.
        file_format: what the lines before were; None while no line said so.
        format_line: the first of those lines.
        demands: what the models demand.
        tell: takes the problems.
    """
    found = Examination()
    if len(line) > MAX_LINE_BYTES:
        limit = MAX_LINE_BYTES // 2**20
        reason = f"more than {limit} MiB"
        tell("line-too-long", "$", reason, "one example a line", "end each example with a newline, or link its images")
    elif not line.strip(b" \t\r"):
        tell("blank-line", "$", "blank line", "an example", "remove the line")
    elif holds := _value(line, tell):
        start, text, value = holds
        _object(value, Line(text, start, demands, tell, found), file_format, format_line)
    return found


def _value(line: bytes, tell: Tell) -> tuple[int, str, Value] | None:
    """Returns the text's first byte in the line, the text, and its value; None once a fault has been told."""
    start = 0
    if line.startswith(_BOM):
        tell("bom", "$", "byte-order mark", "JSON from the first byte", "save the file as UTF-8 without BOM")
        start, line = len(_BOM), line[len(_BOM) :]
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        reason = f"byte 0x{line[error.start]:02x} is not UTF-8 ({error.reason})"
        utf16 = line[:1] in {b"\xff", b"\xfe"} or line[1:2] == b"\0"
        remedy = "convert the file from UTF-16 to UTF-8" if utf16 else "save the file as UTF-8"
        tell("not-utf-8", "$", reason, "UTF-8 text", remedy, start + error.start)
        return None
    try:
        return start, text, read(text)
    except JsonFault as fault:
        offset = start + len(text[: fault.at].encode())
        expected, remedy = _REMEDIES[fault.kind]
        reason = fault.reason
        if fault.kind == "truncated-line":
            reason = f"the line ends too early ({reason})"
        elif fault.kind == "bad-json":
            reason = f"{reason} at byte {offset + 1} of the line"
            if "\0" in text:
                remedy = "convert the file from UTF-16 to UTF-8, or remove the NUL characters"
        tell(fault.kind, "$", reason, expected, remedy, offset)
        return None


def _object(value: Value, line: Line, file_format: Format | None, format_line: int) -> None:
    line.halves(value, "$")
    if isinstance(value.content, Members):
        example(value, value.content, line, file_format, format_line)
    else:
        line.tell_at(value.at, "not-an-object", "$", kind_of(value), "an object", "write the example as {…}")
