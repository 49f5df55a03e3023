"""docs/preparation.md shows what the commands print, and what the Python of it gives."""

from __future__ import annotations

import re
import runpy
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cli.conftest import command  # noqa: F401 - a fixture
from tests.cli.data.conftest import ask  # noqa: F401 - a fixture

if TYPE_CHECKING:
    import pytest

    from tests.cli.data.conftest import Ask

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "preparation.md").read_text("utf-8")
TRANSCRIPTS = [
    (line, output)
    for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    for line, output in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)
]


def test_every_transcript_is_true(ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    assert len(TRANSCRIPTS) > 12
    shutil.copy(ROOT / "examples" / "tickets" / "train.jsonl", tmp_path)
    monkeypatch.chdir(tmp_path)
    for line, output in TRANSCRIPTS:
        program, *arguments = shlex.split(line)
        if program == "tunestack":
            answer = ask(*arguments[1:])
            assert answer.out + answer.err == output, line
        elif Path(arguments[0]).exists():
            assert Path(arguments[0]).read_text("utf-8") == output, line
        else:
            Path(arguments[0]).write_text(output, "utf-8")
    (tmp_path / "page.py").write_text("\n".join(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)), "utf-8")
    done = runpy.run_path("page.py")
    assert (done["done"].written, done["done"].skipped) == (2, 1)
    assert done["parts"].validation.examples
