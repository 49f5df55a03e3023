"""The build from Go modules with a fake Go; the real build is what `make engine` does on a machine without Pulumi."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bootstrap import go_build
from bootstrap.cache import Cache
from bootstrap.report import BootstrapError
from tests.bootstrap.conftest import write

GO = """#!/bin/sh
echo "$PWD: $*" >> "$GO_LOG"
case "$1" in
    env) echo {version} ;;
    list) echo 'go: downloading example.test/module v1.0.0' >&2; printf 'a\\nb\\nc\\n' ;;
    build) {build}; while [ "$1" != -o ]; do shift; done; echo built > "$2" ;;
esac
"""


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GO_LOG", str(tmp_path / "go.log"))
    return tmp_path / "go.log"


def fake_go(folder: Path, version: str = "go1.26.0", build: str = ":") -> str:
    write(folder / "go", GO.format(version=version, build=build), executable=True)
    return f"{folder}:/usr/bin:/bin"


def test_go_on_path_builds_the_locked_module(tmp_path: Path, log: Path) -> None:
    cache = Cache(tmp_path / "cache")
    go_build.build_cli(cache, "entry", fake_go(tmp_path))
    assert (cache.entry("entry") / "bin/pulumi").read_text() == "built\n"
    assert [file.name for file in cache.entry("entry").iterdir()] == ["bin"]
    [build] = [line for line in log.read_text().splitlines() if ": build" in line]
    assert build.startswith(f"{go_build.MODULE}: build -v -trimpath -ldflags -s -w -X ")
    assert f"version.Version=v{go_build.BUILT_VERSION} " in build
    assert build.endswith(" github.com/pulumi/pulumi/pkg/v3/cmd/pulumi")


def test_a_build_that_fails_tells_why_and_leaves_nothing(tmp_path: Path, log: Path) -> None:
    cache = Cache(tmp_path / "cache")
    with pytest.raises(BootstrapError, match=r"`go build` failed: .*disk is full"):
        go_build.build_cli(cache, "entry", fake_go(tmp_path, build="echo disk is full; exit 1"))
    assert [file.name for file in cache.folder.iterdir()] == ["entry.lock"]


@pytest.mark.parametrize("version", ["go1.20.14", "go1.25.10", "devel", None], ids=str)
def test_without_a_go_that_is_new_enough_one_comes_from_the_registry(
    tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch, version: str | None
) -> None:
    """The fake uv makes what the real one would: an environment with `bin/go` in it."""
    path = fake_go(tmp_path / "path", version) if version else "/usr/bin:/bin"
    fake_go(tmp_path / "registry", "go1.27.0")
    uv = f"""#!/bin/sh
case "$1" in
    venv) for folder; do :; done; mkdir -p "$folder/bin" ;;
    pip) echo "$*" > {tmp_path}/uv.log; cp {tmp_path}/registry/go "$5/bin/go" ;;
esac
"""
    write(tmp_path / "uv", uv, executable=True)
    monkeypatch.setattr(go_build, "find_uv", lambda: str(tmp_path / "uv"))
    cache = Cache(tmp_path / "cache")
    go_build.build_cli(cache, "entry", path)
    assert [file.name for file in cache.entry("entry").iterdir()] == ["bin"], "Go and its caches are gone"
    assert f"--require-hashes -r {go_build.GO_LOCK}" in (tmp_path / "uv.log").read_text()


def test_a_registry_without_go_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "uv", "#!/bin/sh\necho no such package >&2\nexit 1\n", executable=True)
    monkeypatch.setattr(go_build, "find_uv", lambda: str(tmp_path / "uv"))
    with pytest.raises(BootstrapError, match=rf"no Go of at least {re.escape(go_build.MINIMUM_GO)} on PATH.*no such"):
        go_build.build_cli(Cache(tmp_path), "entry", "/usr/bin:/bin")


def test_the_lock_names_no_host_but_module_paths() -> None:
    for name in ("go.mod", "go.sum"):
        assert "://" not in (go_build.MODULE / name).read_text()
    sums = (go_build.MODULE / "go.sum").read_text().splitlines()
    assert all(re.fullmatch(r"\S+ v\S+ h1:\S+=", line) for line in sums)
