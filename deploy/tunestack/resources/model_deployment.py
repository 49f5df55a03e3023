"""A checkpoint behind an endpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict, cast

import pulumi

from tunestack.resources.declaration import Declaration, wire_object
from tunestack.wire_names import wire_name


class Machine(TypedDict):
    """A machine that may serve, in a list of several."""

    machine_type: str
    """Such as `g2-standard-12`."""
    accelerator_type: NotRequired[str]
    """Such as `NVIDIA_L4`; that of the catalogue when left out."""
    accelerator_count: NotRequired[int]
    """Accelerators a replica; as many as the catalogue says when left out."""


class Rollout(TypedDict):
    """How a new checkpoint takes the old one's place; both counts in replicas."""

    max_surge_replicas: NotRequired[int]
    """Replicas of the new version beside the old ones: needs accelerators for both for a while. 1 when left out."""
    max_unavailable_replicas: NotRequired[int]
    """Replicas of the old version that may go first: saves the second accelerator, interrupts one-replica models."""


class Container(TypedDict):
    """The serving container, where the one that the service recommends is not wanted."""

    image_uri: str
    """Address of the image."""
    args: NotRequired[list[str]]
    """Arguments of its entry point."""
    env: NotRequired[dict[str, str]]
    """Environment variables."""
    port: NotRequired[int]
    """Port on which it listens; 8080 when left out."""
    predict_route: NotRequired[str]
    """Path that takes predictions; `/generate` when left out."""
    health_route: NotRequired[str]
    """Path that says whether it is ready; `/ping` when left out."""


class ModelDeployment(Declaration):
    """Serves a checkpoint on an endpoint that has a lifetime of its own.

    A new checkpoint rolls in place: it becomes the model's next version, and the old version serves until the new one
    is ready. Then it must answer the smoke prompt; if it does not, the version before is brought back. If deploying it
    fails, the old one simply goes on serving.

    Which machine serves is named with `machine_type`, `accelerator_type` and `accelerator_count`; or `machines` lists
    several, and the first one serves that holds the checkpoint, has quota and can be had in the region. What serves
    stays where it is as long as its machine is in the list.

    Args:
        resource_name: the name in the program.
        endpoint: resource name of the endpoint: `projects/…/locations/…/endpoints/…`.
        checkpoint_uri: `gs://` folder of the checkpoint, as in `TunedModel.final_checkpoint_uri`.
        machine_type: such as `g2-standard-12`; left out with `machines`.
        accelerator_type: such as `NVIDIA_L4`; left out with `machines`.
        accelerator_count: accelerators a replica, at least 1; 1 when left out.
        machines: machines in the order in which they are preferred, instead of the three above.
        min_replicas: replicas that always run and are always billed; 1 when left out.
        max_replicas: replicas at the most; `min_replicas` when left out.
        base_model: the model that was tuned; lets the catalogue check that its checkpoint fits the machine.
        display_name: the model's name in the console; the resource's name when left out.
        smoke_prompt: what a new version must answer, or the version before is brought back; none when left out.
        container: instead of the recommended serving container.
        rollout: how a new version takes over.
        service_account: e-mail address of the service account that the container runs as.
        labels: Google Cloud labels of the model.
        strict: False lets a model pass that the catalogue does not know yet.
        preview_checkpoint_uri: `gs://` folder of a checkpoint of the same model that is there already. A preview asks
            the service about it, which machines can be had, while `checkpoint_uri` is not there yet.
        opts: the engine's options.
    """

    model: pulumi.Output[str]
    """Resource name of the model, without version."""
    model_version: pulumi.Output[str]
    """The version that serves."""
    deployed_model_id: pulumi.Output[str]
    """Id of the deployed model on the endpoint."""
    state: pulumi.Output[str]
    """`SERVING`, or `PENDING` while the tuned model behind it is not finished."""
    machine_type: pulumi.Output[str]
    """The machine that serves; of `machines`, the one that was taken."""
    machine_reason: pulumi.Output[str]
    """Why that one of `machines` was taken; empty where the program names one machine."""
    estimated_hourly_cost_usd: pulumi.Output[float | None]
    """What `min_replicas` replicas cost an hour; None where the price is not known."""

    def __init__(
        self,
        resource_name: str,
        *,
        endpoint: pulumi.Input[str],
        checkpoint_uri: pulumi.Input[str],
        machine_type: pulumi.Input[str] | None = None,
        accelerator_type: pulumi.Input[str] | None = None,
        accelerator_count: pulumi.Input[int] | None = None,
        machines: pulumi.Input[Sequence[pulumi.Input[Machine]]] | None = None,
        min_replicas: pulumi.Input[int] | None = None,
        max_replicas: pulumi.Input[int] | None = None,
        base_model: pulumi.Input[str] | None = None,
        display_name: pulumi.Input[str] | None = None,
        smoke_prompt: pulumi.Input[str] | None = None,
        container: pulumi.Input[Container] | None = None,
        rollout: pulumi.Input[Rollout] | None = None,
        service_account: pulumi.Input[str] | None = None,
        labels: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
        strict: pulumi.Input[bool] | None = None,
        preview_checkpoint_uri: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(
            resource_name,
            {
                "endpoint": endpoint,
                "checkpoint_uri": checkpoint_uri,
                "machine_type": machine_type,
                "accelerator_type": accelerator_type,
                "accelerator_count": accelerator_count,
                "machines": _wire_list(machines),
                "min_replicas": min_replicas,
                "max_replicas": max_replicas,
                "base_model": base_model,
                "display_name": display_name,
                "smoke_prompt": smoke_prompt,
                "container": wire_object(container),
                "rollout": wire_object(rollout),
                "service_account": service_account,
                "labels": labels,
                "strict": strict,
                "preview_checkpoint_uri": preview_checkpoint_uri,
            },
            opts,
        )


def _wire_list(
    machines: pulumi.Input[Sequence[pulumi.Input[Machine]]] | None,
) -> pulumi.Output[list[dict[str, Any]]] | None:
    if machines is None:
        return None
    known = cast("pulumi.Output[list[Machine]]", pulumi.Output.from_input(machines))
    return known.apply(lambda each: [{wire_name(name): part for name, part in machine.items()} for machine in each])
