"""Where a stack's project is reached."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tunestack.cli import stack
from tunestack.cli.application import main
from tunestack.cli.stack import Engine, Stack, StackError


def test_an_endpoint_is_asked_in_its_own_region() -> None:
    endpoint = {"id": "projects/p/locations/europe-west4/endpoints/1"}
    made = Stack("dev", {"project": "p", "location": "us-central1"})
    assert made.connection(endpoint).location == "europe-west4"
    assert made.connection().location == "us-central1"


@pytest.mark.parametrize("asks", [Engine.backend, Engine.stacks])
def test_a_backend_that_does_not_answer_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, asks: Callable[[Engine], object]
) -> None:
    (tmp_path / "pulumi").write_text("#!/bin/sh\nexec sleep 30\n")
    (tmp_path / "pulumi").chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join((str(tmp_path), os.environ["PATH"])))
    monkeypatch.setattr(stack, "BACKEND_SECONDS", 0.2)
    with pytest.raises(StackError, match="the backend in which the engine keeps its stacks has not answered within"):
        asks(Engine())


def test_without_an_engine(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("sys.argv", ["tunestack", "summary", "--stack", "local"])
    with pytest.raises(SystemExit, match="1"):
        main()
    assert "there is no pulumi on PATH; for a local stack, run `. .tunestack/env` first" in capsys.readouterr().err
