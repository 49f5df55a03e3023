"""What cannot be served, or not on the machine that is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunestack.catalogue.checks.problem import Problem
from tunestack.catalogue.entries import OpenModel
from tunestack.catalogue.model_rows import open_models
from tunestack.catalogue.names import UnknownRowError
from tunestack.catalogue.reader import machine, machines, machines_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tunestack.catalogue.checks.problem import Asked
    from tunestack.catalogue.entries import GeminiModel, Machine


def problems(asked: Asked, model: OpenModel | GeminiModel | None) -> Iterator[Problem]:
    """Yields what is wrong with a machine, with its accelerators, and with the model on it."""
    if asked.machine_type is None:
        return
    if not asked.is_open:
        reason = (
            "a tuned Gemini model brings its own endpoints, one for each checkpoint: use the output endpoint of its "
            "TunedModel, and leave out the deployment"
        )
        yield Problem("baseModel", reason)
    if isinstance(model, OpenModel) and model.servable is False:
        yield Problem("baseModel", _not_served(model), is_unknown=True)
    try:
        row = machine(asked.machine_type)
    except UnknownRowError as error:
        yield Problem("machineType", str(error), is_unknown=True)
        return
    wanted = (asked.accelerator_type or row.accelerator_type, asked.accelerator_count or row.accelerator_count)
    if wanted != (row.accelerator_type, row.accelerator_count):
        fitting = [other for other in machines() if (other.accelerator_type, other.accelerator_count) == wanted]
        remedy = f", or machine {fitting[0].name} for {_accelerators(fitting[0])}" if fitting else ""
        name = "acceleratorCount" if wanted[0] == row.accelerator_type else "acceleratorType"
        yield Problem(name, f"{row.name} comes with {_accelerators(row)} and no other; write that{remedy}")
    if isinstance(model, OpenModel) and row.holds(model.weight_bytes) is False:
        yield Problem("machineType", _too_small(row, model))


def _not_served(model: OpenModel) -> str:
    def distance(row: OpenModel) -> tuple[bool, bool, int]:
        is_kin = [row.name.partition(mark)[0] == model.name.partition(mark)[0] for mark in "/@"]
        return not is_kin[0], not is_kin[1], abs((row.parameters or 0) - (model.parameters or 0))

    near = min((row for row in open_models() if row.servable), key=distance)
    return (
        f"{model.name} can be tuned, but is not among the models that custom-weights serving takes "
        f"({model.servable_source}); nearest that is: {near.name}"
    )


def _too_small(asked: Machine, model: OpenModel) -> str:
    from tunestack.wording import gib  # only errors need it

    # The same accelerator first: its quota is the one the project is likely to have.
    able = sorted(machines_for(model.weight_bytes), key=lambda row: row.accelerator_type != asked.accelerator_type)
    remedy = f"; nearest that can: {able[0].name} ({_accelerators(able[0])})" if able else ""
    return (
        f"{asked.name} ({_accelerators(asked)}) cannot hold {model.name}: its weights take "
        f"{gib(model.weight_bytes)} as bfloat16, and {gib(asked.usable_bytes)} are usable{remedy}"
    )


def _accelerators(row: Machine) -> str:
    return f"{row.accelerator_count} × {row.accelerator_type}"
