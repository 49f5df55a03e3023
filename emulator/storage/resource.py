"""The object resource of the JSON API: what is kept, what is derived from it for an answer."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from emulator.clock import timestamp
from emulator.storage.errors import invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emulator.storage.checksums import Checksums

WRITABLE: Final = (
    "cacheControl",
    "contentDisposition",
    "contentEncoding",
    "contentLanguage",
    "contentType",
    "customTime",
    "eventBasedHold",
    "metadata",
    "temporaryHold",
)
"""What a caller sets on an object and may change later."""

_NAME_LIMIT: Final = 1024  # bytes; source: https://cloud.google.com/storage/docs/objects#naming


def check_name(name: str) -> None:
    """Refuses what cannot be the name of an object. Source: https://cloud.google.com/storage/docs/objects#naming.

    Raises:
        StorageError: the name is refused.
    """
    if not name:
        raise invalid("Required object name is missing.")
    if len(name.encode()) > _NAME_LIMIT:
        raise invalid(f"The specified object name is not valid: it is longer than {_NAME_LIMIT} bytes.")
    if "\r" in name or "\n" in name or name in {".", ".."} or name.startswith(".well-known/acme-challenge/"):
        raise invalid(f"The specified object name is not valid: {name!r}.")


def new_resource(
    bucket: str, name: str, generation: int, sums: Checksums, storage_class: str, fields: Mapping[str, Any]
) -> dict[str, Any]:
    """The resource of content that has just become an object."""
    now = timestamp()
    resource: dict[str, Any] = {
        "kind": "storage#object",
        "id": f"{bucket}/{name}/{generation}",
        "name": name,
        "bucket": bucket,
        "generation": str(generation),
        "metageneration": "1",
        "contentType": "application/octet-stream",
        "storageClass": storage_class,
        "size": str(sums.size),
        "crc32c": sums.crc32c,
        **({"componentCount": sums.components} if sums.components else {"md5Hash": sums.md5}),
        "timeCreated": now,
        "updated": now,
        "timeStorageClassUpdated": now,
        "timeFinalized": now,
    }
    resource |= {key: fields[key] for key in (*WRITABLE, "storageClass") if fields.get(key) not in (None, "")}
    resource["etag"] = etag(generation, 1)
    return resource


def with_links(resource: Mapping[str, Any], base: str) -> dict[str, Any]:
    """The resource as it is answered: with the links, which start with the address that the caller used."""
    path = f"storage/v1/b/{resource['bucket']}/o/{quote(resource['name'], safe='')}"
    return {
        **resource,
        "selfLink": f"{base}{path}",
        "mediaLink": f"{base}download/{path}?generation={resource['generation']}&alt=media",
    }


def etag(generation: int, metageneration: int) -> str:
    """As the service makes it: both numbers as fields of a protocol buffer, in base64."""
    return base64.b64encode(b"\x08" + _varint(generation) + b"\x10" + _varint(metageneration)).decode()


def merge_patch(target: dict[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """`target` with `patch` applied: null removes, objects merge, everything else replaces (RFC 7396)."""
    merged = dict(target)
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            present = merged.get(key)
            merged[key] = merge_patch(present if isinstance(present, dict) else {}, value)
        else:
            merged[key] = value
    return merged


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*encoded, number])
