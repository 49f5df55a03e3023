"""Large uploads go on where they were: after a cut connection, after a killed process, and for nobody else."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import stat
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import google_crc32c
import httpx
import pytest

from tunestack import retries
from tunestack.data import Report, UploadError, upload
from tunestack.data.storage import bucket, upload_session
from tunestack.data.storage.bucket import put
from tunestack.service_errors import explain

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.cloud import storage

PIECE = 256 * 1024
"""What the service keeps of an unfinished upload is a multiple of this."""


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(upload_session, "PIECE_BYTES", PIECE)
    monkeypatch.setattr(bucket, "RESUMABLE_BYTES", PIECE)
    monkeypatch.setenv("TUNESTACK_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that stays broken is given up at once."""
    monkeypatch.setattr(retries, "RETRY_SECONDS", 0.1)


@pytest.fixture
def large(tmp_path: Path) -> Report:
    """A file of a little more than four pieces."""
    path = tmp_path / "train.jsonl"
    path.write_bytes(bytes(range(250)) * (4 * PIECE // 250 + 1))
    return report(path)


def report(path: Path) -> Report:
    size, crc32c = bucket._measured(path)
    return Report(str(path), "chat", 1, size, 1, "ab" * 32, crc32c, (), {})


def sent_up(large: Report, client: Callable[[], storage.Client], seen: list[int] | None = None) -> Any:
    progress = None if seen is None else seen.append
    return upload(Path(large.name), large, "data", "", client, progress)


def fault(url: str, **rule: Any) -> None:
    httpx.post(f"{url}/emulator/faults", json={"path": "/upload/.*", **rule}, trust_env=False).raise_for_status()


def mend(url: str) -> None:
    httpx.delete(f"{url}/emulator/faults", trust_env=False).raise_for_status()


def forget(client: Callable[[], storage.Client]) -> None:
    for blob in client().bucket("data").list_blobs():
        blob.delete()


def ranges(url: str) -> list[int]:
    """The statuses of what was put into sessions so far."""
    requests = httpx.get(f"{url}/emulator/requests", params={"since": 0}, trust_env=False).json()["requests"]
    return [each["status"] for each in requests if each["path"].startswith("/upload/") and each["method"] == "PUT"]


def kept(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "cache" / "uploads").glob("*.json"))


def test_progress_is_told_and_nothing_is_left(
    large: Report, client: Callable[[], storage.Client], emulator_url: str, tmp_path: Path
) -> None:
    seen: list[int] = []
    pinned = sent_up(large, client, seen)
    assert seen == [PIECE, 2 * PIECE, 3 * PIECE, 4 * PIECE]
    assert (pinned.bytes, pinned.crc32c) == (large.bytes, large.crc32c)
    assert pinned.generation
    assert ranges(emulator_url) == [308, 308, 308, 308, 200]
    assert not kept(tmp_path)


def test_a_cut_connection_costs_one_piece(
    large: Report, client: Callable[[], storage.Client], emulator_url: str
) -> None:
    for drop in ("before", "after"):
        before = len(ranges(emulator_url))
        fault(emulator_url, method="PUT", skip=2, times=1, drop=drop)
        assert sent_up(large, client).crc32c == large.crc32c
        # One was cut, one asks where it is, and only a piece that did not arrive goes a second time.
        assert len(ranges(emulator_url)) - before == (7 if drop == "before" else 6)
        forget(client)


@pytest.mark.usefixtures("impatient")
def test_a_later_run_goes_on(
    large: Report,
    client: Callable[[], storage.Client],
    emulator_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fault(emulator_url, method="PUT", skip=3, times=None, drop="before")
    with pytest.raises(Exception, match="the upload was cut off") as caught:
        sent_up(large, client)
    assert "upload_id" not in str(caught.value)
    assert explain(caught.value) == f"the emulator at {emulator_url} does not answer; start it with make emulator"
    (notes,) = kept(tmp_path)
    assert stat.S_IMODE(notes.stat().st_mode) == 0o600, "whoever reads it could write the object"
    assert stat.S_IMODE(notes.parent.stat().st_mode) == 0o700

    mend(emulator_url)
    asked: list[str] = []
    put_piece = upload_session._Upload._put

    def noted(upload: Any, piece: bytes, content_range: str) -> Any:
        asked.append(content_range)
        return put_piece(upload, piece, content_range)

    monkeypatch.setattr(upload_session._Upload, "_put", noted)
    assert sent_up(large, client).crc32c == large.crc32c
    size = large.bytes
    assert asked == [
        f"bytes */{size}",
        f"bytes {3 * PIECE}-{4 * PIECE - 1}/{size}",
        f"bytes {4 * PIECE}-{size - 1}/{size}",
    ], "three pieces were there"
    assert not kept(tmp_path)


@pytest.mark.usefixtures("impatient")
def test_what_cannot_be_gone_on_with_is_begun_anew(
    large: Report,
    client: Callable[[], storage.Client],
    emulator_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def expire(notes: Path) -> None:
        httpx.delete(json.loads(notes.read_text())["session"], trust_env=False)

    spoilings: list[Callable[[Path], object]] = [
        expire,
        lambda notes: notes.write_text(notes.read_text()[:30]),
        lambda notes: notes.write_text(notes.read_text().replace(large.crc32c, "AAAAAA==")),
        lambda notes: fcntl.flock(holders.enter_context(notes.open("rb")), fcntl.LOCK_EX),
        lambda notes: monkeypatch.setenv("TUNESTACK_CACHE", os.devnull),
    ]
    for spoil in spoilings:
        fault(emulator_url, method="PUT", skip=1, times=None, drop="before")
        with pytest.raises(Exception, match="cut off"):
            sent_up(large, client)
        mend(emulator_url)
        with ExitStack() as holders:
            spoil(kept(tmp_path)[0])
            seen: list[int] = []
            assert sent_up(large, client, seen).crc32c == large.crc32c
        assert seen == [PIECE, 2 * PIECE, 3 * PIECE, 4 * PIECE]
        forget(client)


def test_a_faster_run_is_no_error(
    large: Report, client: Callable[[], storage.Client], emulator_url: str, tmp_path: Path
) -> None:
    """The object is there when the last piece arrives."""

    def meanwhile(done: int) -> None:
        if done == 4 * PIECE:
            name = bucket.object_name(large, "")
            client().bucket("data").blob(name).upload_from_filename(large.name)

    pinned = upload(Path(large.name), large, "data", "", client, meanwhile)
    assert pinned.crc32c == large.crc32c
    assert ranges(emulator_url)[-1] == 412
    assert not kept(tmp_path)


def test_a_file_that_changes_while_it_is_sent(large: Report, client: Callable[[], storage.Client]) -> None:
    path = Path(large.name)

    def meanwhile(done: int) -> None:
        if done == PIECE:
            path.write_bytes(path.read_bytes()[:-1] + b"x")

    with pytest.raises(UploadError, match=r"changed after it was checked; run again"):
        upload(path, large, "data", "", client, meanwhile)
    assert not list(client().bucket("data").list_blobs()), "the service has refused other bytes than were announced"


def test_a_stopped_run_leaves_it_to_the_next(
    large: Report, client: Callable[[], storage.Client], tmp_path: Path
) -> None:
    def stop(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        upload(Path(large.name), large, "data", "", client, stop)
    assert kept(tmp_path)
    seen: list[int] = []
    assert sent_up(large, client, seen).crc32c == large.crc32c
    assert seen[0] == PIECE


def test_any_file_goes_to_an_exact_address(large: Report, client: Callable[[], storage.Client], tmp_path: Path) -> None:
    path = Path(large.name)
    assert put(path, "gs://data/mine/train.jsonl", client).crc32c == large.crc32c
    path.write_bytes(b"{}\n")
    with pytest.raises(UploadError, match=r"gs://data/mine/train\.jsonl is there already"):
        put(path, "gs://data/mine/train.jsonl", client)
    pinned = put(path, "gs://data/mine/train.jsonl", client, replace=True)
    assert pinned.bytes == 3
    checksum = google_crc32c.value(b"{}\n").to_bytes(4, "big")
    assert base64.b64decode(pinned.crc32c) == checksum
