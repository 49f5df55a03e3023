"""What is served how, and the ids that derive from it: both are keys by which a repeated request finds the first."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from tunestack.tuning.ownership import digest

Machine = tuple[str, str, int]
"""Machine type, accelerator type and their number, in the service's words."""


class Container(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A serving container, where the recommended one is not wanted."""

    image_uri: str
    args: list[str] = msgspec.field(default_factory=list)
    env: dict[str, str] = msgspec.field(default_factory=dict)
    port: int = 8080
    predict_route: str = "/generate"
    health_route: str = "/ping"


@dataclass(frozen=True, slots=True)
class ServingSpec:
    """A checkpoint and the machines that serve it.

    Attributes:
        model_id: id of the model; `model_id_of` derives it from the owner.
        checkpoint_uri: `gs://` folder of the weights.
        display_name: the model's name in the console.
        machine_type: such as `g2-standard-12`.
        accelerator_type: such as `NVIDIA_L4`.
        accelerator_count: accelerators a replica.
        min_replicas: replicas that always run.
        max_replicas: replicas at the most.
        container: instead of the recommended one.
        service_account: whose rights the container has.
        labels: of the model.
    """

    model_id: str
    checkpoint_uri: str
    display_name: str
    machine_type: str
    accelerator_type: str
    accelerator_count: int
    min_replicas: int
    max_replicas: int
    container: Container | None = None
    service_account: str | None = None
    labels: dict[str, str] = field(default_factory=dict)

    @property
    def version_alias(self) -> str:
        """Alias of the version: derived from what a version is made of, since its number is the service's choice."""
        return f"t-{_digest(self.checkpoint_uri, msgspec.to_builtins(self.container))}"

    @property
    def accelerated_alias(self) -> str:
        """Alias of a version whose recommended container is for these accelerators, where another was for others."""
        return f"{self.version_alias}-{_digest(*self.machine[1:])}"

    @property
    def deployed_model_id(self) -> str:
        """Id on the endpoint: 10 digits, which is what the service takes, derived from everything that needs a roll."""
        parts = (self.model_id, self.version_alias, *self.machine, self.service_account)
        return str(int(_digest(*parts), 16) % 9_000_000_000 + 1_000_000_000)

    @property
    def machine(self) -> Machine:
        """Machine type, accelerator type and their number."""
        return self.machine_type, self.accelerator_type, self.accelerator_count

    def on(self, machine: Machine) -> ServingSpec:
        """Returns the same on another machine: the same version, another deployed model."""
        machine_type, accelerator_type, accelerator_count = machine
        return replace(
            self, machine_type=machine_type, accelerator_type=accelerator_type, accelerator_count=accelerator_count
        )


def model_id_of(urn: str) -> str:
    """Returns the id of the model that a resource owns: a repeated upload is refused instead of doubled."""
    return f"tunestack-{digest(urn)}"


def _digest(*parts: Any) -> str:
    return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()[:16]
