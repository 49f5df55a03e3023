"""Takes each guard away in a copy of the checkout and sees its test fail: `make guards`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.guards.guards import CHECKOUT, Guard, guards

FOLDERS = ("bootstrap", "deploy", "emulator", "examples", "infra", "stacks", "tests")
FILES = ("Pulumi.yaml", "pyproject.toml")


def main(words: Sequence[str]) -> int:
    """Runs those guards whose scar, file or test has one of the words, all where there is none."""
    chosen = [guard for guard in guards() if not words or any(word in f"{guard}" for word in words)]
    console = Console(width=120)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "checkout"
        for name in FOLDERS:
            shutil.copytree(CHECKOUT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in FILES:
            shutil.copy2(CHECKOUT / name, copy / name)
        for name in (".venv", ".tunestack"):
            (copy / name).symlink_to(CHECKOUT / name)
        whole = _failures(copy, sorted({guard.test for guard in chosen}))
        table = Table("without the guard", "where", "its test", show_lines=True)
        lame = 0
        for guard in chosen:
            with console.status(guard.scar):
                outcome = _without(copy, guard)
            lame += outcome != "fails"
            table.add_row(guard.scar, guard.file, f"{guard.test.rpartition('::')[2]}\n{outcome}")
    console.print(table)
    if whole:
        console.print(f"fail with all guards in place: {', '.join(whole)}", style="red")
    console.print(f"{len(chosen) - lame} of {len(chosen)} guards are missed by their tests when they are gone")
    return int(bool(lame or whole))


def _without(copy: Path, guard: Guard) -> str:
    file = copy / guard.file
    text = file.read_text("utf-8")
    file.write_text(text.replace(guard.guard, guard.without), "utf-8")
    try:
        return "fails" if _failures(copy, [guard.test]) else "PASSES"
    finally:
        file.write_text(text, "utf-8")


def _failures(copy: Path, tests: Sequence[str]) -> list[str]:
    """Returns the tests that fail in the copy.

    Raises:
        RuntimeError: pytest did not get as far as running them.
    """
    paths = os.pathsep.join((str(copy / "deploy"), str(copy)))
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-rfE",
            "--no-header",
            "--timeout=120",
            "-p",
            "no:cacheprovider",
            *tests,
        ],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in (0, 1):
        raise RuntimeError(done.stdout + done.stderr)
    lines = done.stdout.splitlines()
    return [line.split()[1] for line in lines if line.startswith(("FAILED ", "ERROR "))]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
