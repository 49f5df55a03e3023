"""Where each linked image of a file stands first: hundreds of thousands of addresses in little memory."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MAX_LINKS = 500_000
"""Addresses that are kept, in about 100 MB. Gemini takes 300,000 multimodal examples in all: see the catalogue."""

names_object = re.compile(r"gs://[^/\s]+/\S(?:.*\S)?", re.DOTALL).fullmatch
"""Says whether a text is the address of an object, as an example may link one."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a file: the line, counted from 1, the byte in the file, the JSON path in the line.

    `mime_type` is what the example says of the object; empty where its format has no word for it.
    """

    line: int
    offset: int
    path: str
    mime_type: str = ""


class Links(Mapping[str, Place]):
    """The `gs://` addresses of a file's images, each with its first place, in the order of the file.

    Addresses beyond `MAX_LINKS` are only counted, in `left_out`, each time that they stand.
    """

    __slots__ = ("_distinct", "_lines", "_number", "_offsets", "_pairs", "left_out")

    def __init__(self) -> None:
        self.left_out = 0
        self._number: dict[str, int] = {}
        self._lines = array("Q")
        self._offsets = array("Q")
        # Path and type of each; of such pairs there are only so many, and each is kept once.
        self._pairs: list[tuple[str, str]] = []
        self._distinct: dict[tuple[str, str], tuple[str, str]] = {}

    def add(self, address: str, line: int, offset: int, path: str, mime_type: str = "") -> None:
        """Keeps the place, unless the address has one before it."""
        if address in self._number:
            return
        if len(self._number) >= MAX_LINKS:
            self.left_out += 1
            return
        pair = (path, mime_type)
        self._number[address] = len(self._lines)
        self._lines.append(line)
        self._offsets.append(offset)
        self._pairs.append(self._distinct.setdefault(pair, pair))

    def update(self, later: Links, lines: int = 0, offset: int = 0) -> None:
        """Adds the places of a later piece of the file, before which there are so many lines and bytes."""
        for address, place in later.items():
            self.add(address, lines + place.line, offset + place.offset, place.path, place.mime_type)
        self.left_out += later.left_out

    def __getitem__(self, address: str) -> Place:
        number = self._number[address]
        return Place(self._lines[number], self._offsets[number], *self._pairs[number])

    def __iter__(self) -> Iterator[str]:
        return iter(self._number)

    def __len__(self) -> int:
        return len(self._number)

    def __repr__(self) -> str:
        return f"<{len(self)} links>"

    def to_json(self) -> dict[str, Any]:
        """Returns what JSON can hold."""
        numbers = {pair: number for number, pair in enumerate(self._distinct)}
        return {
            "addresses": list(self._number),
            "lines": self._lines.tolist(),
            "offsets": self._offsets.tolist(),
            "pathsAndTypes": [list(pair) for pair in numbers],
            "pathAndType": [numbers[pair] for pair in self._pairs],
            "leftOut": self.left_out,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Links:
        """Returns the links that `to_json` wrote."""
        links = cls()
        places = (value[name] for name in ("addresses", "lines", "offsets", "pathAndType"))
        for address, line, offset, number in zip(*places, strict=True):
            links.add(address, line, offset, *value["pathsAndTypes"][number])
        links.left_out = value["leftOut"]
        return links
