"""What stands where an image should: other kinds of image, documents, error pages and text, by name."""

from __future__ import annotations

import re

from tunestack.data.images.image import WANTED, ImageFault

_CONVERT = "convert it to JPEG, PNG or WEBP"
_PAGE = "render it to a PNG, a page an image"
_DOWNLOAD = "download the image itself; this is what the server answered"
_UNPACK = "unpack it and take the image in it"

_KINDS: tuple[tuple[bytes, str, str], ...] = (
    (b"GIF8", "GIF", _CONVERT),
    (b"BM....\0\0\0\0", "BMP", _CONVERT),
    (b"II\\*\0|MM\0\\*|II\\+\0|MM\0\\+", "TIFF", _CONVERT),
    (b"....ftypavi[fs]", "AVIF", _CONVERT),
    (b"....ftyp(?:hei[cxms]|hev[cxms]|mif1|msf1)", "HEIC", _CONVERT),
    (b"....ftyp", "video", "take a frame of it as a JPEG"),
    (b"\xff\x0a|\0\0\0\x0cJXL ", "JPEG XL", _CONVERT),
    (b"\0\0\0\x0cjP  |\xff\x4f\xff\x51", "JPEG 2000", _CONVERT),
    (b"\0\0[\1\2]\0", "ICO", _CONVERT),
    (b"8BPS", "PSD", _CONVERT),
    (b"%PDF", "PDF", _PAGE),
    (b"%!PS", "PostScript", _PAGE),
    (b"\x1a\x45\xdf\xa3|OggS|RIFF....(?:AVI |WAVE)", "video or sound", _CONVERT),
    (b"PK\3\4", "ZIP", _UNPACK),
    (b"\x1f\x8b", "gzip", _UNPACK),
    (b"version https://git-lfs", "Git LFS pointer", "fetch the file with git lfs pull"),
    (b"data:", "data URI inside of base64", "encode the image once"),
    (b"/9j/|iVBORw0KGgo|UklGR", "image in base64 twice", "encode the image once"),
    (b"(?i:gs|https?)://", "address", "write it as the address, not as data, or fetch what lies there"),
)
_TEXT_KINDS: tuple[tuple[bytes, str, str], ...] = (
    (rb"(?i)<!doctype html|<html|<head|<body", "HTML page", _DOWNLOAD),
    (rb"(?i)(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)?(?:<!doctype svg|<svg)", "SVG", "render it to a PNG"),
    (rb"<", "XML text", _DOWNLOAD),
    (rb"[{\[]", "JSON text", _DOWNLOAD),
)
_binary = [(re.compile(pattern, re.DOTALL).match, name, remedy) for pattern, name, remedy in _KINDS]
_textual = [(re.compile(pattern, re.DOTALL).match, name, remedy) for pattern, name, remedy in _TEXT_KINDS]
_LOOKED_AT = 1024


def fault(data: bytes | memoryview) -> ImageFault:
    """Names what is no image of a kind that is taken."""
    start = bytes(data[:_LOOKED_AT])
    if not start:
        return ImageFault("image-kind", "empty", "write the image's data, or remove the part")
    for match, name, remedy in _binary:
        if match(start):
            return ImageFault("image-kind", name, remedy)
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    for match, name, remedy in _textual:
        if match(text):
            return ImageFault("image-kind", name, remedy)
    if not start.strip(b"\0"):
        return ImageFault("image-kind", "zeros", "export or download the image again")
    try:
        start[: _LOOKED_AT - 3].decode("utf-8")
    except UnicodeDecodeError:
        return ImageFault("image-kind", f"unknown kind of data, beginning 0x{start[:4].hex()}", _CONVERT)
    return ImageFault("image-kind", "text", f"put {WANTED} here, or make it a text part")
