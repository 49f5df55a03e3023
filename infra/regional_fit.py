"""Whether the regions of a stack can serve what it tunes: told before it is tuned, and paid for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pulumi
import yaml
from pydantic import ValidationError

from infra.catalogue_problems import endpoint_problems
from infra.setting_problems import NAMESPACE, path, unknown
from infra.settings import EndpointSettings, Settings

FOLDER = "stacks"


def check_regions(settings: Settings, stack: str, project_folder: Path) -> None:
    """Refuses what leaves a region of this stack without a model, or with one that its machines cannot hold.

    Args:
        settings: of this stack.
        stack: its name.
        project_folder: where Pulumi.yaml is.

    Raises:
        pulumi.RunError: with all that cannot work, each with its place.
    """
    if found := list(_misfits(settings, stack, project_folder / FOLDER)):
        raise pulumi.RunError("\n".join(("regions of this stack cannot serve what it tunes:", *found)))


def _misfits(settings: Settings, stack: str, folder: Path) -> Iterator[str]:
    for file in sorted(folder.glob("Pulumi.*.yaml")):
        config = _config(file)
        foundation = config.get(f"{NAMESPACE}:foundation")
        if not isinstance(foundation, str) or foundation.rpartition("/")[2] != stack:
            continue
        served = config.get(f"{NAMESPACE}:serving")
        for name, entry in served.items() if isinstance(served, Mapping) else ():
            try:
                endpoint = EndpointSettings.model_validate(entry)
            except ValidationError:
                continue  # the region's own run tells what is wrong with it
            place = f"{FOLDER}/{file.name}: config."
            if endpoint.model is not None and endpoint.model not in settings.models:
                told = unknown(endpoint.model, "model", list(settings.models))
                yield f"{place}{path(('serving', name, 'model'))}: of stack {stack}: {told}"
            elif endpoint.model is not None and (base := settings.base_model(endpoint.model)) is not None:
                yield from (f"{place}{problem}" for problem in endpoint_problems(str(name), endpoint, base))


def _config(file: Path) -> Mapping[str, Any]:
    try:
        content = yaml.safe_load(file.read_text("utf-8"))
    except (OSError, UnicodeError, yaml.YAMLError):
        return {}  # the run of that stack tells it
    config = content.get("config") if isinstance(content, Mapping) else None
    return config if isinstance(config, Mapping) else {}
