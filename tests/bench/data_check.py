"""Checking training data; the peers are together's `check_file`, and json.loads with a few obvious questions."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
import venv
from contextlib import suppress
from itertools import cycle
from pathlib import Path
from typing import Any

import psutil

from tests.bench.figure import Figure

GIGABYTES = float(os.environ.get("TUNESTACK_BENCH_GIGABYTES", "1"))
RUNS = 3
SHELL_LINES = 10_000
SHELL_RUNS = 7

CHECKOUT = Path(__file__).resolve().parent.parent.parent
GSM8K = CHECKOUT.parent / "shared" / "data" / "gsm8k" / "train.jsonl"
"""Grade-school mathematics, OpenAI 2021: it lies beside the checkout, or a text of about the same length stands in."""

TOGETHER = "together==3.1.1"

OURS = """
import json, sys, time
from tunestack.data import check
started = time.perf_counter()
report = check(sys.argv[1])
seconds = time.perf_counter() - started
assert report.ok and not report.problem_counts
print(json.dumps({"seconds": seconds, "examples": report.examples, "characters": report.characters}))
"""

THEIRS = """
import json, sys, time
from pathlib import Path
from together.lib.utils import check_file
started = time.perf_counter()
report = check_file(Path(sys.argv[1]))
seconds = time.perf_counter() - started
assert report["is_check_passed"]
print(json.dumps({"seconds": seconds, "examples": report["num_samples"]}))
"""

PLAIN = """
import json, sys, time
started = time.perf_counter()
examples = characters = 0
with open(sys.argv[1], "rb") as lines:
    for line in lines:
        messages = json.loads(line)["messages"]
        for message in messages:
            assert message["role"] in {"system", "user", "assistant"} and message["content"].strip()
            characters += len(message["content"])
        assert messages[-1]["role"] == "assistant"
        examples += 1
seconds = time.perf_counter() - started
print(json.dumps({"seconds": seconds, "examples": examples, "characters": characters}))
"""


def measure(folder: Path) -> list[Figure]:
    """Returns rates, memory, and how long a small file's answer takes from the shell."""
    file = folder / "chat.jsonl"
    written = _write(file, round(GIGABYTES * 1e9))
    size = file.stat().st_size / 1e9
    runs = [_run(sys.executable, OURS, file) for _ in range(RUNS)]
    theirs = _run(str(_with_together()), THEIRS, file)
    plain = _run(sys.executable, PLAIN, file)
    for found in runs:
        assert found["examples"] == written == theirs["examples"] == plain["examples"]
        assert found["characters"] == plain["characters"]
    memory = _memory(file)
    file.unlink()
    ours = size / statistics.median(found["seconds"] for found in runs)
    what = f"data check, counts, duplicates, hash, {size:.3g} GB"
    return [
        Figure(what, ours, "GB/s", limit=0.8, more_is_better=True),
        Figure(what, ours, "GB/s", "together", size / theirs["seconds"], limit=4, more_is_better=True),
        Figure(what, ours, "GB/s", "json.loads", size / plain["seconds"], limit=4, more_is_better=True),
        Figure("its memory, all processes", memory, "MB", limit=250),
        Figure(f"tunestack data check, {SHELL_LINES:,} lines", _from_the_shell(folder), "s", limit=0.3),
    ]


def _write(file: Path, size: int) -> int:
    """Writes chats of which no two are alike; returns how many."""
    if GSM8K.is_file():
        rows = [json.loads(row) for row in GSM8K.read_text(encoding="utf-8").splitlines()]
    else:
        question = "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May. " * 2
        rows = [{"question": question, "answer": "Natalia sold 48/2 = <<48/2=24>>24 clips in May.\n#### 72" * 3}]
    written = number = 0
    with file.open("wb") as lines:
        for number, row in enumerate(cycle(rows), 1):
            turns = [("user", f"{row['question']} [{number}]"), ("assistant", row["answer"])]
            chat = {"messages": [{"role": role, "content": content} for role, content in turns]}
            written += lines.write(json.dumps(chat).encode() + b"\n")
            if written >= size:
                break
    return number


def _run(python: str, program: str, file: Path) -> dict[str, Any]:
    """Returns what a program prints."""
    done = subprocess.run([python, "-c", program, str(file)], check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _memory(file: Path) -> float:
    """Returns the most that the check and all it starts have resident, in MB: shared pages count for each process.

    Looking costs time, so this is a run of its own.
    """
    process = psutil.Popen([sys.executable, "-c", OURS, str(file)], stdout=subprocess.DEVNULL)
    most = 0
    while process.poll() is None:
        with suppress(psutil.Error):
            everyone = [process, *process.children(recursive=True)]
            most = max(most, sum(each.memory_info().rss for each in everyone))
        time.sleep(0.02)
    assert process.returncode == 0
    return most / 1e6


def _with_together() -> Path:
    """Returns the Python of an environment that has it, which is made once."""
    home = CHECKOUT / ".tunestack" / "bench" / TOGETHER
    python = home / "bin" / "python"
    done = home / "done"
    if not done.exists():
        venv.create(home, clear=True, with_pip=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", TOGETHER]
        subprocess.run(install, check=True)
        done.touch()
    return python


def _from_the_shell(folder: Path) -> float:
    file = folder / "small.jsonl"
    with file.open("wb") as lines:
        for number in range(SHELL_LINES):
            turns = [("user", f"What is twice {number}? " * 12), ("assistant", f"It is {2 * number}. " * 20)]
            chat = {"messages": [{"role": role, "content": content} for role, content in turns]}
            lines.write(json.dumps(chat).encode() + b"\n")
    command = [str(Path(sys.executable).with_name("tunestack")), "data", "check", str(file)]
    seconds = []
    for _ in range(SHELL_RUNS):
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)
