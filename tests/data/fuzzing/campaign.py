"""Compares the check with the obvious validator on many files written at random.

    python -m tests.data.fuzzing.campaign --lines 1000000

Each file is the same for a seed and a number, so that what disagrees can be looked at again: `--seed S --only N`.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from itertools import count
from typing import TYPE_CHECKING

from tests.data.fuzzing.agreement import disagreements
from tests.data.fuzzing.lines import Writer, rules_of
from tests.data.obvious_validator import judge

if TYPE_CHECKING:
    from collections.abc import Sequence

LINES_A_FILE = 100
FILES_AT_ONCE = 20
SLOWEST_SECONDS = 20
"""A file of 100 short lines that takes longer is a hang."""


def file(seed: int, number: int) -> tuple[tuple[str, ...], bytes]:
    """A file, and the models that it is meant for."""
    chance = random.Random(f"{seed}-{number}")  # noqa: S311
    return Writer(chance, wrongness=chance.choice((0.001, 0.005, 0.02, 0.06))).file(LINES_A_FILE)


def compare(seed: int, numbers: Sequence[int]) -> tuple[int, Counter[str], list[str]]:
    """Compares some files: how many lines, their kinds of problems, and what disagrees."""
    lines, kinds, found = 0, Counter[str](), []
    for number in numbers:
        models, content = file(seed, number)
        verdict = judge(content, rules_of(models))
        lines += content.count(b"\n") + (not content.endswith(b"\n"))
        kinds.update(kind for line in verdict.lines.values() for kind in line)
        kinds["none"] += verdict.examples - len(verdict.lines)
        started = time.monotonic()
        try:
            found += [f"file {number}, {models}: {each}" for each in disagreements(content, rules_of(models))]
        except Exception as error:
            found.append(f"file {number}, {models}: {error!r}")
        if (seconds := time.monotonic() - started) > SLOWEST_SECONDS:
            found.append(f"file {number}, {models}: {seconds:.0f} s")
    return lines, kinds, found


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the campaign; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.data.fuzzing.campaign", description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, metavar="N", help="one file: writes it to standard output")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args(arguments)
    if options.only is not None:
        sys.stdout.buffer.write(file(options.seed, options.only)[1])
        return 0
    lines, kinds, found = 0, Counter[str](), list[str]()
    started = time.monotonic()
    with ProcessPoolExecutor(options.processes) as pool:
        files = -(-options.lines // LINES_A_FILE)
        batches = [range(start, min(start + FILES_AT_ONCE, files)) for start in range(0, files, FILES_AT_ONCE)]
        for done, (some, their_kinds, their_findings) in zip(
            count(1), pool.map(compare, [options.seed] * len(batches), batches), strict=False
        ):
            lines += some
            kinds.update(their_kinds)
            for each in their_findings:
                print(each, flush=True)
            found += their_findings
            if done % 50 == 0:
                print(f"{lines:,} lines, {len(found)} disagreements, {time.monotonic() - started:.0f} s", flush=True)
    for kind, times in kinds.most_common():
        print(f"  {kind:<20} {times:>10,}")
    print(f"seed {options.seed}: {lines:,} lines in {files:,} files, {len(found)} disagreements")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
