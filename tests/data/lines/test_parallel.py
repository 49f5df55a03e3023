"""One report, whoever looks: several processes, this one alone, whatever the ranges; and no process is left over."""

from __future__ import annotations

import io
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tunestack.data import Report, Stream, UnreadableDataError, check, scan
from tunestack.data.demands import Demands
from tunestack.data.lines import blocks as lines
from tunestack.data.lines import parallel
from tunestack.data.lines.inspection import Inspection
from tunestack.data.lines.tally import Tally
from tunestack.data.lines.worker import Range, Task

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CHAT = b'{"messages": [{"role": "user", "content": "2 + %d"}, {"role": "assistant", "content": "four"}]}'
PROMPT = b'{"prompt": "2 + 2", "completion": "4"}'
IMAGE = (
    b'{"messages": [{"role": "user", "content": [{"type": "text", "text": "what?"}, {"type": "image_url",'
    b' "image_url": {"url": "gs://b/%d.png"}}]}, {"role": "assistant", "content": "a cat"}]}'
)
PIECES = [
    CHAT % 1,
    CHAT % 2,
    CHAT % 3,
    PROMPT,
    IMAGE % 1,
    IMAGE % 2,
    b"",
    b" ",
    b"{",
    b"\xff",
    b"\xef\xbb\xbf" + CHAT % 4,
]
OVERLONG = CHAT % 6 + b" " * 300
PIECES += [CHAT % 5 + b"\r", b'{"messages": []}', b'{"x": 1}', OVERLONG, b"\r", b"{} {}", CHAT[:-9] % 7]


def fields(report: Report) -> dict[str, object]:
    signature = report.signature
    assert signature is not None
    return {**report.to_json(), "lines": list(signature.lines), "inputs": list(signature.inputs)}


def in_ranges(path: Path, data_format: str, starts: list[int]) -> Tally:
    """Puts together what ranges hold that begin anywhere."""
    demands = Demands.of(())
    with path.open("rb", buffering=0) as file:
        size = path.stat().st_size
        task = Task(file.fileno(), size, str(path), demands, 3, data_format, 1, True)  # type: ignore[arg-type]
        whole = Tally(sizes=Counter())
        for start, stop in zip(starts, [*starts[1:], size], strict=True):
            whole.update(Range(start, stop).look(task), 3)
    return whole


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(PIECES), max_size=12),
    st.booleans(),
    st.lists(st.integers(1, 2_000), max_size=8),
    st.sampled_from([64, 300, 64 * 1024]),
)
@example([CHAT % 1, OVERLONG, OVERLONG, CHAT % 1], False, [1], 300)  # a block has both as they are, or one of them cut
def test_ranges_that_begin_anywhere_hold_what_the_file_does(
    tmp_path: Path, rows: list[bytes], end: bool, cuts: list[int], small: int
) -> None:
    content = b"\n".join([CHAT % 0, *rows]) + (b"\n" if end else b"")
    path = tmp_path / "ranges.jsonl"
    path.write_bytes(content)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("BLOCK_BYTES", small), ("READ_BYTES", 3 * small), ("MAX_LINE_BYTES", 250)):
            patch.setattr(lines, name, value)
        inspection = Inspection(str(path), Demands.of(()), 3, "chat", 1, sizes=True)
        for block in lines.blocks(io.BytesIO(content)):
            inspection.block(block)
        expected = inspection.tally
        found = in_ranges(path, "chat", sorted({0, *(cut for cut in cuts if cut < len(content))}))
    assert found.links.to_json() == expected.links.to_json()
    found.links = expected.links
    assert found == expected
    assert found.sizes is not None
    assert sum(found.sizes.values()) == found.examples
    assert sum(size * count for size, count in found.sizes.items()) == found.characters


def nasty(count: int) -> bytes:
    """Right lines, and wrong ones of every sort among them."""
    chance = random.Random(5)  # noqa: S311
    rows = [chance.choice(PIECES) if chance.random() < 0.05 else CHAT % chance.randrange(count) for _ in range(count)]
    return b"\n".join([b'{"x": 1}', b"", *rows])


@pytest.fixture
def small_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "PARALLEL_BYTES", 0)
    monkeypatch.setattr(parallel, "RANGE_BYTES", 20_000)


CONTENTS = {
    "nasty": nasty(2_000),
    "lines end in CRLF, the last one too": (CHAT % 1 + b"\r\n") * 600,
    "empty": b"",
    "one line without end": CHAT % 1,
    "byte-order mark": b"\xef\xbb\xbf" + (CHAT % 1 + b"\n") * 600,
    "no format at all": b'{"x": 1}\n' * 2_000,
    "one line over many ranges": b"\n".join([CHAT % 1, PROMPT + b" " * 90_000, IMAGE % 1, CHAT % 2]),
}


@pytest.mark.parametrize("why", CONTENTS)
def test_several_processes_say_what_one_says(tmp_path: Path, small_ranges: None, why: str) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(CONTENTS[why])
    progress: list[int] = []
    alone, limited = (check(path, processes=1, problem_limit=limit) for limit in (None, 2))
    assert fields(check(path, processes=2, problem_limit=None, progress=progress.append)) == fields(alone)
    assert fields(check(path, processes=2, problem_limit=2)) == fields(limited)
    assert progress == sorted(progress)
    assert progress[-1] == len(CONTENTS[why])
    assert not workers_of(psutil.Process())


def test_a_stream_is_read_once_and_says_the_same(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(CONTENTS["nasty"] * 6)
    opened: list[io.BytesIO] = []

    def open_stream() -> io.BytesIO:
        opened.append(io.BytesIO(path.read_bytes()))
        return opened[-1]

    report = check(Stream(str(path), open_stream, path.stat().st_size))
    assert fields(report) == fields(check(path))
    assert [stream.closed for stream in opened] == [True]


def workers_of(process: psutil.Process) -> list[psutil.Process]:
    found = []
    for child in process.children():
        with suppress(psutil.Error):  # it has ended meanwhile
            if "tunestack.data.lines.worker" in child.cmdline():
                found.append(child)
    return found


def killing(seconds: float, everyone: bool) -> Callable[[], None]:
    """Kills the first worker, or each one that is seen, as the system does where memory is short."""
    ended = threading.Event()

    def kill() -> None:
        while not ended.wait(seconds):
            for child in workers_of(psutil.Process()):
                child.kill()
                if not everyone:
                    return

    thread = threading.Thread(target=kill)
    thread.start()

    def end() -> None:
        ended.set()
        thread.join()

    return end


@pytest.mark.parametrize("everyone", [False, True], ids=["one", "all"])
def test_what_a_killed_worker_had_is_looked_at_again(tmp_path: Path, small_ranges: None, everyone: bool) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(nasty(10_000))
    expected = fields(check(path, processes=1))
    end = killing(0.01, everyone)
    try:
        assert fields(check(path, processes=2)) == expected
    finally:
        end()
    assert not workers_of(psutil.Process())


@pytest.mark.parametrize("executable", ["/bin/false", "/nothing/there"])
def test_without_workers_this_process_looks_at_everything(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, small_ranges: None, executable: str
) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(CONTENTS["nasty"])
    expected = fields(check(path, processes=1))
    monkeypatch.setattr(sys, "executable", executable)
    assert fields(check(path, processes=2)) == expected


def test_a_file_that_changes_meanwhile_is_refused(tmp_path: Path, small_ranges: None) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(CONTENTS["nasty"])

    def append(_: int) -> None:
        with path.open("ab") as file:
            file.write(CHAT % 1)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parallel, "_PROGRESS_BYTES", 1)
        with pytest.raises(UnreadableDataError, match="changed while it was read"):
            check(path, processes=2, progress=append)


def test_an_error_within_a_worker_is_an_error_here(tmp_path: Path, small_ranges: None) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(CONTENTS["nasty"])
    broken = Demands(rules=())
    broken.__dict__["longest"] = "no number"  # comes with the task, and cannot be compared

    def demands_of(_: object) -> Demands:
        return broken

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Demands, "of", demands_of)
        patch.setattr(parallel, "_look_until_the_format_is_known", lambda _, inspection: _knows(inspection))
        with pytest.raises(TypeError):
            check(path, processes=2)
    assert not workers_of(psutil.Process())


def _knows(inspection: Inspection) -> int:
    inspection.format, inspection.format_line = "chat", 1
    return 0


PROGRAM = """
import os, sys
from tunestack.data import check, scan
from tunestack.data.lines import parallel
scan.PARALLEL_BYTES, parallel.RANGE_BYTES = 0, 100_000
try:
    while True:
        check(sys.argv[1], processes=2, progress=lambda _: os.write(1, b"progress\\n"))
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.parametrize(("sent", "said"), [(signal.SIGINT, "interrupted"), (signal.SIGKILL, "")])
def test_workers_end_with_the_process_that_started_them(tmp_path: Path, sent: signal.Signals, said: str) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes((CHAT % 1 + b"\n") * 60_000)
    command = [sys.executable, "-c", PROGRAM, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "progress\n"
        workers: list[psutil.Process] = []
        while not workers:
            workers = workers_of(psutil.Process(process.pid))
        process.send_signal(sent)
        output, errors = process.communicate(timeout=120)
    assert output.rpartition("progress\n")[2].strip() == said
    assert errors == ""
    assert psutil.wait_procs(workers, timeout=60)[1] == []
