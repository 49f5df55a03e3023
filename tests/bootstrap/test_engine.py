"""Which engine is chosen, with fake ones on a PATH of the test's own."""

from __future__ import annotations

import importlib.metadata
import subprocess
from pathlib import Path

import pytest

from bootstrap import engine
from bootstrap.cache import Cache
from bootstrap.engine import Engine
from bootstrap.go_build import BUILT_VERSION
from bootstrap.report import BootstrapError
from tests.bootstrap.conftest import write

SDK_VERSION = importlib.metadata.version("pulumi")


def fake(folder: Path, name: str, prints: str, code: int = 0) -> Path:
    return write(folder / name, f"#!/bin/sh\necho '{prints}'\nexit {code}\n", executable=True)


@pytest.mark.parametrize(
    ("prints", "code", "host", "expected"),
    [
        pytest.param("v3.259.0", 0, True, ("v3.259.0", True), id="new enough, complete"),
        pytest.param("3.200.0-alpha.1+dirty", 0, True, ("v3.200.0", True), id="a build of one's own"),
        pytest.param("v3.300.1", 0, False, ("v3.300.1", False), id="without a language host it will still do"),
        pytest.param("v3.199.9", 0, True, "is v3.199.9, but at least v3.200", id="too old"),
        pytest.param("v4.0.0", 0, True, "less than v4", id="another major version"),
        pytest.param("pulumi", 0, True, "does not answer", id="no version"),
        pytest.param("v3.259.0", 1, True, "does not answer", id="broken"),
    ],
)
def test_what_is_on_path(tmp_path: Path, prints: str, code: int, host: bool, expected: tuple[str, bool] | str) -> None:
    executable = fake(tmp_path, "pulumi", prints, code)
    if host:
        fake(tmp_path, "pulumi-language-python", "")
    found = engine.on_path(str(tmp_path))
    if isinstance(expected, str):
        assert isinstance(found, str)
        assert expected in found
        assert str(executable) in found
    else:
        assert found == Engine(executable, expected[0], f"{executable} on PATH", expected[1])


def test_a_linked_engine_is_complete_when_its_own_folder_has_the_host(tmp_path: Path) -> None:
    """Package managers link the CLI only."""
    fake(tmp_path / "store", "pulumi", "v3.259.0")
    fake(tmp_path / "store", "pulumi-language-python", "")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "pulumi").symlink_to(tmp_path / "store" / "pulumi")
    found = engine.on_path(str(tmp_path / "bin"))
    assert isinstance(found, Engine)
    assert found.has_language_host


class Attempts:
    """Stands for the network: which of the two ways to get an engine work."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *working: str) -> None:
        self.made: list[str] = []
        self.working = working
        monkeypatch.setattr(engine, "_install", lambda cache, name, version: self.attempt("install", cache, name))
        monkeypatch.setattr(engine, "build_cli", lambda cache, name, path: self.attempt("build", cache, name))

    def attempt(self, way: str, cache: Cache, name: str) -> None:
        self.made.append(way)
        if way not in self.working:
            raise BootstrapError(f"no {way} here")
        fake(cache.entry(name) / "bin", "pulumi", "")


@pytest.mark.parametrize(
    ("on_path", "cached", "working", "attempts", "expected"),
    [
        ("v3.259.0", ["built"], [], [], ("v3.259.0", "on PATH")),
        ("v3.1.0", ["built"], [], [], (f"v{BUILT_VERSION}", "built from its Go modules (cached)")),
        (None, ["built"], [], [], (f"v{BUILT_VERSION}", "built from its Go modules (cached)")),
        (None, ["built", "installed"], [], [], (f"v{SDK_VERSION}", "from the official installer (cached)")),
        (None, [], ["install", "build"], ["install"], (f"v{SDK_VERSION}", "from the official installer")),
        (None, [], ["build"], ["install", "build"], (f"v{BUILT_VERSION}", "built from its Go modules")),
    ],
    ids=[
        "PATH before the cache",
        "not when too old",
        "a build is kept",
        "an installed one is preferred",
        "the installer comes first",
        "the build last",
    ],
)
def test_the_order_of_choices(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    on_path: str | None,
    cached: list[str],
    working: list[str],
    attempts: list[str],
    expected: tuple[str, str],
) -> None:
    made = Attempts(monkeypatch, *working)
    cache = Cache(tmp_path / "cache")
    if on_path:
        fake(tmp_path / "bin", "pulumi", on_path)
    for kind in cached:
        name = f"pulumi-{SDK_VERSION}" if kind == "installed" else f"pulumi-{BUILT_VERSION}-modules"
        fake(cache.entry(name) / "bin", "pulumi", "")
    chosen = engine.obtain(cache, str(tmp_path / "bin"))
    assert (chosen.version, chosen.origin.removeprefix(f"{tmp_path}/bin/pulumi ")) == expected
    assert chosen.executable.exists()
    assert made.made == attempts


def test_a_failure_tells_what_was_tried_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Attempts(monkeypatch)
    with pytest.raises(BootstrapError) as raised:
        engine.obtain(Cache(tmp_path), str(tmp_path))
    lines = [line.strip() for line in str(raised.value).splitlines()]
    assert lines[1:4] == [
        "PATH: no pulumi there",
        "official installer: no install here",
        "build from Go modules: no build here",
    ]
    assert lines[-1].startswith("Install one")


def fake_sdk(folder: Path, monkeypatch: pytest.MonkeyPatch, install: str) -> None:
    program = f"class PulumiCommand:\n  @staticmethod\n  def install(root, version):\n    {install}"
    write(folder / "sdk/pulumi/automation.py", program)
    write(folder / "sdk/pulumi/__init__.py", "")
    monkeypatch.setenv("PYTHONPATH", str(folder / "sdk"))


@pytest.mark.parametrize(
    ("script", "seconds", "reason"),
    [
        pytest.param("raise OSError('no route to host')", 60, "OSError: no route to host", id="no network"),
        pytest.param("import time; time.sleep(600)", 1, "took longer than 1 s", id="a network that swallows packets"),
    ],
)
def test_an_installer_that_fails_does_so_soon_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, seconds: int, reason: str
) -> None:
    write(
        tmp_path / "sdk/pulumi/automation.py",
        f"class PulumiCommand:\n  @staticmethod\n  def install(**_):\n    {script}",
    )
    write(tmp_path / "sdk/pulumi/__init__.py", "")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "sdk"))
    monkeypatch.setattr(engine, "INSTALL_SECONDS", seconds)
    cache = Cache(tmp_path / "cache")
    with pytest.raises(BootstrapError, match=reason):
        engine._install(cache, "pulumi-1", "1.0.0")
    assert [file.name for file in cache.folder.iterdir()] == ["pulumi-1.lock"]


def test_an_installer_that_works_fills_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install = "(pathlib.Path(root) / 'bin').mkdir(); (pathlib.Path(root) / 'bin/pulumi').write_text(str(version))"
    fake_sdk(tmp_path, monkeypatch, f"import pathlib; {install}")
    cache = Cache(tmp_path / "cache")
    engine._install(cache, "pulumi-1", "1.2.3")
    assert (cache.entry("pulumi-1") / "bin" / "pulumi").read_text() == "1.2.3"


@pytest.mark.engine
def test_the_engine_that_was_obtained_answers(pulumi_cli: Path) -> None:
    version = subprocess.run([pulumi_cli / "pulumi", "version"], check=True, capture_output=True, text=True).stdout
    assert version.startswith("v3.")
