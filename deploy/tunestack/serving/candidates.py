"""The machines that a deployment may serve on: one that is named, or a list in the order of preference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tunestack.catalogue import find_machine

if TYPE_CHECKING:
    from tunestack.serving.specification import Machine


def candidates(known: Mapping[str, Any]) -> tuple[Machine, ...]:
    """Returns all machines that may serve, in the order of preference; none as long as they are not known.

    Args:
        known: the inputs that are known, in plain values; or an entry of a stack's YAML, whose list has names alone.
    """
    if known.get("machines"):
        return tuple(resolved({"machineType": each} if isinstance(each, str) else each) for each in known["machines"])
    if known.get("machineType") and known.get("acceleratorType"):
        return ((known["machineType"], known["acceleratorType"], int(known.get("acceleratorCount") or 1)),)
    return ()


def resolved(each: Mapping[str, Any]) -> Machine:
    """Returns a machine of a list with its accelerators, the catalogue's where none are named; empty where unknown."""
    name, accelerator, count = each["machineType"], each.get("acceleratorType"), each.get("acceleratorCount")
    row = find_machine(name)
    if row is None:
        return name, accelerator or "", int(count or 1)
    return name, accelerator or row.accelerator_type, int(count or row.accelerator_count)
