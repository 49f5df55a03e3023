"""The Python environment that a program or plugin asks for in its `runtime` options, and what is installed in it."""

from __future__ import annotations

import importlib.metadata
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from google.protobuf.struct_pb2 import Struct


class RequiredPlugin(NamedTuple):
    """A plugin that an installed package needs, as its `pulumi-plugin.json` or its name says."""

    name: str
    version: str
    server: str


class EnvironmentMissingError(Exception):
    """The `virtualenv` of the runtime options does not exist."""


class Environment:
    """One Python environment.

    Args:
        root: the folder that holds Pulumi.yaml, PulumiPlugin.yaml or PulumiPolicy.yaml.
        options: its `runtime.options`; without `virtualenv` the environment of this process is meant.
    """

    def __init__(self, root: str, options: Struct) -> None:
        virtualenv = options.fields["virtualenv"].string_value if "virtualenv" in options.fields else ""
        self.folder = Path(root, virtualenv) if virtualenv else Path(sys.prefix)
        self.python = self.folder / "bin" / "python" if virtualenv else Path(sys.executable)
        if not self.python.exists():
            message = f"the virtual environment {self.folder} does not exist; make it (here: `make engine`)"
            raise EnvironmentMissingError(message)

    @cached_property
    def search_path(self) -> list[str]:
        """Where this environment looks for packages."""
        if self.folder.resolve() == Path(sys.prefix).resolve():
            return sys.path
        show = [str(self.python), "-c", "import json, sys; print(json.dumps(sys.path))"]
        return list(json.loads(subprocess.run(show, check=True, capture_output=True, text=True).stdout))

    def distributions(self) -> Iterator[importlib.metadata.Distribution]:
        """All installed distributions."""
        return iter(importlib.metadata.distributions(path=self.search_path))

    def direct_dependencies(self) -> list[importlib.metadata.Distribution]:
        """The installed distributions that no other installed one requires."""
        installed = list(self.distributions())
        required = {
            _normalized(re.split(r"[^\w.-]", requirement, maxsplit=1)[0])
            for distribution in installed
            for requirement in distribution.requires or []
        }
        return [distribution for distribution in installed if _normalized(distribution.name) not in required]

    def required_plugins(self) -> Iterator[RequiredPlugin]:
        """The resource plugins that installed packages need.

        A package says so in `pulumi-plugin.json`; the files are looked for directly, as reading the metadata of every
        installed distribution would slow each preview down.
        """
        for folder in dict.fromkeys(self.search_path):
            for file in sorted(Path(folder).glob("*/pulumi-plugin.json")):
                plugin = json.loads(file.read_text(encoding="utf-8"))
                if plugin.get("resource"):
                    yield RequiredPlugin(plugin["name"], plugin.get("version", ""), plugin.get("server", ""))


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
