"""What a long step shows, on a terminal and in a log."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

PROGRAM = """
import time
from bootstrap import report
report.LINE_SECONDS = 0.2
with report.progress("engine", "compiling") as shown:
    shown.doing = "compiling: 3 of 9 " + "x" * 200
    time.sleep({seconds})
report.say("engine", "pulumi v1")
"""


def command(seconds: float) -> list[str]:
    return [sys.executable, "-c", PROGRAM.format(seconds=seconds)]


def test_a_log_gets_a_line_now_and_then() -> None:
    lines = subprocess.run(command(0.7), check=True, capture_output=True, text=True).stdout.splitlines()
    assert lines[0] == "engine     compiling"
    assert lines[1].startswith("engine     compiling: 3 of 9 x")
    assert lines[1].endswith(" (0:00)")
    assert 3 <= len(lines) <= 5
    assert lines[-1] == "engine     pulumi v1"


def test_a_terminal_gets_one_line_that_is_rewritten() -> None:
    reader, terminal = pty.openpty()
    environment = {**os.environ, "COLUMNS": "40"}
    process = subprocess.Popen(command(1.3), stdout=terminal, env=environment)
    os.close(terminal)
    shown = b""
    while chunk := _read(reader):
        shown += chunk
    os.close(reader)
    assert process.wait() == 0
    assert shown.count(b"\n") == 1
    progress, last = shown.decode().split("\r\x1b[2K")[-2:]
    assert len(progress) == 39, "a line that wraps could not be rewritten"
    assert last == "engine     pulumi v1\r\n"


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # the other side was closed
        return b""
