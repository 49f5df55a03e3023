"""How a local stack finds its emulator, and what it says when there is none."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.connection import EMULATOR_URL, EmulatorMissingError, emulator_url

ADVICE = "`make emulator` starts it, and so does `make up`"


def _note(root: Path, text: str) -> None:
    file = root / ".tunestack" / "emulator" / "emulator.json"
    file.parent.mkdir(parents=True)
    file.write_text(text)


def test_the_emulator_of_the_checkout(tmp_path: Path, start_emulator: Callable[..., Any]) -> None:
    url = start_emulator().url
    _note(tmp_path, json.dumps({"url": url, "port": 1}))
    assert emulator_url(tmp_path) == url


def test_the_environment_goes_first(
    tmp_path: Path, start_emulator: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    _note(tmp_path, json.dumps({"url": "http://127.0.0.1:1"}))
    monkeypatch.setenv(EMULATOR_URL, start_emulator().url + "/")
    assert not emulator_url(tmp_path).endswith("/"), "the paths begin with their own"


@pytest.mark.parametrize(
    ("noted", "where"),
    [
        (None, f"(there is no .tunestack/emulator/emulator.json, and {EMULATOR_URL} is not set)"),
        ("{}", f"(there is no .tunestack/emulator/emulator.json, and {EMULATOR_URL} is not set)"),
        ('{"url": "http://127.0.0.1:1"}', "at http://127.0.0.1:1"),
    ],
    ids=["never started", "a broken note", "stopped"],
)
def test_no_emulator(tmp_path: Path, noted: str | None, where: str) -> None:
    if noted is not None:
        _note(tmp_path, noted)
    with pytest.raises(EmulatorMissingError) as caught:
        emulator_url(tmp_path)
    assert str(caught.value) == f"the emulator of this stack does not run {where}: {ADVICE}"


def test_something_else_on_the_port(tmp_path: Path, start_emulator: Callable[..., Any]) -> None:
    """Whatever answers there, it must answer as an emulator."""
    _note(tmp_path, json.dumps({"url": start_emulator().url + "/storage/v1"}))
    with pytest.raises(EmulatorMissingError, match="does not run at http"):
        emulator_url(tmp_path)
