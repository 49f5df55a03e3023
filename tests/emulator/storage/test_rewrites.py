"""Copies inside the service that take several calls: to another place, of another storage class."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud.storage import Bucket, Client

from tests.running_emulator import Emulator

PER_CALL = 1024
CONTENT = bytes(range(256)) * 10  # 2560 bytes: three calls


@pytest.fixture
def small(start_emulator: Callable[..., Emulator]) -> Emulator:
    return start_emulator({"rewriteBytesPerCall": PER_CALL})


@pytest.fixture
def at(small: Emulator) -> Iterator[Callable[..., Bucket]]:
    """Makes buckets in places and projects."""
    clients: list[Client] = []

    def make(name: str, location: str, project: str = "demo", **settings: Any) -> Bucket:
        clients.append(small.storage_client(project))
        bucket = Bucket(clients[-1], name)
        for key, value in settings.items():
            setattr(bucket, key, value)
        bucket.create(location=location)
        return bucket

    yield make
    for client in clients:
        client.close()


def test_another_place_and_project_takes_several_calls(at: Callable[..., Bucket], small: Emulator) -> None:
    source = at("from-us", "us-central1").blob("model")
    source.upload_from_string(CONTENT)
    target = at("to-eu", "europe-west4", "other-project").blob("model")
    token, steps = None, []
    while True:
        token, written, size = target.rewrite(source, token=token, if_generation_match=0)
        steps.append(written)
        assert size == len(CONTENT)
        if token is None:
            break
        assert not target.exists()  # nothing is there before all of it is
        if len(steps) == 1:
            small.restart()  # what is under way outlives the process
    assert steps == [1024, 2048, 2560]
    assert (target.download_as_bytes(), target.crc32c) == (CONTENT, source.crc32c)


@pytest.mark.parametrize(
    ("location", "storage_class", "calls"),
    [
        ("us-central1", "STANDARD", 1),  # the very same place: no byte moves, however large the object is
        ("us-central1", "NEARLINE", 3),  # another storage class is a move
        ("US", "STANDARD", 3),  # so is the multi-region around
    ],
)
def test_what_takes_several_calls(at: Callable[..., Bucket], location: str, storage_class: str, calls: int) -> None:
    source = at("from-us", "us-central1").blob("model")
    source.upload_from_string(CONTENT)
    target = at("to-other", location, storage_class=storage_class).blob("model")
    token, count = None, 0
    while count == 0 or token:
        token, _, _ = target.rewrite(source, token=token)
        count += 1
    assert count == calls
    assert target.download_as_bytes() == CONTENT


def test_a_source_that_is_replaced_meanwhile_is_refused(at: Callable[..., Bucket]) -> None:
    source = at("from-us", "us-central1").blob("model")
    source.upload_from_string(CONTENT)
    target = at("to-eu", "europe-west4").blob("model")
    token, _, _ = target.rewrite(source)
    source.upload_from_string(CONTENT[::-1])
    with pytest.raises(exceptions.PreconditionFailed):
        target.rewrite(source, token=token)
    assert not target.exists()


def test_a_target_that_appears_meanwhile_is_refused(at: Callable[..., Bucket]) -> None:
    source = at("from-us", "us-central1").blob("model")
    source.upload_from_string(CONTENT)
    target = at("to-eu", "europe-west4").blob("model")
    token, _, _ = target.rewrite(source, if_generation_match=0)
    target.upload_from_string("something else")
    with pytest.raises(exceptions.PreconditionFailed):
        target.rewrite(source, token=token, if_generation_match=0)
    assert target.download_as_bytes() == b"something else"


def test_a_token_is_good_for_one_rewrite(at: Callable[..., Bucket], small: Emulator) -> None:
    home, away = at("from-us", "us-central1"), at("to-eu", "europe-west4")
    source = home.blob("model")
    source.upload_from_string(CONTENT)
    token, _, _ = away.blob("one").rewrite(source)
    with pytest.raises(exceptions.BadRequest, match="rewrite token"):
        away.blob("other").rewrite(source, token=token)
    with pytest.raises(exceptions.BadRequest, match="rewrite token"):
        away.blob("one").rewrite(source, token="never-given")
    path = "/storage/v1/b/from-us/o/model/rewriteTo/b/to-eu/o/one"
    changed = small.http.post(path, params={"rewriteToken": str(token), "maxBytesRewrittenPerCall": 1024 * 1024})
    assert (changed.status_code, "rewrite token" in changed.text) == (400, True)
    odd = small.http.post(path, params={"maxBytesRewrittenPerCall": 1000})
    assert (odd.status_code, "multiple of 1 MiB" in odd.text) == (400, True)


def test_missing_things(at: Callable[..., Bucket], small: Emulator) -> None:
    home = at("from-us", "us-central1")
    source = home.blob("model")
    with pytest.raises(exceptions.NotFound, match="No such object: from-us/model"):
        home.blob("copy").rewrite(source)
    source.upload_from_string(CONTENT)
    with pytest.raises(exceptions.NotFound, match="The specified bucket does not exist"):
        small.storage_client().bucket("no-such-bucket").blob("copy").rewrite(source)


def test_a_plain_copy_is_refused_where_it_would_take_too_long(at: Callable[..., Bucket]) -> None:
    home, away = at("from-us", "us-central1"), at("to-eu", "europe-west4")
    home.blob("large").upload_from_string(CONTENT)
    home.blob("small").upload_from_string(CONTENT[:100])
    home.copy_blob(home.blob("small"), away)
    with pytest.raises(exceptions.GoogleAPICallError, match="Please use the Rewrite method") as refused:
        home.copy_blob(home.blob("large"), away)
    assert refused.value.code == 413
