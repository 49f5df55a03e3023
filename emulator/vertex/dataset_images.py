"""Images in training examples: in base64 or in Cloud Storage; JPEG, PNG or WEBP by their content.

The small language model reads text only: an image is looked for and looked at, and then left out.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

_GS = re.compile(r"gs://(?P<bucket>[^/]+)/(?P<name>.+)")
_DATA = re.compile(r"data:image/(?P<kind>jpeg|png|webp);base64,(?P<text>.*)", re.DOTALL)
_BEGINNINGS = {
    "jpeg": re.compile(rb"\xff\xd8\xff"),
    "png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "webp": re.compile(rb"RIFF....WEBP", re.DOTALL),
}

LOOKED_AT = 12
"""Bytes of an image that tell its kind."""


@dataclass(frozen=True)
class LinkedImage:
    """An image that an example names by its address."""

    bucket: str
    name: str
    line: int

    @property
    def uri(self) -> str:
        """Its address."""
        return f"gs://{self.bucket}/{self.name}"


def kind(start: bytes) -> str | None:
    """The kind of an image that begins so; None for anything else."""
    return next((name for name, beginning in _BEGINNINGS.items() if beginning.match(start)), None)


def find(url: object, line: int, where: str) -> LinkedImage | None:
    """Looks at an image's address; returns it unless the image is in it.

    Raises:
        ValueError: it is neither, or the image in it is none.
    """
    if isinstance(url, str) and (match := _GS.fullmatch(url)):
        return LinkedImage(match["bucket"], match["name"], line)
    match = _DATA.fullmatch(url) if isinstance(url, str) else None
    if match is None:
        raise ValueError(f"{where} is neither gs://… nor data:image/jpeg;base64,… (or png, webp)")
    try:
        found = kind(base64.b64decode(match["text"], validate=True))
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"{where} is not base64: {error}") from error
    if found != match["kind"]:
        raise ValueError(f"{where} is declared as {match['kind']} and is {found or 'no image'}")
    return None
