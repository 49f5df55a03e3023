"""The command: without an engine, a stack, credentials or a network; its exit status and its JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.doctor.conftest import PROJECT, Cloud
from tunestack.cli.application import main
from tunestack.cli.doctor import locks, stack
from tunestack.cli.doctor.subject import Subject
from tunestack.cli.place import Place
from tunestack.cli.recover import Recovery
from tunestack.connection import Connection

YAML = {"project": "p", "location": "us-central1"}
HERE_BEFORE = Connection("p", "us-central1", "http://127.0.0.1:1")


@pytest.mark.parametrize(
    ("configured", "looks_at", "says", "why"),
    [
        ({}, HERE_BEFORE, [], "a program of one's own, which is configured in another way"),
        (
            {**YAML, "location": "europe-west4"},
            replace(HERE_BEFORE, location="europe-west4"),
            ["was applied in"],
            "moved",
        ),
        ({**YAML, "emulator": "true"}, replace(HERE_BEFORE, api_endpoint="http://127.0.0.1:2"), [], "on another port"),
    ],
)
def test_the_next_up_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, configured: dict[str, str], looks_at: Connection, says: list[str], why: str
) -> None:
    monkeypatch.setenv("TUNESTACK_EMULATOR_URL", "http://127.0.0.1:2")
    monkeypatch.setattr(stack, "find", lambda *_: Place(HERE_BEFORE, "dev", {"project": "p"}))
    monkeypatch.setattr(stack, "configuration", lambda _: configured)
    monkeypatch.setattr(locks, "look", lambda _: ())
    found: list[Subject] = []
    lines = list(stack.look("dev", "", "", found))
    assert found[0].connection == looks_at, why
    assert [each.says[: len(says[0])] for each in lines[1:]] == says, why


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (Recovery(), []),
        (Recovery(kept=["a lock"]), [("problem", "a lock")]),
        (
            Recovery(done=["removed a lock"]),
            [("problem", "a pulumi was killed; tunestack recover would have removed a")],
        ),
        (
            Recovery(done=["forgot a creation"]),
            [("warning", "a pulumi was killed; tunestack recover would have forgot")],
        ),
    ],
)
def test_what_a_killed_engine_left(
    monkeypatch: pytest.MonkeyPatch, found: Recovery, says: list[tuple[str, str]]
) -> None:
    for name in ("find_backend", "full_name", "recover"):
        monkeypatch.setattr(f"tunestack.cli.recover.{name}", lambda *_, **__: found)
    told = [(each.status.value, each.says) for each in locks.look("dev")]
    assert len(told) == len(says)
    assert all(
        status == known and text.startswith(start) for (status, text), (known, start) in zip(told, says, strict=True)
    )


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a `pulumi` on PATH that says which version it is and that it has no plugin."""

    def put(version: str) -> None:
        script = tmp_path / "bin" / "pulumi"
        script.parent.mkdir(exist_ok=True)
        script.write_text(f"#!/bin/sh\ncase $1 in version) echo {version};; plugin) echo '[]';; *) exit 1;; esac\n")
        script.chmod(0o755)
        monkeypatch.setenv("PATH", f"{script.parent}:/usr/bin:/bin")

    put("v3.259.0")
    return put


def _run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    monkeypatch.setattr("sys.argv", ["tunestack", "doctor", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    told = capsys.readouterr()
    assert "Traceback" not in told.out + told.err
    return int(end.value.code or 0), told.out + told.err


HERE = ("--project", PROJECT, "--location", "us-central1")


@pytest.mark.usefixtures("engine")
def test_the_command(
    start_cloud: Callable[..., Cloud], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud = start_cloud()
    monkeypatch.setenv("TUNESTACK_EMULATOR_URL", cloud.emulator.url)
    code, told = _run(monkeypatch, capsys, *HERE)
    assert (code, told.splitlines()[-1]) == (0, "1 warning; nothing would stop a pulumi up")
    assert f"warning  plugins{'':9}the plugin pulumi-gcp" in told
    cloud.disable()
    code, told = _run(monkeypatch, capsys, *HERE)
    assert code == 1
    assert "1 problem and 2 warnings: a pulumi up would stop" in told
    code, told = _run(monkeypatch, capsys, *HERE, "--json")
    document = json.loads(told)
    assert (code, document["status"]) == (1, "problem")
    (apis,) = (each for each in document["findings"] if each["check"] == "APIs")
    assert set(apis) == {"check", "status", "says", "advice"}


@pytest.mark.parametrize(
    ("version", "says", "why"),
    [
        (
            "v2.25.1",
            "problem  engine          pulumi v2.25.1, and at least v3.200 and less than v4 is needed",
            "too old",
        ),
        ("v4.0.0", "problem  engine          pulumi v4.0.0, and at least v3.200", "nobody has tried it"),
        ("dev", "warning  engine          pulumi calls its version 'dev', which tells nothing", "made by hand"),
    ],
)
def test_an_engine_of_another_kind(
    engine: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    version: str,
    says: str,
    why: str,
) -> None:
    engine(version)
    monkeypatch.setenv("TUNESTACK_EMULATOR_URL", "http://127.0.0.1:9")
    code, told = _run(monkeypatch, capsys, *HERE)
    assert (code, says in told) == (1, True), why
    assert "credentials     the emulator at http://127.0.0.1:9 does not answer" in told
    assert "not looked at: project, billing, APIs" in told


def test_without_an_engine(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", "")
    code, told = _run(monkeypatch, capsys, "--stack", "dev")
    assert code == 1
    assert "problem  engine          there is no pulumi on PATH" in told
    assert "problem  stack           there is no pulumi on PATH" in told
    assert "the stack comes first" in told


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("", "none that can be used on this machine: File "),
        (
            '{"type":"authorized_user","client_id":"x","client_secret":"y","refresh_token":"z"}',
            "oauth2.googleapis.com cannot be reached",
        ),
    ],
)
def test_without_credentials_or_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], file: str, says: str
) -> None:
    credentials = tmp_path / "credentials.json"
    if file:
        credentials.write_text(file)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(credentials))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("TUNESTACK_EMULATOR_URL", raising=False)
    code, told = _run(monkeypatch, capsys, *HERE)
    assert code == 1
    assert f"problem  credentials     {says}" in told
    assert "credentials come first" in told


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "name the stack with --stack, or the place with --project and --location"),
        (("--project", PROJECT), "--project and --location"),
        (("--stack", "dev", "--location", "us-central1"), "are for looking without a stack"),
    ],
)
def test_a_place_that_is_not_clear(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], says: str
) -> None:
    code, told = _run(monkeypatch, capsys, *arguments)
    assert (code, says in told) == (2, True)
