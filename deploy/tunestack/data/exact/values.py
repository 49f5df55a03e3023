"""What the exact half says of single values: keys and texts."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from tunestack.data.exact.json_places import NOT_A_NUMBER, Members, Value, kind_of
from tunestack.data.formats import is_blank, is_missing_value
from tunestack.wording import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tunestack.data.demands import Demands
    from tunestack.data.report import Format

_NO_REMEDIES: Mapping[str, str] = {}
_escaped_half = re.compile(r"\\u[dD]").search
_half_of_a_pair = re.compile("[\ud800-\udfff]").search


class Tell(Protocol):
    """Takes a problem of one line, at once, so that no line can pile them up; `offset` counts from the line's start."""

    def __call__(self, kind: str, path: str, reason: str, expected: str, remedy: str, offset: int = 0) -> None:
        """Takes one."""


@dataclass(slots=True)
class Examination:
    """What one line holds.

    Attributes:
        characters: of its text.
        non_ascii: how many of them are beyond ASCII.
        turns: its messages.
        files: its images and Gemini's other files.
        inline: its images in base64.
        linked: its images by `gs://` address.
        inline_bytes: of the images in base64, decoded.
        links: address, byte in the line, path and declared type of each linked image.
        names: the format that its keys name, whatever the file's is.
    """

    characters: int = 0
    non_ascii: int = 0
    turns: int = 0
    files: int = 0
    inline: int = 0
    linked: int = 0
    inline_bytes: int = 0
    links: list[tuple[str, int, str, str]] = field(default_factory=list)
    names: Format | None = None

    @property
    def texts_only(self) -> bool:
        """Whether it has neither images nor other files."""
        return not self.files


class Line:
    """One line under examination: takes findings about its values, each with its place."""

    def __init__(self, text: str, start: int, demands: Demands, tell: Tell, found: Examination) -> None:
        self.demands = demands
        self.found = found
        self._tell = tell
        self._text = text
        self._ascii = text.isascii()
        self._may_have_halves = _escaped_half(text) is not None
        self._at, self._byte = 0, start  # the last place that was told, by character and by byte

    def offset(self, at: int) -> int:
        """Returns the byte of a character. Each is counted from the last one asked for: the next is rarely far."""
        if self._ascii:
            return at - self._at + self._byte
        if at >= self._at:
            self._byte += len(self._text[self._at : at].encode())
        else:
            self._byte -= len(self._text[at : self._at].encode())
        self._at = at
        return self._byte

    def tell_at(self, at: int, kind: str, path: str, reason: str, expected: str, remedy: str) -> None:
        """Tells a problem at a character of the line."""
        self._tell(kind, path, reason, expected, remedy, self.offset(at))

    def wrong_type(self, value: Value, path: str, expected: str) -> None:
        """Tells of a value of another type."""
        if value.content is NOT_A_NUMBER:
            reason = "NaN or Infinity, which JSON does not have"
            self.tell_at(value.at, "nan", path, reason, expected, "write the text or remove the line")
        else:
            reason = f'the text "{shown(value.content)}"' if isinstance(value.content, str) else kind_of(value)
            self.tell_at(value.at, "wrong-type", path, reason, expected, "write it so, or remove the line")

    def members_of(self, value: Value, path: str, expected: str) -> Members | None:
        """Returns what an object holds; tells of a value that is none."""
        if isinstance(value.content, Members):
            return value.content
        self.wrong_type(value, path, expected)
        return None

    def items_of(self, value: Value, path: str, expected: str) -> list[Value] | None:
        """Returns what a list holds; tells of a value that is none."""
        if isinstance(value.content, list):
            return value.content
        self.wrong_type(value, path, expected)
        return None

    def keys(
        self,
        value: Value,
        members: Members,
        path: str,
        wanted: Sequence[str],
        optional: Sequence[str] = (),
        remedies: Mapping[str, str] = _NO_REMEDIES,
    ) -> None:
        """Compares an object's keys with those that belong there; `remedies` are for keys that do not."""
        for key in wanted:
            if key not in members.values:
                expected = " and ".join(f'"{name}"' for name in wanted)
                self.tell_at(value.at, "missing-key", path, f'no "{key}"', expected, "add it")
        if not members.values.keys() <= set(wanted):
            only = "only " + " and ".join((*wanted, *optional))
            for key, at in members.key_at.items():
                if key not in wanted and key not in optional:
                    self.tell_at(
                        at, "extra-key", f"{path}.{shown(key)}", "unknown key", only, remedies.get(key, "remove it")
                    )
        self.repeated(members, path)

    def repeated(self, members: Members, path: str) -> None:
        """Tells of keys that stand twice in an object."""
        for key, at in members.repeated:
            self.tell_at(
                at, "duplicate-key", f"{path}.{shown(key)}", "the key stands twice", "each key once", "remove one"
            )

    def either(self, members: Members, path: str, camel: str, snake: str) -> str:
        """Returns the spelling of a key that an object uses, the first where it has none; tells if it has both."""
        if camel in members.values and snake in members.values:
            reason, at = f'"{camel}" and "{snake}", which are the same', members.key_at[snake]
            self.tell_at(at, "duplicate-key", f"{path}.{snake}", reason, "one of them", "remove the other")
        return camel if camel in members.values or snake not in members.values else snake

    def text(self, value: Value, path: str) -> None:
        """Looks at a text to learn from."""
        text = value.content
        if not isinstance(text, str):
            self.wrong_type(value, path, "non-empty text")
        elif is_blank(text):
            reason = "only whitespace" if text else "empty"
            self.tell_at(value.at, "empty", path, reason, "non-empty text", "write the text or remove the line")
        elif is_missing_value(text):
            reason = f'"{shown(text.strip())}", a missing value'
            self.tell_at(value.at, "nan", path, reason, "text", "write the text or remove the line")
        elif self.is_whole(text):
            self._count(text)

    def _count(self, text: str) -> None:
        self.found.characters += len(text)
        if not text.isascii():
            # Only ASCII survives this, so that what is missing is the rest.
            self.found.non_ascii += len(text) - len(text.encode("ascii", "ignore"))

    def halves(self, value: Value, path: str) -> None:
        """Tells of every half of a surrogate pair, wherever it stands: no reader of UTF-8 takes the line then."""
        if self._may_have_halves:
            self._halves_in(value, path)

    def _halves_in(self, value: Value, path: str) -> None:
        if isinstance(value.content, str):
            self._half(value.content, value.at, path)
        elif isinstance(value.content, list):
            for index, item in enumerate(value.content):
                self._halves_in(item, f"{path}[{index}]")
        elif isinstance(value.content, Members):
            for key, member in value.content.values.items():
                self._half(key, value.content.key_at[key], f"{path}.{shown(key)}")
                self._halves_in(member, f"{path}.{shown(key)}")

    def _half(self, text: str, at: int, path: str) -> None:
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            half = f"half a surrogate pair, \\u{ord(text[error.start]):04x}"
            self.tell_at(at, "lone-surrogate", path, half, "whole characters", "write the text anew")

    def is_whole(self, text: str) -> bool:
        """Says whether a text has no half of a surrogate pair."""
        return not (self._may_have_halves and _half_of_a_pair(text))

    def any_json(self, value: Value, path: str, *, is_read: bool = True) -> None:
        """Looks at a value of any shape; one that the model reads, such as a function's arguments, has characters."""
        if isinstance(value.content, str):
            if is_read and self.is_whole(value.content):
                self._count(value.content)
        elif isinstance(value.content, list):
            for index, item in enumerate(value.content):
                self.any_json(item, f"{path}[{index}]", is_read=is_read)
        elif isinstance(value.content, Members):
            self.repeated(value.content, path)
            for key, member in value.content.values.items():
                if is_read:
                    self._count(key)
                self.any_json(member, f"{path}.{shown(key)}", is_read=is_read)
        elif value.content is NOT_A_NUMBER:
            self.wrong_type(value, path, "JSON")


def shown(text: str) -> str:
    """A piece of hostile text that can stand in a message: short, on one line, encodable."""
    return printable(text[:40])
