"""Looks for files on which the check and the obvious validator differ: at random, then guided by what is reached.

python -m tests.data.fuzzing --lines 1000000 --seconds 300
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from bootstrap.environment import ROOT, EnvironmentSetupError, find_uv, uv_variables
from tests.data.fuzzing import campaign

ATHERIS = "atheris==3.0.0"
"""The fuzzer. It is no dependency: there are wheels for Linux alone, and only up to Python 3.13."""

FOLDER = ROOT / ".tunestack" / "fuzz"
LONGEST_INPUT = 4_096
MEGABYTES = 1_000
SLOWEST_SECONDS = 20


def main() -> int:
    """Runs both; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.data.fuzzing", description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000, help="written at random")
    parser.add_argument("--seed", type=int, default=1, help="of these lines")
    parser.add_argument("--seconds", type=int, default=300, help="for the guided fuzzer; 0 leaves it out")
    options = parser.parse_args()
    status = campaign.main(["--lines", str(options.lines), "--seed", str(options.seed)])
    return status or (guided(options.seconds) if options.seconds else 0)


def guided(seconds: int) -> int:
    """Runs the guided fuzzer on what it kept the last time; returns the exit status."""
    packages = FOLDER / "packages"
    if not (packages / "atheris").is_dir():
        command = [find_uv(), "pip", "install", "--quiet", "--python", sys.executable, "--target", str(packages)]
        if subprocess.run([*command, ATHERIS], env=uv_variables(), check=False).returncode:
            raise EnvironmentSetupError(f"{ATHERIS} cannot be installed here; leave the guided fuzzer out: SECONDS=0")
    found = FOLDER / "found"
    found.mkdir(exist_ok=True)
    options = {
        "max_total_time": seconds,
        "max_len": LONGEST_INPUT,
        "timeout": SLOWEST_SECONDS,
        "rss_limit_mb": MEGABYTES,
        "artifact_prefix": f"{found}/",
        "print_final_stats": 1,
        "verbosity": 0,
    }
    return subprocess.run(
        [
            *(sys.executable, "-m", "tests.data.fuzzing.guided"),
            *(f"-{name}={value}" for name, value in options.items()),
            str(FOLDER / "corpus"),
        ],
        cwd=Path(ROOT),
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(packages), os.environ.get("PYTHONPATH", "")))},
        check=False,
    ).returncode


if __name__ == "__main__":
    raise SystemExit(main())
