"""Where a stack's project is reached."""

from __future__ import annotations

import pytest

from tunestack.cli.application import main
from tunestack.cli.stack import Stack


def test_an_endpoint_is_asked_in_its_own_region() -> None:
    endpoint = {"id": "projects/p/locations/europe-west4/endpoints/1"}
    made = Stack("dev", {"project": "p", "location": "us-central1"})
    assert made.connection(endpoint).location == "europe-west4"
    assert made.connection().location == "us-central1"


def test_without_an_engine(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("sys.argv", ["tunestack", "summary", "--stack", "local"])
    with pytest.raises(SystemExit, match="1"):
        main()
    assert "there is no pulumi on PATH; for a local stack, run `. .tunestack/env` first" in capsys.readouterr().err
