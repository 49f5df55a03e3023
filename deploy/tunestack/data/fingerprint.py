"""Hashes of examples by what they hold, however their JSON is spelled: what a signature is made of.

An example is a shape, its roles and what each turn is made of, and pieces, its texts and the addresses of its images.
Each piece's hash is the seed of the next one's, and the shape's of the first; the hash before the last turn's pieces is
that of the input.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec
from xxhash import xxh3_64_intdigest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_INSTRUCTIONS = ("systemInstruction", "system_instruction")


@lru_cache(maxsize=1024)
def seed_of(shape: tuple[str, ...]) -> int:
    """Hashes a shape."""
    return xxh3_64_intdigest("\n".join(shape).encode())


def turn(role: str, kinds: Sequence[str]) -> str:
    """Names a turn in a shape: one that is a single text is the same with and without parts."""
    return role if kinds == ["text"] else f"{role}: {', '.join(kinds)}"


def of_pieces(shape: tuple[str, ...], pieces: Iterable[bytes], last: int) -> tuple[int, int]:
    """Hashes an example, and its input.

    Args:
        shape: of the example.
        pieces: all of them.
        last: how many of them stand before the last turn.
    """
    whole = before = seed_of(shape)
    for number, piece in enumerate(pieces):
        if number == last:
            before = whole
        whole = xxh3_64_intdigest(piece, whole)
    return whole, before


def of_line(line: bytes) -> tuple[int, int]:
    """Hashes the right example that a line holds, and its input."""
    try:
        example = msgspec.json.decode(line)
    except msgspec.MsgspecError:  # a number beyond its range, in a function's arguments: as good as its bytes
        return (xxh3_64_intdigest(line),) * 2
    if "prompt" in example:
        return of_pieces(("prompt", "completion"), [example["prompt"].encode(), example["completion"].encode()], 1)
    shape: list[str] = []
    pieces: list[bytes] = []
    last = 0
    for role, parts in _turns(example):
        last = len(pieces)
        kinds = []
        for kind, piece in map(_part, parts):
            kinds.append(kind)
            pieces.append(piece)
        shape.append(turn(role, kinds))
    return of_pieces(tuple(shape), pieces, last)


def _turns(example: dict[str, Any]) -> Iterator[tuple[str, list[Any]]]:
    for key, value in sorted(example.items()):
        if key in _INSTRUCTIONS:
            yield "systemInstruction", value["parts"]
        elif key not in {"messages", "contents"}:
            yield key, [value]
    for message in example.get("messages") or example["contents"]:
        parts = message["parts"] if "parts" in message else message["content"]
        yield message["role"], parts if isinstance(parts, list) else [{"text": parts}]


def _part(part: Any) -> tuple[str, bytes]:
    if isinstance(part, dict):
        if "text" in part:
            return "text", part["text"].encode()
        if image := part.get("image_url"):
            return image_kind(image.get("detail", "")), image["url"].encode()
        if (file := part.get("fileData") or part.get("file_data")) and len(part) == 1:
            mime_type = file.get("mimeType") or file["mime_type"]
            return image_kind(mime_type.strip().lower()), (file.get("fileUri") or file["file_uri"]).encode()
    return "JSON", msgspec.json.encode(part, order="sorted")


def image_kind(told: str) -> str:
    """Names an image in a shape, with what is told beside its address: the detail, or the type."""
    return f"image {told}".rstrip()
