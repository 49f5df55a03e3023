"""A project with an environment, and an engine that does what its stacks' files tell it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

ENGINE = r"""#!/bin/sh
# Each stack has a folder: what its runs do stands in `does`, what they left in `up`, `outputs` and `history`.
cd "@BOOKS@"
echo "$*" >> calls
stack= log=
for word in "$@"; do
    case "$before" in --stack|init) stack=$word;; --event-log) log=$word;; esac
    before=$word
done
say() { echo "$1"; }
event() { printf '%s\n' "$1" >> "$log"; }
fails() { event "{\"diagnosticEvent\": {\"severity\": \"error\", \"message\": \"$1\n\"}}"; say "error: $1"; exit 255; }
case "$*" in
    *"stack ls"*) printf '['; comma=; for each in */; do
            [ -d "$each" ] || continue
            count=0; [ -e "$each/up" ] && count=7
            printf '%s{"name": "%s", "current": false, "resourceCount": %s}' "$comma" "${each%/}" $count; comma=,
        done; echo ']'; exit;;
    *"stack init"*) [ -e refuses ] && { echo "error: no key" >&2; exit 255; }; mkdir "$stack"; exit;;
    *"stack output"*) cat "$stack/outputs" 2>/dev/null || echo '{}'; exit;;
    *"stack export"*) cat "$stack/state" 2>/dev/null || echo '{"deployment": null}'; exit;;
    *"stack history"*) cat "$stack/history" 2>/dev/null || echo '[]'; exit;;
esac
event '{"diagnosticEvent": {"severity": "debug", "message": "of no interest"}}'
say "at work on $stack"
touch "$stack/begun"
. "$stack/does"
case "$*" in *" destroy "*) rm -f "$stack/up";; *) touch "$stack/up";; esac
event '{"summaryEvent": {"result": "succeeded", "resourceChanges": {"create": 2, "same": 5}}}'
"""

WAIT = 'i=0; while [ ! -e {0} ] && [ $i -lt 150 ]; do i=$((i + 1)); sleep 0.2; done; [ -e {0} ] || fails "{1}"\n'
"""For half a minute: the other stack's engine has to be started meanwhile."""


@dataclass(frozen=True)
class Project:
    """A project of the engine, and the engine's books.

    Attributes:
        folder: of the project.
        books: of the engine.
    """

    folder: Path
    books: Path

    def stack(self, name: str, does: str = "", **config: Any) -> None:
        """Makes a stack that the backend has, and says what a run on it does."""
        self.write(name, **config)
        (self.books / name).mkdir(exist_ok=True)
        (self.books / name / "does").write_text(does)

    def write(self, name: str, **config: Any) -> Path:
        """Writes a stack's file."""
        path = self.folder / "stacks" / f"Pulumi.{name}.yaml"
        config = {"project": "demo-project", "location": "us-central1", **config}
        path.write_text(yaml.safe_dump({"config": {f"tunestack:{key}": value for key, value in config.items()}}))
        return path

    def calls(self, kind: str = "") -> list[str]:
        """Returns the calls of the engine that have a word in them."""
        return [call for call in (self.books / "calls").read_text().splitlines() if kind in call.split()]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project in the current folder that has no stacks yet, and a `pulumi` first on PATH."""
    made = Project(tmp_path / "project", tmp_path / "books")
    (made.folder / "stacks").mkdir(parents=True)
    (made.folder / "Pulumi.yaml").write_text("name: shop\nruntime: python\nmain: infra/\nstackConfigDir: stacks\n")
    made.books.mkdir()
    (made.books / "calls").touch()
    executable = tmp_path / "bin" / "pulumi"
    executable.parent.mkdir()
    executable.write_text(ENGINE.replace("@BOOKS@", str(made.books)))
    executable.chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join((str(executable.parent), os.environ["PATH"])))
    monkeypatch.chdir(made.folder)
    return made


@pytest.fixture
def environment(project: Project) -> Callable[..., Project]:
    """Makes `prod` and its regions `prod-east` and `prod-west`; what a run on each does can be told."""

    def make(prod: str = "", east: str = "", west: str = "") -> Project:
        project.stack("prod", prod)
        project.stack("prod-east", east, foundation="prod")
        project.stack("prod-west", west, foundation="prod")
        return project

    return make
