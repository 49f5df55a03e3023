"""What may be done to objects that are there: conditions, metadata, copies, generations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from google.api_core import exceptions

if TYPE_CHECKING:
    from google.cloud.storage import Bucket, Client

    from tests.running_emulator import Emulator


def test_preconditions(bucket: Bucket) -> None:
    blob = bucket.blob("a")
    blob.upload_from_string("1", if_generation_match=0)
    with pytest.raises(
        exceptions.PreconditionFailed, match="At least one of the pre-conditions you specified did not hold"
    ):
        bucket.blob("a").upload_from_string("2", if_generation_match=0)
    generation = blob.generation
    with pytest.raises(exceptions.PreconditionFailed):
        blob.delete(if_generation_match=generation + 1)
    with pytest.raises(exceptions.PreconditionFailed):
        blob.upload_from_string("2", if_metageneration_match=2)
    blob.upload_from_string("2", if_generation_match=generation)
    assert blob.generation > generation
    with pytest.raises(exceptions.NotModified):
        blob.reload(if_generation_not_match=blob.generation)
    with pytest.raises(exceptions.NotModified):
        blob.reload(if_etag_not_match=blob.etag)
    with pytest.raises(exceptions.PreconditionFailed):
        blob.reload(if_etag_match="other")
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("a").upload_from_string("3", if_generation_not_match=blob.generation)
    blob.delete(if_generation_match=blob.generation)


def test_patch(bucket: Bucket) -> None:
    blob = bucket.blob("a")
    blob.metadata = {"x": "1", "y": "2"}
    blob.upload_from_string("1")
    generation, etag = blob.generation, blob.etag
    blob.content_type = "text/x-new"
    blob.metadata = {"x": None, "z": "3"}
    blob.patch()
    again = bucket.get_blob("a")
    assert again is not None
    assert (again.generation, again.metageneration, again.content_type) == (generation, 2, "text/x-new")
    assert again.metadata == {"y": "2", "z": "3"}
    assert again.etag != etag
    again.update()
    again.reload()
    assert again.metageneration == 3
    with pytest.raises(exceptions.PreconditionFailed):
        again.patch(if_metageneration_match=1)


def test_a_copy_keeps_metadata_and_a_rewrite_may_change_it(client: Client, bucket: Bucket) -> None:
    source = bucket.blob("a/source")
    source.metadata = {"k": "v"}
    source.upload_from_string(b"content", content_type="text/x-a")
    other = client.create_bucket("demo-other")
    copy = bucket.copy_blob(source, other, "b/copy")
    copy.reload()
    assert (copy.metadata, copy.content_type, copy.md5_hash) == ({"k": "v"}, "text/x-a", source.md5_hash)
    target = bucket.blob("target")
    target.content_type = "text/x-b"
    token, written, total = target.rewrite(source, if_generation_match=0)
    assert (token, written, total) == (None, 7, 7)
    assert (target.content_type, target.metadata) == ("text/x-b", None)
    assert target.download_as_bytes() == b"content"
    with pytest.raises(exceptions.PreconditionFailed):
        target.rewrite(source, if_source_generation_match=1)
    renamed = bucket.rename_blob(source, "a/renamed")
    assert renamed.download_as_bytes() == b"content"
    assert not source.exists()


def test_compose(bucket: Bucket) -> None:
    parts = []
    for name in ("one", "two", "three"):
        part = bucket.blob(name)
        part.upload_from_string(name, content_type="text/plain")
        parts.append(part)
    whole = bucket.blob("whole")
    whole.content_type = "text/x-whole"
    whole.compose(parts, if_generation_match=0)
    assert whole.download_as_bytes() == b"onetwothree"
    plain = bucket.blob("plain")
    plain.upload_from_string("onetwothree", checksum="crc32c")
    assert (whole.component_count, whole.md5_hash, whole.crc32c) == (3, None, plain.crc32c)
    assert whole.content_type == "text/x-whole"
    with pytest.raises(exceptions.PreconditionFailed):
        whole.compose(parts, if_source_generation_match=[1, None, None])
    with pytest.raises(exceptions.NotFound):
        whole.compose([bucket.blob("none")])


def test_versioning_keeps_older_generations(emulator: Emulator, versioned: Bucket) -> None:
    blob = versioned.blob("a")
    generations = []
    for content in ("1", "2", "3"):
        blob.upload_from_string(content)
        generations.append(blob.generation)
    assert [found.name for found in versioned.list_blobs()] == ["a"]
    assert [found.generation for found in versioned.list_blobs(versions=True)] == generations
    first = versioned.blob("a", generation=generations[0])
    assert first.download_as_bytes() == b"1"
    first.reload()
    assert first.time_deleted is not None

    versioned.blob("a").delete()
    assert versioned.get_blob("a") is None
    assert len(list(versioned.list_blobs(versions=True))) == 3
    restored = versioned.copy_blob(first, versioned, "a", source_generation=generations[0])
    assert restored.download_as_bytes() == b"1"
    for found in versioned.list_blobs(versions=True):
        versioned.blob("a", generation=found.generation).delete()
    assert list(versioned.list_blobs(versions=True)) == []
    assert list((emulator.data / "noncurrent").rglob("*.*")) == []


def test_without_versioning_nothing_is_kept(bucket: Bucket) -> None:
    blob = bucket.blob("a")
    blob.upload_from_string("1")
    old = blob.generation
    blob.upload_from_string("2")
    assert len(list(bucket.list_blobs(versions=True))) == 1
    with pytest.raises(exceptions.NotFound):
        bucket.blob("a", generation=old).download_as_bytes()
