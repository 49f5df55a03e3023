"""The data commands on objects in Cloud Storage, through Google's own client and a real service on a socket."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.data.conftest import chat, sums
from tests.running_emulator import NO_DELAYS, Emulator
from tunestack import retries
from tunestack.data import check
from tunestack.data.storage.objects import pin
from tunestack.data.verdicts.kept import checked
from tunestack.data.verdicts.objects import ObjectPlace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.cloud.storage import Bucket

    from tests.cli.data.conftest import Ask, Write


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    emulator = Emulator(tmp_path_factory.mktemp("emulator"), {"delays": NO_DELAYS})
    emulator.storage_client().create_bucket("data")
    yield emulator
    emulator.http.close()
    emulator.stop()


@pytest.fixture
def bucket(served: Emulator, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """The bucket `data`, where Google's client looks for it by itself."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", served.url)
    return served.storage_client().bucket("data")


def test_an_object_is_checked_as_a_file_is(ask: Ask, write: Write, bucket: Bucket) -> None:
    file = write("train.jsonl", [*sums(120), chat("2 + 2", "")])
    bucket.blob("checked/train.jsonl").upload_from_filename(str(file))
    uri = "gs://data/checked/train.jsonl"
    answer = ask("check", uri)
    assert answer.status == 1
    assert answer.out.replace(uri, str(file)) == ask("check", file).out
    assert answer.err == ""


def test_an_object_that_was_checked_before_is_not_read_again(
    ask: Ask, write: Write, bucket: Bucket, served: Emulator
) -> None:
    uris = []
    for name, examples in (("train", [*sums(120), chat("2 + 2", "")]), ("validation", sums(30, 119))):
        bucket.blob(f"kept/{name}.jsonl").upload_from_filename(str(write(f"{name}.jsonl", examples)))
        uris.append(f"gs://data/kept/{name}.jsonl")
    command = ("check", uris[0], "--validation", uris[1])
    first = ask(*command)
    training, validation = (ObjectPlace(pin(uri, served.storage_client), served.storage_client) for uri in uris)
    checked(validation, against=checked(training))
    since = served.requests()[-1]["index"] + 1
    answer = ask(*command)
    assert (answer.status, answer.out) == (first.status, first.out)
    notes = [line.partition(" was not read: ")[0] for line in answer.err.splitlines()]
    assert notes == [f"note: {uri}" for uri in uris]
    read = [request["path"] for request in served.requests(since) if request["path"].endswith(".jsonl")]
    assert read
    assert not [path for path in read if path.startswith("/download/")]
    assert ask(*command, "--all").out == first.out, "a kept verdict has not all problems"


def test_statistics_read_an_object_once(ask: Ask, write: Write, bucket: Bucket, served: Emulator) -> None:
    file = write("counted.jsonl", sums(120))
    bucket.blob("counted/train.jsonl").upload_from_filename(str(file))
    uri = "gs://data/counted/train.jsonl"
    checked(ObjectPlace(pin(uri, served.storage_client), served.storage_client))
    since = served.requests()[-1]["index"] + 1
    answer = ask("stats", uri)
    assert answer.out.replace(uri, str(file)) == ask("stats", file).out
    assert answer.err == ""
    read = [request for request in served.requests(since) if request["path"].startswith("/download/")]
    assert len(read) == 1


def test_ctrl_c_does_not_wait_for_a_download(write: Write, bucket: Bucket, served: Emulator) -> None:
    bucket.blob("slow.jsonl").upload_from_filename(str(write("slow.jsonl", sums(120))))
    served.http.post("/emulator/faults", json={"path": "/download/.*", "hold": "before"})
    running = subprocess.Popen(
        [Path(sys.executable).with_name("tunestack"), "data", "check", "gs://data/slow.jsonl"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    while not served.held():
        assert running.poll() is None
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    assert running.communicate(timeout=120) == (b"", b"")
    assert running.returncode == 130


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("gs://data/none.jsonl", "gs://data/none.jsonl"),
        ("gs://no-such-bucket-here/train.jsonl", "no-such-bucket-here"),
        ("gs://data", "gs://bucket/"),
        ("gs://data/", "gs://bucket/"),
        ("gs://data/folder/", "is a folder"),
    ],
)
def test_what_is_not_there_is_one_sentence(ask: Ask, bucket: Bucket, uri: str, told: str) -> None:
    answer = ask("check", uri)
    assert (answer.status, answer.out) == (1, "")
    assert answer.err.startswith("error: ")
    assert answer.err.count("\n") == 1
    assert told in answer.err


def test_no_credentials_is_one_sentence(ask: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    answer = ask("check", "gs://data/train.jsonl")
    assert answer.status == 1
    assert "gcloud auth application-default login" in answer.err
    assert answer.err.count("\n") == 1


def test_nobody_answers_is_one_sentence(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "REFUSED_SECONDS", 0)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:9")
    answer = ask("check", "gs://data/train.jsonl")
    assert answer.status == 1
    assert "http://127.0.0.1:9" in answer.err
    assert answer.err.count("\n") == 1


def test_what_was_converted_is_uploaded_once(ask: Ask, write: Write, bucket: Bucket) -> None:
    rows = [f"What is {number} + 1?,It is {number + 1}." for number in range(120)]
    source = write("table.csv", ["prompt,completion", *rows])
    uri = "gs://data/converted/train.jsonl"
    answer = ask("convert", source, uri)
    assert answer.status == 0
    assert answer.lines[0].startswith(f"{uri}: 120 examples")
    assert answer.lines[-1] == f"{uri} can be used: no problems"
    content = bucket.blob("converted/train.jsonl").download_as_bytes()
    assert content == write("expected.jsonl", sums(120)).read_bytes().replace(b": ", b":").replace(b", ", b",")
    again = ask("convert", source, uri)
    assert (again.status, again.out) == (1, "")
    assert again.err == f"error: {uri} is there already; write to another address, or use --force\n"
    assert ask("convert", source, uri, "--force", "--system", "Sums.").status == 0
    assert b'"Sums."' in bucket.blob("converted/train.jsonl").download_as_bytes()


def test_nothing_with_errors_is_uploaded(ask: Ask, write: Write, bucket: Bucket) -> None:
    source = write("table.csv", ["prompt,completion", "1 + 1,2"])
    answer = ask("convert", source, "gs://data/refused/train.jsonl", "--model", "gemini-2.5-flash")
    assert answer.status == 1
    assert "cannot be used to tune gemini-2.5-flash" in answer.lines[-1]
    assert not bucket.blob("refused/train.jsonl").exists()


@pytest.mark.parametrize("options", [(), ("--force",)], ids=["told before the work", "told by the upload"])
def test_a_bucket_that_is_not_there_is_one_sentence(
    ask: Ask, write: Write, bucket: Bucket, options: tuple[str, ...]
) -> None:
    source = write("train.jsonl", sums(120))
    answer = ask("convert", source, "gs://no-such-bucket-here/a.jsonl", "--to", "prompt-completion", *options)
    assert answer.status == 1
    assert answer.err == (
        "error: there is no bucket no-such-bucket-here; look for a typing error in "
        "gs://no-such-bucket-here/a.jsonl, or make the bucket\n"
    )
    assert (answer.out == "") is (not options)


def test_an_object_is_split_into_objects(ask: Ask, write: Write, bucket: Bucket) -> None:
    bucket.blob("split/all.jsonl").upload_from_filename(str(write("all.jsonl", sums(400))))
    training, validation = "gs://data/split/train.jsonl", "gs://data/split/validation.jsonl"
    answer = ask("split", "gs://data/split/all.jsonl", "--training", training, "--validation", validation)
    assert answer.status == 0
    assert ask("check", training, "--validation", validation).status == 0
    parts = (bucket.blob(f"split/{name}.jsonl").download_as_bytes() for name in ("train", "validation"))
    assert sum(part.count(b"\n") for part in parts) == 400


def test_an_object_is_compared_with_a_file(ask: Ask, write: Write, bucket: Bucket) -> None:
    bucket.blob("compared/train.jsonl").upload_from_filename(str(write("old.jsonl", sums(110))))
    new = write("new.jsonl", sums(112, 1))
    answer = ask("diff", "gs://data/compared/train.jsonl", new)
    assert answer.status == 0
    assert "+3 −1 examples" in answer.lines
    assert any(line.startswith("- gs://data/compared/train.jsonl:1: ") for line in answer.lines)


def test_linked_images_are_looked_at_when_asked(ask: Ask, write: Write, bucket: Bucket) -> None:
    bucket.blob("images/there.png").upload_from_string(b"\x89PNG", content_type="image/png")

    def linked(name: str) -> dict[str, object]:
        part = {"type": "image_url", "image_url": {"url": f"gs://data/images/{name}.png"}}
        return {
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": name}, part]},
                {"role": "assistant", "content": "An image."},
            ]
        }

    file = write("train.jsonl", [linked("there"), linked("gone")])
    assert ask("check", file).status == 0
    answer = ask("check", file, "--images")
    assert answer.status == 1
    assert "image-missing (1)" in answer.lines
    assert f"{file}:2: " in answer.out
    assert "image-access (2)" in ask("check", file, "--images", "--project", "demo").lines, "one for each agent"
    assert check(file).ok
