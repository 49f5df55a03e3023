"""Buckets: their names, their resource, and what may be changed about them."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, Final

from emulator.clock import timestamp
from emulator.storage.errors import BucketNotFoundError, StorageError, invalid
from emulator.storage.resource import etag, merge_patch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emulator.platform.projects import Project
    from emulator.state import Documents
    from emulator.storage.content import Content

_COLLECTION: Final = "buckets"
_CONFIGURABLE: Final = (
    "autoclass",
    "billing",
    "cors",
    "customPlacementConfig",
    "defaultEventBasedHold",
    "encryption",
    "hierarchicalNamespace",
    "iamConfiguration",
    "labels",
    "lifecycle",
    "logging",
    "retentionPolicy",
    "rpo",
    "softDeletePolicy",
    "storageClass",
    "versioning",
    "website",
)
_STORAGE_CLASSES: Final = frozenset(
    {"STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE", "MULTI_REGIONAL", "REGIONAL", "DURABLE_REDUCED_AVAILABILITY"}
)
_MULTI_REGIONS: Final = frozenset({"US", "EU", "ASIA"})
_DUAL_REGIONS: Final = frozenset({"NAM4", "EUR4", "ASIA1", "EUR5", "EUR7", "EUR8"})
_REGION: Final = re.compile(r"[A-Z]+-[A-Z]+\d{1,2}")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]*[a-z0-9]")
_ADDRESS: Final = re.compile(r"\d{1,3}(\.\d{1,3}){3}")
_PART_LIMIT, _NAME_LIMIT, _DOTTED_LIMIT = 63, 63, 222
"""Lengths of a name, of a dotted name and of its parts. Source: https://cloud.google.com/storage/docs/buckets#naming."""
_SOFT_DELETE_SECONDS: Final = 7 * 24 * 3600
"""Source: https://cloud.google.com/storage/docs/soft-delete (default retention)."""
_LOCK_SECONDS: Final = 90 * 24 * 3600
"""For how long uniform access can be turned off again. Source: https://cloud.google.com/storage/docs/uniform-bucket-level-access."""


class Buckets:
    """The buckets of all projects; names are shared, as they are in the world."""

    def __init__(self, documents: Documents, content: Content) -> None:
        self._documents = documents
        self._content = content

    def find(self, name: str) -> dict[str, Any] | None:
        """The bucket's resource without links, or None."""
        return self._documents.get(_COLLECTION, name)

    def get(self, name: str) -> dict[str, Any]:
        """The bucket's resource without links.

        Raises:
            BucketNotFoundError: there is none.
        """
        bucket = self.find(name)
        if bucket is None:
            raise BucketNotFoundError
        return bucket

    def list(self, project: Project, prefix: str = "") -> list[dict[str, Any]]:
        """The buckets of a project, ordered by name."""
        found = self._documents.list(_COLLECTION, prefix)
        return [bucket for _, bucket in found if bucket["projectNumber"] == project.number]

    def create(self, project: Project, body: Mapping[str, Any]) -> dict[str, Any]:
        """Makes a bucket.

        Raises:
            StorageError: the name, location or storage class is refused, or the name is taken.
        """
        name = body.get("name", "")
        _check_name(name)
        location = str(body.get("location") or "US").upper()
        now = timestamp()
        bucket = {
            "kind": "storage#bucket",
            "id": name,
            "name": name,
            "projectNumber": project.number,
            "generation": str(time.time_ns() // 1000),
            "metageneration": "1",
            "location": location,
            "locationType": _location_type(location),
            "storageClass": "STANDARD",
            "timeCreated": now,
            "updated": now,
            "softDeletePolicy": {"retentionDurationSeconds": str(_SOFT_DELETE_SECONDS)},
            "iamConfiguration": {},
        }
        bucket = _configured(bucket, {key: body[key] for key in _CONFIGURABLE if key in body})
        with self._documents.transaction():
            taken = self.find(name)
            if taken is not None and taken["projectNumber"] == project.number:
                message = "Your previous request to create the named bucket succeeded and you already own it."
                raise StorageError(409, "conflict", message)
            if taken is not None:
                message = (
                    "The requested bucket name is not available. The bucket namespace is shared by all users of the"
                    " system. Please select a different name and try again."
                )
                raise StorageError(409, "conflict", message)
            self._documents.put(_COLLECTION, name, bucket)
            self._content.add_bucket(name)
        return bucket

    def change(self, name: str, body: Mapping[str, Any], *, replace: bool) -> dict[str, Any]:
        """Applies a patch, or with `replace` the whole new configuration.

        Raises:
            StorageError: there is no such bucket or a value is refused.
        """
        with self._documents.transaction():
            bucket = self.get(name)
            if replace:
                bucket = {
                    key: value for key, value in bucket.items() if key not in {*_CONFIGURABLE} - {"softDeletePolicy"}
                }
                bucket |= {"storageClass": "STANDARD", "iamConfiguration": {}}
            bucket = _configured(bucket, {key: body[key] for key in _CONFIGURABLE if key in body})
            bucket["metageneration"] = str(int(bucket["metageneration"]) + 1)
            bucket["etag"] = etag(int(bucket["generation"]), int(bucket["metageneration"]))
            bucket["updated"] = timestamp()
            self._documents.put(_COLLECTION, name, bucket)
        return bucket

    def delete(self, name: str) -> None:
        """Removes a bucket that is known to be empty."""
        self._documents.delete(_COLLECTION, name)
        self._content.drop_bucket(name)


def _configured(bucket: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """The bucket with new configuration and everything that the service derives from it."""
    before = bucket
    bucket = merge_patch(bucket, body)
    if bucket["storageClass"] not in _STORAGE_CLASSES:
        raise invalid("The storage class you specified is not valid.")
    now = time.time()
    access = bucket["iamConfiguration"]
    was = before["iamConfiguration"].get("uniformBucketLevelAccess", {})
    uniform = bool((access.get("uniformBucketLevelAccess") or access.get("bucketPolicyOnly") or {}).get("enabled"))
    level: dict[str, Any] = {"enabled": uniform}
    if uniform:
        level["lockedTime"] = was.get("lockedTime") or timestamp(now + _LOCK_SECONDS)
    prevention = access.get("publicAccessPrevention", "inherited")
    bucket["iamConfiguration"] = {
        "bucketPolicyOnly": level,
        "uniformBucketLevelAccess": level,
        "publicAccessPrevention": "inherited" if prevention == "unspecified" else prevention,
    }
    soft = bucket["softDeletePolicy"]
    duration = str(soft.get("retentionDurationSeconds", _SOFT_DELETE_SECONDS))
    bucket["softDeletePolicy"] = {"retentionDurationSeconds": duration}
    if int(duration):
        same = before["softDeletePolicy"].get("retentionDurationSeconds") == duration
        kept = before["softDeletePolicy"].get("effectiveTime") if same else None
        bucket["softDeletePolicy"]["effectiveTime"] = kept or timestamp(now)
    if bucket["locationType"] != "region":
        bucket.setdefault("rpo", "DEFAULT")
    for key in ("labels", "lifecycle", "cors", "website", "logging", "encryption"):
        if not bucket.get(key) or bucket[key] == {"rule": []}:
            bucket.pop(key, None)
    bucket.setdefault("etag", etag(int(bucket["generation"]), int(bucket["metageneration"])))
    return bucket


def _check_name(name: str) -> None:
    """Source: https://cloud.google.com/storage/docs/buckets#naming."""
    if not name:
        raise StorageError(400, "required", "Bucket name is required.")
    parts = name.split(".")
    limit = _DOTTED_LIMIT if len(parts) > 1 else _NAME_LIMIT
    wrong = (
        not _NAME.fullmatch(name)
        or not 3 <= len(name) <= limit
        or any(not part or len(part) > _PART_LIMIT for part in parts)
        or _ADDRESS.fullmatch(name)
        or name.startswith("goog")
        or "google" in name
    )
    if wrong:
        raise invalid(f"Invalid bucket name: '{name}'")


def _location_type(location: str) -> str:
    if location in _MULTI_REGIONS:
        return "multi-region"
    if location in _DUAL_REGIONS:
        return "dual-region"
    if _REGION.fullmatch(location):
        return "region"
    raise invalid("The specified location constraint is not valid.")
