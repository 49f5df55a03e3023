"""Where each linked image of a file stands first: hundreds of thousands of addresses in little memory."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MAX_LINKS = 500_000
"""Addresses that are kept, in about 100 MB. Gemini takes 300,000 multimodal examples in all: see the catalogue."""


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

    __slots__ = ("_lines", "_number", "_offsets", "_said", "_spelled", "_spelling", "left_out")

    def __init__(self) -> None:
        self.left_out = 0
        self._number: dict[str, int] = {}
        self._lines = array("Q")
        self._offsets = array("Q")
        self._said = array("I")  # there are only so many paths and types, and each pair is kept once
        self._spelling: dict[tuple[str, str], int] = {}
        self._spelled: list[tuple[str, str]] = []

    def add(self, address: str, line: int, offset: int, path: str, mime_type: str = "") -> None:
        """Keeps the place, unless the address has one before it."""
        if address in self._number:
            return
        if len(self._number) >= MAX_LINKS:
            self.left_out += 1
            return
        said = (path, mime_type)
        if said not in self._spelling:
            self._spelling[said] = len(self._spelled)
            self._spelled.append(said)
        self._number[address] = len(self._lines)
        self._lines.append(line)
        self._offsets.append(offset)
        self._said.append(self._spelling[said])

    def update(self, later: Links, lines: int = 0, offset: int = 0) -> None:
        """Adds the places of a later piece of the file, before which there are so many lines and bytes."""
        for address, place in later.items():
            self.add(address, lines + place.line, offset + place.offset, place.path, place.mime_type)
        self.left_out += later.left_out

    def __getitem__(self, address: str) -> Place:
        number = self._number[address]
        return Place(self._lines[number], self._offsets[number], *self._spelled[self._said[number]])

    def __iter__(self) -> Iterator[str]:
        return iter(self._number)

    def __len__(self) -> int:
        return len(self._number)

    def __repr__(self) -> str:
        return f"<{len(self)} links>"

    def to_json(self) -> dict[str, Any]:
        """Returns what JSON can hold."""
        return {
            "addresses": list(self._number),
            "lines": self._lines.tolist(),
            "offsets": self._offsets.tolist(),
            "said": self._said.tolist(),
            "spelled": [list(said) for said in self._spelled],
            "leftOut": self.left_out,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Links:
        """Returns the links that `to_json` wrote."""
        links = cls()
        places = (value[name] for name in ("addresses", "lines", "offsets", "said"))
        for address, line, offset, said in zip(*places, strict=True):
            links.add(address, line, offset, *value["spelled"][said])
        links.left_out = value["leftOut"]
        return links
