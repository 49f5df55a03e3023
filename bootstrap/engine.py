"""Which Pulumi CLI the local stack uses: the one on PATH, else an installed one, else one built from its Go modules."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bootstrap.cache import Cache
from bootstrap.go_build import BUILT_VERSION, build_cli
from bootstrap.report import BootstrapError, progress

MINIMUM_VERSION: Final = (3, 200)
"""The oldest CLI that the program's SDK range (pulumi>=3.200 in pyproject.toml) was released for."""

INSTALL_SECONDS: Final = 600
"""How long the official installer may take to download some 130 MB."""

CONNECT_SECONDS: Final = 10
"""How long to wait for an answer of the official download host; many build machines cannot reach it."""

LANGUAGE_HOST: Final = "pulumi-language-python"


@dataclass(frozen=True)
class Engine:
    """A Pulumi CLI.

    Args:
        executable: the CLI.
        version: such as `v3.259.0`.
        origin: where it comes from, in words.
        has_language_host: whether it comes with its own host for Python programs.
    """

    executable: Path
    version: str
    origin: str
    has_language_host: bool


def obtain(cache: Cache, search_path: str) -> Engine:
    """Finds or makes an engine.

    Args:
        cache: where an installed or built one is kept.
        search_path: the PATH to look on.

    Raises:
        BootstrapError: nothing worked; says what was tried.
    """
    found = on_path(search_path)
    if isinstance(found, Engine):
        return found
    version = importlib.metadata.version("pulumi")
    installed = _Kept(cache, f"pulumi-{version}", version, "from the official installer", has_language_host=True)
    built = _Kept(cache, f"pulumi-{BUILT_VERSION}-modules", BUILT_VERSION, "built from its Go modules")
    for kept in (installed, built):
        if cache.entry(kept.name).exists():
            return kept.engine(" (cached)")
    tried = [found]
    try:
        _install(cache, installed.name, version)
        return installed.engine()
    except BootstrapError as error:
        tried.append(f"official installer: {error}")
    try:
        build_cli(cache, built.name, search_path)
        return built.engine()
    except BootstrapError as error:
        tried.append(f"build from Go modules: {error}")
    message = "\n  ".join(
        ["no Pulumi CLI; tried, in order:", *tried, "Install one (pulumi.com/docs/install) and run this again."]
    )
    raise BootstrapError(message)


def on_path(search_path: str) -> Engine | str:
    """The CLI on a PATH, or in words why none there will do."""
    executable = shutil.which("pulumi", path=search_path)
    if executable is None:
        return "PATH: no pulumi there"
    version = _version(executable)
    if version is None:
        return f"PATH: {executable} does not answer `pulumi version`"
    parts = tuple(map(int, version.removeprefix("v").split(".")))
    if parts[:2] < MINIMUM_VERSION or parts[0] != MINIMUM_VERSION[0]:
        return f"PATH: {executable} is {version}, but at least v3.200 and less than v4 is needed"
    beside = Path(executable).resolve().parent / LANGUAGE_HOST
    has_host = beside.exists() or shutil.which(LANGUAGE_HOST, path=search_path) is not None
    return Engine(Path(executable), version, f"{executable} on PATH", has_host)


def _version(executable: str) -> str | None:
    variables = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        shown = subprocess.run(
            [executable, "version"], check=False, capture_output=True, text=True, timeout=30, env=variables
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.match(r"v?(\d+\.\d+\.\d+)", shown.stdout)
    return f"v{found[1]}" if found and shown.returncode == 0 else None


@dataclass(frozen=True)
class _Kept:
    """An engine that is, or will be, an entry of the cache."""

    cache: Cache
    name: str
    version: str
    origin: str
    has_language_host: bool = False

    def engine(self, suffix: str = "") -> Engine:
        executable = self.cache.entry(self.name) / "bin" / "pulumi"
        return Engine(executable, f"v{self.version}", self.origin + suffix, self.has_language_host)


def _install(cache: Cache, name: str, version: str) -> None:
    """Runs the SDK's installer in a process that can be ended: it has no timeouts of its own."""
    with cache.filling(name) as folder:
        if folder is None:
            return
        code = (
            "import socket, sys; from pulumi.automation import PulumiCommand; from semver import VersionInfo; "
            f"socket.setdefaulttimeout({CONNECT_SECONDS}); "
            "PulumiCommand.install(root=sys.argv[1], version=VersionInfo.parse(sys.argv[2]))"
        )
        command = [sys.executable, "-c", code, str(folder), version]
        # A session of its own, as the installer is a shell script with children.
        process = subprocess.Popen(
            command, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        with progress("engine", f"trying the official installer of pulumi v{version}"), process:
            try:
                output, _ = process.communicate(timeout=INSTALL_SECONDS)
            except subprocess.TimeoutExpired:
                raise BootstrapError(f"took longer than {INSTALL_SECONDS} s") from None
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
        if process.returncode:
            lines = output.strip().splitlines()
            raise BootstrapError(lines[-1] if lines else f"ended with exit code {process.returncode}")
