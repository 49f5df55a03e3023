"""Reads one JSON text with the place of every value and key, within bounded memory and time.

The standard library's reader keeps no places, keeps the last of two equal keys without a word, and builds whatever a
hostile text asks for.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

import msgspec

MAX_VALUES = 250_000
"""Values of one text, in about 60 MB: the longest sequence of any model, 131,072 tokens, has room for fewer."""

MAX_DEPTH = 64
"""Lists and objects within each other: an image in a part of a message is five deep."""


class Constant:
    """A JSON value that is never right where text or structure is wanted: its name is all that is kept."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


NULL: Final = Constant("null")
TRUE: Final = Constant("true")
FALSE: Final = Constant("false")
NUMBER: Final = Constant("a number")
NOT_A_NUMBER: Final = Constant("NaN or Infinity")
"""Python writes it, and JSON does not have it."""


class Value(msgspec.Struct, gc=False):
    """A value and where it starts and ends, in characters of the text."""

    at: int
    end: int
    content: str | list[Value] | Members | Constant


class Members(msgspec.Struct, gc=False):
    """What an object holds: of equal keys the last value, as readers take it, and where each key stands first."""

    values: dict[str, Value]
    key_at: dict[str, int]
    repeated: list[tuple[str, int]]


class JsonFault(Exception):  # noqa: N818 - a finding, not a failure
    """The text is no JSON, or too much of it. `kind` is the report's, `at` counts characters."""

    def __init__(self, kind: str, reason: str, at: int) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason
        self.at = at


_space = re.compile(r"[ \t\r\n]*").match
_colon = re.compile(r"[ \t\r\n]*:[ \t\r\n]*").match
_separator = re.compile(r"[ \t\r\n]*([,\]}])[ \t\r\n]*").match
_number = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?").match
_word = re.compile(r"-?[A-Za-z]+").match
_WORDS = {
    "null": NULL,
    "true": TRUE,
    "false": FALSE,
    "NaN": NOT_A_NUMBER,
    "Infinity": NOT_A_NUMBER,
    "-Infinity": NOT_A_NUMBER,
}
_string = json.JSONDecoder().raw_decode  # only ever pointed at a quotation mark


def read(text: str) -> Value:
    """Reads a text that holds one value.

    Raises:
        JsonFault: it does not; the first fault is told.
    """
    reader = _Reader(text)
    value = reader.value(_after_space(text, 0), 0)
    end = _after_space(text, value.end)
    if end < len(text):
        raise JsonFault("bad-json", "more after the example's end", end)
    return value


def _after_space(text: str, at: int) -> int:
    found = _space(text, at)
    return found.end() if found else at


class _Reader:
    __slots__ = ("count", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.count = 0

    def value(self, at: int, depth: int) -> Value:
        self.count += 1
        if self.count > MAX_VALUES:
            raise JsonFault("too-many-values", f"more than {MAX_VALUES:,} values", at)
        start = self.text[at : at + 1]
        if start == '"':
            content, end = self.string(at)
            return Value(at, end, content)
        if start in {"{", "["}:
            if depth >= MAX_DEPTH:
                raise JsonFault("nested-too-deeply", f"more than {MAX_DEPTH} lists and objects within each other", at)
            return self.members(at, depth + 1) if start == "{" else self.items(at, depth + 1)
        if found := _number(self.text, at):
            return Value(at, found.end(), NUMBER)
        found = _word(self.text, at)
        if found and found[0] in _WORDS:
            return Value(at, found.end(), _WORDS[found[0]])
        raise self.missing("a value", at)

    def string(self, at: int) -> tuple[str, int]:
        try:
            content: tuple[str, int] = _string(self.text, at)
        except json.JSONDecodeError as error:
            if error.msg.startswith("Unterminated"):
                raise JsonFault("truncated-line", "a text without its closing quotation mark", error.pos) from None
            reason = error.msg[:1].lower() + error.msg[1:].removesuffix(" at")
            raise JsonFault("bad-json", reason, error.pos) from None
        return content

    def items(self, at: int, depth: int) -> Value:
        text = self.text
        items: list[Value] = []
        here = _after_space(text, at + 1)
        if text[here : here + 1] == "]":
            return Value(at, here + 1, items)
        while True:
            item = self.value(here, depth)
            items.append(item)
            follows = _separator(text, item.end)
            if follows is None or follows[1] == "}":
                raise self.missing('"," or "]"', _after_space(text, item.end))
            if follows[1] == "]":
                return Value(at, follows.end(1), items)
            here = follows.end()

    def members(self, at: int, depth: int) -> Value:
        text = self.text
        values: dict[str, Value] = {}
        key_at: dict[str, int] = {}
        repeated: list[tuple[str, int]] = []
        here = _after_space(text, at + 1)
        if text[here : here + 1] == "}":
            return Value(at, here + 1, Members(values, key_at, repeated))
        while True:
            if text[here : here + 1] != '"':
                raise self.missing("a key in quotation marks", here)
            key, end = self.string(here)
            colon = _colon(text, end)
            if colon is None:
                raise self.missing('":"', _after_space(text, end))
            value = self.value(colon.end(), depth)
            if key in values:
                repeated.append((key, here))
            else:
                key_at[key] = here
            values[key] = value
            follows = _separator(text, value.end)
            if follows is None or follows[1] == "]":
                raise self.missing('"," or "}"', _after_space(text, value.end))
            if follows[1] == "}":
                return Value(at, follows.end(1), Members(values, key_at, repeated))
            here = follows.end()

    def missing(self, what: str, at: int) -> JsonFault:
        if at >= len(self.text):
            return JsonFault("truncated-line", f"{what} is missing", at)
        return JsonFault("bad-json", f"{what} is missing", at)


def kind_of(value: Value) -> str:
    """Names what a value is, for people."""
    content: Any = value.content
    if isinstance(content, Constant):
        return content.name
    return {str: "text", list: "a list", Members: "an object"}[type(content)]
