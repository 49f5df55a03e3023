"""A checkpoint behind an endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi

from tunestack.resources.declaration import Declaration, wire_object


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

    Args:
        resource_name: the name in the program.
        endpoint: resource name of the endpoint: `projects/…/locations/…/endpoints/…`.
        checkpoint_uri: `gs://` folder of the checkpoint, as in `TunedModel.final_checkpoint_uri`.
        machine_type: such as `g2-standard-12`.
        accelerator_type: such as `NVIDIA_L4`.
        accelerator_count: accelerators a replica, at least 1.
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
    estimated_hourly_cost_usd: pulumi.Output[float | None]
    """What `min_replicas` replicas cost an hour; None where the price is not known."""

    def __init__(
        self,
        resource_name: str,
        *,
        endpoint: pulumi.Input[str],
        checkpoint_uri: pulumi.Input[str],
        machine_type: pulumi.Input[str],
        accelerator_type: pulumi.Input[str],
        accelerator_count: pulumi.Input[int] = 1,
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
            },
            opts,
        )
