from __future__ import annotations

import os
import socket
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from google.api_core import exceptions

if TYPE_CHECKING:
    from pathlib import Path

    from google.cloud.storage import Bucket

    from tests.running_emulator import Emulator

GRAIN = 256 * 1024


@pytest.fixture
def session(emulator: Emulator, bucket: Bucket) -> str:
    begin = emulator.http.post(
        "/upload/storage/v1/b/demo-data/o?uploadType=resumable",
        json={"name": "a", "metadata": {"k": "v"}},
        headers={"X-Upload-Content-Type": "text/x-a"},
    )
    assert begin.status_code == 200
    assert begin.headers["x-guploader-uploadid"] in begin.headers["location"]
    return begin.headers["location"]


def put(emulator: Emulator, session: str, content: bytes, content_range: str) -> Any:
    return emulator.http.put(session, content=content, headers={"Content-Range": content_range})


def test_the_client_uploads_in_chunks(bucket: Bucket, tmp_path: Path) -> None:
    content = os.urandom(5 * GRAIN + 17)
    file = tmp_path / "big.bin"
    file.write_bytes(content)
    blob = bucket.blob("big", chunk_size=GRAIN)
    blob.upload_from_filename(file, if_generation_match=0, checksum="crc32c")
    assert blob.size == len(content)
    assert blob.download_as_bytes() == content
    chunked = bucket.blob("big", chunk_size=GRAIN)
    target = tmp_path / "again.bin"
    chunked.download_to_filename(target)
    assert target.read_bytes() == content


def test_chunks_of_unknown_total_and_the_question_what_is_here(emulator: Emulator, session: str) -> None:
    first = put(emulator, session, b"x" * GRAIN, f"bytes 0-{GRAIN - 1}/*")
    assert (first.status_code, first.headers["range"]) == (308, f"bytes=0-{GRAIN - 1}")
    status = put(emulator, session, b"", "bytes */*")
    assert (status.status_code, status.headers["range"]) == (308, f"bytes=0-{GRAIN - 1}")
    last = put(emulator, session, b"yz", f"bytes {GRAIN}-{GRAIN + 1}/{GRAIN + 2}")
    assert last.status_code == 200
    resource = last.json()
    assert (resource["size"], resource["contentType"], resource["metadata"]) == (str(GRAIN + 2), "text/x-a", {"k": "v"})
    assert put(emulator, session, b"", "bytes */*").json() == resource  # for a client that missed the answer
    assert emulator.http.get(resource["mediaLink"]).content == b"x" * GRAIN + b"yz"


def test_a_status_before_the_first_byte_has_no_range(emulator: Emulator, session: str) -> None:
    status = put(emulator, session, b"", "bytes */100")
    assert status.status_code == 308
    assert "range" not in status.headers


def test_only_whole_grains_of_an_unfinished_upload_are_kept(emulator: Emulator, session: str) -> None:
    part = put(emulator, session, b"x" * (GRAIN + 1000), f"bytes 0-{GRAIN + 999}/{GRAIN * 2}")
    assert (part.status_code, part.headers["range"]) == (308, f"bytes=0-{GRAIN - 1}")
    rest = put(emulator, session, b"y" * GRAIN, f"bytes {GRAIN}-{GRAIN * 2 - 1}/{GRAIN * 2}")
    assert rest.json()["size"] == str(GRAIN * 2)


def test_what_is_sent_twice_is_taken_once(emulator: Emulator, session: str) -> None:
    put(emulator, session, b"a" * GRAIN, f"bytes 0-{GRAIN - 1}/*")
    done = put(emulator, session, b"a" * GRAIN + b"b", f"bytes 0-{GRAIN}/{GRAIN + 1}")
    assert emulator.http.get(done.json()["mediaLink"]).content == b"a" * GRAIN + b"b"


def test_an_empty_object(emulator: Emulator, session: str) -> None:
    assert put(emulator, session, b"", "bytes */0").json()["size"] == "0"


def test_the_whole_content_in_one_put(emulator: Emulator, session: str) -> None:
    assert emulator.http.put(session, content=b"abc").json()["size"] == "3"


@pytest.mark.parametrize(
    ("content", "content_range", "message"),
    [
        (b"x", "bytes 10-10/20", "the upload offset is 10 byte(s), which exceeds already uploaded size of 0 byte(s)"),
        (b"x", "bytes 0-4/20", "There were 1 byte(s) in the request body.  There should have been 5 byte(s)"),
        (b"x", "chunk 1", "Failed to parse Content-Range header"),
        (b"xx", "bytes 0-1/1", "2 byte(s) came, 1 were announced"),
    ],
)
def test_refusals(emulator: Emulator, session: str, content: bytes, content_range: str, message: str) -> None:
    answer = put(emulator, session, content, content_range)
    assert answer.status_code == 400
    assert message in answer.json()["error"]["message"]
    assert emulator.http.get("/storage/v1/b/demo-data/o/a").status_code == 404


def test_the_announced_length_is_held(emulator: Emulator, bucket: Bucket) -> None:
    begin = emulator.http.post(
        "/upload/storage/v1/b/demo-data/o?uploadType=resumable&name=a", headers={"X-Upload-Content-Length": "3"}
    )
    answer = emulator.http.put(begin.headers["location"], content=b"ab")
    assert answer.status_code == 400
    assert "2 byte(s) came, 3 were announced" in answer.json()["error"]["message"]


def test_cancelling(emulator: Emulator, session: str) -> None:
    put(emulator, session, b"x" * GRAIN, f"bytes 0-{GRAIN - 1}/*")
    assert emulator.http.delete(session).status_code == 499
    assert put(emulator, session, b"", "bytes */*").status_code == 404
    assert list((emulator.data / "uploads").iterdir()) == []


def test_preconditions_are_held_at_the_end_too(emulator: Emulator, bucket: Bucket) -> None:
    begin = emulator.http.post("/upload/storage/v1/b/demo-data/o?uploadType=resumable&name=a&ifGenerationMatch=0")
    bucket.blob("a").upload_from_string("faster")
    assert emulator.http.put(begin.headers["location"], content=b"slower").status_code == 412
    assert bucket.blob("a").download_as_bytes() == b"faster"
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.blob("a").create_resumable_upload_session(if_generation_match=0)


def test_a_wrong_checksum_at_the_end(emulator: Emulator, session: str) -> None:
    answer = emulator.http.put(session, content=b"abc", headers={"X-Goog-Hash": "md5=AAAAAAAAAAAAAAAAAAAAAA=="})
    assert answer.status_code == 400
    assert "Provided MD5 hash" in answer.json()["error"]["message"]


def test_a_session_goes_on_after_a_restart(emulator: Emulator, session: str) -> None:
    put(emulator, session, b"x" * GRAIN, f"bytes 0-{GRAIN - 1}/*")
    emulator.restart()
    assert put(emulator, session, b"", "bytes */*").headers["range"] == f"bytes=0-{GRAIN - 1}"
    done = put(emulator, session, b"y", f"bytes {GRAIN}-{GRAIN}/{GRAIN + 1}").json()
    assert emulator.http.get(done["mediaLink"]).content == b"x" * GRAIN + b"y"


def test_a_connection_that_breaks_leaves_what_arrived(
    emulator: Emulator, session: str, caplog: pytest.LogCaptureFixture
) -> None:
    parts = urlsplit(session)
    head = (
        f"PUT {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        f"Content-Length: {GRAIN * 4}\r\nContent-Range: bytes 0-{GRAIN * 4 - 1}/{GRAIN * 4}\r\n\r\n"
    )
    with socket.create_connection((parts.hostname, parts.port)) as connection:
        connection.sendall(head.encode() + b"x" * (GRAIN * 2 + 5))
        received = emulator.data / "uploads" / parts.query.rpartition("=")[2]
        while received.stat().st_size < GRAIN * 2:
            time.sleep(0.01)
    while 499 not in [entry["status"] for entry in emulator.requests()]:
        time.sleep(0.01)
    status = put(emulator, session, b"", "bytes */*")
    assert (status.status_code, status.headers["range"]) == (308, f"bytes=0-{GRAIN * 2 - 1}")
    assert not [record for record in caplog.records if record.name == "emulator"]  # no error of the emulator's
    rest = put(emulator, session, b"y" * (GRAIN * 2), f"bytes {GRAIN * 2}-{GRAIN * 4 - 1}/{GRAIN * 4}")
    assert rest.json()["size"] == str(GRAIN * 4)


def test_a_request_that_was_given_up_writes_no_more(emulator: Emulator, session: str) -> None:
    parts = urlsplit(session)
    head = (
        f"PUT {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        f"Content-Length: {GRAIN * 2}\r\nContent-Range: bytes 0-{GRAIN * 2 - 1}/{GRAIN * 2}\r\n\r\n"
    )
    received = emulator.data / "uploads" / parts.query.rpartition("=")[2]
    with socket.create_connection((parts.hostname, parts.port)) as hanging:
        hanging.sendall(head.encode() + b"x" * (GRAIN + 5))
        while received.stat().st_size < GRAIN + 5:
            time.sleep(0.01)
        assert put(emulator, session, b"", "bytes */*").headers["range"] == f"bytes=0-{GRAIN - 1}"
        hanging.sendall(b"x" * (GRAIN - 5))
        assert b"409 Conflict" in hanging.recv(10_000)
    done = put(emulator, session, b"y" * GRAIN, f"bytes {GRAIN}-{GRAIN * 2 - 1}/{GRAIN * 2}").json()
    assert emulator.http.get(done["mediaLink"]).content == b"x" * GRAIN + b"y" * GRAIN


def test_a_dropped_answer_is_found_again_by_the_client(emulator: Emulator, bucket: Bucket) -> None:
    """The client retries on its own: a lost answer to a chunk costs nothing and doubles nothing."""
    content = os.urandom(GRAIN * 3)
    emulator.http.post("/emulator/faults", json={"method": "PUT", "path": "/upload/.*", "drop": "after"})
    blob = bucket.blob("a", chunk_size=GRAIN)
    blob.upload_from_string(content, if_generation_match=0)
    assert blob.download_as_bytes() == content
