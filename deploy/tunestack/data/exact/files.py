"""What the exact half says of images, and of the other files that Gemini takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunestack.data.demands import MODALITIES
from tunestack.data.exact.values import shown
from tunestack.data.formats import is_blank
from tunestack.data.links import names_object
from tunestack.wording import counted, either, printable

if TYPE_CHECKING:
    from tunestack.data.exact.json_places import Value
    from tunestack.data.exact.values import Line

_MODALITIES = {"application/pdf": "document", "text/plain": "document"}
"""Of the files that Gemini takes; the rest say it in the first half of their type.

Source: docs.cloud.google.com/gemini-enterprise-agent-platform/models/tuning/document, September 2026.
"""

_IN_BUCKET = "put it into a bucket and write its gs:// address"


def image(value: Value, path: str, line: Line) -> None:
    """Looks at an image of a chat: linked, or in base64."""
    address = value.content
    if not isinstance(address, str):
        line.wrong_type(value, path, "a gs:// address, or data:image/jpeg;base64,…")
        return
    line.found.files += 1
    if model := line.demands.refused.get("image"):
        _refuse(value, path, "image", model, line)
    if address[:5].lower() == "data:":
        _inline(value, address, path, line)
    else:
        _link(value, address, path, "", line)


def file(uri: Value, uri_path: str, mime_type: Value, type_path: str, line: Line) -> None:
    """Looks at a file of a GenerateContent part: linked, with its type."""
    if not isinstance(mime_type.content, str):
        line.wrong_type(mime_type, type_path, "a type such as image/jpeg")
        return
    declared = mime_type.content.strip().lower()
    modality = _MODALITIES.get(declared, declared.partition("/")[0])
    taken = line.demands.image_types
    if modality == "image" and declared not in taken:
        reason = f"an image of type {shown(declared)}"
        line.tell_at(mime_type.at, "image-kind", type_path, reason, either(taken), "convert it")
    elif modality not in MODALITIES:
        reason = f'type "{shown(mime_type.content)}"'
        expected = "an image" if not line.demands.only_gemini else "an image, audio, video, application/pdf or text"
        line.tell_at(mime_type.at, "unsupported-part", type_path, reason, expected, "convert it, or remove it")
        return
    line.found.files += 1
    if model := line.demands.refused.get(modality):
        _refuse(mime_type, type_path, modality, model, line)
    if not isinstance(uri.content, str):
        line.wrong_type(uri, uri_path, "a gs:// address")
    elif modality == "image":
        _link(uri, uri.content, uri_path, declared, line)
    elif not names_object(uri.content) and not _is_public(uri.content, line):
        _not_an_address(uri, uri_path, line)


def _refuse(value: Value, path: str, modality: str, model: str, line: Line) -> None:
    """Tells of a file that a model does not take."""
    kind = "image-not-allowed" if modality == "image" else "unsupported-part"
    named = {"audio": "audio", "image": "an image"}.get(modality, f"a {modality}")
    remedy = "remove it, or name a model that takes it"
    line.tell_at(value.at, kind, path, f"{named}, which {model} does not take", "text", remedy)


def _link(value: Value, address: str, path: str, mime_type: str, line: Line) -> None:
    if names_object(address):
        if line.is_whole(address):
            line.found.linked += 1
            line.found.links.append((address, line.offset(value.at), path, mime_type))
    elif _is_public(address, line):
        line.found.linked += 1
    else:
        _not_an_address(value, path, line)


def _is_public(address: str, line: Line) -> bool:
    # Source: docs.cloud.google.com/gemini-enterprise-agent-platform/models/tuning/image, September 2026.
    return line.demands.only_gemini and address.startswith(("https://", "http://")) and not is_blank(address[8:])


def _not_an_address(value: Value, path: str, line: Line) -> None:
    reason = f'"{shown(str(value.content))}"'
    line.tell_at(value.at, "image-address", path, reason, "gs://bucket/object", _IN_BUCKET)


def _inline(value: Value, uri: str, path: str, line: Line) -> None:
    from tunestack.data.images import ImageFault, from_data_uri

    line.found.inline += 1
    try:
        image = from_data_uri(uri)
    except ImageFault as fault:
        line.tell_at(value.at, fault.kind, path, printable(fault.reason), fault.expected, fault.remedy)
        return
    line.found.inline_bytes += image.bytes
    limit = line.demands.max_image_bytes
    if image.bytes > limit:
        reason = f"an image of {counted(image.bytes, 'byte')}"
        line.tell_at(value.at, "image-too-large", path, reason, f"at most {limit:,.0f} bytes", "make it smaller")
    if image.trailing:
        reason = f"{counted(image.trailing, 'byte')} after the end of the image"
        line.tell_at(value.at, "image-trailing", path, reason, "the image alone", "export the image again")
