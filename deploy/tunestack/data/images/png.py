"""PNG: chunks walked from the first to the last, each with its checksum. Source: https://www.w3.org/TR/png-3/."""

from __future__ import annotations

import struct
import zlib

from tunestack.data.images.image import Image, ImageFault, check_dimensions, damaged, truncated

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_DEPTHS = {0: {1, 2, 4, 8, 16}, 2: {8, 16}, 3: {1, 2, 4, 8}, 4: {8, 16}, 6: {8, 16}}
"""Channels and legal bit depths by colour type: PNG, 11.2.1."""

_MAX_LENGTH = 2**31 - 1
_MOST_DEFLATED = 1032
"""Bytes that one byte of deflated data can become at most: https://zlib.net/zlib_tech.html."""

_header = struct.Struct(">I4s").unpack_from
_checksum = struct.Struct(">I").unpack_from
_IHDR = struct.Struct(">IIBBBBB").unpack_from


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
    at = len(SIGNATURE)
    size = (0, 0)
    raw_bytes = 0
    colour = -1
    palette = False
    previous = b""
    deflated = 0
    while previous != b"IEND":
        if at + 12 > end:
            raise truncated(f"no IEND chunk; the last whole one is {_name(previous) if previous else 'none'}")
        length, kind = _header(view, at)
        if length > _MAX_LENGTH or not kind.isalpha():
            raise damaged(f"PNG chunk header expected at byte {at:,}")
        body = at + 8
        if body + length + 4 > end:
            raise truncated(f"chunk {_name(kind)} of {length:,} bytes at byte {at:,} goes past the end")
        if zlib.crc32(view[at + 4 : body + length]) != _checksum(view, body + length)[0]:
            raise damaged(f"PNG chunk {_name(kind)} at byte {at:,} does not have its checksum")
        if not previous:
            if kind == b"CgBI":
                raise ImageFault("image-kind", "PNG in Apple's own variant (CgBI)", "convert it to a standard PNG")
            if kind != b"IHDR" or length != 13:
                raise damaged(f"PNG that begins with chunk {_name(kind)} of {length:,} bytes, not with IHDR of 13")
            *size_, depth, colour, compression, filters, interlace = _IHDR(view, body)
            size = (size_[0], size_[1])
            if depth not in _DEPTHS.get(colour, ()) or compression or filters or interlace > 1:
                raise damaged(
                    f"PNG header with colour type {colour}, {depth} bits, compression {compression}, "
                    f"filter {filters}, interlace {interlace}"
                )
            if max(size) > _MAX_LENGTH:
                raise damaged(f"PNG of {size[0]:,} × {size[1]:,} pixels")
            check_dimensions("png", *size)
            raw_bytes = size[1] * (1 + (size[0] * depth * _CHANNELS[colour] + 7) // 8)
        elif kind == b"IDAT":
            if deflated and previous != b"IDAT":
                raise damaged(f"PNG chunk {_name(previous)} between IDAT chunks")
            deflated += length
        elif kind == b"PLTE":
            if deflated or palette or length % 3 or not length or length > 768 or colour in {0, 4}:
                raise damaged(f"PNG palette of {length:,} bytes where none can be")
            palette = True
        elif kind == b"IHDR" or (kind[:1].isupper() and kind != b"IEND"):
            raise damaged(f"PNG chunk {_name(kind)} at byte {at:,} that no decoder may skip")
        previous = kind
        at = body + length + 4
    if colour == 3 and not palette:
        raise damaged("PNG with a palette's colours and no palette (PLTE)")
    if not deflated:
        raise damaged("PNG without image data (IDAT)")
    if deflated * _MOST_DEFLATED < raw_bytes:
        raise damaged(f"PNG whose {deflated:,} bytes of data cannot fill {size[0]:,} × {size[1]:,} pixels")
    return Image("png", *size, bytes=end, trailing=end - at)


def _name(kind: bytes) -> str:
    return kind.decode("ascii")
