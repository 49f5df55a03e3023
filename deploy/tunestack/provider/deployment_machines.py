"""The machines that a deployment may serve on: one that is named, or a list in the order of preference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from tunestack.catalogue import Problem, problems
from tunestack.serving.candidates import resolved

MACHINE_INPUTS: Final = frozenset({"machines", "machineType", "acceleratorType", "acceleratorCount"})
"""Inputs that say where to serve: one of them, or the three others."""


class MachineInputs(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One of several machines; its accelerators are the catalogue's where the program does not say."""

    machine_type: str
    accelerator_type: str | None = None
    accelerator_count: int | None = None


def machine_problems(
    sound: Mapping[str, Any], declared: Mapping[str, Any], base_model: str | None
) -> Iterator[Problem]:
    """Yields what is wrong with the machines: named twice or not at all, unknown, too small for the model.

    Args:
        sound: the inputs that are known, and of the right type.
        declared: all inputs that the program gives, in plain values, also those that a preview does not know.
        base_model: what was tuned.
    """
    single = [name for name in ("machineType", "acceleratorType", "acceleratorCount") if declared.get(name) is not None]
    if declared.get("machines") is None:
        missing = [name for name in ("machineType", "acceleratorType") if name not in single]
        if missing:
            yield Problem(missing[0], f"is missing; name the machine with {' and '.join(missing)}, or list machines")
        yield from problems(
            base_model=base_model,
            machine_type=sound.get("machineType"),
            accelerator_type=sound.get("acceleratorType"),
            accelerator_count=sound.get("acceleratorCount"),
        )
        return
    if single:
        yield Problem("machines", f"stands beside {' and '.join(single)}; write either, not both")
    if "machines" in sound:
        yield from _list_problems(sound["machines"], base_model)


def _list_problems(listed: Sequence[Mapping[str, Any]], base_model: str | None) -> Iterator[Problem]:
    # The engine prints names of parts badly: each is told on the list, with its place in the text.
    if not listed:
        yield Problem("machines", "is empty; list at least one, such as g2-standard-12")
    seen: set[str] = set()
    for number, each in enumerate(listed):
        name = each["machineType"]
        if name in seen:
            yield Problem("machines", f"machines[{number}]: {name} is listed twice")
        seen.add(name)
        found = problems(
            base_model=base_model,
            machine_type=name,
            accelerator_type=each.get("acceleratorType"),
            accelerator_count=each.get("acceleratorCount"),
        )
        for problem in found:
            if problem.property != "baseModel":
                reason = f"machines[{number}]: {problem.reason}"
                yield Problem("machines", reason, problem.is_unknown, problem.is_warning)
            elif number == 0:  # told once is enough: it is the same on each machine
                yield problem
        if not resolved(each)[1]:
            reason = f"machines[{number}]: {name} needs an acceleratorType, since the catalogue does not know it"
            yield Problem("machines", reason)
