"""Whether engine, plugins and client libraries are there, in versions that work together."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from tunestack.cli.doctor.finding import Finding, ok, problem, warning
from tunestack.cli.stack import Engine, StackError

if TYPE_CHECKING:
    from packaging.requirements import Requirement

ENGINE, PLUGINS, CLIENTS = "engine", "plugins", "clients"

_PROVIDER = "pulumi-resource-tunestack"
_INSTALL = "https://www.pulumi.com/docs/install/"
_SHOWN = ("google-genai", "google-cloud-aiplatform", "google-cloud-storage", "pulumi")


def look_at_engine() -> Iterator[Finding]:
    """Yields whether there is a `pulumi` that takes programs of the installed SDK."""
    from packaging.version import InvalidVersion, Version

    try:
        told = Engine().run("version").strip()
        version = Version(told.removeprefix("v"))
    except StackError as error:
        yield problem(ENGINE, str(error), f"install one: {_INSTALL}; in a checkout, make engine && . .tunestack/env")
        return
    except InvalidVersion:
        yield warning(ENGINE, f"pulumi calls its version {told!r}, which tells nothing")
        return
    oldest = next(
        (Version(each.version) for need in _needs() if need.name == "pulumi" for each in need.specifier), Version("3")
    )
    if version < oldest or version.major != oldest.major:
        says = f"pulumi {told}, and at least v{oldest} and less than v{oldest.major + 1} is needed"
        yield problem(ENGINE, says, f"install another one: {_INSTALL}")
        return
    yield ok(ENGINE, f"pulumi {told}")


def look_at_plugins() -> Iterator[Finding]:
    """Yields whether our own plugin is there, and the one that the installed SDK of pulumi-gcp was made for."""
    beside = Path(sys.executable).parent
    if shutil.which(_PROVIDER, path=os.pathsep.join((str(beside), os.environ.get("PATH", "")))) is None:
        yield problem(
            PLUGINS, f"{_PROVIDER} is neither in {beside} nor on PATH", "pip install --force-reinstall tunestack"
        )
    try:
        wanted = metadata.version("pulumi-gcp")
    except metadata.PackageNotFoundError:
        yield ok(PLUGINS, "pulumi-gcp is not installed here, so its plugin is not needed")
        return
    listed = json.loads(Engine().run("plugin", "ls", "--json"))
    present = [each["version"] for each in listed if each["name"] == "gcp" and each["kind"] == "resource"]
    if wanted in present:
        yield ok(PLUGINS, f"{_PROVIDER}, pulumi-gcp {wanted}")
        return
    others = f"; there is {', '.join(present)}" if present else ""
    says = f"the plugin pulumi-gcp {wanted} is not there{others}: the engine downloads 200 MB at its first use"
    yield warning(PLUGINS, says, f"pulumi plugin install resource gcp {wanted}")


def look_at_clients() -> Iterator[Finding]:
    """Yields whether the libraries are there that this version of tunestack was made for."""
    wrong = []
    for need in _needs():
        try:
            present = metadata.version(need.name)
        except metadata.PackageNotFoundError:
            wrong.append(need)
            yield problem(CLIENTS, f"{need.name} is not installed, and tunestack needs {need}", f"pip install '{need}'")
            continue
        if not need.specifier.contains(present, prereleases=True):
            wrong.append(need)
            yield problem(CLIENTS, f"{need.name} is {present}, and tunestack needs {need}", f"pip install '{need}'")
    if not wrong:
        shown = ", ".join(f"{name} {metadata.version(name)}" for name in _SHOWN)
        yield ok(CLIENTS, f"tunestack {metadata.version('tunestack')} with {shown}")


def _needs() -> list[Requirement]:
    """Returns what tunestack needs on this machine, by its own metadata; without what is for extras."""
    from packaging.requirements import Requirement

    found = map(Requirement, metadata.requires("tunestack") or ())
    return [need for need in found if need.marker is None or need.marker.evaluate({"extra": ""})]
