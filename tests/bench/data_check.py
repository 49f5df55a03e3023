"""Checking training data; the peer is json.loads alone, line by line, without checking anything."""

from __future__ import annotations

import json
import time
from pathlib import Path

from tests.bench.figure import Figure
from tunestack import data

MEGABYTES = 100


def measure(folder: Path) -> list[Figure]:
    """Returns the rate on chat data in which no two lines are alike."""
    file = folder / "chat.jsonl"
    _write(file)
    size = file.stat().st_size / 1e6
    started = time.perf_counter()
    report = data.check(file)
    ours = size / (time.perf_counter() - started)
    started = time.perf_counter()
    with file.open("rb") as lines:
        counted = sum(1 for line in lines if json.loads(line))
    peers = size / (time.perf_counter() - started)
    assert report.ok
    assert report.examples == counted
    return [
        Figure("data check, counts, duplicates, hash", ours, "MB/s", "json.loads alone", peers, more_is_better=True)
    ]


def _write(file: Path) -> None:
    question = "Natalia sold clips to {} of her friends in April, and then she sold half as many clips in May. "
    answer = "Natalia sold {0}/2 clips in May. Natalia sold {0} and {0}/2 clips altogether. #### {1}"
    with file.open("w", encoding="utf-8") as lines:
        number = 0
        while lines.tell() < MEGABYTES * 1e6:
            turns = [
                {"role": "user", "content": question.format(number) * 3},
                {"role": "assistant", "content": answer.format(number, number * 1.5)},
            ]
            lines.write(json.dumps({"messages": turns}) + "\n")
            number += 1
