"""Data URIs, as examples carry images in: `data:image/jpeg;base64,…`. Source: RFC 2397 and RFC 4648."""

from __future__ import annotations

import binascii
import re
from typing import TYPE_CHECKING

from tunestack.data.images.image import ImageFault

if TYPE_CHECKING:
    from tunestack.data.images.image import Image

_EXPECTED = "data:image/jpeg;base64,… (or png, webp)"
_HEADER_LIMIT = 256
_not_base64 = re.compile(rb"[^A-Za-z0-9+/]").search
_only_url_safe = re.compile(rb"[A-Za-z0-9_-]*={0,2}").fullmatch


def split(uri: bytes) -> tuple[str, memoryview]:
    """Returns the declared mime type and the base64 text.

    Raises:
        ImageFault: it is no such address.
    """
    comma = uri.find(b",", 0, _HEADER_LIMIT)
    scheme, _, header = uri[: max(comma, 0)].partition(b":")
    if scheme.lower() != b"data" or comma < 0:
        raise _fault("not a data URI", "write data:image/jpeg;base64, before the base64 text")
    mime_type, *parameters = header.decode("utf-8", "replace").lower().split(";")
    if "base64" not in parameters[-1:]:
        raise _fault("a data URI that does not say base64", "write ;base64 before the comma, and the data in base64")
    if not mime_type:
        raise ImageFault("image-type", "a data URI without a type", "write image/jpeg after data:", _EXPECTED)
    return mime_type, memoryview(uri)[comma + 1 :]


def decode(text: memoryview) -> bytes:
    """Returns what the base64 text stands for.

    Raises:
        ImageFault: it is not strict base64.
    """
    from pybase64 import b64decode

    try:
        return b64decode(text, validate=True)
    except binascii.Error:
        raise _base64_fault(bytes(text)) from None


def check_type(declared: str, image: Image) -> None:
    """Compares what is declared with what is there.

    Raises:
        ImageFault: they differ.
    """
    if declared == image.mime_type:
        return
    reason = f"declared as {declared[:100]}, and the content is {image.kind.upper()}"
    raise ImageFault("image-type", reason, f"write {image.mime_type}", image.mime_type)


def _base64_fault(text: bytes) -> ImageFault:
    wrong = _not_base64(text.rstrip(b"="))
    if wrong is None:
        return _fault(
            f"base64 of {len(text):,} characters, which ends in the middle of a byte or lacks its padding",
            "encode the image again, with = up to a multiple of 4 characters",
        )
    character, at = wrong[0], wrong.start()
    if character in b"-_" and _only_url_safe(text):
        return _fault("base64 in the alphabet of URLs (- and _)", "encode it with the standard alphabet (+ and /)")
    if character.isspace() or text[at : at + 2] in {b"\\n", b"\\r"}:
        return _fault(f"white space in the base64 text at character {at:,}", "remove line breaks and blanks from it")
    if character == b"%":
        return _fault(f"percent-encoded base64 text at character {at:,}", "write +, / and = as they are")
    if character == b"=":
        return _fault(f"padding (=) in the middle of the base64 text at character {at:,}", "encode the image in one go")
    shown = text[at : at + 4].decode("utf-8", "replace")[:1]
    return _fault(f"{shown!r} in the base64 text at character {at:,}", "encode the image again")


def _fault(reason: str, remedy: str) -> ImageFault:
    return ImageFault("image-address", reason, remedy, _EXPECTED)
