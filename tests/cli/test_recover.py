"""Which locks go, which stay, and that nobody's state is edited while they work on it."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tests.running_emulator import Emulator
from tunestack.cli import recover as room
from tunestack.cli.application import main
from tunestack.cli.backend import Bucket, Folder
from tunestack.cli.locks import Lock
from tunestack.cli.recover import recover
from tunestack.cli.stack import Engine, StackError

STACK = "organization/tunestack/dev"
HOST = socket.gethostname()
CUT_OFF = {"type": "creating", "resource": {"urn": "urn:x", "type": "tunestack:index:TuningJob", "inputs": {}}}


@dataclass(frozen=True, slots=True)
class FakeEngine(Engine):
    """Has a stack whose creation was cut off, and keeps what is written back."""

    books: Any = None
    calls: list[str] = field(default_factory=list)
    written: list[Any] = field(default_factory=list)
    locks_during_export: list[str] = field(default_factory=list)
    history: list[dict[str, str]] = field(default_factory=list)
    resources: list[dict[str, Any]] = field(default_factory=list)

    def run(self, *arguments: str, stdin: str | None = None, seconds: float | None = None) -> str:
        self.calls.append(" ".join(arguments[:2]))
        if arguments[0] == "whoami":
            return json.dumps({"url": self.books.root.as_uri()})
        if arguments[1] == "ls":
            return json.dumps([{"name": STACK, "current": False}, {"name": f"{STACK}-2", "current": True}])
        if arguments[1] == "history":
            return json.dumps(self.history)
        if arguments[1] == "import":
            self.written.append(json.loads(stdin or ""))
            return ""
        self.locks_during_export.extend(lock.name for lock in self.books.locks(STACK))
        return json.dumps({"version": 3, "deployment": self.state()})

    def state(self) -> dict[str, Any]:
        return {"resources": self.resources} if self.resources else {"pending_operations": [CUT_OFF]}


def dead() -> Lock:
    ended = subprocess.Popen(["true"])
    ended.wait()
    return replace(Lock.own(), pid=ended.pid)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    state = tmp_path / ".pulumi" / "stacks" / "tunestack" / "dev.json"
    state.parent.mkdir(parents=True)
    state.write_text('{"pending_operations": [{}]}')
    return Folder(tmp_path)


@pytest.fixture
def engine(folder: Folder) -> FakeEngine:
    return FakeEngine(books=folder)


def test_a_killed_run_is_cleared(engine: FakeEngine, folder: Folder) -> None:
    lock = dead()
    folder.place(STACK, "1.json", lock.content())
    only_looked = recover(engine, folder, STACK, only_look=True)
    assert [lock.name for lock in folder.locks(STACK)] == ["1.json"]
    assert engine.written == []
    found = recover(engine, folder, STACK)
    assert found.done == [
        f"removed the lock of {lock}, which has ended",
        (
            "forgot a creation that was cut off: urn:x; its job may run and be billed: the next pulumi up takes it "
            "over; a destroy without that leaves it"
        ),
    ]
    assert (only_looked.done, found.kept) == (found.done, [])
    assert engine.written == [{"version": 3, "deployment": {}}]
    assert list(folder.locks(STACK)) == []
    assert len(engine.locks_during_export) == 2, "of the look, and of the recovery itself"


@pytest.mark.parametrize(
    ("lock", "advice"),
    [
        pytest.param(Lock.own, "it still works on the stack; wait for it", id="alive"),
        pytest.param(
            lambda: replace(dead(), host="ci-7", user="ada"),
            f"of ada on ci-7 since .*Run `tunestack recover --stack {STACK}` on that machine; .*`--host ci-7`",
            id="of another machine",
        ),
    ],
)
def test_what_may_be_alive_stays_and_the_state_is_not_touched(
    engine: FakeEngine, folder: Folder, lock: Callable[[], Lock], advice: str
) -> None:
    folder.place(STACK, "1.json", lock().content())
    folder.place(STACK, "2.json", dead().content())
    found = recover(engine, folder, STACK)
    assert [kept.name for kept in folder.locks(STACK)] == ["1.json"]
    assert engine.calls == []
    (told,) = found.kept
    assert re.search(advice, told)


@pytest.mark.parametrize(
    ("kind", "result", "looks"),
    [("destroy", "failed", True), ("destroy", "succeeded", False), ("update", "failed", False)],
)
def test_a_destroy_that_failed(engine: FakeEngine, folder: Folder, kind: str, result: str, looks: bool) -> None:
    (folder.root / ".pulumi" / "stacks" / "tunestack" / "dev.json").write_text("{}")
    history = folder.root / ".pulumi" / "history" / "tunestack" / "dev"
    history.mkdir(parents=True)
    (history / "dev-1795180618.history.json").write_text('{"result":"failed"}')
    (history / "dev-1795180619.history.json").write_text(json.dumps({"kind": kind, "result": result}))
    (history / "dev-1795180619.history.json.attrs").write_text("{}")
    engine.history.append({"kind": kind, "result": result})
    engine.resources.append({"urn": "urn:x", "custom": True, "id": "x", "type": "gcp:storage/bucket:Bucket"})
    assert bool(recover(engine, folder, STACK).done) == looks
    assert [each["deployment"]["resources"][0].get("refreshBeforeUpdate") for each in engine.written] == [True] * looks
    assert engine.calls == [] if result == "succeeded" else "stack history" in engine.calls


def test_a_machine_under_another_name(engine: FakeEngine, folder: Folder) -> None:
    folder.place(STACK, "1.json", replace(dead(), host="ada.local").content())
    assert recover(engine, folder, STACK, earlier_names=["ada.local"]).kept == []


def test_half_a_lock_is_given_a_minute(engine: FakeEngine, folder: Folder) -> None:
    folder.place(STACK, "1.json.18e9.tmp", b'{"pid": 4')
    (kept,) = recover(engine, folder, STACK).kept
    assert kept == "1.json.18e9.tmp is being written; run the command again in a minute"
    file = folder.root / ".pulumi" / "locks" / STACK / "1.json.18e9.tmp"
    os.utime(file, (time.time() - 90,) * 2)
    assert recover(engine, folder, STACK).done[0] == (
        "removed 1.json.18e9.tmp, a lock whose process was killed while it wrote it"
    )


def test_a_run_that_starts_meanwhile_is_not_disturbed(
    engine: FakeEngine, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Folder.place

    def slower(self: Folder, stack: str, name: str, content: bytes) -> None:
        place(self, stack, name, content)
        place(self, stack, "other.json", Lock.own().content())

    monkeypatch.setattr(Folder, "place", slower)
    with pytest.raises(StackError, match="the stack is in use by now: the lock of pulumi process"):
        recover(engine, folder, STACK)
    assert engine.written == []
    assert [lock.name for lock in folder.locks(STACK)] == ["other.json"], "and our own lock is gone"


class TestCommand:
    @pytest.fixture(autouse=True)
    def engine_of_the_command(self, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(room, "Engine", lambda: engine)

    @staticmethod
    def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
        monkeypatch.setattr("sys.argv", ["tunestack", "recover", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0)

    def test_says_what_it_did(
        self, folder: Folder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        lock = dead()
        folder.place(STACK, "1.json", lock.content())
        assert self.run(monkeypatch, "--stack", "dev", "--dry-run") == 0
        assert f"would have removed the lock of {lock}" in capsys.readouterr().out
        assert self.run(monkeypatch, "--stack", "dev") == 0
        assert capsys.readouterr().out.startswith(f"removed the lock of {lock}, which has ended\nforgot a creation")

    def test_a_look_alone_leaves_half_a_checksum(
        self, folder: Folder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        half = folder.root / ".pulumi" / "stacks" / "tunestack" / "dev.json.attrs"
        half.parent.mkdir(parents=True, exist_ok=True)
        half.touch()
        assert self.run(monkeypatch, "--stack", "dev", "--dry-run") == 0
        told = capsys.readouterr().out
        assert told == "would have removed the half-written checksum stacks/tunestack/dev.json.attrs\n"
        assert half.exists()
        assert self.run(monkeypatch, "--stack", "dev") == 0
        assert not half.exists()

    def test_fails_while_somebody_works(
        self, folder: Folder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        folder.place(STACK, "1.json", Lock.own().content())
        assert self.run(monkeypatch, "--stack", "dev") == 1
        assert f"error: stack {STACK} is locked:\n  - pulumi process {os.getpid()} of " in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("arguments", "stack"), [((), f"{STACK}-2"), (("--stack", "organization/a/b"), "organization/a/b")]
    )
    def test_which_stack(
        self,
        arguments: tuple[str, ...],
        stack: str,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        assert self.run(monkeypatch, *arguments) == 0
        assert capsys.readouterr().out == f"Stack {stack} needs nothing: no lock, and nothing that was cut off.\n"

    def test_no_such_stack(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.run(monkeypatch, "--stack", "nope") == 1
        assert "there is no stack nope; the project has dev, dev-2" in capsys.readouterr().err

    def test_in_a_bucket_somebody_has_to_say_that_the_machine_is_this_one(
        self,
        start_emulator: Callable[..., Emulator],
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        engine: FakeEngine,
    ) -> None:
        client = start_emulator().storage_client()
        client.create_bucket("state")
        backend = Bucket(client, "state", "")
        monkeypatch.setattr(room, "backend_at", lambda url: backend)
        backend.place(STACK, "1.json", dead().content())
        assert self.run(monkeypatch, "--stack", "dev") == 1
        assert "Is this the machine that ran them" in capsys.readouterr().err
        assert len(backend.locks(STACK)) == 1
        assert self.run(monkeypatch, "--stack", "dev", "--yes") == 0
        assert list(backend.locks(STACK)) == []
        assert engine.written == [{"version": 3, "deployment": {}}]
