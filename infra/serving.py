"""The endpoints, and the checkpoints behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import pulumi
import pulumi_gcp as gcp

from infra import existing
from infra.naming import endpoint_id
from infra.quota import Quotas
from infra.services import Services
from infra.settings import EndpointSettings, Settings
from tunestack import ModelDeployment

if TYPE_CHECKING:
    from tunestack.resources.model_deployment import Container, Rollout


@dataclass(frozen=True, slots=True)
class Servable:
    """A model that may be served by its name.

    Attributes:
        uri: folder of its final checkpoint; empty while there is none.
        base_model: what it was tuned from; None where that is not known.
        preview_uri: a folder with the same checkpoint that is there already, for what a preview asks of it.
    """

    uri: pulumi.Output[str]
    base_model: str | None
    preview_uri: pulumi.Input[str] | None = None


@dataclass(frozen=True, slots=True)
class Served:
    """One endpoint of the configuration and what it serves; `base_model` is None where it is not known."""

    settings: EndpointSettings
    endpoint: pulumi.Output[str]
    deployment: ModelDeployment
    checkpoint_uri: pulumi.Input[str]
    base_model: str | None


class Serving(pulumi.ComponentResource):
    """An endpoint with a lifetime of its own and a deployment on it, for each of the configuration's.

    Args:
        resource_name: the name in the program.
        settings: the stack's configuration.
        models: those that the entries may name.
        services: the enabled APIs.
        quotas: of the accelerators: asked for before anything is deployed.
        opts: the engine's options.
    """

    def __init__(
        self,
        resource_name: str,
        *,
        settings: Settings,
        models: Mapping[str, Servable],
        services: Services,
        quotas: Quotas,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("infra:index:Serving", resource_name, None, opts)
        self.endpoints = {name: self._served(name, settings, models, services, quotas) for name in settings.serving}
        self.register_outputs({})

    @property
    def deployments_made(self) -> dict[str, pulumi.Output[str]]:
        """By endpoint, what a preview does not know exactly when something would be deployed."""
        return {name: served.deployment.state for name, served in self.endpoints.items()}

    def _served(
        self, name: str, settings: Settings, models: Mapping[str, Servable], services: Services, quotas: Quotas
    ) -> Served:
        wanted = settings.serving[name]
        endpoint = self._endpoint(name, settings, services)
        model = models[wanted.model] if wanted.model else None
        checkpoint_uri = self._checkpoint_uri(name, settings, model, services)
        base_model = model.base_model if model else wanted.base_model
        container = cast("Container", wanted.container.model_dump(exclude_none=True)) if wanted.container else None
        deployment = ModelDeployment(
            name,
            endpoint=endpoint,
            checkpoint_uri=checkpoint_uri,
            base_model=base_model,
            machine_type=wanted.machine_type,
            accelerator_type=wanted.accelerator_type,
            accelerator_count=wanted.accelerator_count if wanted.machines is None else None,
            machines=[{"machine_type": name} for name in wanted.machines] if wanted.machines else None,
            min_replicas=wanted.min_replicas,
            max_replicas=wanted.max_replicas,
            smoke_prompt=settings.guarded("serving", wanted.smoke_prompt),
            container=settings.guarded("serving", container),
            rollout=cast("Rollout", wanted.rollout.model_dump(exclude_none=True)) if wanted.rollout else None,
            labels=settings.guarded("labels", settings.labels),
            strict=wanted.strict,
            preview_checkpoint_uri=model.preview_uri if model else None,
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[request for name in wanted.accelerators for request in quotas.asked(name)]
            ),
        )
        return Served(wanted, endpoint, deployment, checkpoint_uri, base_model)

    def _endpoint(self, name: str, settings: Settings, services: Services) -> pulumi.Output[str]:
        if given := settings.serving[name].endpoint:
            return existing.endpoint(name, settings.endpoint_name(given), services, self)
        key_name = settings.serving[name].kms_key_name
        key = settings.guarded("serving", key_name)
        made = gcp.vertex.AiEndpoint(
            name,
            # Clients keep this id: it must outlive every checkpoint, and be the same when all is created again.
            name=endpoint_id(pulumi.get_project(), pulumi.get_stack(), name, key_name),
            display_name=name,
            project=settings.project,
            location=settings.location,
            encryption_spec=gcp.vertex.AiEndpointEncryptionSpecArgs(kms_key_name=key) if key else None,
            labels=settings.guarded("labels", settings.labels),
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[services],
                protect=settings.protect,
                # pulumi-gcp would delete it first, which the service refuses while a model is deployed on it.
                delete_before_replace=False,
            ),
        )
        return pulumi.Output.from_input(made.id)

    def _checkpoint_uri(
        self, name: str, settings: Settings, model: Servable | None, services: Services
    ) -> pulumi.Input[str]:
        wanted = settings.serving[name]
        if model is not None:
            return model.uri
        if wanted.checkpoint is not None:
            return settings.guarded("serving", wanted.checkpoint)
        return existing.tuned_model(
            name, settings.job_name(wanted.tuning_job or ""), services, self
        ).final_checkpoint_uri
