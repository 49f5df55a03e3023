"""The emulator as a process: started, stopped, killed."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from tests.running_emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A data folder whose emulator, if one is left, is killed."""
    folder = tmp_path / "emulator"
    yield folder
    with contextlib.suppress(FileNotFoundError, psutil.NoSuchProcess):
        process = psutil.Process(json.loads((folder / "emulator.json").read_text())["pid"])
        if str(folder) in process.cmdline():
            process.kill()


def command(*arguments: str, data: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "emulator", *arguments, "--data", str(data)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def kill(data: Path) -> None:
    pid = json.loads((data / "emulator.json").read_text())["pid"]
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def url(data: Path) -> str:
    address: str = json.loads((data / "emulator.json").read_text())["url"]
    return address


def test_starts_once_stops_and_keeps_its_address(data: Path) -> None:
    assert command("status", data=data).stdout == "The emulator is not running.\n"
    assert command("stop", data=data).stdout == "The emulator is not running.\n"
    started = command("start", data=data)
    assert started.returncode == 0, started.stderr
    assert re.fullmatch(r"The emulator has started at http://127\.0\.0\.1:2\d{4}\.\n", started.stdout)
    first = json.loads((data / "emulator.json").read_text())
    assert first.keys() == {"url", "port", "pid", "started"}
    assert httpx.get(f"{first['url']}/emulator/health", trust_env=False).json()["pid"] == first["pid"]

    again = command("start", data=data)
    assert (again.returncode, again.stdout) == (0, f"The emulator is running at {first['url']}.\n")
    assert f"process {first['pid']}" in command("status", data=data).stdout

    assert command("stop", data=data).stdout == "The emulator has ended; its state stays.\n"
    assert command("status", data=data).returncode == 1
    assert command("start", data=data).stdout == f"The emulator has started at {first['url']}.\n"
    assert command("stop", data=data).returncode == 0


def test_the_folder_is_held_until_the_process_is_gone(data: Path) -> None:
    """So that where `stop` says that the emulator has ended, nothing of it runs any more."""
    program = (
        "import pathlib, sys\nfrom emulator import __main__, server\n"
        "try:\n    __main__.main()\nfinally:\n    print(server.running(pathlib.Path(sys.argv[-1])))"
    )
    serve = [sys.executable, "-c", program, "serve", "--data", str(data)]
    with subprocess.Popen(serve, stdout=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while not (data / "emulator.json").exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.terminate()
        assert process.communicate(timeout=60)[0] == "True\n"


def test_only_one_serves_a_folder(data: Path) -> None:
    assert command("start", data=data).returncode == 0
    second = command("serve", data=data)
    assert second.returncode == 1
    assert f"An emulator runs in {data} already" in second.stderr
    assert command("status", data=data).returncode == 0


def test_a_port_taken_by_a_stranger_is_an_error_that_says_what_to_do(data: Path) -> None:
    data.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]
        (data / "emulator.json").write_text(
            json.dumps({"url": f"http://127.0.0.1:{port}", "port": port, "pid": 1, "started": ""})
        )
        answer = command("start", data=data)
    assert answer.returncode == 1
    assert f"Port {port} on 127.0.0.1" in answer.stderr
    assert "End that program" in answer.stderr
    assert "pulumi refresh" in answer.stderr


def test_wrong_settings_are_an_error_that_names_the_file(data: Path, tmp_path: Path) -> None:
    settings = tmp_path / "settings.json"
    settings.write_text('{"delay": {}}')
    answer = command("start", "--settings", str(settings), data=data)
    assert answer.returncode == 1
    assert "did not start" in answer.stderr
    assert str(settings) in answer.stderr


def test_a_gap_is_seen_in_the_log_file(data: Path) -> None:
    assert command("start", data=data).returncode == 0
    httpx.get(f"{url(data)}/gke/v1beta1/projects/demo", trust_env=False)
    assert "not served: GET /gke/v1beta1/projects/demo" in (data / "emulator.log").read_text()


def test_kill_9_loses_nothing_that_was_answered(data: Path) -> None:
    assert command("start", data=data).returncode == 0
    base = url(data)
    chunk = os.urandom(256 * 1024)
    with httpx.Client(base_url=base, trust_env=False) as http:
        assert http.post("/storage/v1/b?project=demo", json={"name": "demo-data"}).status_code == 200
        begin = http.post("/upload/storage/v1/b/demo-data/o?uploadType=resumable&name=big", json={})
        session = begin.headers["location"]
        part = http.put(session, content=chunk, headers={"Content-Range": f"bytes 0-{len(chunk) - 1}/{2 * len(chunk)}"})
        assert (part.status_code, part.headers["range"]) == (308, f"bytes=0-{len(chunk) - 1}")
        written = http.post(
            "/upload/storage/v1/b/demo-data/o?uploadType=media&name=small",
            content=b"hello",
            headers={"Content-Type": "text/plain"},
        )
        kill(data)

    assert command("start", data=data).returncode == 0
    assert url(data) == base
    with httpx.Client(base_url=base, trust_env=False) as http:
        small = http.get("/storage/v1/b/demo-data/o/small")
        assert small.json() == written.json()
        assert http.get("/storage/v1/b/demo-data/o/small?alt=media").text == "hello"
        status = http.put(session, headers={"Content-Range": "bytes */*"})
        assert (status.status_code, status.headers["range"]) == (308, f"bytes=0-{len(chunk) - 1}")
        rest = {"Content-Range": f"bytes {len(chunk)}-{2 * len(chunk) - 1}/{2 * len(chunk)}"}
        done = http.put(session, content=chunk, headers=rest)
        assert done.status_code == 200, done.text
        assert http.get("/storage/v1/b/demo-data/o/big?alt=media").content == chunk * 2


def test_two_starts_at_once_find_the_same_emulator(data: Path) -> None:
    arguments = [sys.executable, "-m", "emulator", "start", "--data", str(data)]
    starts = [
        subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(3)
    ]
    said = [start.communicate(timeout=60)[0] for start in starts]
    assert [start.returncode for start in starts] == [0, 0, 0], said
    assert all(url(data) in line for line in said)


def test_large_objects_are_never_held_in_memory(data: Path) -> None:
    assert command("start", data=data).returncode == 0
    process = psutil.Process(json.loads((data / "emulator.json").read_text())["pid"])
    block, blocks = os.urandom(1 << 20), 96
    boundary = b"--b\r\n\r\n{}\r\n--b\r\n\r\n"

    def content() -> Iterator[bytes]:
        yield from (block for _ in range(blocks))

    def multipart() -> Iterator[bytes]:
        yield boundary
        yield from content()
        yield b"\r\n--b--\r\n"

    with httpx.Client(base_url=url(data), trust_env=False, timeout=60) as http:
        # What is loaded beside the start is loaded once this answers.
        http.post("/su/v1/projects/demo/services/aiplatform.googleapis.com:enable", json={})
        while http.post("/v1/projects/demo/locations/us-central1/endpoints", json={}).status_code == 403:
            time.sleep(0.05)
        before = process.memory_info().rss
        http.post("/storage/v1/b?project=demo", json={"name": "demo-data"})
        path = "/upload/storage/v1/b/demo-data/o"
        session = http.post(f"{path}?uploadType=resumable&name=c").headers["location"]
        for upload in (
            http.post(f"{path}?uploadType=media&name=a", content=content()),
            http.post(
                f"{path}?uploadType=multipart&name=b",
                content=multipart(),
                headers={"Content-Type": "multipart/related; boundary=b"},
            ),
            http.put(session, content=content()),
            http.post("/storage/v1/b/demo-data/o/d/compose", json={"sourceObjects": [{"name": "a"}]}),
        ):
            assert upload.status_code == 200, upload.text
            assert upload.json()["size"] == str(blocks << 20)
            with http.stream("GET", upload.json()["mediaLink"]) as download:
                assert sum(len(piece) for piece in download.iter_raw()) == blocks << 20
            assert process.memory_info().rss - before < 40 << 20


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_in_the_foreground_it_ends_cleanly(data: Path, number: signal.Signals) -> None:
    data.mkdir()
    arguments = [sys.executable, "-m", "emulator", "serve", "--data", str(data)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        deadline = time.monotonic() + 120
        while command("status", data=data).returncode:
            assert time.monotonic() < deadline
        process.send_signal(number)
        assert process.communicate(timeout=60)[0] == ""
    assert process.returncode == 0


def test_a_killed_process_can_be_started_again_at_once(data: Path) -> None:
    assert command("start", data=data).returncode == 0
    kill(data)
    assert command("status", data=data).stdout == "The emulator is not running.\n"
    assert command("start", data=data).returncode == 0


def test_nothing_that_loads_slowly_stands_before_the_first_answer() -> None:
    """A start takes a third of a second; the message types or JAX would make it three times as long."""
    loaded = "import sys, emulator.application; print(*{'google.cloud.aiplatform_v1beta1', 'jax'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == []


def test_no_connection_outlives_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that comes while the others are closed is seen by no look at those that are open."""
    monkeypatch.setattr("uvicorn.protocols.http.h11_impl.H11Protocol.shutdown", lambda _: None)
    emulator = Emulator(tmp_path, {})
    emulator.http.close()
    emulator._server.config.timeout_graceful_shutdown = 0  # what it waits for, it did not ask to end
    with socket.create_connection(("127.0.0.1", urlsplit(emulator.url).port or 0), timeout=60) as late:
        late.sendall(b"GET /emulator/health HTTP/1.1\r\nHost: emulator\r\n\r\n")
        assert late.recv(1) == b"H", "the connection is one of the server's"
        emulator.stop()
        assert late.makefile("rb").read(), "which ends"
