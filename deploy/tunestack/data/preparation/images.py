"""Images in a column: addresses, data URIs, or bytes."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from tunestack.data.preparation.error import FaultError, shown
from tunestack.data.preparation.example import Image
from tunestack.data.preparation.template import Field
from tunestack.data.preparation.values import WRITE_OR_SKIP


def images_of(column: Field, row: Mapping[str, Any]) -> list[Image]:
    """Returns the image, or the list of images, that a row's column holds.

    Raises:
        FaultError: there is none, or it is something else.
    """
    value = column.value(row)
    try:
        images = [_image(each) for each in (value if isinstance(value, list) else [value]) if each not in (None, "")]
    except FaultError as fault:
        fault.path = column.name
        raise
    if not images and not column.is_optional:
        raise FaultError("no image", WRITE_OR_SKIP, column.name, is_incomplete=True)
    return images


def _image(value: Any) -> Image:
    if isinstance(value, Mapping) and value.get("bytes") is not None:  # how Hugging Face's tables hold one
        value = value["bytes"]
    if isinstance(value, bytes):
        return Image(_data_uri(value))
    if isinstance(value, str) and value.startswith(("gs://", "data:image/")):
        return Image(value)
    what = shown(value) if isinstance(value, str) else type(value).__name__
    raise FaultError(f"{what} is no image", "give a gs:// address, a data URI or the image's bytes")


def _data_uri(data: bytes) -> str:
    from tunestack.data.images import ImageFault, examine

    try:
        mime_type = examine(data).mime_type
    except ImageFault as fault:
        raise FaultError(fault.reason, fault.remedy) from fault
    return f"data:{mime_type};base64,{base64.b64encode(data).decode('ascii')}"
