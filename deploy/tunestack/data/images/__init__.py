"""Images in examples: kind by content, header and structure. Nothing is ever decompressed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunestack.data.images import data_uri, jpeg, other_kinds, png, webp
from tunestack.data.images.image import MAX_PIXELS, Image, ImageFault, Kind

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MAX_PIXELS", "Image", "ImageFault", "Kind", "examine", "from_data_uri"]

_DAMAGED_PNG = b"\x89PNG"


def examine(data: bytes | memoryview) -> Image:
    """Recognises an image by its content and looks at its header and structure.

    Args:
        data: the whole image.

    Raises:
        ImageFault: it is no JPEG, PNG or WEBP, or not a sound one.
    """
    return _reader(bytes(data[:12]), data)(data)


def from_data_uri(uri: str | bytes) -> Image:
    """Looks at an image that an example carries as `data:image/jpeg;base64,…`.

    Raises:
        ImageFault: the address, its base64 text or the image is faulty, or the image is not of the declared type.
    """
    mime_type, text = data_uri.split(uri.encode("utf-8", "surrogatepass") if isinstance(uri, str) else uri)
    image = examine(data_uri.decode(text))
    data_uri.check_type(mime_type, image)
    return image


def _reader(start: bytes, data: bytes | memoryview) -> Callable[[bytes | memoryview], Image]:
    if start.startswith(jpeg.SIGNATURE):
        return jpeg.examine
    if start.startswith(_DAMAGED_PNG):
        return png.examine
    if start[:4] == b"RIFF" and start[8:] == b"WEBP":
        return webp.examine
    raise other_kinds.fault(data)
