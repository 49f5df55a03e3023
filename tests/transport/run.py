"""Many seeds of failing calls, and a table of what came of each: `python tests/transport/run.py 10 --share 0.25`.

What else is given goes to pytest: `--silent` lets a few calls get no answer at all, which takes minutes, since only a
timeout tells. $TUNESTACK_GCP_PLUGIN names another gcp plugin than the stand-in.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pytest


class Table:
    """A row for each seed."""

    def __init__(self) -> None:
        self.rows: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Notes how a test ended."""
        if report.when != "call" and report.passed:
            return
        told = dict(report.user_properties)
        name = report.nodeid.rpartition("::")[2]
        self.rows.append(
            f"{name:32} {report.outcome:8} {report.duration:6.0f} s  "
            f"{told.get('failed', '?')!s:>4} of {told.get('calls', '?')!s:>4} calls failed"
        )


def main() -> int:
    """Runs the seeds; what pytest returns."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seeds", help="how many, or which: 10, 11-20")
    options, others = parser.parse_known_args()
    seeds = options.seeds if "-" in options.seeds else f"1-{options.seeds}"
    table = Table()
    here = Path(__file__).parent
    arguments = [
        str(here),
        "-k",
        "test_up_roll_destroy",
        f"--seeds={seeds}",
        "-n",
        "2",
        "--rootdir",
        str(here.parent.parent),
    ]
    status = pytest.main([*arguments, *others], plugins=[table])
    print(*sorted(table.rows), sep="\n")
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
