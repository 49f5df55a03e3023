"""Rewrites: copies inside the service, of which a large one to another place takes several calls.

Source: https://cloud.google.com/storage/docs/json_api/v1/objects/rewrite. How much one call does there is the service's
own choice; here it is a setting, so that callers have to go on as they do there.
"""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any, Final

from emulator.storage.checksums import checksums_of
from emulator.storage.errors import StorageError, condition_not_met, invalid
from emulator.storage.preconditions import Preconditions
from emulator.storage.resource import WRITABLE, check_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emulator.state import Documents
    from emulator.storage.objects import ObjectStore

_COLLECTION: Final = "rewrites"
_MEBIBYTE: Final = 1024 * 1024
_LIFETIME: Final = 7 * 24 * 3600  # seconds; a token is good for a week, says the page above
_BLOCK: Final = 1 << 20  # bytes read at once


class Rewrites:
    """The rewrites under way, by their tokens. What is written of one is a file and outlives the process."""

    def __init__(self, documents: Documents, store: ObjectStore, bytes_per_call: int) -> None:
        self._documents = documents
        self._store = store
        self._bytes_per_call = bytes_per_call
        for token, noted in documents.list(_COLLECTION):
            if noted["created"] < time.time() - _LIFETIME:
                self._forget(token)

    def call(
        self, source: tuple[str, str], target: tuple[str, str], query: Mapping[str, str], body: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Does one call's worth and returns the answer, the object without links.

        Args:
            source: bucket and name of what is copied.
            target: bucket and name of the copy.
            query: the request's parameters.
            body: metadata of the copy, in place of the source's; empty for that.

        Raises:
            StorageError: there is no source or bucket, a condition does not hold, or the token is not of this rewrite.
        """
        check_name(target[1])
        conditions = Preconditions.read(query, {})
        conditions.check(self._store.find(*target))  # refused at the first call as well as at the last
        token = query.get("rewriteToken")
        noted = self._noted(token, source, target, query) if token else None
        generation = noted["generation"] if noted else query.get("sourceGeneration")
        found = self._store.find(*source, generation)
        if noted and found is None:
            raise condition_not_met()  # the source was replaced meanwhile
        resource = found or self._store.get(*source, generation)
        Preconditions.read(query, {}, source=True).check(resource)
        limit = self._limit(resource, target[0], query, body)
        token = token or uuid.uuid4().hex
        written = self._append(token, resource, limit)
        size = int(resource["size"])
        progress = {"kind": "storage#rewriteResponse", "totalBytesRewritten": str(written), "objectSize": str(size)}
        if written < size:
            if noted is None:
                kept = {"source": source, "target": target, "generation": resource["generation"]}
                asked = query.get("maxBytesRewrittenPerCall")
                self._documents.put(_COLLECTION, token, {**kept, "asked": asked, "created": time.time()})
            return {**progress, "done": False, "rewriteToken": token}
        fields = dict(body) or {key: resource[key] for key in WRITABLE if key in resource}
        fields.setdefault("contentType", resource["contentType"])
        file = self._store.received(token)
        try:
            sums = checksums_of(file)
            sums.components = resource.get("componentCount", 0)
            made = self._store.put(*target, file, sums, fields, conditions)
        finally:
            self._forget(token)
        return {**progress, "done": True, "resource": made}

    def refuse_copy(self, resource: Mapping[str, Any], bucket: str, body: Mapping[str, Any]) -> None:
        """Refuses a plain copy that would take more than one call.

        Raises:
            StorageError: it would; in the service's words.
        """
        if int(resource["size"]) > self._limit(resource, bucket, {}, body):
            message = (
                "Copy spanning locations and/or storage classes could not complete within 30 seconds. Please use the"
                " Rewrite method (https://cloud.google.com/storage/docs/json_api/v1/objects/rewrite) instead."
            )
            raise StorageError(413, "uploadTooLarge", message)

    def _limit(
        self, resource: Mapping[str, Any], bucket: str, query: Mapping[str, str], body: Mapping[str, Any]
    ) -> int:
        """How many bytes a call does: all of them where neither place nor storage class changes."""
        asked = query.get("maxBytesRewrittenPerCall")
        if asked is not None and (not asked.isdigit() or not int(asked) or int(asked) % _MEBIBYTE):
            raise invalid(f"maxBytesRewrittenPerCall must be a positive multiple of 1 MiB ({_MEBIBYTE}); got {asked}.")
        holder, home = self._store.buckets.get(bucket), self._store.buckets.get(resource["bucket"])
        storage_class = body.get("storageClass") or holder["storageClass"]
        if (holder["location"], storage_class) == (home["location"], resource["storageClass"]):
            return int(resource["size"])
        return int(asked) if asked else self._bytes_per_call

    def _noted(
        self, token: str, source: tuple[str, str], target: tuple[str, str], query: Mapping[str, str]
    ) -> dict[str, Any]:
        noted = self._documents.get(_COLLECTION, token)
        same = noted and (tuple(noted["source"]), tuple(noted["target"])) == (source, target)
        if noted is None or not same or noted["asked"] != query.get("maxBytesRewrittenPerCall"):
            raise invalid("The rewrite token is not valid for this request.")
        return noted

    def _append(self, token: str, resource: Mapping[str, Any], limit: int) -> int:
        """Writes the next bytes behind what is there; returns how many there are then."""
        with self._store.path(resource).open("rb") as content, self._store.received(token).open("ab") as out:
            content.seek(out.tell())
            left = limit
            while left and (block := content.read(min(_BLOCK, left))):
                out.write(block)
                left -= len(block)
            return out.tell()

    def _forget(self, token: str) -> None:
        self._documents.delete(_COLLECTION, token)
        self._store.received(token).unlink(missing_ok=True)
