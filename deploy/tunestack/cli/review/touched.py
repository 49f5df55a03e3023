"""Which stacks a change touches: by their own files, by the files that they name, by the program of all of them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from tunestack.cli.git import git
from tunestack.cli.stack import StackError
from tunestack.cli.stacks.stack_files import ProjectFile, StackFile, find, name_of, ordered, read_all, regions_of
from tunestack.wording import some

_OF_ALL = ("*.py", "pyproject.toml", "requirements*.txt", "requirements*.lock", "*.in", "uv.lock", "poetry.lock")
"""Names of files that any stack may depend on, wherever they lie: the program's own, and what it is installed from."""

_NOWHERE = re.compile("0+")
"""What a host gives as the commit before the first one of a branch."""


@dataclass(frozen=True, slots=True)
class Touched:
    """A stack that a change touches.

    Attributes:
        name: of the stack.
        reasons: why, each a few words.
        follows: the touched stacks whose outputs it reads; its preview is of their outputs from before.
    """

    name: str
    reasons: Sequence[str]
    follows: Sequence[str]


@dataclass(frozen=True, slots=True)
class Change:
    """What a change does to the stacks of a project.

    Attributes:
        stages: the stacks that it touches; each stage follows only those before it.
        removed: stacks whose files it takes away. What they have made stays where it is.
    """

    stages: Sequence[Sequence[Touched]]
    removed: Sequence[str]

    @property
    def stacks(self) -> list[Touched]:
        """All that are touched, in their order."""
        return [each for stage in self.stages for each in stage]

    def to_json(self) -> dict[str, Any]:
        """Returns it for machines."""
        stacks = [{"name": each.name, "reasons": each.reasons, "follows": each.follows} for each in self.stacks]
        return {
            "stacks": stacks,
            "stages": [[each.name for each in stage] for stage in self.stages],
            "removed": self.removed,
        }


def look(
    base: str, folder: Path | None = None, *, also: Sequence[str] = (), emulated: bool = False, only: Sequence[str] = ()
) -> Change:
    """Says which stacks the commits since a base touch.

    Args:
        base: a commit, or a branch; what has happened there since is left out.
        folder: of the project or below; the current one by default.
        also: patterns of paths, from the project's folder on, that all stacks depend on.
        emulated: whether stacks of the emulator count as well.
        only: names of stacks that are meant whatever has changed, instead.

    Raises:
        StackError: git does not know the base.
    """
    project = ProjectFile.find(folder)
    files = {name: file for name, file in read_all(folder).items() if emulated or not file.emulator}
    if only:
        return Change(_staged({find(name, files).name: ["asked for"] for name in only}, files), [])
    changed = _changed(base, project.folder)
    if changed is None:
        return Change(_staged({name: ["there is no commit before"] for name in files}, files), [])
    shared = [path for path in changed if _is_of_all(path, project, also)]
    reasons = {name: list(_reasons(file, changed, shared, project.folder)) for name, file in files.items()}
    for name, own in list(reasons.items()):
        for region in regions_of(name, files) if own else ():
            reasons[region.name].append(f"its foundation {name} is touched")
    stacks_folder = project.stacks_folder.relative_to(project.folder).as_posix()
    gone = (PurePosixPath(path) for path in changed if not (project.folder / path).exists())
    removed = [
        name_of(Path(path)) for path in gone if path.match("Pulumi.*.yaml") and str(path.parent) == stacks_folder
    ]
    return Change(_staged({name: why for name, why in reasons.items() if why}, files), sorted(removed))


def _reasons(file: StackFile, changed: Collection[str], shared: Sequence[str], folder: Path) -> Iterator[str]:
    if shared:
        yield f"all stacks depend on {some(shared, 1)}"
    own = file.path.relative_to(folder).as_posix()
    if own in changed:
        yield f"{own} changed"
    if file.problem:
        return  # which files it names is not known
    for path in sorted(set(_paths(yaml.safe_load(file.path.read_text("utf-8"))))):
        found = [each for each in changed if each == path or each.startswith(f"{path}/") or fnmatchcase(each, path)]
        if found:
            yield f"{found[0]} changed"


def _paths(value: object) -> Iterator[str]:
    """Yields all texts in a stack's file that may be paths, as git would write them."""
    if isinstance(value, Mapping):
        for each in value.values():
            yield from _paths(each)
    elif isinstance(value, list):
        for each in value:
            yield from _paths(each)
    elif isinstance(value, str) and value and "://" not in value:
        yield posixpath.normpath(value)


def _is_of_all(path: str, project: ProjectFile, also: Sequence[str]) -> bool:
    """Says whether all stacks depend on a file: other languages' programs lie in a folder of their own, or name it."""
    lies = PurePosixPath(path)
    if any(fnmatchcase(path, pattern) for pattern in also):
        return True
    if "tests" in lies.parts or lies.name.startswith("test_"):
        return False
    program = project.program_folder.resolve()
    is_apart = program != project.folder.resolve() and project.folder.resolve() in program.parents
    within = is_apart and (project.folder / path).resolve().is_relative_to(program)
    return path == "Pulumi.yaml" or within or any(fnmatchcase(lies.name, name) for name in _OF_ALL)


def _staged(reasons: Mapping[str, Sequence[str]], files: Mapping[str, StackFile]) -> list[list[Touched]]:
    return [
        [
            Touched(file.name, list(reasons[file.name]), [name for name in file.needs if name in reasons])
            for file in stage
        ]
        for stage in ordered(files[name] for name in reasons)
    ]


def _changed(base: str, folder: Path) -> list[str] | None:
    """Returns the paths that changed since a base, from the project's folder on; None where there is no base."""
    if not base or _NOWHERE.fullmatch(base):
        return None
    within = git(folder, "rev-parse", "--show-prefix").strip()
    try:
        listed = git(folder, "diff", "--name-only", "--no-renames", "-z", f"{base}...HEAD", "--")
    except StackError as error:
        raise StackError(
            f"git cannot compare with {base}: {error}. The checkout may lack it: fetch-depth: 0 (GitHub), or "
            "GIT_DEPTH: 0 (GitLab)"
        ) from error
    return [posixpath.relpath(path, within or ".") for path in listed.split("\0") if path]
