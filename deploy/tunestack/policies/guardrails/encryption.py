"""With whose keys what a stack keeps is encrypted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tunestack.policies.policy import Finding, Limits, Patterns, Policy, Resource, is_allowed, listed, not_known_yet
from tunestack.policies.properties import UNKNOWN
from tunestack.resource_types import BUCKET, ENDPOINT, JOB

_KEYS = {
    # Type: the property and what is below it, and where the stack's file has it.
    BUCKET: (("encryption", "defaultKmsKeyName"), "buckets.kmsKeyName"),
    ENDPOINT: (("encryptionSpec", "kmsKeyName"), "serving.{name}.kmsKeyName"),
    JOB: (("kmsKeyName",), "models.{name}.kmsKeyName"),
}


class EncryptionLimits(Limits, frozen=True, kw_only=True):
    """Which customer-managed keys; `["*"]` is any."""

    keys: Patterns | None = None


class Encryption(Policy[EncryptionLimits]):
    """Looks at buckets, endpoints and tuning jobs."""

    name = "encryption"
    description = "Buckets, endpoints and tuning jobs have customer-managed keys that the stack allows."

    def of_resource(self, limits: EncryptionLimits, resource: Resource) -> Iterator[Finding]:
        """Compares its key."""
        if limits.keys is None or resource.type not in _KEYS:
            return
        path, template = _KEYS[resource.type]
        name = ".".join(path)
        key, place = _within(resource.properties, path), resource.place(name, template.format(name=resource.name))
        if key is UNKNOWN:
            yield not_known_yet(place)
        elif not key:
            yield Finding(
                f"{resource.name} has no customer-managed key: set {place} (allowed: {listed(limits.keys)}); it "
                "must lie in the same location, and the service's agent must have "
                "roles/cloudkms.cryptoKeyEncrypterDecrypter on it"
            )
        elif isinstance(key, str) and not is_allowed(key, limits.keys):
            yield Finding(f"{key} is not an allowed key: {place} may be {listed(limits.keys)}")


def _within(properties: dict[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = properties
    for name in path:
        if value is UNKNOWN:
            return UNKNOWN
        value = value[0] if isinstance(value, list) and value else value
        value = value.get(name) if isinstance(value, dict) else None
    return value
