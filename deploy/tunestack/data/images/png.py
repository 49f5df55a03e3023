"""PNG: chunks walked from the first to the last, each with its checksum. Source: https://www.w3.org/TR/png-3/."""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

from tunestack.data.images.image import (
    MAX_PARTS,
    Image,
    ImageFault,
    check_dimensions,
    damaged,
    too_many_parts,
    truncated,
)

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_DEPTHS = {0: {1, 2, 4, 8, 16}, 2: {8, 16}, 3: {1, 2, 4, 8}, 4: {8, 16}, 6: {8, 16}}
"""Channels and legal bit depths by colour type: PNG, 11.2.1."""

_MAX_LENGTH = 2**31 - 1
_MOST_DEFLATED = 1032
"""Bytes that one byte of deflated data can become at most: https://zlib.net/zlib_tech.html."""

_chunk_header = struct.Struct(">I4s").unpack_from
_checksum = struct.Struct(">I").unpack_from
_ihdr = struct.Struct(">IIBBBBB").unpack_from


def examine(data: bytes | memoryview) -> Image:
    """Looks at what begins like a PNG.

    Raises:
        ImageFault: what is wrong with it.
    """
    if bytes(data[: len(SIGNATURE)]) != SIGNATURE:
        raise ImageFault(
            "image-broken", "PNG whose line ends were converted", "transfer the file as binary data, not as text"
        )
    view = memoryview(data)
    end = len(view)
    header = _Header(0, 0, 0, 0)
    palette = False
    deflated = 0
    previous = b""
    at = len(SIGNATURE)
    for _ in range(MAX_PARTS):
        if previous == b"IEND":
            break
        kind, body = _chunk(view, at, previous)
        length = len(body)
        if not previous:
            header = _first(kind, body)
        elif kind == b"IDAT":
            if deflated and previous != b"IDAT":
                raise damaged(f"PNG chunk {_name(previous)} between IDAT chunks")
            deflated += length
        elif kind == b"PLTE":
            if deflated or palette or length % 3 or not 0 < length <= 768 or header.colour in {0, 4}:
                raise damaged(f"PNG palette of {length:,} bytes where none can be")
            palette = True
        elif kind[:1].isupper() and kind != b"IEND":
            raise damaged(f"PNG chunk {_name(kind)} at byte {at:,} that no decoder may skip")
        previous = kind
        at += 12 + length
    else:
        raise too_many_parts()
    if header.colour == 3 and not palette:
        raise damaged("PNG with a palette's colours and no palette (PLTE)")
    if not deflated:
        raise damaged("PNG without image data (IDAT)")
    if deflated * _MOST_DEFLATED < header.raw_bytes:
        raise damaged(f"PNG whose {deflated:,} bytes of data cannot fill {header.width:,} × {header.height:,} pixels")
    return Image("png", header.width, header.height, bytes=end, trailing=end - at)


class _Header(NamedTuple):
    """`raw_bytes` is what the pixels take when they are unpacked."""

    width: int
    height: int
    colour: int
    raw_bytes: int


def _chunk(view: memoryview, at: int, previous: bytes) -> tuple[bytes, memoryview]:
    """Returns a chunk's type and data."""
    if at + 12 > len(view):
        raise truncated(f"no IEND chunk; the last whole one is {_name(previous) if previous else 'none'}")
    length, kind = _chunk_header(view, at)
    if length > _MAX_LENGTH or not kind.isalpha():
        raise damaged(f"PNG chunk header expected at byte {at:,}")
    stop = at + 8 + length
    if stop + 4 > len(view):
        raise truncated(f"chunk {_name(kind)} of {length:,} bytes at byte {at:,} goes past the end")
    if zlib.crc32(view[at + 4 : stop]) != _checksum(view, stop)[0]:
        raise damaged(f"PNG chunk {_name(kind)} at byte {at:,} does not have its checksum")
    return kind, view[at + 8 : stop]


def _first(kind: bytes, body: memoryview) -> _Header:
    if kind == b"CgBI":
        raise ImageFault("image-kind", "PNG in Apple's own variant (CgBI)", "convert it to a standard PNG")
    if kind != b"IHDR" or len(body) != 13:
        raise damaged(f"PNG that begins with chunk {_name(kind)} of {len(body):,} bytes, not with IHDR of 13")
    width, height, depth, colour, compression, filters, interlace = _ihdr(body)
    if depth not in _DEPTHS.get(colour, ()) or compression or filters or interlace > 1:
        raise damaged(
            f"PNG header with colour type {colour}, {depth} bits, compression {compression}, filter {filters}, "
            f"interlace {interlace}"
        )
    check_dimensions("png", width, height)
    return _Header(width, height, colour, height * (1 + (width * depth * _CHANNELS[colour] + 7) // 8))


def _name(kind: bytes) -> str:
    return kind.decode("ascii")
