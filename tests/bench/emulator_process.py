"""An emulator in a process of its own, so that its work is none of the measured program's."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def running(data: Path, *options: str) -> Iterator[str]:
    """Starts the emulator of a folder, yields its address, and stops it.

    Args:
        data: the folder of its state.
        options: more ones of `python -m emulator start`.
    """
    url = _emulator("start", data, *options).strip().rpartition(" ")[2].rstrip(".")
    try:
        yield url
    finally:
        _emulator("stop", data)


def _emulator(command: str, data: Path, *options: str) -> str:
    """Returns what a command of the emulator printed."""
    arguments = [sys.executable, "-m", "emulator", command, "--data", str(data), *options]
    return subprocess.run(arguments, check=True, capture_output=True, text=True).stdout
