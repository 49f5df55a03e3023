"""Which endpoint is asked, and what is said when there is no answer to that."""

from __future__ import annotations

from typing import Any

import pytest

from tunestack.cli.application import main
from tunestack.cli.stack import Stack, StackError

ONE = {"support": {"id": "projects/p/locations/europe-west4/endpoints/1"}}
TWO = {**ONE, "sales": {"id": "projects/p/locations/us-central1/endpoints/2"}}


def stack(endpoints: dict[str, Any]) -> Stack:
    return Stack("dev", {"project": "p", "location": "us-central1", "endpoints": endpoints})


@pytest.mark.parametrize(
    ("endpoints", "name", "found"), [(ONE, "", "support"), (ONE, "support", "support"), (TWO, "sales", "sales")]
)
def test_the_endpoint_that_is_meant(endpoints: dict[str, Any], name: str, found: str) -> None:
    assert stack(endpoints).endpoint(name) == endpoints[found]


@pytest.mark.parametrize(
    ("endpoints", "name", "reason"),
    [
        ({}, "", "these endpoints: none"),
        (TWO, "", "these endpoints: support, sales; name one with --endpoint"),
        (ONE, "other", "these endpoints: support"),
    ],
)
def test_no_endpoint_that_could_be_meant(endpoints: dict[str, Any], name: str, reason: str) -> None:
    with pytest.raises(StackError, match=reason):
        stack(endpoints).endpoint(name)


def test_an_endpoint_is_asked_in_its_own_region() -> None:
    made = stack(ONE)
    assert made.connection(ONE["support"]).location == "europe-west4"
    assert made.connection().location == "us-central1"


def test_without_an_engine(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("sys.argv", ["tunestack", "summary", "--stack", "local"])
    with pytest.raises(SystemExit, match="1"):
        main()
    assert "there is no pulumi on PATH; for a local stack, run `. .tunestack/env` first" in capsys.readouterr().err


def test_an_emulator_that_does_not_run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    endpoint = {"id": "projects/p/locations/us-central1/endpoints/1"}
    gone = Stack(
        "local",
        {
            "project": "p",
            "location": "us-central1",
            "apiEndpoint": "http://127.0.0.1:9",
            "endpoints": {"support": endpoint},
        },
    )
    monkeypatch.setattr(Stack, "select", lambda name: gone)
    monkeypatch.setattr("tunestack.retries.RETRY_SECONDS", 0)
    monkeypatch.setattr("sys.argv", ["tunestack", "predict", "--stack", "local", "Hello"])
    with pytest.raises(SystemExit, match="1"):
        main()
    told = capsys.readouterr().err
    assert "the emulator at http://127.0.0.1:9 does not answer; start it with make emulator" in told
    assert "Traceback" not in told
