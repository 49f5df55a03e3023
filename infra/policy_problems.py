"""What is wrong with the limits of the policies and with the keys of a stack: told with everything else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from infra.setting_problems import entries, path
from tunestack.policies import settings as policies

_OF_KEYS = {"eu": "europe"}
"""What Cloud KMS calls a multi-region of Cloud Storage: https://cloud.google.com/kms/docs/locations#multi-regions."""


def policy_problems(raw: Mapping[str, Any]) -> Iterator[str]:
    """Yields one text for each policy that there is not, and each limit that is not what it must be.

    The policy pack says the same; it is not always asked.
    """
    if "policies" in raw:
        yield from (f"{path(('policies',))}{problem}" for problem in policies.read(raw["policies"])[1])


def key_problems(raw: Mapping[str, Any]) -> Iterator[str]:
    """Yields one text for each key that what it is for cannot have."""
    location = raw.get("location")
    buckets = raw.get("buckets")
    if isinstance(buckets, Mapping):
        place: tuple[str, ...] = ("buckets", "kmsKeyName")
        yield from _elsewhere(place, buckets.get("kmsKeyName"), buckets.get("location") or location, "the buckets are")
        if buckets.get("kmsKeyName") and {"data", "output"} <= buckets.keys():
            yield f"{path(place)}: both buckets are existing ones, whose keys the stack never changes; take it out"
    for name, entry in entries(raw, "serving").items():
        place = ("serving", name, "kmsKeyName")
        yield from _elsewhere(place, entry.get("kmsKeyName"), location, "the endpoint is")
        if entry.get("kmsKeyName") and entry.get("endpoint"):
            yield f"{path(place)}: an existing endpoint keeps the key that it was made with; take this out"


def _elsewhere(place: tuple[str, ...], key: Any, location: Any, what_is: str) -> Iterator[str]:
    """Compares locations; both services want a key where that lies which it is for.

    Source: EncryptionSpec.kms_key_name of the Vertex AI API, and
    https://cloud.google.com/storage/docs/encryption/customer-managed-keys#key-resources.
    """
    parts = str(key).split("/")
    if not isinstance(location, str) or len(parts) != 8:
        return
    wanted = _OF_KEYS.get(location.lower(), location.lower())
    if parts[3].lower() != wanted:
        yield f"{path(place)}: the key is in {parts[3]}; it must be in {wanted}, where {what_is}"
