"""Objects as training data: what lies at an address, in words, and its bytes as they come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tunestack.data import UnreadableDataError
from tunestack.data.storage import objects

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.cloud import storage


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "PIECE_BYTES", 1000)


def store(client: Callable[[], storage.Client], name: str, content: bytes, **properties: Any) -> None:
    blob = client().bucket("data").blob(name)
    for key, value in properties.items():
        setattr(blob, key, value)
    blob.upload_from_string(content)


def fault(url: str, **rule: Any) -> None:
    httpx.post(f"{url}/emulator/faults", json=rule, trust_env=False).raise_for_status()


def test_the_bytes_come_as_they_are(client: Callable[[], storage.Client]) -> None:
    for size in (0, 1, 999, 1000, 1001, 12_345):
        content = (bytes(range(251)) * 50)[:size]
        store(client, "folder/train.jsonl", content)
        found = objects.stream("gs://data/folder/train.jsonl", client)
        assert (found.name, found.bytes) == ("gs://data/folder/train.jsonl", size)
        with found.open() as stream:
            head = stream.read(700)
            assert head + stream.read() == content
        with found.open() as stream:
            assert stream.read(size + 1) == content, "and again from the start"


def test_a_broken_connection_costs_one_piece(client: Callable[[], storage.Client], emulator_url: str) -> None:
    store(client, "train.jsonl", bytes(5000))
    found = objects.stream("gs://data/train.jsonl", client)
    fault(emulator_url, method="GET", path="/download/.*", skip=2, times=2, drop="before")
    with found.open() as stream:
        assert stream.read() == bytes(5000)


def test_an_object_that_is_replaced_while_it_is_read(
    client: Callable[[], storage.Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objects, "PIECES_AHEAD", 1)
    store(client, "train.jsonl", b"a" * 5000)
    found = objects.stream("gs://data/train.jsonl", client)
    with found.open() as stream:
        assert stream.read(1) == b"a"
        store(client, "train.jsonl", b"b" * 5000)
        with pytest.raises(objects.ReplacedObjectError, match=r"^gs://data/train\.jsonl was replaced or deleted while"):
            stream.read()


UNUSABLE = [
    ("gs://data", "is not the address of an object; it has to read gs://bucket/folder/file.jsonl"),
    ("gs://data/", "is not the address of an object"),
    ("gs://Data/train.jsonl", "is not the address of an object"),
    ("gs://data/folder/", "is a folder; write the address of one JSONL file in it"),
    ("gs://data/folder", "is a folder; write the address of one JSONL file in it"),
    ("gs://data/gone.jsonl", "there is no object gs://data/gone.jsonl; write it there first"),
    ("gs://data/*.jsonl", "write the address of one object, patterns are not followed"),
    ("gs://no-such-bucket/train.jsonl", "there is no bucket no-such-bucket; look for a typing error"),
    ("gs://data/packed.jsonl", "is kept with Content-Encoding: gzip"),
]


def test_what_cannot_be_trained_on(client: Callable[[], storage.Client], emulator_url: str) -> None:
    store(client, "folder/train.jsonl", b"{}\n")
    store(client, "packed.jsonl", b"{}\n", content_encoding="gzip")
    for uri, reason in UNUSABLE:
        with pytest.raises(UnreadableDataError) as caught:
            objects.pin(uri, client)
        assert reason in str(caught.value)
    for status, said, reason in (
        (403, "ada@example.com does not have storage.objects.get access", "ada@example.com does not have storage"),
        (401, "Anonymous caller", "gcloud auth application-default login"),
    ):
        fault(emulator_url, method="GET", path="/storage/v1/b/data/o/.*", status=status, message=said)
        with pytest.raises(UnreadableDataError, match=r"^gs://data/folder/train\.jsonl cannot be read: ") as caught:
            objects.pin("gs://data/folder/train.jsonl", client)
        assert reason in str(caught.value)


def test_composite_objects_and_storage_classes(client: Callable[[], storage.Client]) -> None:
    for part in ("a", "b"):
        store(client, part, part.encode() * 10)
    bucket = client().bucket("data")
    bucket.blob("whole").compose([bucket.blob("a"), bucket.blob("b")])
    pinned = objects.pin("gs://data/whole", client)
    assert bucket.get_blob("whole").md5_hash is None
    assert (pinned.bytes, bool(pinned.crc32c)) == (20, True)
    store(client, "cold", b"{}\n", storage_class="ARCHIVE")
    store(client, "warm", b"{}\n")
    assert objects.pin("gs://data/cold", client).reading_costs
    assert not objects.pin("gs://data/warm", client).reading_costs
