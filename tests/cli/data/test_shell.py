"""The real command in a process of its own: what it imports, pipes, terminals, Ctrl-C."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.data.conftest import chat, sums

if TYPE_CHECKING:
    from tests.cli.data.conftest import Write

COMMAND = Path(sys.executable).with_name("tunestack")

HEAVY = {
    "asyncio",
    "google.api_core",
    "google.cloud.storage",
    "grpc",
    "numpy",
    "pulumi",
    "requests",
    "rich.console",
    "tenacity",
}
"""Takes longer to import than a small file takes to check."""

IMPORTED = """
import json, sys
from tunestack.cli import main
try:
    main()
finally:
    json.dump(list(sys.modules), sys.stderr)
"""

AT_ONCE = """
from tunestack.cli import main
from tunestack.cli.data import progress
from tunestack.data import scan
progress.SILENT_SECONDS = 0
scan._PROGRESS_BYTES = 0
main()
"""


def environment(**variables: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    return {**inherited, "TERM": "xterm-256color", "COLUMNS": "100", **variables}


class Terminal:
    """A pseudo-terminal, and everything that was written to it."""

    def __init__(self) -> None:
        self._ours, self.theirs = pty.openpty()

    def text(self) -> str:
        """Reads until the last process has gone from it."""
        os.close(self.theirs)
        read = b""
        try:
            while piece := os.read(self._ours, 65536):
                read += piece
        except OSError:  # Linux says so when nobody is left
            pass
        os.close(self._ours)
        return read.decode()


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """A named pipe: a file whose end comes when the test wants."""
    path = tmp_path / "train.jsonl"
    os.mkfifo(path)
    return path


def test_a_small_file_imports_little(write: Write) -> None:
    file = write("train.jsonl", [*sums(120), chat("2 + 2", "")])
    ran = subprocess.run(
        [sys.executable, "-c", IMPORTED, "data", "check", str(file)], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    assert ran.stdout.splitlines()[-1] == f"{file} cannot be used: 1 error"
    assert not HEAVY & set(json.loads(ran.stderr))


def test_the_reader_of_a_pipe_may_leave(write: Write) -> None:
    file = write("train.jsonl", [chat(str(number), "") for number in range(2000)])
    running = subprocess.Popen(
        [COMMAND, "data", "check", str(file), "--all"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert running.stdout is not None
    assert running.stderr is not None
    assert b"chat, 2,000 examples" in running.stdout.readline()
    running.stdout.close()
    assert running.stderr.read() == b""
    running.stderr.close()
    assert running.wait(120) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a disk that is always full")
def test_a_full_disk_is_one_sentence(write: Write) -> None:
    file = write("train.jsonl", sums(120))
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run(
            [COMMAND, "data", "check", str(file)], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (ran.returncode, ran.stderr) == (1, "error: [Errno 28] No space left on device\n")


def test_ctrl_c_is_silent(pipe: Path) -> None:
    running = subprocess.Popen([COMMAND, "data", "check", str(pipe)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with pipe.open("wb", buffering=0) as writing:  # opens once it is being read
        writing.write(json.dumps(chat("1", "2")).encode())
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=120)
    assert (running.returncode, out, err) == (130, b"", b"")


def test_a_bar_is_shown_on_a_terminal_only_and_taken_away(write: Write) -> None:
    file = write("train.jsonl", sums(30_000))
    terminal = Terminal()
    command = [sys.executable, "-c", AT_ONCE, "data", "check", str(file)]
    watched = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=terminal.theirs, env=environment(), text=True, check=True
    )
    unwatched = subprocess.run(command, capture_output=True, env=environment(), text=True, check=True)
    told = terminal.text()
    assert "train.jsonl" in told
    assert "/s" in told
    assert "3.5 MB" in told
    assert told.count("\x1b[?25l") == told.count("\x1b[?25h") == 1, "the cursor is back"
    assert "\x1b[2K" in told.rpartition("3.5 MB")[2], "the bar is gone"
    assert unwatched.stderr == ""
    assert unwatched.stdout == watched.stdout


def test_a_bar_of_unknown_length(pipe: Path) -> None:
    terminal = Terminal()
    with subprocess.Popen(
        [sys.executable, "-c", AT_ONCE, "data", "check", str(pipe)],
        stdout=subprocess.PIPE,
        stderr=terminal.theirs,
        env=environment(),
    ) as running:
        pipe.write_bytes(b"".join(json.dumps(example).encode() + b"\n" for example in sums(30_000)))
        out, _ = running.communicate(timeout=120)
    assert running.returncode == 0
    assert b"30,000 examples" in out
    assert "/s" in terminal.text()


@pytest.mark.parametrize(
    ("variables", "is_coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_colours_are_for_terminals_that_want_them(write: Write, variables: dict[str, str], is_coloured: bool) -> None:
    file = write("train.jsonl", [chat("1", "")])
    terminal = Terminal()
    subprocess.run(
        [COMMAND, "data", "check", str(file)], stdout=terminal.theirs, env=environment(**variables), check=False
    )
    told = terminal.text()
    assert "cannot be used" in told
    assert ("\x1b[" in told) is is_coloured


def test_an_encoding_that_lacks_a_character_is_no_failure(write: Write) -> None:
    file = write("ä.jsonl", [{"messages": [], "ключ": 1}])
    ran = subprocess.run(
        [COMMAND, "data", "check", str(file)],
        capture_output=True,
        env=environment(PYTHONIOENCODING="ascii"),
        check=False,
    )
    assert ran.returncode == 1
    assert ran.stderr == b""
    assert rb"\u043a\u043b\u044e\u0447" in ran.stdout
