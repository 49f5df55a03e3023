"""Entries of the cache appear whole, once, and survive interrupted makers."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bootstrap.cache import Cache

MAKER = """
import pathlib, sys, time
from bootstrap.cache import Cache
with Cache(pathlib.Path(sys.argv[1])).filling("entry") as folder:
    print("there" if folder is None else "making", flush=True)
    if folder is not None:
        (folder / "half").touch()
        sys.stdin.readline()
        (folder / "whole").touch()
"""


def maker(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", MAKER, str(folder)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_an_entry_appears_whole(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    with cache.filling("entry") as folder:
        assert folder is not None
        (folder / "file").touch()
        assert not cache.entry("entry").exists()
    assert (cache.entry("entry") / "file").exists()
    with cache.filling("entry") as again:
        assert again is None


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with Cache(tmp_path).filling("entry") as folder:
            assert folder is not None
            (folder / "file").touch()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert [file.name for file in tmp_path.iterdir()] == ["entry.lock"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_the_next_maker_starts_anew_after_an_interrupted_one(tmp_path: Path, number: signal.Signals) -> None:
    with maker(tmp_path) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "making\n"
        first.send_signal(number)
        first.communicate()
    assert not (tmp_path / "entry").exists()
    with maker(tmp_path) as second:
        output, _ = second.communicate("go\n", timeout=120)
    assert output == "making\n"
    assert sorted(file.name for file in (tmp_path / "entry").iterdir()) == ["half", "whole"]


def test_a_second_maker_waits_for_the_first(tmp_path: Path) -> None:
    with maker(tmp_path) as first, maker(tmp_path) as second:
        assert first.stdout is not None
        assert second.stdout is not None
        # Either may come first; the other says that it waits.
        lines = {first.stdout.readline(): first, second.stdout.readline(): second}
        [making] = [process for line, process in lines.items() if line == "making\n"]
        [waiting] = [process for line, process in lines.items() if "waiting for it" in line]
        making.communicate("go\n", timeout=120)
        output, _ = waiting.communicate(timeout=120)
        assert output == "there\n"
