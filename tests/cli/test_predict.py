"""Which endpoint is asked, and what is said when there is no answer to that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tunestack.cli import place
from tunestack.cli.application import main
from tunestack.cli.meant_endpoint import Asked, meant
from tunestack.cli.place import Place
from tunestack.cli.stack import StackError
from tunestack.connection import Connection

HERE = "projects/p/locations/europe-west4/endpoints"
ONE = {"support": {"id": f"{HERE}/1"}}
TWO = {**ONE, "sales": {"id": f"{HERE}/2"}}
GEMINI = {
    "tone": {
        "endpoint": f"{HERE}/9",
        "checkpoints": [{"id": "1", "endpoint": f"{HERE}/7"}, {"id": "2", "endpoint": f"{HERE}/9"}],
    },
    "open": {"endpoint": "", "checkpoints": [{"name": "final", "uri": "gs://b/final"}]},
}


@pytest.mark.parametrize(
    ("outputs", "name", "checkpoint", "found", "why"),
    [
        ({"endpoints": ONE}, "", "", Asked(f"{HERE}/1"), "the only one"),
        ({"endpoints": ONE, "models": GEMINI}, "", "", Asked(f"{HERE}/1"), "what the stack serves on comes first"),
        ({"endpoints": TWO}, "sales", "", Asked(f"{HERE}/2"), "by its name"),
        ({"models": GEMINI}, "", "", Asked(f"{HERE}/9", "generateContent"), "a tuned Gemini brings its endpoint"),
        ({"endpoints": ONE, "models": GEMINI}, "tone", "1", Asked(f"{HERE}/7", "generateContent"), "its checkpoint"),
        ({}, f"{HERE}/5", "", Asked(f"{HERE}/5"), "any endpoint by its whole name"),
    ],
)
def test_the_endpoint_that_is_meant(
    outputs: dict[str, Any], name: str, checkpoint: str, found: Asked, why: str
) -> None:
    assert meant(name, checkpoint, outputs, "dev") == found, why


@pytest.mark.parametrize(
    ("outputs", "name", "checkpoint", "reason"),
    [
        ({}, "", "", "stack dev has no outputs yet; run pulumi up --stack dev first"),
        ({"project": "p"}, "", "", "stack dev has no endpoint: put one under tunestack:serving"),
        ({"endpoints": TWO}, "", "", "stack dev has several endpoints: support, sales; name one with --endpoint"),
        ({"endpoints": TWO, "models": GEMINI}, "", "", "several endpoints: support, sales, tone; name one"),
        ({"endpoints": ONE}, "other", "", "stack dev has no endpoint other; it has: support"),
        ({"models": GEMINI}, "open", "", "no endpoint open; it has: tone"),
        ({"models": GEMINI}, "tone", "3", "model tone has these checkpoints: 1, 2; 3 is none of them"),
        ({"endpoints": ONE}, "support", "1", "endpoint support serves one checkpoint"),
        ({}, f"{HERE}/5", "1", "this endpoint is one checkpoint's already"),
    ],
)
def test_no_endpoint_that_could_be_meant(outputs: dict[str, Any], name: str, checkpoint: str, reason: str) -> None:
    with pytest.raises(StackError, match=reason):
        meant(name, checkpoint, outputs, "dev")


def test_a_foundation_names_its_regions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Pulumi.yaml").write_text("{name: demo, runtime: yaml}\n")
    (tmp_path / "Pulumi.prod-eu.yaml").write_text("{config: {'tunestack:foundation': prod}}\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StackError, match="serves nothing itself, its regions do: name one with --stack: prod-eu"):
        meant("", "", {"project": "p"}, "prod")


def test_an_emulator_that_does_not_run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    gone = Place(Connection("p", "europe-west4", "http://127.0.0.1:9"), "local", {"endpoints": ONE})
    monkeypatch.setattr(place, "find", lambda stack, project, location: gone)
    monkeypatch.setattr("tunestack.retries.RETRY_SECONDS", 0)
    monkeypatch.setattr("sys.argv", ["tunestack", "predict", "--stack", "local", "Hello"])
    with pytest.raises(SystemExit, match="1"):
        main()
    told = capsys.readouterr().err
    assert "the emulator at http://127.0.0.1:9 does not answer; start it with make emulator" in told
    assert "Traceback" not in told
