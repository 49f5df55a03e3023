"""What is said after a destroy: that nothing is left only where nothing is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tunestack.cli.application import main

URN = "urn:pulumi:dev::tunestack::"
ROOT = {"urn": f"{URN}pulumi:pulumi:Stack::tunestack-dev"}
PROVIDER = {"urn": f"{URN}pulumi:providers:gcp::google-cloud"}
BUCKET = {"urn": f"{URN}infra:index:Buckets$gcp:storage/bucket:Bucket::data"}


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts a `pulumi` on PATH whose stack has the given state."""

    def place(**deployment: Any) -> None:
        state = tmp_path / "state.json"
        state.write_text(json.dumps({"version": 3, "deployment": {"manifest": {}, **deployment}}))
        command = tmp_path / "pulumi"
        command.write_text(f'#!/bin/sh\n[ "$1 $2" = "stack export" ] && exec /bin/cat "{state}"\n')
        command.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr("sys.argv", ["tunestack", "kept", "--stack", "dev"])

    return place


@pytest.mark.parametrize(
    "deployment", [{}, {"resources": None}, {"resources": [ROOT, PROVIDER]}], ids=["never applied", "null", "destroyed"]
)
def test_nothing_is_left(engine: Any, capsys: pytest.CaptureFixture[str], deployment: dict[str, Any]) -> None:
    engine(**deployment)
    with pytest.raises(SystemExit, match="0"):
        main()
    told = capsys.readouterr().out
    assert "Stack dev is gone: no bucket" in told
    assert "in OBJECT.tunestack/" in told, "what is left in buckets of others"
    assert "tuned Gemini models with their endpoints" in told, "no resource of a stack deletes them"


@pytest.mark.parametrize(
    "deployment",
    [
        {"resources": [ROOT, PROVIDER, BUCKET]},
        {"pending_operations": [{"type": "creating", "resource": BUCKET}]},
        {"resources": [BUCKET], "pending_operations": [{"type": "deleting", "resource": BUCKET}]},
    ],
    ids=["not destroyed", "a create that was interrupted", "a delete that was interrupted"],
)
def test_what_is_left_is_told(engine: Any, capsys: pytest.CaptureFixture[str], deployment: dict[str, Any]) -> None:
    engine(**deployment)
    with pytest.raises(SystemExit, match="1"):
        main()
    told = capsys.readouterr()
    assert told.err.startswith("error: stack dev is not gone, 1 of its resources are left: ")
    assert told.err.endswith("\n  - gcp:storage/bucket:Bucket data\n")
    assert "is gone" not in told.out
