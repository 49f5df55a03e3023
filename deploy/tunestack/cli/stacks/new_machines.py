"""On which machines a new stack serves, and how many accelerators that takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunestack.cli.stack import StackError
from tunestack.cli.stacks.stack_files import StackFile, entries, named_stack, section

ONE_MACHINE = ("machineType", "acceleratorType", "acceleratorCount")
"""Keys of an endpoint that is served on one machine alone."""


def cheapest(foundation: StackFile, model: str, files: Mapping[str, StackFile]) -> tuple[str, ...]:
    """Returns the machines with the cheapest accelerators that hold a model, the cheapest first.

    Which of them the service takes for the model only shows when it is deployed.

    Raises:
        StackError: its base model, or what that needs, is not known.
    """
    from tunestack import catalogue

    name = _base_model(foundation, model, files)
    try:
        fitting = catalogue.machines_for(catalogue.open_model(name).weight_bytes) if name else ()
    except catalogue.UnknownRowError:
        fitting = ()
    if not fitting:
        raise StackError(
            f"which machine serves {model} of {foundation.name} is not known: name it with --machine, such as "
            "--machine g2-standard-12; `tunestack models` shows the machines of each model"
        )
    cheapest = fitting[0]
    return tuple(
        row.name
        for row in fitting
        if (row.accelerator_type, row.accelerator_count) == (cheapest.accelerator_type, cheapest.accelerator_count)
    )


def _base_model(file: StackFile, model: str, files: Mapping[str, StackFile], seen: frozenset[str] = frozenset()) -> str:
    """Returns what a model was tuned from, wherever that is said; empty where it is not."""
    entry = entries(file.config, "models").get(model)
    if entry is None or f"{file.name}:{model}" in seen:
        return ""
    if entry.get("baseModel"):
        return str(entry["baseModel"])
    before = section(entry, "promote") or section(entry, "continueFrom")
    origin = named_stack(before.get("from") or before.get("stack") or file.name)
    if origin not in files:
        return ""
    return _base_model(files[origin], str(before.get("model") or ""), files, seen | {f"{file.name}:{model}"})


def served_on(machines: tuple[str, ...]) -> dict[str, Any]:
    """Returns the keys of an endpoint that say what it is served on.

    Raises:
        StackError: the catalogue does not know a machine.
    """
    from tunestack import catalogue

    try:
        rows = [catalogue.machine(name) for name in machines]
    except catalogue.UnknownMachineError as error:
        raise StackError(f"--machine: {error}") from error
    if len(rows) > 1:
        return {"machines": list(machines)}
    return {
        "machineType": rows[0].name,
        "acceleratorType": rows[0].accelerator_type,
        "acceleratorCount": rows[0].accelerator_count,
    }


def accelerators(serving: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """Returns how many accelerators are needed: those that serve, and as many for what takes over from them."""
    from tunestack import catalogue

    wanted: dict[str, int] = {}
    for endpoint in serving.values():
        if kind := endpoint.get("acceleratorType"):
            needed = {kind: int(endpoint.get("acceleratorCount") or 1)}
        else:
            rows = [row for row in catalogue.machines() if row.name in (endpoint.get("machines") or ())]
            needed = {row.accelerator_type: row.accelerator_count for row in rows}
        for kind, count in needed.items():
            wanted[kind] = wanted.get(kind, 0) + 2 * count * int(endpoint.get("minReplicas") or 1)
    return wanted
