"""docs/data-command.md shows what the command prints."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.data.conftest import Ask

ROOT = Path(__file__).parents[3]
BLOCKS = re.findall(r"```console\n(.*?)```", (ROOT / "docs" / "data-command.md").read_text("utf-8"), re.DOTALL)
TRANSCRIPT = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
TRANSCRIPTS = [(command, output) for block in BLOCKS for command, output in TRANSCRIPT.findall(block)]


def test_every_transcript_is_true(ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(TRANSCRIPTS) > 9
    for name in ("train.jsonl", "validation.jsonl"):
        shutil.copy(ROOT / "examples" / "tickets" / name, tmp_path)
    (tmp_path / "broken.jsonl").write_text(dict(TRANSCRIPTS)["cat broken.jsonl"], "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])))
    for command, output in TRANSCRIPTS:
        if "jq" in command and shutil.which("jq") is None:
            continue
        assert _printed(command, ask) == _ageless(output), command


def _printed(command: str, ask: Ask) -> str:
    program, *arguments = shlex.split(command)
    if program == "tunestack" and "|" not in arguments:
        answer = ask(*arguments[1:])
        return _ageless(answer.out + answer.err)
    return subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True).stdout


def _ageless(text: str) -> str:
    """Sources grow old."""
    return text.replace(" (old: look again)", "")
