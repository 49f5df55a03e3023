"""Objects: content on disk and metadata in documents, held together so that either may be looked at first."""

from __future__ import annotations

import mimetypes
import shutil
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from emulator.clock import timestamp
from emulator.storage.checksums import Checksums, checksums_of
from emulator.storage.errors import BucketNotFoundError, ObjectNotFound
from emulator.storage.preconditions import Preconditions
from emulator.storage.resource import WRITABLE, check_name, etag, merge_patch, new_resource

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from pathlib import Path

    from emulator.state import Documents
    from emulator.storage.buckets import Buckets
    from emulator.storage.content import Content

Resources = list[dict[str, Any]]

_NO_CONDITIONS: Final = Preconditions()


class ObjectStore:
    """The objects of all buckets.

    A live object is a file in a tree that people may touch. Each access compares the file with what was noted when
    its metadata was made; a file that was changed, moved in or removed by hand is taken as it is now: a new
    generation, a new object, or none. All methods may be called from any thread.
    """

    def __init__(self, documents: Documents, content: Content, buckets: Buckets) -> None:
        self._documents = documents
        self._content = content
        self.buckets = buckets
        self._generation_lock = threading.Lock()
        self._last_generation = 0

    def bucket(self, name: str) -> dict[str, Any] | None:
        """The bucket's resource, or None."""
        return self.buckets.find(name)

    def exists(self, bucket: str, name: str) -> bool:
        """Whether there is a live object of that name."""
        return self.find(bucket, name) is not None

    def read(self, bucket: str, name: str) -> bytes:
        """The live content.

        Raises:
            ObjectNotFound: there is none.
        """
        return self.open_path(bucket, name).read_bytes()

    def open_path(self, bucket: str, name: str) -> Path:
        """The file that holds the live content.

        Raises:
            ObjectNotFound: there is none.
        """
        path = self._content.find(bucket, name) if self.bucket(bucket) else None
        if path is None:
            raise ObjectNotFound(bucket, name)
        return path

    def write(
        self, bucket: str, name: str, content: bytes | Path, content_type: str = "application/octet-stream"
    ) -> dict[str, Any]:
        """Makes `content`, or a copy of the file that it names, the live object. Returns the metadata.

        Raises:
            StorageError: there is no such bucket or the name is refused.
        """
        staged = self._content.stage()
        try:
            if isinstance(content, bytes):
                staged.write_bytes(content)
            else:
                shutil.copyfile(content, staged)
            return self.put(bucket, name, staged, checksums_of(staged), {"contentType": content_type})
        finally:
            staged.unlink(missing_ok=True)

    def list(self, bucket: str, prefix: str = "") -> Resources:
        """The metadata of the live objects whose name starts with `prefix`, ordered by name.

        Raises:
            BucketNotFoundError: there is no such bucket.
        """
        self.buckets.get(bucket)
        known = dict(self._documents.list(_live(bucket), prefix))
        in_tree = dict(self._content.walk(bucket, prefix))
        found = []
        for name in sorted(known.keys() | in_tree.keys()):
            document = known.get(name)
            if document and name in in_tree and document["file"] == _fingerprint(in_tree[name]):
                found.append(document["resource"])
            else:
                resource = self.find(bucket, name)
                if resource is not None:
                    found.append(resource)
        return found

    def generations(self, bucket: str, prefix: str = "") -> Resources:
        """As `list`, with the older generations, ordered by name and then by generation."""
        live = self.list(bucket, prefix)
        kept = [document for _, document in self._documents.list(_noncurrent(bucket), prefix)]
        return sorted(live + kept, key=lambda resource: (resource["name"], int(resource["generation"])))

    def find(self, bucket: str, name: str, generation: str | None = None) -> dict[str, Any] | None:
        """The metadata of the live object, or of one generation; None where there is none.

        Raises:
            BucketNotFoundError: there is no such bucket.
        """
        self.buckets.get(bucket)
        current = self._current(bucket, name)
        if generation is None or (current is not None and current["generation"] == generation):
            return current
        return self._documents.get(_noncurrent(bucket), _version_key(name, generation))

    def get(self, bucket: str, name: str, generation: str | None = None) -> dict[str, Any]:
        """As `find`.

        Raises:
            ObjectNotFound: there is none.
        """
        resource = self.find(bucket, name, generation)
        if resource is None:
            raise ObjectNotFound(bucket, name)
        return resource

    def path(self, resource: Mapping[str, Any]) -> Path:
        """The file that holds the content of a generation, live or not.

        Raises:
            ObjectNotFound: it has gone.
        """
        bucket, name = resource["bucket"], resource["name"]
        if "timeDeleted" in resource:
            return self._content.noncurrent(bucket, name, resource["generation"])
        return self.open_path(bucket, name)

    def stage(self) -> Path:
        """A new path in the same file system, for content that is to be `put`."""
        return self._content.stage()

    def received(self, upload_id: str) -> Path:
        """The file of what has come so far of a resumable upload."""
        return self._content.received(upload_id)

    def put(
        self,
        bucket: str,
        name: str,
        staged: Path,
        sums: Checksums,
        fields: Mapping[str, Any],
        conditions: Preconditions = _NO_CONDITIONS,
    ) -> dict[str, Any]:
        """Makes a staged file the live object and returns its metadata. The file is moved, not copied.

        Args:
            bucket: the bucket.
            name: the object's name.
            staged: a file made under `stage()`.
            sums: its checksums.
            fields: the metadata that the caller sets.
            conditions: what must hold of the present object.

        Raises:
            StorageError: there is no such bucket, the name is refused, or a condition does not hold.
        """
        check_name(name)
        self.find(bucket, name)  # what was changed by hand is hashed here, before others have to wait
        with self._documents.transaction():
            holder = self.buckets.get(bucket)
            current = self._current(bucket, name)
            conditions.check(current)
            if current is not None:
                self._retire(holder, current)
            path = self._content.place(bucket, name, staged)
            resource = new_resource(bucket, name, self._next_generation(), sums, holder["storageClass"], fields)
            self._keep(resource, path.stat())
        return resource

    def patch(
        self, bucket: str, name: str, generation: str | None, fields: Mapping[str, Any], conditions: Preconditions
    ) -> dict[str, Any]:
        """Changes the metadata of the live object or of a generation.

        Raises:
            StorageError: there is none, or a condition does not hold.
        """
        self.find(bucket, name)
        with self._documents.transaction():
            resource = self.get(bucket, name, generation)
            conditions.check(resource)
            metageneration = int(resource["metageneration"]) + 1
            resource = merge_patch(resource, {key: fields[key] for key in (*WRITABLE, "storageClass") if key in fields})
            resource |= {"metageneration": str(metageneration), "updated": timestamp()}
            resource["etag"] = etag(int(resource["generation"]), metageneration)
            if "timeDeleted" in resource:
                self._documents.put(_noncurrent(bucket), _version_key(name, resource["generation"]), resource)
            else:
                self._keep(resource, self.open_path(bucket, name).stat())
        return resource

    def delete(
        self, bucket: str, name: str, generation: str | None = None, conditions: Preconditions = _NO_CONDITIONS
    ) -> None:
        """Deletes the live object, which versioning keeps as an older generation, or for good one generation.

        Raises:
            StorageError: there is none, or a condition does not hold.
        """
        self.find(bucket, name)
        with self._documents.transaction():
            resource = self.get(bucket, name, generation)
            conditions.check(resource)
            if "timeDeleted" in resource:
                self._documents.delete(_noncurrent(bucket), _version_key(name, resource["generation"]))
                self.path(resource).unlink(missing_ok=True)
                return
            if generation is None:
                self._retire(self.buckets.get(bucket), resource)
            self._documents.delete(_live(bucket), name)
            self._content.remove(bucket, name)

    def drop_bucket(self, bucket: str) -> bool:
        """Deletes a bucket if it is empty; False when it is not."""
        self.list(bucket)  # as in `put`: nobody waits for the hashing
        with self._documents.transaction():
            if self.generations(bucket):
                return False
            self.buckets.delete(bucket)
        return True

    def _current(self, bucket: str, name: str) -> dict[str, Any] | None:
        """The metadata of the live object as its file is now."""
        document = self._documents.get(_live(bucket), name)
        path = self._content.find(bucket, name)
        try:
            status = path.stat() if path else None
        except FileNotFoundError:
            status = None
        if path is None or status is None:
            if document is not None:
                self._documents.delete(_live(bucket), name)
            return None
        if document is not None and document["file"] == _fingerprint(status):
            resource: dict[str, Any] = document["resource"]
            return resource
        return self._adopt(bucket, name, path)

    def _adopt(self, bucket: str, name: str, path: Path) -> dict[str, Any] | None:
        """Makes metadata for a file that was put there or changed by hand."""
        try:
            status = path.stat()
            sums = checksums_of(path)
        except FileNotFoundError:
            return None
        with self._documents.transaction():
            document = self._documents.get(_live(bucket), name)
            if document is not None and document["file"] == _fingerprint(status):
                return document["resource"]  # type: ignore[no-any-return]
            before = document["resource"] if document else {}
            if before.get("crc32c") == sums.crc32c and before["size"] == str(sums.size):
                resource = before  # the same content in another file: a copy back, or a restored folder
            else:
                holder = self.buckets.find(bucket)
                if holder is None:
                    raise BucketNotFoundError
                guessed = mimetypes.guess_type(name)[0] or "application/octet-stream"
                kept = {"contentType": guessed} | {key: before[key] for key in WRITABLE if key in before}
                resource = new_resource(bucket, name, self._next_generation(), sums, holder["storageClass"], kept)
                if before and self._content.noncurrent(bucket, name, before["generation"]).exists():
                    self._keep_noncurrent(before)  # the process died between keeping the old and noting the new
            self._keep(resource, status)
        return resource

    def _retire(self, holder: Mapping[str, Any], current: dict[str, Any]) -> None:
        if holder.get("versioning", {}).get("enabled"):
            self._content.retire(current["bucket"], current["name"], current["generation"])
            self._keep_noncurrent(current)

    def _keep_noncurrent(self, resource: Mapping[str, Any]) -> None:
        key = _version_key(resource["name"], resource["generation"])
        self._documents.put(_noncurrent(resource["bucket"]), key, {**resource, "timeDeleted": timestamp()})

    def _keep(self, resource: dict[str, Any], status: os.stat_result) -> None:
        document = {"resource": resource, "file": _fingerprint(status)}
        self._documents.put(_live(resource["bucket"]), resource["name"], document)

    def _next_generation(self) -> int:
        """Microseconds since the epoch, as on the service, and never twice the same."""
        with self._generation_lock:
            self._last_generation = max(time.time_ns() // 1000, self._last_generation + 1)
            return self._last_generation


def _fingerprint(status: os.stat_result) -> list[int]:
    """What tells that a file is still the one that was hashed; the inode sees files that changed places."""
    return [status.st_size, status.st_mtime_ns, status.st_ino]


def _live(bucket: str) -> str:
    return f"objects/{bucket}"


def _noncurrent(bucket: str) -> str:
    return f"generations/{bucket}"


def _version_key(name: str, generation: str) -> str:
    # A name has no line break, so the key starts with no other name's key.
    return f"{name}\n{generation}"
