"""Which plugin answers for pulumi-gcp on the local stack: the real one where there is one, else the stand-in.

Whatever is chosen lies in the plugin folder of the local stack's own PULUMI_HOME, so that the engine finds it under the
version that the program's SDK asks for, and no other stack ever sees the stand-in.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bootstrap.cache import Cache
from bootstrap.local_stack import LocalStack, write_launcher
from bootstrap.report import BootstrapError, progress

EXECUTABLE: Final = "pulumi-resource-gcp"
MINIMUM_VERSION: Final = (9,)
"""The oldest plugin whose requests the emulator was tried with."""

INSTALL_SECONDS: Final = 600
"""How long the download of some 200 MB may take."""

RETRY_SECONDS: Final = 24 * 3600
"""How long a download that failed is not tried again, by any checkout: the engine takes seconds to give up."""


@dataclass(frozen=True)
class GcpPlugin:
    """A plugin.

    Args:
        executable: what to run.
        version: such as `10.2.0`, or `` where it is not known.
        origin: where it comes from, in words.
    """

    executable: Path
    version: str
    origin: str


def provide(stack: LocalStack, engine: Path, cache: Cache, variables: Mapping[str, str]) -> str:
    """Puts a plugin where the engine looks for it.

    Args:
        stack: the local stack.
        engine: the CLI, to download the real plugin with.
        cache: where downloaded plugins are kept.
        variables: the process environment.

    Returns:
        What was chosen, in words.

    Raises:
        BootstrapError: $TUNESTACK_GCP_PLUGIN names nothing that will do.
    """
    wanted = importlib.metadata.version("pulumi-gcp")
    downloads = cache.entry("pulumi-home")
    target = _target(stack, wanted)
    found = _find(wanted, downloads, variables)
    if found is None and not target.exists() and _download(engine, wanted, downloads, variables):
        found = _find(wanted, downloads, variables)
    if found is None:
        place_stand_in(stack)
        return "the stand-in of the emulator (no pulumi-gcp plugin here, none to download)"
    if not (target.is_symlink() and target.readlink() == found.executable):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        target.symlink_to(found.executable)
    return f"pulumi-gcp {found.version or 'of unknown version'}, {found.origin}"


def place_stand_in(stack: LocalStack) -> None:
    """Puts the emulator's stand-in where the engine looks for the plugin."""
    target = _target(stack, importlib.metadata.version("pulumi-gcp"))
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_symlink():
        target.unlink()
    write_launcher(target, f"{shlex.quote(str(stack.python))} -m emulator.gcp_provider")


def _target(stack: LocalStack, version: str) -> Path:
    return stack.home / "plugins" / f"resource-gcp-v{version}" / EXECUTABLE


def _find(wanted: str, downloads: Path, variables: Mapping[str, str]) -> GcpPlugin | None:
    named = variables.get("TUNESTACK_GCP_PLUGIN")
    if named:
        executable = Path(named).expanduser().absolute()
        executable = executable / EXECUTABLE if executable.is_dir() else executable
        if not os.access(executable, os.X_OK):
            raise BootstrapError(f"$TUNESTACK_GCP_PLUGIN is {named}, but {executable} is not an executable file")
        return GcpPlugin(executable, _version_of(executable), f"{executable}, named by $TUNESTACK_GCP_PLUGIN")
    user = Path(variables.get("HOME", "~")).expanduser() / ".pulumi"
    candidates = [*_installed(user, "installed"), *_installed(downloads, "downloaded")]
    if candidates:
        # The very version that the SDK was made for, else the newest.
        return max(candidates, key=lambda plugin: (plugin.version == wanted, _parts(plugin.version)))
    ambient = shutil.which(EXECUTABLE, path=variables.get("PATH"))
    if ambient is not None:
        return GcpPlugin(Path(ambient), _version_of(Path(ambient)), f"{ambient} on PATH")
    return None


def _installed(home: Path, how: str) -> Iterator[GcpPlugin]:
    for executable in home.glob(f"plugins/resource-gcp-v*/{EXECUTABLE}"):
        version = executable.parent.name.removeprefix("resource-gcp-v")
        # The engine leaves this mark while it unpacks.
        partial = executable.parent.with_name(executable.parent.name + ".partial").exists()
        if _parts(version) >= MINIMUM_VERSION and not partial:
            yield GcpPlugin(executable, version, f"{how} in {executable.parent.parent}")


def _parts(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)[:3]))


def _version_of(executable: Path) -> str:
    """Asks the plugin itself; plugins of Pulumi's Terraform bridge answer `-version`."""
    try:
        shown = subprocess.run([executable, "-version"], check=False, capture_output=True, text=True, timeout=20).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = re.search(r"\d+\.\d+\.\d+", shown)
    return found[0] if found else ""


def _download(engine: Path, version: str, home: Path, variables: Mapping[str, str]) -> bool:
    """Lets the engine download the real plugin into a home of the cache; says whether it did."""
    failed = home / f"gcp-v{version}.failed"
    if failed.exists() and time.time() - failed.stat().st_mtime < RETRY_SECONDS:
        return False
    command = [str(engine), "plugin", "install", "resource", "gcp", f"v{version}", "--non-interactive"]
    with progress("gcp plugin", f"trying to download pulumi-gcp {version}"):
        try:
            done = subprocess.run(
                command,
                check=False,
                capture_output=True,
                timeout=INSTALL_SECONDS,
                env={**variables, "PULUMI_HOME": str(home), "PULUMI_SKIP_UPDATE_CHECK": "true"},
            )
            succeeded = done.returncode == 0
        except subprocess.TimeoutExpired:
            succeeded = False
    if not succeeded:
        home.mkdir(parents=True, exist_ok=True)
        failed.touch()
    return succeeded
