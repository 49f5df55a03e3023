"""Customer-managed keys, as far as a request can be wrong about one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from emulator.vertex.refusals import invalid_argument

if TYPE_CHECKING:
    from emulator.vertex.calls import Place

_KEY = re.compile(r"projects/[^/]+/locations/(?P<location>[^/]+)/keyRings/[^/]+/cryptoKeys/[^/]+")


def key_of(resource: dict[str, Any]) -> str:
    """The key in a resource's `encryptionSpec`, or nothing."""
    return str(resource.get("encryptionSpec", {}).get("kmsKeyName", ""))


def check(resource: dict[str, Any], place: Place) -> None:
    """Refuses a key of another form or region.

    Raises:
        ServiceError: "Has the form: projects/my-project/locations/my-region/keyRings/my-kr/cryptoKeys/my-key. The key
            needs to be in the same region as where the compute resource is created": EncryptionSpec.kms_key_name. The
            wording is the emulator's.
    """
    key = key_of(resource)
    if not key:
        return
    match = _KEY.fullmatch(key)
    if match is None:
        raise invalid_argument(
            f"Invalid kms_key_name {key!r}: it should be of the form "
            "projects/{project}/locations/{region}/keyRings/{key_ring}/cryptoKeys/{key}."
        )
    if match["location"] != place.location:
        raise invalid_argument(f"The key {key} is not in {place.location}, where the resource is.")
