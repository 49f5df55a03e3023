"""The environment of a checkout, made by the scripts that `make` runs, with fake tools on PATH."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bootstrap.conftest import write

CHECKOUT = Path(__file__).parents[2]

PYTHON = shlex.quote(sys.executable)
"""For shell scripts: the checkout's folder may have a space in its name."""

UV = """#!/bin/sh
[ "$1" = --version ] && {{ echo "uv {version} (fake)"; exit; }}
echo "$* UV_PYTHON_DOWNLOADS=$UV_PYTHON_DOWNLOADS PYTHONDONTWRITEBYTECODE=$PYTHONDONTWRITEBYTECODE" >> uv.log
case "$1 $2" in
    "venv "*) mkdir -p .venv/bin; ln -s {python} .venv/bin/python ;;
    "pip sync") exit {sync} ;;
esac
"""


class Clone:
    """A fresh clone with a PATH that has a Python and a uv, unless a test takes them away."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "a clone"
        self.path = folder / "bin"
        (self.folder / "bootstrap").mkdir(parents=True)
        for name in ("environment.sh", "environment.py", "requirements-uv.lock"):
            shutil.copy(CHECKOUT / "bootstrap" / name, self.folder / "bootstrap" / name)
        for name in ("requirements.lock", "pyproject.toml"):
            write(self.folder / name, "first")
        self.python("python3")
        self.uv()

    def python(self, name: str, *, works: bool = True) -> None:
        run = f'exec {PYTHON} "$@"' if works else "exit 1"
        write(self.path / name, f"#!/bin/sh\n{run}\n", executable=True)

    def python_that(self, does: str) -> None:
        """A `python3` without pip that does something else where the first argument is `-m`, and stays itself."""
        run = f"os.execv({sys.executable!r}, [{str(self.path / 'python3')!r}, '-S', *sys.argv[1:]])"
        program = f"import os, shutil, sys\nif sys.argv[1] == '-m':\n    {does}\nelse:\n    {run}\n"
        write(self.folder / "python3.py", program)
        launcher = f'#!/bin/sh\nexec {PYTHON} {shlex.quote(str(self.folder / "python3.py"))} "$@"\n'
        write(self.path / "python3", launcher, executable=True)

    def uv(self, version: str = "0.13.8", sync: int = 0) -> None:
        write(self.path / "uv", UV.format(version=version, python=PYTHON, sync=sync), executable=True)

    def make(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": f"{self.path}:/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1", **variables}
        command = ["/bin/sh", "bootstrap/environment.sh", *arguments]
        return subprocess.run(command, check=False, cwd=self.folder, env=environment, capture_output=True, text=True)

    def asked(self) -> list[str]:
        log = self.folder / "uv.log"
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return lines


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


def test_it_is_made_once_from_the_lock(clone: Clone) -> None:
    made = clone.make()
    assert made.returncode == 0, made.stderr
    assert "made from requirements.lock" in made.stdout
    venv, sync, install = clone.asked()
    assert venv.startswith("venv ")
    assert sync.startswith("pip sync ")
    assert "--require-hashes requirements.lock" in sync
    assert "--no-deps --editable ." in install
    for line in (sync, install):
        assert line.endswith("UV_PYTHON_DOWNLOADS=never PYTHONDONTWRITEBYTECODE=")
    again = clone.make()
    assert (again.returncode, again.stdout, clone.asked()) == (0, "", [])


def test_what_a_start_imports_is_compiled_ahead(clone: Clone) -> None:
    packages = clone.folder / ".venv/lib/python3.11/site-packages"
    ahead = ("grpc/channel.py", "pulumi_gcp/_utilities.py", "pulumi_gcp/storage/bucket.py")
    later = ("pulumi_gcp/compute/network.py", "numpy/tests/test_array.py")
    for name in (*ahead, *later):
        write(packages / name, "first = 1")
    clone.make()
    compiled = {file.parent.parent / f"{file.name.partition('.')[0]}.py" for file in packages.rglob("*.pyc")}
    assert compiled == {packages / name for name in ahead}


@pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml"])
def test_it_is_made_anew_when_what_it_depends_on_changed(clone: Clone, name: str) -> None:
    clone.make()
    clone.asked()
    write(clone.folder / name, "second")
    clone.make()
    assert [line.split(" ")[:2] for line in clone.asked()] == [["pip", "sync"], ["pip", "install"]]


def test_it_is_made_anew_in_a_folder_that_was_moved(clone: Clone) -> None:
    clone.make()
    clone.asked()
    clone.folder = clone.folder.rename(clone.folder.with_name("moved"))
    clone.make()
    assert len(clone.asked()) == 2


def test_it_is_made_anew_when_its_python_is_gone(clone: Clone) -> None:
    clone.make()
    clone.asked()
    (clone.folder / ".venv/bin/python").unlink()
    clone.make()
    assert len(clone.asked()) == 3


def test_a_failed_installation_is_not_taken_for_done(clone: Clone) -> None:
    clone.uv(sync=2)
    failed = clone.make()
    assert failed.returncode == 1
    assert "pip sync" in failed.stderr
    clone.uv()
    assert clone.make().returncode == 0


def test_a_python_that_is_too_old_is_passed_over(clone: Clone) -> None:
    clone.python("python3", works=False)
    clone.python("python3.12")
    assert clone.make().returncode == 0


def test_no_python_at_all_says_what_to_do(clone: Clone) -> None:
    names = ["python3", "python", *(f"python3.{minor}" for minor in range(11, 15))]
    for name in names:
        clone.python(name, works=False)
    failed = clone.make()
    assert failed.returncode == 1
    assert "needs Python 3.11 or newer" in failed.stderr
    assert "make PYTHON=" in failed.stderr
    assert clone.make(PYTHON=sys.executable).returncode == 0


@pytest.mark.parametrize("version", ["0.7.22", None], ids=["too old", "missing"])
@pytest.mark.parametrize("has_pip", [True, False], ids=["with the pip there is", "with a pip of its own"])
def test_without_a_sufficient_uv_one_is_installed_apart(clone: Clone, version: str | None, has_pip: bool) -> None:
    """The fake Python takes `-m venv` and `-m pip`, so that the test needs no registry."""
    clone.uv(version) if version else (clone.path / "uv").unlink()
    registry = clone.path.with_name("registry")
    write(registry / "uv", UV.format(version="0.13.8", python=PYTHON, sync=0), executable=True)
    pip = f'#!/bin/sh\necho "$*" > pip.log; cp {shlex.quote(str(registry))}/uv .tunestack/uv/bin/uv\n'
    write(registry / "pip", pip, executable=True)
    copy = f"shutil.copy('{registry}/pip', f'{{sys.argv[-1]}}/bin/python')"
    venv = f"(os.makedirs(f'{{sys.argv[-1]}}/bin'), {copy})"
    clone.python_that(f"{venv} if sys.argv[2] == 'venv' else os.execv('{registry}/pip', sys.argv)")
    # Python finds a package of the folder it starts a script from.
    write(clone.folder / "bootstrap/pip.py", "") if has_pip else None
    made = clone.make()
    assert made.returncode == 0, made.stderr
    assert "installing uv into .tunestack/uv" in made.stdout
    arguments = (clone.folder / "pip.log").read_text()
    assert ("--python" in arguments) is has_pip
    assert "--require-hashes" in arguments
    assert "requirements-uv.lock" in arguments
    assert len(clone.asked()) == 3


def test_a_python_without_venv_says_what_to_install(clone: Clone) -> None:
    (clone.path / "uv").unlink()
    clone.python_that("sys.exit(1)")
    failed = clone.make()
    assert failed.returncode == 1
    assert "python3-venv" in failed.stderr


def test_the_lock_files_name_no_host() -> None:
    for name in ("requirements.lock", "bootstrap/requirements-uv.lock", "bootstrap/requirements-go.lock"):
        assert "://" not in (CHECKOUT / name).read_text()


def test_lock_resolves_all_three_files(clone: Clone) -> None:
    assert clone.make("lock").returncode == 0
    outputs = [line.split(" -o ")[1].split(" ")[0] for line in clone.asked()]
    assert outputs == ["requirements.lock", "bootstrap/requirements-uv.lock", "bootstrap/requirements-go.lock"]
