"""What a look at an image says, and what is wrong with one that is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["jpeg", "png", "webp"]
FaultKind = Literal["image-address", "image-type", "image-kind", "image-broken", "image-too-large"]

MAX_PIXELS = 178_956_970
"""More than this is refused as an image bomb. No page of the service names a limit; this one is Tunestack's.

It is where Pillow, through which training code commonly reads images, refuses one as a decompression bomb: 512 MiB at
three bytes a pixel. Source: https://pillow.readthedocs.io/en/stable/reference/Image.html#PIL.Image.open, 2026-11.
"""

MAX_PARTS = 100_000
"""Segments or chunks that are walked at most, so that no image takes seconds; the largest of common encoders have a few
thousand."""

WANTED = "a JPEG, PNG or WEBP image"
REMAKE = "export or download the image again"


@dataclass(frozen=True, slots=True)
class Image:
    """An image whose header and structure are sound.

    Args:
        kind: by its content.
        width: in pixels.
        height: in pixels.
        bytes: its size, not that of its base64 text.
        trailing: bytes after its end, which decoders ignore.
    """

    kind: Kind
    width: int
    height: int
    bytes: int
    trailing: int = 0

    @property
    def mime_type(self) -> str:
        """As it is to be declared."""
        return f"image/{self.kind}"


class ImageFault(Exception):  # noqa: N818 - a finding, not a failure
    """What is wrong with an image.

    Attributes:
        kind: one of `FaultKind`, the kind of the problem that it becomes.
        reason: what is wrong.
        expected: what should stand there.
        remedy: how to mend it.
    """

    def __init__(self, kind: FaultKind, reason: str, remedy: str = REMAKE, expected: str = WANTED) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason
        self.expected = expected
        self.remedy = remedy


def truncated(what: str) -> ImageFault:
    """The image ends before `what` it promises."""
    return ImageFault("image-broken", f"truncated: {what}", f"{REMAKE}; it was cut off", "a whole image")


def damaged(reason: str) -> ImageFault:
    """The image contradicts its own format."""
    return ImageFault("image-broken", reason)


def too_many_parts() -> ImageFault:
    """The image would take too long to walk."""
    return damaged(f"more than {MAX_PARTS:,} segments or chunks")


def check_dimensions(kind: Kind, width: int, height: int) -> None:
    """Refuses an image of no size and an image bomb, by its header alone."""
    if not width or not height:
        raise damaged(f"{kind.upper()} of {width} × {height} pixels")
    if width * height > MAX_PIXELS:
        raise ImageFault(
            "image-too-large",
            f"{width:,} × {height:,} pixels",
            "scale the image down",
            f"at most {MAX_PIXELS:,} pixels",
        )
