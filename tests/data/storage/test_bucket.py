"""Uploads with the official client against a real server: once, checked, and never a surprise."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tunestack import retries
from tunestack.data import UnreadableDataError, UploadError, check, object_uri, upload
from tunestack.data.storage.bucket import RESUMABLE_BYTES
from tunestack.service_errors import explain

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.cloud import storage

    from tunestack.data import Report

LINE = '{"prompt": "2 + 2", "completion": "4"}'


def sent_up(report: Report, prefix: str, client: Callable[[], storage.Client]) -> str:
    """Uploads a checked file, and gives the object's address."""
    return upload(Path(report.name), report, "data", prefix, client).uri


def sent(url: str) -> list[dict[str, Any]]:
    """The requests so far that carried content."""
    requests = httpx.get(f"{url}/emulator/requests", params={"since": 0}, trust_env=False).json()["requests"]
    return [request for request in requests if request["path"].startswith("/upload/")]


def test_a_file_goes_up_once_under_the_name_of_its_content(
    write: Callable[..., Path], client: Callable[[], storage.Client], emulator_url: str
) -> None:
    report = check(write(LINE))
    uri = sent_up(report, "datasets/tickets/", client)
    assert uri == f"gs://data/datasets/tickets/{report.sha256[:16]}/train.jsonl"
    assert uri == object_uri(report, "data", "datasets/tickets")
    blob = client().bucket("data").get_blob(uri.removeprefix("gs://data/"))
    assert blob is not None
    assert blob.download_as_bytes() == Path(report.name).read_bytes()
    assert (blob.crc32c, blob.size) == (report.crc32c, report.bytes)

    Path(report.name).unlink()  # the second time nothing is read any more
    before = len(sent(emulator_url))
    assert sent_up(report, "datasets/tickets", client) == uri
    assert len(sent(emulator_url)) == before


def test_new_content_is_a_new_object(write: Callable[..., Path], client: Callable[[], storage.Client]) -> None:
    first = sent_up(check(write(LINE)), "", client)
    second = sent_up(check(write(LINE, LINE)), "", client)
    assert first != second
    assert len(list(client().bucket("data").list_blobs())) == 2


def test_a_large_file_goes_up_in_pieces(
    write: Callable[..., Path], client: Callable[[], storage.Client], emulator_url: str
) -> None:
    long = '{"prompt": "' + "x" * 2**20 + '", "completion": "y"}'
    report = check(write(*[long] * (RESUMABLE_BYTES // 2**20 + 1)))
    uri = sent_up(report, "large", client)
    assert [request["method"] for request in sent(emulator_url)] == ["POST", "PUT", "PUT"]
    blob = client().bucket("data").get_blob(uri.removeprefix("gs://data/"))
    assert blob is not None
    assert blob.crc32c == report.crc32c


def test_a_file_that_changed_after_the_check_is_taken_back(
    write: Callable[..., Path], client: Callable[[], storage.Client]
) -> None:
    report = check(write(LINE))
    write(LINE, LINE)
    with pytest.raises(UploadError, match=r"changed after it was checked; run again"):
        sent_up(report, "", client)
    assert not list(client().bucket("data").list_blobs())


def test_a_file_that_is_gone_is_named(write: Callable[..., Path], client: Callable[[], storage.Client]) -> None:
    report = check(write(LINE))
    Path(report.name).unlink()
    with pytest.raises(UnreadableDataError, match=r"train\.jsonl cannot be read: No such file"):
        sent_up(report, "", client)


def test_other_content_at_the_address_is_refused(
    write: Callable[..., Path], client: Callable[[], storage.Client]
) -> None:
    report = check(write(LINE))
    uri = object_uri(report, "data", "")
    client().bucket("data").blob(uri.removeprefix("gs://data/")).upload_from_string("something else")
    with pytest.raises(UploadError, match=r"holds something else .* delete the object"):
        sent_up(report, "", client)


def test_a_faster_run_is_no_error(
    write: Callable[..., Path], client: Callable[[], storage.Client], emulator_url: str
) -> None:
    """The object is not there when asked for, but is there when the upload arrives."""
    report = check(write(LINE))
    uri = sent_up(report, "", client)
    rule = {"method": "GET", "path": "/storage/v1/b/data/o/.*", "times": 1, "status": 404, "message": "not there"}
    httpx.post(f"{emulator_url}/emulator/faults", json=rule, trust_env=False).raise_for_status()
    before = len(sent(emulator_url))
    assert sent_up(report, "", client) == uri
    assert [request["status"] for request in sent(emulator_url)[before:]] == [412]


@pytest.mark.parametrize("drop", ["before", "after"])
def test_a_broken_connection_is_tried_again(
    write: Callable[..., Path], client: Callable[[], storage.Client], emulator_url: str, drop: str
) -> None:
    """After the server acted, the second attempt finds the object of the first."""
    report = check(write(LINE))
    rule = {"method": "POST", "path": "/upload/.*", "times": 1, "drop": drop}
    httpx.post(f"{emulator_url}/emulator/faults", json=rule, trust_env=False).raise_for_status()
    uri = sent_up(report, "", client)
    blob = client().bucket("data").get_blob(uri.removeprefix("gs://data/"))
    assert blob is not None
    assert blob.crc32c == report.crc32c
    assert len(sent(emulator_url)) == 2


def test_a_connection_that_stays_broken_is_not_taken_for_a_broken_file(
    write: Callable[..., Path],
    client: Callable[[], storage.Client],
    emulator_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What requests raises is an OSError, as is what reading a file does."""
    monkeypatch.setattr(retries, "RETRY_SECONDS", 0.6)
    rule = {"method": "POST", "path": "/upload/.*", "times": None, "drop": "before"}
    httpx.post(f"{emulator_url}/emulator/faults", json=rule, trust_env=False).raise_for_status()
    with pytest.raises(OSError, match=r"[Cc]onnection") as caught:
        sent_up(check(write(LINE)), "", client)
    assert explain(caught.value) == f"the emulator at {emulator_url} does not answer; start it with make emulator"


def test_checking_does_not_import_the_client() -> None:
    program = "import sys, tunestack.data; print('google.cloud.storage' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert result.stdout.strip() == "False"
