"""WEBP: the RIFF container and its chunks. Source: RFC 9649."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from tunestack.data.images.image import MAX_PARTS, Image, check_dimensions, damaged, too_many_parts, truncated

_size = struct.Struct("<I").unpack_from
_chunk = struct.Struct("<4sI").unpack_from
_VP8_START = b"\x9d\x01\x2a"
_VP8L_START = 0x2F
_FRAME = 16
"""Bytes of a frame before its chunks: RFC 9649, 2.7.1.1."""


def examine(data: bytes | memoryview) -> Image:
    """Looks at what begins like a WEBP.

    Raises:
        ImageFault: what is wrong with it.
    """
    view = memoryview(data)
    (riff,) = _size(view, 4)
    end = riff + 8
    if end > len(view):
        raise truncated(f"{len(view):,} of {end:,} bytes")
    if riff < 12:
        raise damaged(f"WEBP of {riff} bytes by its header")
    kind, length = _chunk(view, 12)
    if kind == b"VP8X":
        width, height = _extended(view, length, end)
    elif kind in _STREAMS:
        width, height = _STREAMS[kind](_body(view, 12, end))
    else:
        raise damaged(f"WEBP that begins with chunk {bytes(kind)!r}")
    check_dimensions("webp", width, height)
    return Image("webp", width, height, bytes=len(view), trailing=len(view) - end)


def _body(view: memoryview, at: int, end: int) -> memoryview:
    kind, length = _chunk(view, at)
    if at + 8 + length > end:
        raise damaged(f"WEBP chunk {bytes(kind)!r} of {length:,} bytes at byte {at:,} goes past the end")
    return view[at + 8 : at + 8 + length]


def _lossy(body: memoryview) -> tuple[int, int]:
    """RFC 6386, 9.1: a frame tag of three bytes, a start code, then width and height with two bits of scale each."""
    if len(body) < 10 or body[0] & 1 or bytes(body[3:6]) != _VP8_START:
        raise damaged("WEBP whose VP8 data does not begin with a key frame")
    if (body[0] | body[1] << 8 | body[2] << 16) >> 5 > len(body) - 10:
        raise damaged("WEBP whose VP8 partition goes past the end")
    return (body[6] | body[7] << 8) & 0x3FFF, (body[8] | body[9] << 8) & 0x3FFF


def _lossless(body: memoryview) -> tuple[int, int]:
    """RFC 9649, 3.4: a signature, then width and height less one in 14 bits each, alpha, and version 0 in three."""
    if len(body) < 6 or body[0] != _VP8L_START or body[4] >> 5:
        raise damaged("WEBP whose VP8L data does not begin as it must")
    bits = int.from_bytes(body[1:5], "little")
    return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1


_STREAMS = {b"VP8 ": _lossy, b"VP8L": _lossless}


def _extended(view: memoryview, length: int, end: int) -> tuple[int, int]:
    """RFC 9649, 2.7: flags, then the canvas less one in 24 bits each; an image or frames of an animation follow."""
    body = _body(view, 12, end)
    if length != 10:
        raise damaged(f"WEBP whose VP8X chunk has {length:,} bytes")
    canvas = int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
    check_dimensions("webp", *canvas)
    images = 0
    for kind, chunk in _chunks(view, 30, end):
        if kind == b"ANMF":
            if len(chunk) < _FRAME:
                raise damaged(f"WEBP whose frame has {len(chunk)} bytes")
            frame = int.from_bytes(chunk[6:9], "little") + 1, int.from_bytes(chunk[9:12], "little") + 1
            images += sum(_is_image(*each, frame) for each in _chunks(chunk, _FRAME, len(chunk)))
        else:
            images += _is_image(kind, chunk, canvas)
    if not images:
        raise damaged("WEBP without image data")
    return canvas


def _chunks(view: memoryview, at: int, end: int) -> Iterator[tuple[bytes, memoryview]]:
    for _ in range(MAX_PARTS):
        if at + 8 > end:
            return
        kind, _ = _chunk(view, at)
        body = _body(view, at, end)
        yield kind, body
        at += 8 + len(body) + len(body) % 2
    raise too_many_parts()


def _is_image(kind: bytes, body: memoryview, size: tuple[int, int]) -> bool:
    if kind in _STREAMS and _STREAMS[kind](body) != size:
        raise damaged("WEBP whose image does not have the size that its header says")
    return kind in _STREAMS
