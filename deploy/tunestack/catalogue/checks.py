"""What cannot work, found in the catalogue before anything is created."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tunestack.catalogue.reader import UnknownRowError, machine, machines, nearest, open_model, region, regions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tunestack.catalogue.entries import Machine, OpenModel

MODES = ("FULL", "PEFT_ADAPTER")

ADAPTER_SIZES = (1, 2, 4, 8, 16, 32)
"""The service's AdapterSize enum, v1beta1."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that cannot work, or that is not known to.

    Attributes:
        property: the input's name as a stack writes it, such as `baseModel`.
        reason: what is wrong with it, and the nearest that can work.
        is_unknown: whether it is only that the catalogue does not have it.
    """

    property: str
    reason: str
    is_unknown: bool = False

    def __str__(self) -> str:
        return f"{self.property}: {self.reason}"


def problems(
    *,
    base_model: str | None = None,
    mode: str | None = None,
    location: str | None = None,
    adapter_size: int | None = None,
    epochs: int | None = None,
    learning_rate: float | None = None,
    batch_size: int | None = None,
    machine_type: str | None = None,
    accelerator_type: str | None = None,
    accelerator_count: int | None = None,
) -> tuple[Problem, ...]:
    """Says what cannot work, each with the nearest that can. What is None is not looked at.

    Args:
        base_model: `publisher/family@version`.
        mode: `FULL` or `PEFT_ADAPTER`.
        location: where the job is submitted; with a machine, where the model is deployed.
        adapter_size: rank of the adapter; only with `PEFT_ADAPTER`.
        epochs: passes over the training file.
        learning_rate: step size, not a multiplier.
        batch_size: examples a step.
        machine_type: machine that shall serve the tuned model.
        accelerator_type: accelerator that the machine shall have.
        accelerator_count: how many of them.

    Returns:
        All problems, in the order of the arguments; empty when nothing is known to be wrong.
    """
    found: list[Problem] = []
    model = None
    if base_model is not None:
        try:
            model = open_model(base_model)
        except UnknownRowError as error:
            found.append(Problem("baseModel", str(error), is_unknown=True))
    if mode is not None:
        found += _mode_problems(mode, model)
    if location is not None:
        found += _location_problems(location, model, serving=machine_type is not None)
    found += _hyperparameter_problems(mode, adapter_size, epochs, learning_rate, batch_size)
    if machine_type is not None:
        found += _machine_problems(machine_type, accelerator_type, accelerator_count, model)
    return tuple(found)


def _mode_problems(mode: str, model: OpenModel | None) -> Iterator[Problem]:
    if mode not in MODES:
        yield Problem("mode", f'"{mode}" is not a tuning mode; write {" or ".join(MODES)}')
    elif model is not None and mode not in model.modes:
        yield Problem("mode", f"{model.name} is not tuned in mode {mode}; it is in {' or '.join(model.modes)}")


def _location_problems(location: str, model: OpenModel | None, *, serving: bool) -> Iterator[Problem]:
    known = region(location)
    if serving:
        # Accelerators are in more regions than tuning is, and no list of them is known: only what cannot be is refused.
        if known and not known.serves:
            yield Problem("location", f'nothing can be deployed in "{location}"; write a region, such as {_serving()}')
        return
    usable = [row.name for row in regions() if model is None or row.name in model.regions]
    if location in usable:
        return
    # A region of the same continent is the nearest, before one of similar spelling.
    same_continent = [name for name in usable if name.partition("-")[0] == location.partition("-")[0]]
    near = nearest(location, same_continent or usable)[0]
    subject = model.name if model else "an open model"
    yield Problem("location", f'{subject} is not tuned in "{location}"; nearest: {near}; all: {", ".join(usable)}')


def _hyperparameter_problems(
    mode: str | None,
    adapter_size: int | None,
    epochs: int | None,
    learning_rate: float | None,
    batch_size: int | None,
) -> Iterator[Problem]:
    if adapter_size is not None and mode == "FULL":
        yield Problem(
            "adapterSize", "mode FULL trains all weights and has no adapter; remove it, or write mode PEFT_ADAPTER"
        )
    elif adapter_size is not None and adapter_size not in ADAPTER_SIZES:
        near = min(ADAPTER_SIZES, key=lambda size: abs(size - adapter_size))
        sizes = ", ".join(map(str, ADAPTER_SIZES))
        yield Problem("adapterSize", f"{adapter_size} is not an adapter size; nearest: {near}; all: {sizes}")
    if epochs is not None and epochs < 1:
        yield Problem("epochs", f"{epochs} epochs train nothing; write 1 or more")
    if learning_rate is not None and not 0 < learning_rate < 1:
        yield Problem("learningRate", f"{learning_rate} is not a learning rate; write one above 0 and below 1")
    if batch_size is not None and batch_size < 1:
        yield Problem("batchSize", f"{batch_size} examples a step train nothing; write 1 or more")


def _machine_problems(
    machine_type: str, accelerator_type: str | None, accelerator_count: int | None, model: OpenModel | None
) -> Iterator[Problem]:
    try:
        asked = machine(machine_type)
    except UnknownRowError as error:
        yield Problem("machineType", str(error), is_unknown=True)
        return
    wanted = (accelerator_type or asked.accelerator_type, accelerator_count or asked.accelerator_count)
    if wanted != (asked.accelerator_type, asked.accelerator_count):
        fitting = [row for row in machines() if (row.accelerator_type, row.accelerator_count) == wanted]
        remedy = f", or machine {fitting[0].name} for {_accelerators(fitting[0])}" if fitting else ""
        name = "acceleratorCount" if wanted[0] == asked.accelerator_type else "acceleratorType"
        yield Problem(name, f"{asked.name} comes with {_accelerators(asked)} and no other; write that{remedy}")
    if model is not None and asked.holds(model.weight_bytes) is False:
        yield Problem("machineType", _too_small(asked, model))


def _too_small(asked: Machine, model: OpenModel) -> str:
    able = [row for row in machines() if row.holds(model.weight_bytes)]
    # The same accelerator first: its quota is the one the project is likely to have.
    able.sort(key=lambda row: (row.accelerator_type != asked.accelerator_type, row.usd_per_hour or 0))
    remedy = f"; nearest that can: {able[0].name} ({_accelerators(able[0])})" if able else ""
    return (
        f"{asked.name} ({_accelerators(asked)}) cannot hold {model.name}: its weights take "
        f"{_gib(model.weight_bytes)} as bfloat16, and {_gib(asked.usable_bytes)} are usable{remedy}"
    )


def _serving() -> str:
    return " or ".join([row.name for row in regions() if row.serves][:2])


def _accelerators(row: Machine) -> str:
    return f"{row.accelerator_count} × {row.accelerator_type}"


def _gib(size: int | None) -> str:
    return "an unknown size" if size is None else f"{size / 2**30:.1f} GiB"
