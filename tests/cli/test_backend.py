"""Locks in folders and buckets."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.running_emulator import Emulator
from tunestack.cli.backend import Backend, Bucket, Folder, backend_at
from tunestack.cli.stack import StackError

STACK = "organization/tunestack/dev"


@pytest.fixture(params=["folder", "bucket", "folder in a bucket"])
def backend(request: pytest.FixtureRequest, tmp_path: Path, start_emulator: Callable[..., Emulator]) -> Any:
    if request.param == "folder":
        return Folder(tmp_path)
    client = start_emulator().storage_client()
    client.create_bucket("state")
    return Bucket(client, "state", "teams/a" if "in a" in request.param else "")


def test_locks(backend: Backend) -> None:
    assert list(backend.locks(STACK)) == []
    backend.place(STACK, "1f0c.json", b"one")
    backend.place(STACK, "2d.json", b"two")
    backend.place("organization/tunestack/prod", "3.json", b"of another stack")
    assert [(lock.name, lock.content) for lock in backend.locks(STACK)] == [("1f0c.json", b"one"), ("2d.json", b"two")]
    assert all(-5 < lock.age_seconds < 60 for lock in backend.locks(STACK))
    for _ in range(2):
        backend.remove(STACK, "1f0c.json")
    assert [lock.name for lock in backend.locks(STACK)] == ["2d.json"]


@pytest.mark.parametrize(
    ("address", "root"),
    [
        ("file:///var/state", "/var/state"),
        ("file:///a%20folder/state?no_tmp_dir=true", "/a folder/state"),
        ("file://~/state", str(Path.home() / "state")),
        ("file://~", str(Path.home())),
        ("file://./state", str(Path.cwd() / "state")),
    ],
)
def test_folders_as_the_engine_reads_their_addresses(address: str, root: str) -> None:
    assert backend_at(address) == Folder(Path(root))


def test_a_bucket_needs_no_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The credentials of a person name none."""
    credentials = tmp_path / "credentials.json"
    names = ("client_id", "client_secret", "refresh_token")
    credentials.write_text(json.dumps({"type": "authorized_user", **dict.fromkeys(names, "x")}))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(credentials))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    for name in ("GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    assert isinstance(backend_at("gs://state/teams"), Bucket)


@pytest.mark.parametrize("address", ["https://api.pulumi.com", "s3://bucket", "azblob://container"])
def test_elsewhere_it_is_said_what_the_engine_can_do_and_when(address: str) -> None:
    with pytest.raises(StackError, match="make sure that no pulumi works on the stack") as refused:
        backend_at(address)
    assert "`pulumi cancel`" in str(refused.value)


class TestFolder:
    def test_checksums_are_no_locks_and_go_with_theirs(self, tmp_path: Path) -> None:
        backend, folder = Folder(tmp_path), tmp_path / ".pulumi" / "locks" / STACK
        backend.place(STACK, "1.json", b"{}")
        (folder / "1.json.attrs").write_text("{}")
        assert [lock.name for lock in backend.locks(STACK)] == ["1.json"]
        backend.remove(STACK, "1.json")
        assert list(folder.iterdir()) == []

    @pytest.mark.parametrize(
        ("file", "content", "pending"),
        [
            ("dev.json", '{"pending_operations": []}', True),
            ("dev.json", '{"resources": []}', False),
            ("dev.json.gz", "compressed", True),
            ("other.json", '{"pending_operations": []}', False),
        ],
    )
    def test_what_is_pending(self, tmp_path: Path, file: str, content: str, pending: bool) -> None:
        folder = tmp_path / ".pulumi" / "stacks" / "tunestack"
        folder.mkdir(parents=True)
        (folder / file).write_text(content)
        assert Folder(tmp_path).has_pending(STACK) is pending

    def test_half_written_checksums(self, tmp_path: Path) -> None:
        folder = tmp_path / ".pulumi" / "stacks" / "tunestack"
        folder.mkdir(parents=True)
        for name, content in (("dev.json", "{}"), ("dev.json.attrs", ""), ("prod.json.attrs", '{"md5": "x"}')):
            (folder / name).write_text(content)
        assert Folder(tmp_path).mend() == ["stacks/tunestack/dev.json.attrs"]
        assert sorted(file.name for file in folder.iterdir()) == ["dev.json", "prod.json.attrs"]
