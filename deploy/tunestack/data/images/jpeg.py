"""JPEG: markers and segments walked from the first to the last. Source: ITU-T T.81, annex B."""

from __future__ import annotations

import re

from tunestack.data.images.image import (
    MAX_PARTS,
    Image,
    ImageFault,
    check_dimensions,
    damaged,
    too_many_parts,
    truncated,
)

SIGNATURE = b"\xff\xd8\xff"

_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_DHT, _DQT = 0xC4, 0xDB
_PASSED_OVER = frozenset({0x01, 0xFF})
"""TEM, which has no segment, and the fill bytes of which any number may stand before a marker."""

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_COMMON_FRAMES = {0xC0, 0xC1, 0xC2, 0xC9, 0xCA}
"""Baseline, extended and progressive. The others are lossless or hierarchical, which common decoders do not read:
libjpeg-turbo's jdmarker.c answers them with JERR_SOF_UNSUPPORTED."""

_end_of_scan = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]").search
"""In a scan's data 0xff is followed by 0 or a restart marker; anything else ends the scan (T.81, B.1.1.5)."""


def examine(data: bytes | memoryview) -> Image:
    """Looks at what begins like a JPEG.

    Raises:
        ImageFault: what is wrong with it.
    """
    end = len(data)
    at = 2
    size: tuple[int, int] | None = None
    components = 0
    scans = 0
    for _ in range(MAX_PARTS):
        if at + 2 > end:
            raise truncated("no end marker (FF D9)")
        if data[at] != 0xFF:
            raise damaged(f"JPEG marker expected at byte {at:,}, found 0x{data[at]:02x}")
        marker = data[at + 1]
        at += 1 if marker == 0xFF else 2
        if marker in _PASSED_OVER:
            continue
        if marker == _EOI:
            break
        if marker == 0 or 0xD0 <= marker <= _SOI:
            raise damaged(f"JPEG marker 0x{marker:02x} at byte {at - 1:,}, where a segment is due")
        if at + 2 > end:
            raise truncated("ends in a segment's header")
        length = data[at] << 8 | data[at + 1]
        if length < 2:
            raise damaged(f"JPEG segment of {length} bytes at byte {at:,}")
        if at + length > end:
            raise truncated(f"a segment of {length:,} bytes at byte {at:,} goes past the end")
        if marker in _FRAMES:
            if size:
                raise damaged(f"second JPEG frame header at byte {at:,}")
            size, components = _frame(marker, data[at : at + length])
        elif marker == _SOS:
            if not size:
                raise damaged("JPEG scan before the frame header, so that the size is unknown")
            scans += 1
            at = _scan(data, at, length, components)
            continue
        elif (marker == _DHT and not _huffman_tables(data, at + 2, at + length)) or (
            marker == _DQT and not _quantization_tables(data, at + 2, at + length)
        ):
            raise damaged(f"JPEG tables at byte {at:,} do not fit their length")
        at += length
    else:
        raise too_many_parts()
    if not size or not scans:
        raise damaged("JPEG without image data")
    return Image("jpeg", *size, bytes=end, trailing=end - at)


def _scan(data: bytes | memoryview, at: int, length: int, components: int) -> int:
    """Returns where the scan ends whose header is of that length."""
    start = at + length
    if length < 6 or length != 6 + 2 * data[at + 2] or not 1 <= data[at + 2] <= components:
        raise damaged(f"JPEG scan header at byte {at:,} does not fit its length")
    found = _end_of_scan(data, start)
    if not found:
        raise truncated("no end marker (FF D9)")
    if found.start() == start:
        raise damaged("JPEG scan without data")
    return found.start()


def _frame(marker: int, segment: bytes | memoryview) -> tuple[tuple[int, int], int]:
    if marker not in _COMMON_FRAMES:
        raise ImageFault(
            "image-kind",
            f"lossless or hierarchical JPEG (frame type 0x{marker:02x})",
            "save it as a baseline or progressive JPEG",
        )
    if len(segment) < 8 or len(segment) != 8 + 3 * segment[7] or not segment[7]:
        raise damaged("JPEG frame header does not fit its length")
    if segment[2] not in {8, 12}:
        raise damaged(f"JPEG of {segment[2]} bits a sample")
    height, width = segment[3] << 8 | segment[4], segment[5] << 8 | segment[6]
    check_dimensions("jpeg", width, height)
    return (width, height), segment[7]


def _huffman_tables(data: bytes | memoryview, at: int, end: int) -> bool:
    """T.81, B.2.4.2: a byte of class and destination, how many codes there are of each of 16 lengths, their values."""
    while at + 17 <= end and data[at] & 0xEC == 0:
        at += 17 + sum(data[at + 1 : at + 17])
    return at == end


def _quantization_tables(data: bytes | memoryview, at: int, end: int) -> bool:
    """T.81, B.2.4.1: a byte of precision and destination, then 64 values of one or two bytes."""
    while at < end and data[at] & 0xEC == 0:
        at += 1 + 64 * (1 + (data[at] >> 4))
    return at == end
