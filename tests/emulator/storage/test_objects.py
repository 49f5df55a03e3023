"""Objects on their way in and out."""

from __future__ import annotations

import base64
import hashlib
import io
from typing import TYPE_CHECKING, Any

import google_crc32c
import pytest
from google.api_core import exceptions

if TYPE_CHECKING:
    from google.cloud.storage import Bucket, Client

    from tests.running_emulator import Emulator


def crc32c(content: bytes) -> str:
    return base64.b64encode(google_crc32c.Checksum(content).digest()).decode()  # type: ignore[no-untyped-call]


def md5(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()


@pytest.mark.parametrize(
    "name",
    [
        "a.txt",
        "a/b/c.json",
        "スペース と/記号 %2F?&#.txt",
        "a//b",
        "/a",
        "a/",
        "./a",
        "a/../b",
        "x" * 300,
        "~",
        "a+b=c",
    ],
)
def test_every_name_round_trips(bucket: Bucket, name: str) -> None:
    content = name.encode()
    bucket.blob(name).upload_from_string(content, checksum="crc32c")
    blob = bucket.get_blob(name)
    assert blob is not None
    assert (blob.name, blob.size, blob.md5_hash, blob.crc32c) == (name, len(content), md5(content), crc32c(content))
    assert blob.download_as_bytes() == content
    assert [found.name for found in bucket.list_blobs()] == [name]
    blob.delete()
    assert not bucket.blob(name).exists()


def test_the_resource_is_complete(emulator: Emulator, bucket: Bucket) -> None:
    bucket.blob("a/b.json").upload_from_string("{}", content_type="application/json")
    resource = emulator.http.get("/storage/v1/b/demo-data/o/a%2Fb.json").json()
    generation, time = resource["generation"], resource["timeCreated"]
    path = "storage/v1/b/demo-data/o/a%2Fb.json"
    assert resource == {
        "kind": "storage#object",
        "id": f"demo-data/a/b.json/{generation}",
        "name": "a/b.json",
        "bucket": "demo-data",
        "generation": generation,
        "metageneration": "1",
        "contentType": "application/json",
        "storageClass": "STANDARD",
        "size": "2",
        "md5Hash": md5(b"{}"),
        "crc32c": crc32c(b"{}"),
        "etag": resource["etag"],
        "timeCreated": time,
        "updated": time,
        "timeStorageClassUpdated": time,
        "timeFinalized": time,
        "selfLink": f"{emulator.url}/{path}",
        "mediaLink": f"{emulator.url}/download/{path}?generation={generation}&alt=media",
    }
    assert len(generation) == 16
    assert emulator.http.get(resource["mediaLink"]).content == b"{}"
    assert emulator.http.get(resource["selfLink"]).json() == resource


def test_content_lies_under_its_own_name(emulator: Emulator, bucket: Bucket) -> None:
    bucket.blob("runs/1/final/config.json").upload_from_string("{}")
    assert (emulator.data / "buckets/demo-data/runs/1/final/config.json").read_text() == "{}"
    bucket.blob("runs/1/final/config.json").delete()
    assert list((emulator.data / "buckets/demo-data").iterdir()) == []


def test_an_object_may_be_called_like_a_folder_of_others(bucket: Bucket) -> None:
    for order in (["a", "a/b", "a/b/c"], ["x/y/z", "x/y", "x"]):
        for name in order:
            bucket.blob(name).upload_from_string(name)
        for name in order:
            assert bucket.blob(name).download_as_bytes() == name.encode()
    assert [blob.name for blob in bucket.list_blobs()] == ["a", "a/b", "a/b/c", "x", "x/y", "x/y/z"]
    for blob in bucket.list_blobs():
        blob.delete()
    assert list(bucket.list_blobs()) == []


def test_a_media_upload(emulator: Emulator, bucket: Bucket) -> None:
    answer = emulator.http.post(
        "/upload/storage/v1/b/demo-data/o?uploadType=media&name=a.bin",
        content=b"x" * 100_000,
        headers={"Content-Type": "text/x-test"},
    )
    assert answer.json()["size"] == "100000"
    assert answer.json()["contentType"] == "text/x-test"
    assert answer.headers["x-goog-hash"] == f"crc32c={crc32c(b'x' * 100_000)},md5={md5(b'x' * 100_000)}"


@pytest.mark.parametrize("size", [0, 1, 65_535, 3_000_000])
def test_a_multipart_upload_of_any_bytes(bucket: Bucket, size: int) -> None:
    content = (b"\r\n--==\r\n\x00--" * (size // 11 + 1))[:size]
    blob = bucket.blob("a.bin")
    blob.metadata = {"k": "v"}
    blob.cache_control = "no-store"
    blob.upload_from_string(content, content_type="application/x-test")
    got = bucket.get_blob("a.bin")
    assert got is not None
    assert (got.metadata, got.cache_control, got.content_type) == ({"k": "v"}, "no-store", "application/x-test")
    assert got.download_as_bytes() == content


@pytest.mark.parametrize(
    ("header", "body", "message"),
    [
        ("multipart/related", b"", "needs a boundary"),
        ("multipart/related; boundary=b", b"--b\r\n\r\n{}\r\n--b\r\n\r\ncontent", "ends before its last boundary"),
        ("multipart/related; boundary=b", b"--b\r\n\r\n{}\r\n", "ends before its content"),
        ("multipart/related; boundary=b", b"--b\r\n\r\n{\r\n--b\r\n\r\nx\r\n--b--", "Invalid JSON payload"),
    ],
)
def test_a_broken_multipart_body_is_refused(
    emulator: Emulator, bucket: Any, header: str, body: bytes, message: str
) -> None:
    answer = emulator.http.post(
        "/upload/storage/v1/b/demo-data/o?uploadType=multipart&name=a", content=body, headers={"Content-Type": header}
    )
    assert answer.status_code == 400
    assert message in answer.json()["error"]["message"]
    assert emulator.http.get("/storage/v1/b/demo-data/o/a").status_code == 404
    assert list((emulator.data / "staging").iterdir()) == []


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ("uploadType=media", 400, "Required parameter: name"),
        ("uploadType=telepathy&name=a", 400, "Invalid upload type: telepathy"),
        ("uploadType=media&name=.", 400, "The specified object name is not valid: '.'."),
        ("uploadType=media&name=a%0Ab", 400, "The specified object name is not valid"),
        (f"uploadType=media&name={'a' * 1025}", 400, "longer than 1024 bytes"),
        ("uploadType=media&name=a&ifGenerationMatch=x", 400, "ifGenerationMatch: 'x' is not a number"),
    ],
)
def test_upload_refusals(emulator: Emulator, bucket: Any, query: str, code: int, message: str) -> None:
    answer = emulator.http.post(f"/upload/storage/v1/b/demo-data/o?{query}", content=b"x")
    assert answer.status_code == code
    assert message in answer.json()["error"]["message"]


def test_an_upload_to_no_bucket(client: Client) -> None:
    with pytest.raises(exceptions.NotFound, match="The specified bucket does not exist"):
        client.bucket("demo-none").blob("a").upload_from_string("x")


def test_a_wrong_checksum_is_refused(emulator: Emulator, bucket: Bucket) -> None:
    blob = bucket.blob("a")
    blob.md5_hash = md5(b"other")
    with pytest.raises(exceptions.BadRequest, match=r"Provided MD5 hash .* doesn't match calculated MD5 hash"):
        blob.upload_from_string("x", checksum=None)
    answer = emulator.http.post(
        "/upload/storage/v1/b/demo-data/o?uploadType=media&name=a",
        content=b"x",
        headers={"X-Goog-Hash": f"crc32c={crc32c(b'other')}"},
    )
    assert answer.status_code == 400
    assert "Provided CRC32C" in answer.json()["error"]["message"]
    assert not bucket.blob("a").exists()


@pytest.mark.parametrize(
    ("asked", "status", "content", "content_range"),
    [
        ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
        ("bytes=4-", 206, b"456789", "bytes 4-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=8-99", 206, b"89", "bytes 8-9/10"),
        ("bytes=0-0,2-3", 200, b"0123456789", None),
        ("lines=1-2", 200, b"0123456789", None),
    ],
)
def test_ranges(
    emulator: Emulator, bucket: Bucket, asked: str, status: int, content: bytes, content_range: str | None
) -> None:
    bucket.blob("a").upload_from_string(b"0123456789")
    answer = emulator.http.get("/download/storage/v1/b/demo-data/o/a?alt=media", headers={"Range": asked})
    assert (answer.status_code, answer.content) == (status, content)
    assert answer.headers.get("content-range") == content_range
    assert answer.headers["x-goog-hash"] == f"crc32c={crc32c(b'0123456789')},md5={md5(b'0123456789')}"
    assert answer.headers["x-goog-stored-content-length"] == "10"


def test_a_range_behind_the_end(emulator: Emulator, bucket: Bucket) -> None:
    bucket.blob("a").upload_from_string(b"")
    assert emulator.http.get("/storage/v1/b/demo-data/o/a?alt=media").content == b""
    answer = emulator.http.get("/storage/v1/b/demo-data/o/a?alt=media", headers={"Range": "bytes=0-"})
    assert answer.status_code == 416


def test_the_clients_file_objects(bucket: Bucket) -> None:
    with bucket.blob("lines").open("w", chunk_size=256 * 1024) as out:
        out.writelines(f"line {number}\n" for number in range(100_000))
    with bucket.blob("lines").open("r", chunk_size=100_000) as lines:
        assert sum(1 for _ in lines) == 100_000
    target = io.BytesIO()
    bucket.blob("lines").download_to_file(target, start=0, end=6)
    assert target.getvalue() == b"line 0\n"


def test_what_is_not_there(emulator: Emulator, bucket: Bucket) -> None:
    for path in ("storage/v1/b/demo-data/o/none", "download/storage/v1/b/demo-data/o/none?alt=media"):
        answer = emulator.http.get(f"/{path}")
        assert answer.status_code == 404
        assert answer.json()["error"]["message"] == "No such object: demo-data/none"
    assert bucket.get_blob("none") is None
    with pytest.raises(exceptions.NotFound):
        bucket.blob("none").delete()
