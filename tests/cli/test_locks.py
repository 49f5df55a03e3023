"""What is known of the process that holds a lock."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tunestack.cli.locks import Holder, Lock

HERE = {socket.gethostname()}


def dead_pid() -> int:
    ended = subprocess.Popen(["true"])
    ended.wait()
    return ended.pid


@pytest.mark.parametrize(
    ("change", "holder"),
    [
        pytest.param(dict, Holder.ALIVE, id="it runs"),
        pytest.param(lambda: {"pid": dead_pid()}, Holder.ENDED, id="it has ended"),
        pytest.param(lambda: {"pid": dead_pid(), "host": "elsewhere"}, Holder.ELSEWHERE, id="on another machine"),
        pytest.param(
            lambda: {"since": datetime.now(UTC) - timedelta(days=9)},
            Holder.ENDED,
            id="its number belongs to a younger process",
        ),
        pytest.param(
            lambda: {"since": datetime.now(UTC) + timedelta(days=9)}, Holder.ALIVE, id="the clock was set back since"
        ),
    ],
)
def test_who_holds_it(change: Callable[[], dict[str, Any]], holder: Holder) -> None:
    assert replace(Lock.own(), **change()).holder(HERE) is holder


def test_a_machine_may_have_had_another_name() -> None:
    lock = replace(Lock.own(), pid=dead_pid(), host="ada.local")
    assert lock.holder(HERE) is Holder.ELSEWHERE
    assert lock.holder({*HERE, "ada.local"}) is Holder.ENDED


@pytest.fixture
def engine_process(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is called like the engine."""
    executable = tmp_path / "pulumi"
    shutil.copy2(shutil.which("sleep") or "", executable)
    with subprocess.Popen([executable, "600"]) as process:
        yield process
        process.kill()


def test_an_engine_counts_as_alive_although_the_clock_was_set_forward(engine_process: subprocess.Popen[bytes]) -> None:
    """That makes every process look younger than what it wrote before."""
    lock = replace(Lock.own(), pid=engine_process.pid, since=datetime.now(UTC) - timedelta(hours=1))
    assert lock.holder(HERE) is Holder.ALIVE


def test_a_killed_process_that_nobody_has_waited_for_has_ended() -> None:
    killed = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    lock = replace(Lock.own(), pid=killed.pid)
    assert lock.holder(HERE) is Holder.ALIVE
    killed.kill()
    os.waitid(os.P_PID, killed.pid, os.WEXITED | os.WNOWAIT)  # ended, and still in the table of processes
    assert lock.holder(HERE) is Holder.ENDED
    killed.wait()


@pytest.mark.parametrize(
    ("timestamp", "hour"),
    [
        pytest.param("2026-01-02T03:04:05.123456789Z", 3, id="Go writes nanoseconds and a Z"),
        pytest.param("2026-01-02T03:04:05.123456789+02:00", 1, id="and local times with their offset"),
    ],
)
def test_locks_of_the_engine(timestamp: str, hour: int) -> None:
    lock = Lock.parse(f'{{"pid": 7, "username": "ada", "hostname": "h", "timestamp": "{timestamp}"}}'.encode())
    assert (lock.pid, lock.user, lock.host, lock.since.hour) == (7, "ada", "h", hour)
    assert str(lock) == f"pulumi process 7 of ada on h since 2026-01-02 0{hour}:04:05 UTC"
    assert Lock.parse(lock.content()) == lock


@pytest.mark.parametrize("content", [b"", b'{"pid": 7, "user', b"[]", b'{"pid": 7}', b"\xff"])
def test_half_a_lock(content: bytes) -> None:
    with pytest.raises(ValueError, match="no lock"):
        Lock.parse(content)
