"""Builds the Pulumi CLI from its Go modules, locked by the go.mod and go.sum in pulumi_cli/.

`go install …@version` cannot build it, as the module has replacements; a module of our own that requires it can.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bootstrap.cache import Cache
from bootstrap.environment import EnvironmentSetupError, find_uv, uv_variables
from bootstrap.report import BootstrapError, Progress, progress

MODULE: Final = Path(__file__).parent / "pulumi_cli"
GO_LOCK: Final = Path(__file__).parent / "requirements-go.lock"
PACKAGE: Final = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
VERSION_VARIABLE: Final = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"


def _required(pattern: str) -> str:
    found = re.search(pattern, (MODULE / "go.mod").read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise BootstrapError(f"{MODULE / 'go.mod'} has no line that matches {pattern}")
    return found[1]


BUILT_VERSION: Final = _required(r"^require github.com/pulumi/pulumi/pkg/v3 v(\S+)$")
MINIMUM_GO: Final = _required(r"^go (\S+)$")


def build_cli(cache: Cache, name: str, search_path: str) -> None:
    """Makes the cache entry `name` with `bin/pulumi` in it.

    Args:
        cache: where to.
        name: the entry.
        search_path: the PATH to look for Go on.

    Raises:
        BootstrapError: there is no Go, or the build failed.
    """
    with cache.filling(name) as folder:
        if folder is None:
            return
        (folder / "bin").mkdir()
        work = folder / "work"
        with progress("engine", "preparing to build pulumi from its Go modules (minutes, once)") as shown:
            go, variables = _go(work, search_path)
            variables = {
                **os.environ,
                "GOTOOLCHAIN": "local",
                "GOWORK": "off",
                "GOFLAGS": "-buildvcs=false",
                **variables,
            }
            shown.doing = f"pulumi v{BUILT_VERSION}: downloading its Go modules"
            listed = _run([go, "list", "-deps", PACKAGE], variables, shown)
            total = len(listed.splitlines())
            shown.doing = f"pulumi v{BUILT_VERSION}: compiling Go packages"
            flags = f"-s -w -X {VERSION_VARIABLE}=v{BUILT_VERSION}"
            build = [go, "build", "-v", "-trimpath", "-ldflags", flags, "-o", str(folder / "bin" / "pulumi"), PACKAGE]
            _run(build, variables, shown, total)
            shown.doing = "cleaning up after the build"
            shutil.rmtree(work, ignore_errors=True)


def _go(work: Path, search_path: str) -> tuple[str, Mapping[str, str]]:
    """A Go toolchain and the variables to run it with."""
    go = shutil.which("go", path=search_path)
    if go is not None and _is_new_enough(go):
        return go, {}
    try:
        uv = find_uv()
    except EnvironmentSetupError as error:
        raise BootstrapError(f"no Go of at least {MINIMUM_GO} on PATH, and none from the registry: {error}") from error
    virtualenv = work / "go"
    for command in (
        [uv, "venv", "--quiet", "--no-project", "--python", sys.executable, str(virtualenv)],
        [uv, "pip", "install", "--quiet", "--python", str(virtualenv), "--require-hashes", "-r", str(GO_LOCK)],
    ):
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=uv_variables())
        if done.returncode:
            message = f"no Go of at least {MINIMUM_GO} on PATH, and none from the registry: {done.stderr.strip()}"
            raise BootstrapError(message)
    # Nobody here develops in Go: its caches, some 3 GB, go when the build is done.
    return str(virtualenv / "bin" / "go"), {
        "GOPATH": str(work / "path"),
        "GOMODCACHE": str(work / "modules"),
        "GOCACHE": str(work / "cache"),
        "GOFLAGS": "-buildvcs=false -modcacherw",
    }


def _is_new_enough(go: str) -> bool:
    try:
        shown = subprocess.run(
            [go, "env", "GOVERSION"],
            check=False,
            capture_output=True,
            text=True,
            env={**os.environ, "GOTOOLCHAIN": "local"},
        ).stdout
    except OSError:
        return False
    found = re.match(r"go(\d+)\.(\d+)(?:\.(\d+))?", shown)
    return found is not None and tuple(int(part or 0) for part in found.groups()) >= _parts(MINIMUM_GO)


def _parts(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _run(command: list[str], variables: Mapping[str, str], shown: Progress, total: int = 0) -> str:
    """Runs Go in the module's folder, counting the packages that `-v` names."""
    output: list[str] = []
    doing = shown.doing
    with subprocess.Popen(
        command, cwd=MODULE, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            for line in process.stdout or ():
                if line.startswith("go: downloading"):
                    shown.doing = f"{doing}: {line.split()[2]}"
                    continue
                output.append(line)
                if total:
                    shown.doing = f"{doing}: {len(output)} of {total}"
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        raise BootstrapError(f"`go {command[1]}` failed: {''.join(output[-20:]).strip()}")
    return "".join(output)
