"""Which gcp plugin is chosen, with fake ones in a home and on a PATH of the test's own."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from bootstrap import gcp_plugin
from bootstrap.cache import Cache
from bootstrap.local_stack import LocalStack
from bootstrap.report import BootstrapError
from tests.bootstrap.conftest import write

WANTED = importlib.metadata.version("pulumi-gcp")


class Machine:
    """A user's home, a PATH, and an engine that downloads a plugin or does not."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stack = LocalStack(folder / "a checkout", folder / "a checkout" / ".tunestack")
        self.cache = Cache(folder / "cache")
        self.variables: Mapping[str, str] = {"HOME": str(folder / "home"), "PATH": f"{folder}/bin:/usr/bin:/bin"}
        self.target = self.stack.home / "plugins" / f"resource-gcp-v{WANTED}" / "pulumi-resource-gcp"
        self.downloads = folder / "downloads"
        self.engine(works=False)

    def engine(self, *, works: bool) -> None:
        plugin = "$PULUMI_HOME/plugins/resource-gcp-$5"
        download = f'mkdir -p "{plugin}"; cp /bin/true "{plugin}/pulumi-resource-gcp"' if works else "exit 255"
        write(self.folder / "pulumi", f"#!/bin/sh\necho $* >> {self.downloads}\n{download}\n", executable=True)

    def plugin(self, name: str, version: str = "9.1.0") -> Path:
        return write(self.folder / name, f"#!/bin/sh\necho v{version}\n", executable=True)

    def installed(self, version: str) -> Path:
        return self.plugin(f"home/.pulumi/plugins/resource-gcp-v{version}/pulumi-resource-gcp")

    def provide(self, **variables: str) -> str:
        return gcp_plugin.provide(self.stack, self.folder / "pulumi", self.cache, {**self.variables, **variables})


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        pytest.param(["9.35.0"], "9.35.0", id="an older one will do"),
        pytest.param(["9.9.0", "9.35.0"], "9.35.0", id="versions are numbers"),
        pytest.param([WANTED, "99.0.0"], WANTED, id="the program's own version before a newer one"),
        pytest.param(["11.2.0-alpha.1", "9.0.0"], "11.2.0-alpha.1", id="a build of one's own"),
        pytest.param(["8.41.1"], None, id="too old for the emulator"),
    ],
)
def test_an_installed_plugin_is_linked(machine: Machine, versions: list[str], expected: str | None) -> None:
    files = {version: machine.installed(version) for version in versions}
    said = machine.provide()
    if expected is None:
        assert said.startswith("the stand-in")
        return
    assert said == f"pulumi-gcp {expected}, installed in {machine.folder}/home/.pulumi/plugins"
    assert machine.target.resolve() == files[expected]
    assert not machine.target.parent.is_symlink(), "the engine ignores links to folders"
    assert not machine.downloads.exists()


def test_one_that_is_being_unpacked_is_not_used(machine: Machine) -> None:
    machine.installed("10.0.0").parent.with_name("resource-gcp-v10.0.0.partial").touch()
    assert machine.provide().startswith("the stand-in")


def test_one_on_path_is_linked(machine: Machine) -> None:
    plugin = machine.plugin("bin/pulumi-resource-gcp", "9.7.0")
    assert machine.provide() == f"pulumi-gcp 9.7.0, {plugin} on PATH"
    assert machine.target.resolve() == plugin


@pytest.mark.parametrize("named", ["somewhere/pulumi-resource-gcp", "somewhere"], ids=["file", "folder"])
def test_a_named_one_comes_first(machine: Machine, named: str) -> None:
    machine.installed(WANTED)
    plugin = machine.plugin("somewhere/pulumi-resource-gcp", "9.2.0")
    said = machine.provide(TUNESTACK_GCP_PLUGIN=str(machine.folder / named))
    assert said == f"pulumi-gcp 9.2.0, {plugin}, named by $TUNESTACK_GCP_PLUGIN"
    assert machine.target.resolve() == plugin


def test_a_named_one_that_is_not_there_is_an_error(machine: Machine) -> None:
    with pytest.raises(BootstrapError, match="TUNESTACK_GCP_PLUGIN is /nowhere"):
        machine.provide(TUNESTACK_GCP_PLUGIN="/nowhere")


def test_one_that_can_be_downloaded_is_kept_for_all_checkouts(machine: Machine) -> None:
    machine.engine(works=True)
    said = machine.provide()
    assert said == f"pulumi-gcp {WANTED}, downloaded in {machine.cache.folder}/pulumi-home/plugins"
    assert machine.downloads.read_text() == f"plugin install resource gcp v{WANTED} --non-interactive\n"
    assert machine.provide() == said
    assert len(machine.downloads.read_text().splitlines()) == 1


def test_the_stand_in_runs_the_emulator_of_this_checkout(machine: Machine) -> None:
    write(machine.stack.python, '#!/bin/sh\nprintf "%s|" "$@"', executable=True)
    assert machine.provide().startswith("the stand-in")
    printed = subprocess.run([machine.target, "a b", "$c"], check=True, capture_output=True, text=True).stdout
    assert printed == "-m|emulator.gcp_provider|a b|$c|"


@pytest.mark.parametrize(("hours", "tries"), [(0, 1), (23, 1), (25, 2)])
def test_a_download_that_failed_is_tried_again_a_day_later(machine: Machine, hours: int, tries: int) -> None:
    machine.provide()
    [failed] = machine.cache.entry("pulumi-home").glob("*.failed")
    then = failed.stat().st_mtime - hours * 3600
    os.utime(failed, (then, then))
    machine.target.unlink()
    machine.provide()
    assert len(machine.downloads.read_text().splitlines()) == tries


def test_a_real_one_replaces_the_stand_in_and_the_other_way_round(machine: Machine) -> None:
    machine.provide()
    plugin = machine.installed("10.0.0")
    machine.provide()
    assert machine.target.resolve() == plugin
    before = plugin.read_text()
    plugin.parent.rename(machine.folder / "moved")
    assert machine.provide().startswith("the stand-in")
    assert not machine.target.is_symlink()
    assert (machine.folder / "moved" / plugin.name).read_text() == before
