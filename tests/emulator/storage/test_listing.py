from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from google.cloud.storage import Bucket

    from tests.running_emulator import Emulator

NAMES = ["a", "a/1", "a/2", "a/b/3", "b/1", "b/2", "c", "é", "日本/x"]


@pytest.fixture
def filled(bucket: Bucket) -> Bucket:
    for name in reversed(NAMES):
        bucket.blob(name).upload_from_string(name)
    return bucket


@pytest.mark.parametrize(
    ("query", "names", "prefixes"),
    [
        ({}, NAMES, []),
        ({"prefix": "a/"}, ["a/1", "a/2", "a/b/3"], []),
        ({"prefix": "a"}, ["a", "a/1", "a/2", "a/b/3"], []),
        ({"prefix": "a/b"}, ["a/b/3"], []),
        ({"prefix": "日"}, ["日本/x"], []),
        ({"prefix": "none/"}, [], []),
        ({"prefix": "../"}, [], []),
        ({"delimiter": "/"}, ["a", "c", "é"], ["a/", "b/", "日本/"]),
        ({"prefix": "a/", "delimiter": "/"}, ["a/1", "a/2"], ["a/b/"]),
        ({"prefix": "a", "delimiter": "/"}, ["a"], ["a/"]),
        ({"start_offset": "a/2", "end_offset": "c"}, ["a/2", "a/b/3", "b/1", "b/2"], []),
    ],
)
@pytest.mark.parametrize("page_size", [None, 1, 2])
def test_lists(
    filled: Bucket, query: dict[str, Any], names: list[str], prefixes: list[str], page_size: int | None
) -> None:
    blobs = filled.list_blobs(page_size=page_size, **query)
    assert [blob.name for blob in blobs] == names
    assert sorted(blobs.prefixes) == prefixes


def test_a_page_says_where_the_next_one_starts(emulator: Emulator, filled: Bucket) -> None:
    first = emulator.http.get("/storage/v1/b/demo-data/o?maxResults=4").json()
    assert len(first["items"]) == 4
    filled.blob("a/1").delete()  # what went before does not move the next page
    second = emulator.http.get("/storage/v1/b/demo-data/o", params={"pageToken": first["nextPageToken"]}).json()
    assert [item["name"] for item in second["items"]] == NAMES[4:]
    assert "nextPageToken" not in second
    assert emulator.http.get("/storage/v1/b/demo-data/o?prefix=none").json() == {"kind": "storage#objects"}


def test_only_the_fields_that_are_asked_for(emulator: Emulator, filled: Bucket) -> None:
    def answer(path: str, fields: str) -> Any:
        return emulator.http.get(f"/storage/v1/b{path}", params={"fields": fields}).json()

    assert answer("/demo-data/o/c", "name,size,none") == {"name": "c", "size": "1"}
    assert answer("/demo-data/o", "prefixes,nextPageToken") == {}
    names = [{"name": name} for name in NAMES]
    assert answer("/demo-data/o", "items/name,nextPageToken") == {"items": names}
    assert answer("/demo-data/o", "items(name,metadata/a)") == {"items": names}
    bucket = answer("/demo-data", "iamConfiguration(uniformBucketLevelAccess/enabled),softDeletePolicy/*")
    assert bucket["iamConfiguration"] == {"uniformBucketLevelAccess": {"enabled": False}}
    assert set(bucket["softDeletePolicy"]) == {"retentionDurationSeconds", "effectiveTime"}
    for wrong in ("a,", "(a)", "a(b", "a)b", "a(b))", "a//b", "a b", "a()"):
        assert answer("/demo-data/o/c", wrong)["error"]["message"] == f"Invalid field selection {wrong}"


@pytest.mark.parametrize(
    ("query", "code"), [("pageToken=x", 400), ("maxResults=x", 400), ("matchGlob=**", 501), ("softDeleted=true", 501)]
)
def test_refusals(emulator: Emulator, bucket: Any, query: str, code: int) -> None:
    assert emulator.http.get(f"/storage/v1/b/demo-data/o?{query}").status_code == code


def test_versions_in_pages(emulator: Emulator, versioned: Bucket) -> None:
    for content in ("1", "2", "3"):
        versioned.blob("a").upload_from_string(content)
        versioned.blob("b").upload_from_string(content)
    found = [(blob.name, blob.generation) for blob in versioned.list_blobs(versions=True, page_size=2)]
    assert [name for name, _ in found] == ["a"] * 3 + ["b"] * 3
    assert found == sorted(found)
