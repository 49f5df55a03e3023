"""What a long step shows, on a terminal and in a log."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import time

PROGRAM = """
from bootstrap import report
report.LINE_SECONDS = 0.2
with report.progress("engine", "compiling") as shown:
    shown.doing = "compiling: 3 of 9 " + "x" * 200
    input()
report.say("engine", "pulumi v1")
"""
"""The step lasts until a line comes on standard input."""

COMMAND = [sys.executable, "-c", PROGRAM]


def test_a_log_gets_a_line_now_and_then() -> None:
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        began = time.monotonic()
        lines = [process.stdout.readline() for _ in range(4)]
        seconds = time.monotonic() - began
        rest, _ = process.communicate("\n", timeout=60)
    assert process.returncode == 0
    assert lines[0] == "engine     compiling\n"
    for line in lines[2:]:
        assert re.fullmatch(r"engine     compiling: 3 of 9 x{200} \(\d:\d\d\)\n", line)
    assert seconds >= 3 * 0.2, "now and then"
    assert rest.splitlines()[-1] == "engine     pulumi v1"


def test_a_terminal_gets_one_line_that_is_rewritten() -> None:
    reader, terminal = pty.openpty()
    environment = {**os.environ, "COLUMNS": "40"}
    process = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=terminal, env=environment)
    os.close(terminal)
    shown = _read(reader)  # comes in one piece, which is a line
    process.communicate(b"\n", timeout=60)
    while chunk := _read(reader):
        shown += chunk
    os.close(reader)
    assert process.returncode == 0
    assert shown.count(b"\n") == 1
    progress, last = shown.decode().split("\r\x1b[2K")[-2:]
    assert len(progress) == 39, "a line that wraps could not be rewritten"
    assert last == "engine     pulumi v1\r\n"


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # the other side was closed
        return b""
