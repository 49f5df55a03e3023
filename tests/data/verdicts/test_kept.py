"""What a kept verdict depends on; tests/provider has the rest, where verdicts are used."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tunestack.data.verdicts import kept

ROOM = Path(kept.__file__).parents[1]


@pytest.mark.parametrize("file", ["scan.py", "exact/line.py", "images/png.py"])
def test_a_verdict_counts_as_long_as_none_of_the_code_has_changed(
    file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = shutil.copytree(ROOM, tmp_path / "data", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(kept, "__file__", str(room / Path(kept.__file__).relative_to(ROOM)))
    before = kept._code.__wrapped__()
    assert kept._code.__wrapped__() == before
    (room / file).write_text("", "utf-8")
    assert kept._code.__wrapped__() != before
