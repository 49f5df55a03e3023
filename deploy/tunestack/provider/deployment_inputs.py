"""What a program says of a model deployment, what of it is a change, and how a preview says that."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from tunestack.catalogue import ServingEstimate, find_machine, money, serving_estimate
from tunestack.provider.deployment_machines import MACHINE_INPUTS, MachineInputs
from tunestack.provider.inputs import Inputs, with_defaults, without_unknown
from tunestack.provider.lifecycle import Change, Properties
from tunestack.provider.properties import changed, plain_map
from tunestack.resource_names import without_project
from tunestack.serving.candidates import candidates
from tunestack.serving.specification import Container, Machine, ServingSpec
from tunestack.tuning.ownership import Owner

PENDING = "PENDING"
SERVING = "SERVING"

ROLLS = frozenset({"endpoint", "checkpointUri", "container", "serviceAccount"} | MACHINE_INPUTS)
"""Inputs whose change is a roll."""

OURS = frozenset({"baseModel", "rollout", "smokePrompt", "strict", "previewCheckpointUri"})
"""Inputs that say how we go about it: the service has nothing of them, so a change of them changes nothing there."""


LEFT_TO_THE_SERVICE = ("container", "displayName", "labels", "serviceAccount")
"""Inputs that a program may leave to the service, or that the service does not tell."""

NOT_TOLD = ""
"""What an import says of the base model, which the service does not tell; a program names one or none."""


class RolloutInputs(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """How a new version takes over, in replicas; one more at a time unless said otherwise."""

    max_surge_replicas: int | None = None
    max_unavailable_replicas: int | None = None

    def options(self) -> dict[str, int]:
        """Returns the service's options."""
        chosen = {name: value for name, value in msgspec.structs.asdict(self).items() if value is not None}
        return chosen or {"max_surge_replicas": 1}


class ModelDeploymentInputs(Inputs, frozen=True, kw_only=True):
    """What to serve where."""

    endpoint: str
    checkpoint_uri: str
    machine_type: str | None = None
    accelerator_type: str | None = None
    accelerator_count: int = 1
    machines: list[MachineInputs] | None = None
    min_replicas: int = 1
    max_replicas: int | None = None
    base_model: str | None = None
    display_name: str | None = None
    smoke_prompt: str | None = None
    container: Container | None = None
    rollout: RolloutInputs | None = None
    service_account: str | None = None
    labels: dict[str, str] = msgspec.field(default_factory=dict)
    strict: bool = True
    preview_checkpoint_uri: str | None = None

    @property
    def candidates(self) -> tuple[Machine, ...]:
        """The machines that may serve, in the order of preference."""
        return candidates(msgspec.to_builtins(self))

    def spec(self, urn: str, model_id: str) -> ServingSpec:
        """Returns what the service is asked for, on the machine that is preferred."""
        machine_type, accelerator_type, accelerator_count = self.candidates[0]
        return ServingSpec(
            model_id=model_id,
            checkpoint_uri=self.checkpoint_uri,
            display_name=self.display_name or Owner(urn).name,
            machine_type=machine_type,
            accelerator_type=accelerator_type,
            accelerator_count=accelerator_count,
            min_replicas=self.min_replicas,
            max_replicas=self.max_replicas or self.min_replicas,
            container=self.container,
            service_account=self.service_account,
            labels=self.labels,
        )


def changes(before: Properties, after: Properties, serving: str = "") -> dict[str, Change]:
    """Returns what differs for the service: not what only we look at, nor a default that is said aloud.

    Args:
        before: the inputs of the last time.
        after: those of now.
        serving: the machine type that serves; as long as it is one of those that may, nothing has changed.
    """
    meant = changed(_spelled_out(before), _spelled_out(after)).keys() - OURS - unknown_to_an_import(before, after)
    old, new = candidates(without_unknown(before)), candidates(without_unknown(after))
    if old and (old == new or any(machine[0] == serving and machine in new for machine in old)):
        meant -= MACHINE_INPUTS
    return {name: kind for name, kind in changed(before, after).items() if name in meant}


def unknown_to_an_import(before: Properties, after: Properties) -> set[str]:
    """Returns the inputs that cannot have changed where Read has written the old ones, until an up writes them.

    What a program leaves to the service, or the service does not tell, is no reason to touch what serves.
    """
    old, new = plain_map(before), plain_map(after)
    if old.get("baseModel") != NOT_TOLD:
        return set()
    unknown = {name for name in LEFT_TO_THE_SERVICE if old.get(name) is None or new.get(name) is None}
    return unknown | ({"endpoint"} if is_same(old.get("endpoint"), new.get("endpoint")) else set())


def is_same(endpoint: Any, other: Any) -> bool:
    """Says whether two resource names mean one endpoint: the service names projects by number, programs by id."""
    return is_endpoint(endpoint) and is_endpoint(other) and without_project(endpoint) == without_project(other)


def _spelled_out(properties: Properties) -> Properties:
    inputs = with_defaults(ModelDeploymentInputs, properties)
    most = inputs["maxReplicas"]
    return {**inputs, "maxReplicas": inputs["minReplicas"] if most.value is None else most}


def is_endpoint(name: Any) -> bool:
    """Says whether this is an endpoint's resource name."""
    parts = str(name).split("/")
    return len(parts) == 6 and parts[0::2] == ["projects", "locations", "endpoints"] and all(parts)


def hourly_cost(known: dict[str, Any], location: str, machine: Machine | None) -> dict[str, float | None]:
    """Returns the price of the replicas that always run, as an output; None where it is not known.

    Args:
        known: the inputs that are known.
        location: where the endpoint will be, as long as a preview does not know it.
        machine: the one that serves, or would; None where that is not known.
    """
    if machine is None:
        return {}
    estimate = _price(known, location, machine)
    return {"estimatedHourlyCostUsd": float(estimate.usd_per_hour) if estimate and estimate.usd_per_hour else None}


def region_of(known: Mapping[str, Any], location: str) -> str:
    """Returns where the endpoint is, or will be as long as a preview does not know it."""
    return str(known["endpoint"].split("/")[3]) if is_endpoint(known.get("endpoint")) else location


def _price(known: dict[str, Any], location: str, machine: Machine) -> ServingEstimate | None:
    row = find_machine(machine[0])
    return serving_estimate(row, region_of(known, location), known.get("minReplicas") or 1) if row else None


def forecast(known: dict[str, Any], location: str, verb: str, machine: Machine | None) -> str:
    """Returns the preview's line: what happens, on which machine, at what price, and how old that is."""
    if machine is None:
        return f"{verb} on a machine that is not known yet"
    line = f"{verb} on {machine[0]} with {machine[2]} × {machine[1]}"
    estimate = _price(known, location, machine)
    if estimate is None or not estimate.usd_per_hour:
        return f"{line}: {money(None)}"
    age = estimate.source.told_age(datetime.now(UTC).date())
    return f"{line}: {money(estimate.usd_per_hour)} an hour until it is undeployed" + (f", {age}" if age else "")


def update_verb(names: Mapping[str, Change], previous: dict[str, Any]) -> str:
    """Returns what an update does, in words."""
    if "checkpointUri" in names:
        return "rolls to the new checkpoint in place,"
    if previous.get("state") == PENDING:
        return "goes on with what is pending,"
    return f"changes {', '.join(names)} in place,"
