"""Fixtures of the command: run in this process, and a stack that an engine tells of."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest

from tunestack.cli import main

PROJECT = "demo-project"
PULUMI_PROJECT = "shop"


@dataclass(frozen=True)
class Answer:
    """What the command ended with and printed."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Command(Protocol):
    def __call__(self, *arguments: str | Path, stdin: bytes = b"", terminal: bool = False) -> Answer: ...


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    """Runs `tunestack` in this process, with all that the real command does.

    `terminal` says that somebody sits at standard input and can be asked.
    """

    def run(*arguments: str | Path, stdin: bytes = b"", terminal: bool = False) -> Answer:
        typed = io.TextIOWrapper(io.BytesIO(stdin))
        monkeypatch.setattr(typed, "isatty", lambda: terminal)
        monkeypatch.setattr(sys, "argv", ["tunestack", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", typed)
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        return Answer(ended.value.code, *capfd.readouterr())

    return run


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Puts a `pulumi` first on PATH that tells of one stack, `dev`: its outputs, configuration and state."""
    folder = tmp_path / "engine"
    folder.mkdir()
    script = folder / "pulumi"
    script.write_text(
        "#!/bin/sh\n"
        f'cd "{folder}"\n'
        'case "$*" in *"--stack nosuch"*) echo "error: no stack named \'nosuch\' found" >&2; exit 255;; esac\n'
        'case "$1 $2" in "stack ls") cat listed;; "stack export") cat exported;; esac\n'
        'case "$1 $2" in "stack output") cat outputs;; "config --json") cat config;; esac\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join((str(folder), os.environ["PATH"])))

    def tell(
        outputs: dict[str, Any] | None = None,
        config: dict[str, Any] | None = None,
        name: str = f"organization/{PULUMI_PROJECT}/dev",
        urns: Sequence[str] = (),
    ) -> None:
        entries = {
            f"tunestack:{key}": {"objectValue": value, "value": json.dumps(value)}
            if isinstance(value, dict)
            else {"value": str(value).lower() if isinstance(value, bool) else value, "secret": False}
            for key, value in (config or {}).items()
        }
        (folder / "outputs").write_text(json.dumps(outputs or {}))
        (folder / "config").write_text(json.dumps(entries))
        resources = [{"urn": urn, "type": urn.split("::")[2].rpartition("$")[2]} for urn in urns]
        (folder / "exported").write_text(json.dumps({"deployment": {"resources": resources}}))
        (folder / "listed").write_text(json.dumps([{"name": name, "current": True}]))

    return tell
