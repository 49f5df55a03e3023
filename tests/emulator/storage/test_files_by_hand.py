"""The tree under buckets/ may be touched by people: the next access takes it as it is."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from google.cloud.storage import Bucket

    from tests.running_emulator import Emulator


@pytest.fixture
def tree(emulator: Emulator, bucket: Bucket) -> Path:
    return emulator.data / "buckets" / "demo-data"


def test_a_changed_file_is_a_new_generation(bucket: Bucket, tree: Path) -> None:
    blob = bucket.blob("a.txt")
    blob.upload_from_string("one", content_type="text/x-kept")
    generation = blob.generation
    (tree / "a.txt").write_text("two!")
    changed = bucket.get_blob("a.txt")
    assert changed is not None
    assert changed.generation > generation
    assert (changed.size, changed.content_type, changed.metageneration) == (4, "text/x-kept", 1)
    assert changed.download_as_bytes() == b"two!"
    assert bucket.get_blob("a.txt").generation == changed.generation


def test_a_change_that_keeps_the_size_is_seen(bucket: Bucket, tree: Path) -> None:
    blob = bucket.blob("a.txt")
    blob.upload_from_string("one")
    (tree / "a.txt").write_text("two")
    assert next(iter(bucket.list_blobs())).md5_hash != blob.md5_hash
    assert bucket.blob("a.txt").download_as_bytes() == b"two"


def test_a_touched_file_is_the_same_generation(bucket: Bucket, tree: Path) -> None:
    blob = bucket.blob("a.txt")
    blob.upload_from_string("one")
    os.utime(tree / "a.txt")
    assert bucket.get_blob("a.txt").generation == blob.generation


def test_a_file_that_was_put_there_is_an_object(bucket: Bucket, tree: Path) -> None:
    (tree / "new/folder").mkdir(parents=True)
    (tree / "new/folder/a.json").write_text("{}")
    (tree / "new/empty").mkdir()
    (tree / "new/broken").symlink_to(tree / "nowhere")
    found = list(bucket.list_blobs(prefix="new/"))
    assert [(blob.name, blob.size, blob.content_type) for blob in found] == [
        ("new/folder/a.json", 2, "application/json")
    ]
    (tree / "other.txt").write_text("x")
    assert bucket.get_blob("other.txt").generation > found[0].generation


def test_a_file_that_was_taken_away_is_no_object(bucket: Bucket, tree: Path) -> None:
    for name in ("a", "b"):
        bucket.blob(name).upload_from_string(name)
    (tree / "a").unlink()
    assert [blob.name for blob in bucket.list_blobs()] == ["b"]
    assert bucket.get_blob("a") is None
    bucket.blob("a").upload_from_string("again", if_generation_match=0)


def test_two_folders_that_change_places(bucket: Bucket, tree: Path) -> None:
    """With equal sizes and equal times, as a copy with `cp -p` leaves them."""
    for folder in ("final", "checkpoint-1"):
        bucket.blob(f"{folder}/model.safetensors").upload_from_string(f"{folder:>12}")
        os.utime(tree / folder / "model.safetensors", (1, 1))
    before = {blob.name: blob.md5_hash for blob in bucket.list_blobs()}
    (tree / "final").rename(tree / "aside")
    (tree / "checkpoint-1").rename(tree / "final")
    (tree / "aside").rename(tree / "checkpoint-1")
    after = {blob.name: blob.md5_hash for blob in bucket.list_blobs()}
    assert list(after.values()) == list(reversed(before.values()))
    assert bucket.blob("final/model.safetensors").download_as_bytes().strip() == b"checkpoint-1"


def test_a_folder_that_was_emptied_makes_room_for_an_object(bucket: Bucket, tree: Path) -> None:
    (tree / "a/b").mkdir(parents=True)
    bucket.blob("a").upload_from_string("x")
    assert bucket.blob("a").download_as_bytes() == b"x"


def test_a_restored_data_folder_has_the_same_generations(
    emulator: Emulator, bucket: Bucket, tree: Path, tmp_path: Path
) -> None:
    bucket.blob("a").upload_from_string("x")
    before = bucket.get_blob("a").generation
    shutil.copytree(tree, tmp_path / "backup")
    shutil.rmtree(tree)
    shutil.copytree(tmp_path / "backup", tree)
    assert bucket.get_blob("a").generation == before
