"""Which machine a deployment would get, as far as a preview can know: it warns, and never refuses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec

from tunestack.provider.deployment_inputs import RolloutInputs, region_of
from tunestack.serving import machine_choice
from tunestack.serving.candidates import candidates
from tunestack.serving.capacity import look
from tunestack.serving.machine_choice import Need

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tunestack.connection import Connection
    from tunestack.serving.specification import Machine


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a preview knows of the machine.

    Attributes:
        machine: the one that would be taken, or that is tried first where none is known to be had; None where the
            program's own values are not known yet.
        reason: why, where several may serve.
        warning: that none can be had now; empty where one can, or where that is not known.
    """

    machine: Machine | None
    reason: str = ""
    warning: str = ""


def foretell(connection: Connection, known: Mapping[str, Any], previous: Mapping[str, Any]) -> Forecast:
    """Looks at what can be had where the endpoint is, or will be.

    Args:
        connection: of the run.
        known: the inputs that are known.
        previous: the state of what is there; empty where nothing is.
    """
    machines = candidates(known)
    there = replace(connection, location=region_of(known, connection.location))
    uris = [uri for name in ("checkpointUri", "previewCheckpointUri") if (uri := known.get(name))]
    is_list = bool(known.get("machines"))
    if not machines or not (is_list or uris):
        return Forecast(machines[0] if machines else None)
    before = [previous["deployedModelId"]] if previous.get("deployedModelId") else []
    serving = previous.get("machineType", "") if before else ""
    order = machine_choice.in_order(machines, serving)
    # What the project's quota is too small for is told by the program, where it has but one machine.
    accelerators = {machine[1] for machine in machines}
    capacity = look(there, uris, known.get("baseModel"), accelerators, quota=is_list)
    options = msgspec.convert(known.get("rollout") or {}, RolloutInputs).options()
    has_container = known.get("container") is not None
    need = Need.of(
        known.get("minReplicas") or 1, options, known.get("endpoint", ""), before, own_container=has_container
    )
    against = machine_choice.obstacles(order, capacity, need)
    chosen = next((machine for machine in order if machine not in against), None)
    if chosen is None:
        told = machine_choice.told(order, against)
        subject = "none of the machines can be had now: " if is_list else ""
        return Forecast(order[0], warning=f"{subject}{told}; pulumi up tries all the same. {_WAY_ON}")
    reason = machine_choice.reason(order, chosen, against, serving) if is_list else ""
    if is_list and capacity.offers is None:
        reason = f"{reason}; whether the service has it is not known before the checkpoint is there"
    return Forecast(chosen, reason)


_WAY_ON = "tunestack capacity shows what can be had where"
