"""The parameter `fields`: an answer of the parts that were asked for, and of nothing else.

Source: https://cloud.google.com/storage/docs/json_api#partial-response.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from emulator.storage.errors import invalid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TOKEN = re.compile(r"[\w*-]+|[,/()]")

Mask = dict[str, "Mask"]
"""Names and what is wanted of each; an empty mask wants all of it."""


def partial(answer: Mapping[str, Any], query: Mapping[str, str]) -> dict[str, Any]:
    """The answer, or the parts of it that the query's `fields` name.

    Raises:
        StorageError: they cannot be read.
    """
    text = query.get("fields", "")
    if not text:
        return dict(answer)
    tokens = _TOKEN.findall(text)
    wanted: Mask = {}
    try:
        left = _read(iter(tokens), wanted)
    except ValueError:
        left = text
    if left or "".join(tokens) != text:
        raise invalid(f"Invalid field selection {text}")
    found: dict[str, Any] = _masked(answer, wanted)
    return found


def _read(tokens: Iterator[str], into: Mask) -> str:
    """Reads a list of fields, and returns the token behind it; empty at the end."""
    while True:
        inner = into.setdefault(_name(tokens), {})
        follows = next(tokens, "")
        while follows == "/":
            inner = inner.setdefault(_name(tokens), {})
            follows = next(tokens, "")
        if follows == "(":
            if _read(tokens, inner) != ")":
                raise ValueError("a bracket is left open")
            follows = next(tokens, "")
        if follows != ",":
            return follows


def _name(tokens: Iterator[str]) -> str:
    name = next(tokens, "")
    if not name or name in ",/()":
        raise ValueError(f"{name!r} is no field")
    return name


def _masked(value: Any, mask: Mask) -> Any:
    if isinstance(value, list):
        return [_masked(item, mask) for item in value]
    if not mask or not isinstance(value, dict) or "*" in mask:
        return value
    return {name: _masked(value[name], inner) for name, inner in mask.items() if name in value}
