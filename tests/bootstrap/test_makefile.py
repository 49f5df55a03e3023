"""The Makefile in a clone whose tools only tell how they were called."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.bootstrap.conftest import write

CHECKOUT = Path(__file__).parents[2]
TOOLS = ("pulumi", "python", "tunestack", "ruff", "mypy")


class Clone:
    """A clone in a folder with a space; each tool appends its name and arguments to a log and may fail."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "a clone"
        self.log = folder / "log"
        write(self.folder / "Makefile", (CHECKOUT / "Makefile").read_text())
        (self.folder / ".ci").mkdir()
        shutil.copy(CHECKOUT / ".ci/run", self.folder / ".ci/run")
        write(self.folder / "bootstrap/environment.sh", f'echo "environment $*" >> "{self.log}"\n')
        write(self.folder / ".tunestack/env", 'export PATH="$PWD/.venv/bin:$PATH"\n')
        for name in TOOLS:
            self.tool(name)

    def tool(self, name: str, fails_at: str = "nothing") -> None:
        record = f'{{ printf "{name}"; printf " <%s>" "$@"; echo; }} >> "{self.log}"'
        fail = f'case "$*" in *{fails_at}*) echo "{name} says why" >&2; exit 7 ;; esac'
        write(self.folder / ".venv/bin" / name, f"#!/bin/sh\n{record}\n{fail}\n", executable=True)

    def run(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", **variables}
        return subprocess.run(
            command, check=False, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=60
        )

    def calls(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


ENGINE = ["environment ", "python <-m> <bootstrap>"]
EMULATOR = [*ENGINE, "python <-m> <emulator> <start> <--data> <.tunestack/emulator>"]


@pytest.mark.parametrize(
    ("target", "calls"),
    [
        (
            "up",
            [
                *EMULATOR,
                "pulumi <up> <--yes> <--skip-preview> <--suppress-outputs> <--stack> <local>",
                "tunestack <summary> <--untuned> <--stack> <local>",
            ],
        ),
        ("up STACK=local-prod", [*EMULATOR, "tunestack <up> <--yes> <local-prod>"]),
        ("preview", [*EMULATOR, "pulumi <preview> <--suppress-outputs> <--stack> <local>"]),
        ("preview STACK=local-prod", [*EMULATOR, "tunestack <preview> <--initialise> <local-prod>"]),
        (
            "down",
            [
                *EMULATOR,
                "pulumi <destroy> <--refresh> <--yes> <--skip-preview> <--suppress-outputs> <--stack> <local>",
                "tunestack <kept> <--stack> <local>",
                "python <-m> <emulator> <stop> <--data> <.tunestack/emulator>",
            ],
        ),
        (
            "down STACK=local-prod",
            [
                *EMULATOR,
                "tunestack <destroy> <--refresh> <--yes> <--skip-preview> <local-prod>",
                "tunestack <kept> <--stack> <local-prod>",
                "python <-m> <emulator> <stop> <--data> <.tunestack/emulator>",
            ],
        ),
        ("lock", ["environment ", "environment lock"]),
        ("bench", [*ENGINE, "python <tests/bench/run.py>"]),
    ],
)
def test_what_a_target_runs(clone: Clone, target: str, calls: list[str]) -> None:
    made = clone.run("make", *target.split())
    assert made.returncode == 0, made.stderr
    assert clone.calls() == calls
    assert made.stdout == "", "a command shows what its tools print, nothing else"


def test_test_checks_everything_and_ends_with_pytest(clone: Clone) -> None:
    assert clone.run(".ci/run").returncode == 0
    checks = clone.calls()[2:]
    assert checks[:2] == ["ruff <check>", "ruff <format> <--check>"]
    assert checks[2] == "mypy <bootstrap> <deploy> <emulator> <examples> <infra> <tests>"
    assert checks[3].startswith("python <-m> <pytest>")
    assert len(checks) == 4


@pytest.mark.parametrize(
    ("tool", "fails_at", "last"),
    [
        ("python", "bootstrap", "python <-m> <bootstrap>"),
        ("python", "emulator", "python <-m> <emulator> <start> <--data> <.tunestack/emulator>"),
        ("pulumi", "up", "pulumi <up> <--yes> <--skip-preview> <--suppress-outputs> <--stack> <local>"),
    ],
)
def test_a_step_that_fails_is_the_last(clone: Clone, tool: str, fails_at: str, last: str) -> None:
    clone.tool(tool, fails_at)
    failed = clone.run("make", "up")
    assert failed.returncode != 0
    assert failed.stderr.startswith(f"{tool} says why\n")
    assert clone.calls()[-1] == last


PROMPTS = [
    pytest.param("Where is my order?", id="plain"),
    pytest.param('it\'s "quoted" `echo no` \\n', id="quotes"),
    pytest.param("costs $5, $HOME, $(shell echo no), ${PATH}, 5 % # off", id="dollars"),
    pytest.param("--help", id="looks like an option"),
    pytest.param("プリンター 🖨", id="beyond ASCII"),
]


@pytest.mark.parametrize("prompt", PROMPTS)
@pytest.mark.parametrize("how", ["argument", "environment"])
def test_a_prompt_arrives_as_it_was_given(clone: Clone, prompt: str, how: str) -> None:
    if how == "argument":
        made = clone.run("make", "predict", f"PROMPT={prompt}")
    else:
        made = clone.run("make", "predict", PROMPT=prompt)
    assert made.returncode == 0, made.stderr
    assert clone.calls()[-1] == f"tunestack <predict> <--stack> <local> <--> <{prompt}>"
    assert made.stdout == "", "only the answer may be there"


def test_a_prompt_may_have_lines(clone: Clone) -> None:
    assert clone.run("make", "predict", "PROMPT=first\nsecond $x").returncode == 0
    assert clone.log.read_text().endswith("<--> <first\nsecond $x>\n")


def test_no_prompt_is_an_error_before_anything_starts(clone: Clone) -> None:
    failed = clone.run("make", "predict")
    assert failed.returncode != 0
    assert "make predict PROMPT=" in failed.stderr
    assert clone.calls() == []


def test_help_is_the_default_and_names_every_command(clone: Clone) -> None:
    shown = clone.run("make")
    assert shown.stdout == clone.run("make", "help").stdout
    for command in ("up", "preview", "predict PROMPT=", "down", "test", "bench", "engine", "lock", "clean"):
        assert f"make {command}" in shown.stdout
    assert clone.calls() == []


def test_clean_stops_the_emulator_and_removes_both_folders(clone: Clone) -> None:
    (clone.folder / ".tunestack/emulator").mkdir()
    assert clone.run("make", "clean").returncode == 0
    assert clone.calls() == ["python <-m> <emulator> <stop> <--data> <.tunestack/emulator>"]
    assert not (clone.folder / ".venv").exists()
    assert not (clone.folder / ".tunestack").exists()
