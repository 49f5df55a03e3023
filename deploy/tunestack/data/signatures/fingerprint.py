"""Hashes of examples by what they hold, however their JSON is spelled: what a signature is made of.

An example is a shape, its roles and what each turn is made of, and pieces, its texts and the addresses of its images.
Their hashes are the digits of a number that stands for the example; without those of the last turn, for its input.
"""

from __future__ import annotations

import sys
from array import array
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec
from xxhash import xxh3_64_digest, xxh3_64_intdigest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

HALF = 2**32 - 1
"""The bits of an input's hash that are kept."""

_WHOLE = 2**64 - 1
_BASE = 0x9E37_79B9_7F4A_7C15
"""Any large odd number will do: 2^64 by the golden ratio."""

_ANSWERS = ("assistant", "model", "completion")
_INSTRUCTIONS = ("systemInstruction", "system_instruction")


spelled = msgspec.json.Encoder().encode
"""Spells a text as JSON in the one way that is hashed: as most programs do, but for characters beyond ASCII."""


@lru_cache(maxsize=1024)
def seed_of(shape: tuple[str, ...]) -> int:
    """Hashes a shape."""
    return xxh3_64_intdigest("\n".join(shape).encode())


def turn(role: str, kinds: Sequence[str]) -> str:
    """Names a turn in a shape: one that is a single text is the same with and without parts."""
    return role if kinds == ["text"] else f"{role}: {', '.join(kinds)}"


def is_answer(named: str) -> bool:
    """Says whether a turn, as a shape names it, is an answer: one that is missing is no part of the input."""
    return named.partition(":")[0] in _ANSWERS


def of_pieces(shape: tuple[str, ...], pieces: Sequence[bytes], last: int) -> tuple[int, int]:
    """Hashes an example, and its input.

    Args:
        shape: of the example.
        pieces: all of them.
        last: how many of them stand before the last answer.
    """
    whole = before = seed_of(shape)
    for number, piece in enumerate(pieces):
        if number == last:
            before = whole
        whole = whole * _BASE + xxh3_64_intdigest(piece) & _WHOLE
    return whole, (before if last < len(pieces) else whole) & HALF


def digests(pieces: Iterable[bytes]) -> array[int]:
    """Hashes pieces, each by itself."""
    return _numbers(map(xxh3_64_digest, pieces))


def digests_within(raw: bytes, starts: Iterable[int], ends: Iterable[int]) -> array[int]:
    """Hashes pieces of these bytes, each by itself."""
    # A list made at once is a third faster than what makes slices one after the other.
    return _numbers([xxh3_64_digest(raw[start:end]) for start, end in zip(starts, ends, strict=True)])


def _numbers(digests: Iterable[bytes]) -> array[int]:
    numbers = array("Q", b"".join(digests))
    if sys.byteorder == "little":  # digests are big-endian
        numbers.byteswap()
    return numbers


def of_digests(shape: tuple[str, ...], digests: array[int]) -> tuple[array[int], array[int]]:
    """Hashes examples of one shape whose turns are a text each, and their inputs: the same as `of_pieces`, faster.

    Args:
        shape: of each.
        digests: of the texts of all the examples, one after the other.
    """
    width = len(shape)
    if "numpy" not in sys.modules:
        before = whole = [seed_of(shape)] * (len(digests) // width)
        for turn in range(width):
            before = whole
            whole = [
                number * _BASE + digest & _WHOLE for number, digest in zip(whole, digests[turn::width], strict=True)
            ]
        before = before if is_answer(shape[-1]) else whole
        return array("Q", whole), array("I", [number & HALF for number in before])
    import numpy as np

    columns = np.frombuffer(digests, np.uint64).reshape(-1, width)
    hashes = inputs = np.full(len(columns), seed_of(shape), np.uint64)
    for turn in range(width):
        inputs, hashes = hashes, hashes * np.uint64(_BASE) + columns[:, turn]
    if not is_answer(shape[-1]):
        inputs = hashes
    return array("Q", hashes.tobytes()), array("I", inputs.astype(np.uint32).tobytes())


def of_line(line: bytes) -> tuple[int, int]:
    """Hashes the right example that a line holds, and its input."""
    try:
        example = msgspec.json.decode(line)
    except msgspec.MsgspecError:  # a number beyond its range, in a function's arguments: as good as its bytes
        whole = xxh3_64_intdigest(line)
        return whole, whole & HALF
    if "prompt" in example:
        turns = [turn for turn in ("prompt", "completion") if turn in example]
        return of_pieces(tuple(turns), [spelled(example[turn]) for turn in turns], 1)
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
    if not is_answer(shape[-1]):
        last = len(pieces)
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
            return "text", spelled(part["text"])
        if image := part.get("image_url"):
            return image_kind(image.get("detail", "")), image["url"].encode()
        if (file := part.get("fileData") or part.get("file_data")) and len(part) == 1:
            mime_type = file.get("mimeType") or file["mime_type"]
            return image_kind(mime_type.strip().lower()), (file.get("fileUri") or file["file_uri"]).encode()
    return "JSON", msgspec.json.encode(part, order="sorted")


def image_kind(told: str) -> str:
    """Names an image in a shape, with what is told beside its address: the detail, or the type."""
    return f"image {told}".rstrip()
