"""What lines hold that are right beyond doubt, and what makes their texts so."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tunestack.data.exact.json_places import MAX_VALUES
from tunestack.data.formats import is_missing_value
from tunestack.data.lines import bytewise

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Iterable

_NAN_LENGTH = len("nan")


@dataclass(slots=True)
class Right:
    """What lines hold that are right beyond doubt.

    Attributes:
        hashes: of each example, see `signature`.
        inputs: of what comes before its last answer.
        totals: returns the characters of each example, which are seldom asked for.
        links: of each linked image the number of the line, from 0, the address, the byte in the line, the path, and
            the declared type.
    """

    hashes: array[int]
    inputs: array[int]
    totals: Callable[[], list[int]]
    characters: int = 0
    non_ascii: int = 0
    turns: int = 0
    texts_only: int = 0
    inline: int = 0
    linked: int = 0
    inline_bytes: int = 0
    links: list[tuple[int, str, int, str, str]] = field(default_factory=list)


def all_worth_learning(texts: list[str]) -> bool:
    """Says whether no text is empty, white space, or what a data frame writes for a missing value."""
    if min(map(len, map(str.strip, texts)), default=0) > _NAN_LENGTH:
        return True
    return all(map(str.strip, texts)) and not any(map(is_missing_value, texts))


def beyond_ascii(text: str) -> int:
    """Counts the characters beyond ASCII: what such an encoding leaves out."""
    return 0 if text.isascii() else len(text) - len(text.encode("ascii", "ignore"))


def each_key_once(raw: bytes, lines: int, strings: int, texts: Iterable[str]) -> bool:
    """Says whether no object has a key twice, of which the decoder keeps the last without a word.

    Every string has two quotation marks around it, so a second key shows as marks too many.

    Args:
        raw: the bytes.
        lines: that they are.
        strings: that they should have.
        texts: those of the strings that may have quotation marks inside.
    """
    if strings >= MAX_VALUES:
        return False
    bare = bytewise.bare_quotes(raw, lines)
    if bare is None:
        inside = sum([text.count('"') for text in texts if '"' in text])
        if inside and b"\\u0022" in raw:  # a quotation mark, but none in the bytes
            return False
        bare = raw.count(b'"') - inside
    return bare == 2 * strings
