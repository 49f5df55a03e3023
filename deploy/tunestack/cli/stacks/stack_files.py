"""The stacks of a project, read from their files alone: no engine is asked, and nothing is decrypted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from tunestack.cli.stack import StackError

PROJECT_FILE = "Pulumi.yaml"
_PREFIX = "Pulumi."
_SUFFIX = ".yaml"
_NAMESPACE = "tunestack:"

_FOUNDATION = re.compile(rf"""^\s*["']?{_NAMESPACE}foundation["']?:\s*["']?([^\s"'#]+)""", re.MULTILINE)
"""Where a file that is no YAML, such as one half written or half merged, says all the same what it is a region of."""


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """A project of the engine.

    Attributes:
        folder: of its Pulumi.yaml; paths in stacks' files are relative to it.
        name: of the project.
        stacks_folder: where its stacks' files are.
        program_folder: where its program is.
    """

    folder: Path
    name: str
    stacks_folder: Path
    program_folder: Path

    @classmethod
    def find(cls, folder: Path | None = None) -> ProjectFile:
        """Finds the project upwards of a folder, the current one by default, as the engine does.

        Raises:
            StackError: there is none, or it cannot be read.
        """
        start = (folder or Path.cwd()).absolute()
        for candidate in (start, *start.parents):
            if (candidate / PROJECT_FILE).is_file():
                content = _read(candidate / PROJECT_FILE)
                return cls(
                    candidate,
                    str(content.get("name") or ""),
                    candidate / str(content.get("stackConfigDir") or "."),
                    candidate / str(content.get("main") or "."),
                )
        raise StackError(f"there is no {PROJECT_FILE} in {start} or above; run this in a Pulumi project")


@dataclass(frozen=True, slots=True)
class StackFile:
    """What a stack's file says; what is encrypted there stays so.

    Attributes:
        name: of the stack. Others are named by their short names, too, however the file has them.
        path: of its file.
        project: id of its Google Cloud project; empty where the file does not say.
        location: of its jobs and endpoints; empty where the file does not say.
        foundation: the stack that this one is a region of; empty for one that stands by itself.
        promotes_from: the stacks whose models it takes over.
        continues_from: the stacks whose models it tunes further.
        emulator: whether it is a stack of the emulator.
        secrets_provider: such as `gcpkms://…`; empty for that of the backend, or a passphrase.
        config: what stands below `tunestack:`, without that prefix.
        problem: why the file cannot be read, with its place; then all but name, path and foundation is empty.
    """

    name: str
    path: Path
    project: str = ""
    location: str = ""
    foundation: str = ""
    promotes_from: tuple[str, ...] = ()
    continues_from: tuple[str, ...] = ()
    emulator: bool = False
    secrets_provider: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""

    @classmethod
    def read(cls, path: Path) -> StackFile:
        """Reads one file; one that cannot be read says so, since it stands in no other stack's way."""
        try:
            content = _read(path)
            config = _configuration(content, path)
        except StackError as error:
            named = _FOUNDATION.search(path.read_text("utf-8", "replace"))
            return cls(name_of(path), path, foundation=named_stack(named and named[1]), problem=str(error))
        models = entries(config, "models").values()
        return cls(
            name=name_of(path),
            path=path,
            project=_text(config.get("project")),
            location=_text(config.get("location")),
            foundation=named_stack(config.get("foundation")),
            promotes_from=_named(section(model, "promote").get("from") for model in models),
            continues_from=_named(section(model, "continueFrom").get("stack") for model in models),
            emulator=config.get("emulator") in (True, "true"),
            secrets_provider=_text(content.get("secretsprovider")),
            config=config,
        )

    @property
    def needs(self) -> tuple[str, ...]:
        """The other stacks whose outputs it reads, so that they go up before it."""
        named = dict.fromkeys((self.foundation, *self.promotes_from, *self.continues_from))
        return tuple(name for name in named if name not in ("", self.name))


def read_all(folder: Path | None = None) -> dict[str, StackFile]:
    """Reads the files of all stacks of the project in a folder or above it, by name; the current folder by default.

    Raises:
        StackError: there is no project.
    """
    found = ProjectFile.find(folder).stacks_folder.glob(f"{_PREFIX}*{_SUFFIX}")
    return {file.name: file for file in map(StackFile.read, sorted(found, key=name_of))}


def regions_of(foundation: str, files: Mapping[str, StackFile] | None = None) -> list[StackFile]:
    """Returns the regional stacks of a foundation."""
    files = read_all() if files is None else files
    return [file for file in files.values() if file.foundation == foundation]


def environment(name: str, files: Mapping[str, StackFile] | None = None) -> list[StackFile]:
    """Returns a stack and the regions of which it is the foundation, itself first.

    Raises:
        StackError: there is no such stack; says which there are.
    """
    files = read_all() if files is None else files
    return [find(name, files), *regions_of(name, files)]


def find(name: str, files: Mapping[str, StackFile]) -> StackFile:
    """Returns the file of a stack.

    Raises:
        StackError: there is none, and which there are; or it cannot be read.
    """
    if name in files:
        if problem := files[name].problem:
            raise StackError(problem)
        return files[name]
    near = get_close_matches(name, files, n=1)
    known = f"did you mean {near[0]}? There are" if near else "there are"
    raise StackError(f"there is no stack {name}: {known} {', '.join(files) or 'no stacks'}")


def ordered(files: Iterable[StackFile]) -> list[list[StackFile]]:
    """Groups stacks so that each comes after all those of the same selection that it needs.

    Raises:
        StackError: stacks need each other in a circle.
    """
    left = {file.name: file for file in files}
    groups: list[list[StackFile]] = []
    while left:
        ready = [file for file in left.values() if left.keys().isdisjoint(file.needs)]
        if not ready:
            raise StackError(f"stacks need each other in a circle, so that none can be the first: {', '.join(left)}")
        groups.append(ready)
        for file in ready:
            del left[file.name]
    return groups


def name_of(path: Path) -> str:
    """Returns the name of the stack whose file this is."""
    return path.name.removeprefix(_PREFIX).removesuffix(_SUFFIX)


def section(config: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Returns a section of a configuration; an empty one where it is missing, or none that could be looked into."""
    value = config.get(key)
    return value if isinstance(value, dict) else {}


def entries(config: Mapping[str, Any], key: str) -> dict[str, Mapping[str, Any]]:
    """Returns those of a section that can be looked into; what else may be wrong in it is the program's to refuse."""
    return {str(name): entry for name, entry in section(config, key).items() if isinstance(entry, dict)}


def named_stack(value: object) -> str:
    """Returns the name of a stack that is referred to, without organization and project; empty where none is."""
    return _text(value).rpartition("/")[2]


def _read(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text("utf-8")) or {}
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise StackError(f"{path}{line}: this is no YAML: {error.problem}") from error
    except (yaml.YAMLError, UnicodeError) as error:
        raise StackError(f"{path}: this is no YAML: {error}") from error
    if not isinstance(content, dict):
        raise StackError(f"{path}: this is no mapping of keys to values")
    return content


def _configuration(content: Mapping[str, Any], path: Path) -> dict[str, Any]:
    keys = content.get("config") or {}
    if not isinstance(keys, dict):
        raise StackError(f"{path}: config: this is no mapping of keys to values")
    return {str(key).removeprefix(_NAMESPACE): keys[key] for key in keys if str(key).startswith(_NAMESPACE)}


def _text(value: object) -> str:
    """Returns a text; what has another form is the program's to refuse, which says where it stands."""
    return value if isinstance(value, str) else ""


def _named(values: Iterable[object]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, map(named_stack, values))))
