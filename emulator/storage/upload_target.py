"""What an upload is to become, known before its first byte and, for a resumable one, kept until its last."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from emulator.storage.errors import StorageError, invalid
from emulator.storage.preconditions import Preconditions
from emulator.storage.resource import check_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from emulator.storage.checksums import Checksums
    from emulator.storage.objects import ObjectStore

_HASH: Final = re.compile(r"(crc32c|md5)=([A-Za-z0-9+/=]+)")


@dataclass(frozen=True, slots=True)
class UploadTarget:
    """An object to be, and the conditions on what it replaces."""

    bucket: str
    name: str
    fields: dict[str, Any]
    conditions: dict[str, str]

    @classmethod
    def read(
        cls, bucket: str, query: Mapping[str, str], metadata: Mapping[str, Any], content_type: str
    ) -> UploadTarget:
        """The target that a request names.

        Raises:
            StorageError: there is no name, or it is refused.
        """
        name = query.get("name") or metadata.get("name") or ""
        if not name:
            raise StorageError(400, "required", "Required parameter: name")
        check_name(name)
        fields = dict(metadata)
        if not fields.get("contentType") and content_type:
            fields["contentType"] = content_type
        if "contentEncoding" in query:
            fields["contentEncoding"] = query["contentEncoding"]
        return cls(bucket, name, fields, {key: value for key, value in query.items() if key.startswith("if")})

    def check(self, store: ObjectStore) -> None:
        """Refuses at once what could not be put in the end.

        Raises:
            StorageError: there is no such bucket, or a precondition does not hold.
        """
        Preconditions.read(self.conditions, {}).check(store.find(self.bucket, self.name))

    def put(self, store: ObjectStore, staged: Path, sums: Checksums, hash_header: str = "") -> dict[str, Any]:
        """Makes the staged file the object, if its checksums are those that the caller said.

        Raises:
            StorageError: a checksum differs, or a precondition does not hold any more.
        """
        said = dict(_HASH.findall(hash_header))
        for label, field, actual in (("MD5 hash", "md5Hash", sums.md5), ("CRC32C", "crc32c", sums.crc32c)):
            for expected in (self.fields.get(field), said.get(field.removesuffix("Hash"))):
                if expected and expected != actual:
                    raise invalid(f'Provided {label} "{expected}" doesn\'t match calculated {label} "{actual}".')
        return store.put(self.bucket, self.name, staged, sums, self.fields, Preconditions.read(self.conditions, {}))
