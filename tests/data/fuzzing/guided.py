"""Lets a fuzzer that sees which code is reached look for lines on which check and obvious validator differ.

    python -m tests.data.fuzzing.guided -max_total_time=600 CORPUS

Needs atheris, which `make fuzz` puts into .tunestack/fuzz. An input's first byte says which models the file is for,
the rest is the file. What differs, crashes or hangs is written to a file; `python -m tests.data.fuzzing.guided FILE`
runs it again.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

import atheris  # type: ignore[import-untyped]

with atheris.instrument_imports(include=["tunestack.data"]):
    from tests.data.fuzzing.agreement import disagreements

from tests.data.fuzzing import campaign
from tests.data.fuzzing.lines import KEYS, RULE_SETS, TOKENS, rules_of

SEED_FILES = 300
TOLD_EVERY = 20_000
COUNTS = {"files": 0, "lines": 0}


def one(data: bytes) -> None:
    """Compares one file."""
    if len(data) < 2:
        return
    before = COUNTS["lines"]
    COUNTS["files"] += 1
    COUNTS["lines"] += data.count(b"\n", 1) + (data[-1:] != b"\n")
    if COUNTS["lines"] // TOLD_EVERY > before // TOLD_EVERY:
        print(f"guided: {COUNTS['lines']:,} lines in {COUNTS['files']:,} files", flush=True)
    if found := disagreements(data[1:], rules_of(RULE_SETS[data[0] % len(RULE_SETS)])):
        raise AssertionError("\n".join(found))


def mutate(data: bytes, max_size: int, seed: int) -> bytes:
    """Puts tokens and lines of the formats where the fuzzer's own mutation would need luck to write one."""
    chance = random.Random(seed)  # noqa: S311
    kind = chance.randrange(4)
    if kind == 0 or len(data) < 2:
        return bytes(atheris.Mutate(data, max_size))
    place = chance.randrange(1, len(data) + 1)
    if kind == 1:
        piece = chance.choice(TOKENS)
    elif kind == 2:
        piece = json.dumps(chance.choice(KEYS)).encode()
    else:
        _, content = campaign.file(seed, chance.randrange(1000))
        piece = b"\n" + chance.choice(content.split(b"\n")) + b"\n"
    return (data[:place] + piece + data[place + chance.choice((0, 0, len(piece))) :])[:max_size]


def write_corpus(folder: Path) -> None:
    """Starts with files written at random."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(SEED_FILES):
        models, content = campaign.file(0, number)
        few = b"\n".join(content.split(b"\n")[:3])
        (folder / f"seed-{number}").write_bytes(bytes([RULE_SETS.index(models)]) + few)


def main() -> None:
    """Runs the fuzzer, which ends the process."""
    for folder in (Path(each) for each in sys.argv[1:] if not each.startswith("-")):
        if not folder.exists():
            write_corpus(folder)
    atheris.Setup(sys.argv, one, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
