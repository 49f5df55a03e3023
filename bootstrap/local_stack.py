"""The folder of the local stack, `.tunestack/`: the engine's home, its state, and the variables to run it with."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bootstrap.engine import LANGUAGE_HOST, Engine
from bootstrap.report import BootstrapError

PROJECT: Final = "tunestack"
STACK: Final = "local"

# Not a secret: the local stack holds none. A constant lets the salt be committed in stacks/Pulumi.local.yaml, where a
# random passphrase would make the CLI write a new salt into that tracked file on each machine.
PASSPHRASE: Final = "local-stack-only"  # noqa: S105

OVERRIDING_VARIABLE: Final = "PULUMI_CONFIG_PASSPHRASE"
"""Would win over the passphrase file; a user may have set it for stacks of their own."""


@dataclass(frozen=True)
class LocalStack:
    """Where everything of the local stack lies.

    Args:
        checkout: the root of the checkout, with Pulumi.yaml and .venv.
        folder: the git-ignored folder; nothing of the local stack lies outside it.
    """

    checkout: Path
    folder: Path

    @property
    def home(self) -> Path:
        """PULUMI_HOME: plugins, workspaces, credentials; apart from the user's own."""
        return self.folder / "home"

    @property
    def state(self) -> Path:
        """The file backend."""
        return self.folder / "state"

    @property
    def executables(self) -> Path:
        """First on PATH."""
        return self.folder / "bin"

    @property
    def python(self) -> Path:
        """The interpreter of the checkout's environment."""
        return self.checkout / ".venv" / "bin" / "python"

    def variables(self, path: str) -> dict[str, str]:
        """What an engine of this stack is run with.

        Args:
            path: the PATH to put the stack's own executables before.
        """
        executables = (str(self.executables), str(self.python.parent), path)
        return {
            "PATH": os.pathsep.join(executables),
            "PULUMI_HOME": str(self.home),
            "PULUMI_BACKEND_URL": self.state.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE_FILE": str(self.folder / "passphrase"),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            # The plugin would ask Google whether the region exists.
            "PULUMI_GCP_SKIP_REGION_VALIDATION": "true",
            # Set on some machines; without bytecode each start of a plugin takes seconds.
            "PYTHONDONTWRITEBYTECODE": "",
        }

    def environment(self, inherited: Mapping[str, str]) -> dict[str, str]:
        """The whole environment of an engine of this stack, made from that of the caller."""
        kept = {name: value for name, value in inherited.items() if name != OVERRIDING_VARIABLE}
        return {**kept, **self.variables(inherited["PATH"])}

    def prepare(self, engine: Engine) -> None:
        """Makes the folders, the passphrase, the executables and the `env` file to source."""
        for folder in (self.home, self.state, self.executables):
            folder.mkdir(parents=True, exist_ok=True)
        _write(self.folder / "passphrase", PASSPHRASE)
        self._place(engine)
        lines = [
            "# Makes `pulumi` in this shell work on the local stack: . .tunestack/env",
            f"unset {OVERRIDING_VARIABLE}",
            *(f"export {name}={shlex.quote(value)}" for name, value in self.variables("").items() if name != "PATH"),
            f'export PATH={shlex.quote(self.variables("")["PATH"])}"$PATH"',
        ]
        _write(self.folder / "env", "\n".join(lines) + "\n")

    def _place(self, engine: Engine) -> None:
        """Puts the engine first on PATH, with the language host beside it where it brings none.

        The CLI warns about a language host that is not beside its own, resolved file. So the engine that needs ours is
        a hard link or a copy, not a symbolic link.
        """
        executable, host = self.executables / "pulumi", self.executables / LANGUAGE_HOST
        if engine.has_language_host:
            host.unlink(missing_ok=True)
            executable.unlink(missing_ok=True)
            executable.symlink_to(engine.executable)
            return
        write_launcher(host, f"{shlex.quote(str(self.python))} -m bootstrap.language_host")
        source = engine.executable.resolve()
        if _is_copy(executable, source):
            return
        executable.unlink(missing_ok=True)
        try:
            executable.hardlink_to(source)
        except OSError:
            shutil.copy2(source, executable)

    def create(self) -> bool:
        """Creates the stack in the backend where it is not there yet; says whether it did.

        Raises:
            BootstrapError: the CLI refused.
        """
        if (self.state / ".pulumi" / "stacks" / PROJECT / f"{STACK}.json").exists():
            return False
        self.pulumi("stack", "init", STACK, "--non-interactive")
        return True

    def pulumi(self, *arguments: str, stdin: str | None = None) -> str:
        """Runs the CLI on this stack and returns what it prints.

        Raises:
            BootstrapError: it failed; with what it printed.
        """
        done = subprocess.run(
            ["pulumi", *arguments],
            check=False,
            capture_output=True,
            text=True,
            input=stdin,
            cwd=self.checkout,
            env=self.environment(os.environ),
        )
        if done.returncode:
            raise BootstrapError(f"`pulumi {' '.join(arguments)}` failed: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout


def path_of_user(path: str) -> str:
    """A PATH without the engines that `env` files, of this checkout or another, put there: they are not the user's."""
    folders = path.split(os.pathsep)
    return os.pathsep.join(folder for folder in folders if Path(folder).parts[-2:] != (".tunestack", "bin"))


def write_launcher(file: Path, command: str) -> None:
    """Writes an executable that runs a command with the arguments it gets."""
    _write(file, f'#!/bin/sh\nexec {command} "$@"\n')
    file.chmod(0o755)


def _write(file: Path, text: str) -> None:
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        file.write_text(text, encoding="utf-8")


def _is_copy(file: Path, source: Path) -> bool:
    if not file.exists() or file.is_symlink():
        return False
    there, here = source.stat(), file.stat()
    return (there.st_size, int(there.st_mtime)) == (here.st_size, int(here.st_mtime))
