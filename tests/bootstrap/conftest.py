"""Projects and processes of the bootstrap tests."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest


def write(file: Path, text: str, *, executable: bool = False) -> Path:
    """Writes a file and the folders above it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    if executable:
        file.chmod(0o755)
    return file


@dataclass
class PulumiProject:
    """A Pulumi project with a stack `local` in a folder of its own."""

    folder: Path
    environment: dict[str, str]

    def write(self, name: str, text: str, *, executable: bool = False) -> Path:
        return write(self.folder / name, text, executable=executable)

    def pulumi(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Runs the CLI and gives what it printed, both streams as one text."""
        return subprocess.run(
            ["pulumi", *arguments, "--non-interactive", "--color", "never"],
            check=False,
            cwd=self.folder,
            env={**self.environment, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Starts the CLI in a session of its own, as from a shell."""
        return subprocess.Popen(
            ["pulumi", *arguments, "--non-interactive", "--color", "never"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )


@pytest.fixture
def pulumi_project(tmp_path: Path, pulumi_environment: dict[str, str]) -> Callable[[str], PulumiProject]:
    """Makes a project whose program is the given text, in a folder with a space, in `infra/` as in this checkout."""

    def make(program: str) -> PulumiProject:
        project = PulumiProject(tmp_path / "a project", pulumi_environment)
        settings = "name: tunestack\nruntime: {name: python, options: {toolchain: pip}}\nmain: infra/\n"
        project.write("Pulumi.yaml", settings + "stackConfigDir: stacks\n")
        project.write("infra/__main__.py", program)
        created = project.pulumi("stack", "init", "local")
        assert created.returncode == 0, created.stdout
        return project

    return make
