"""Deployed models on an endpoint: deploy, roll, undeploy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tunestack.retries import repeatable
from tunestack.serving.models import ModelVersion
from tunestack.serving.specification import ServingSpec

if TYPE_CHECKING:
    from tunestack.connection import Connection
    from tunestack.serving.operations import Wait


class EndpointNotFoundError(Exception):
    """The service has no such endpoint."""


@dataclass(frozen=True, slots=True)
class DeployedModel:
    """A model behind an endpoint.

    Attributes:
        id: digits, chosen by whoever deployed it.
        model: the model's resource name, without version.
        version: the model's version.
        traffic: share of the endpoint's requests, in percent.
        min_replicas: replicas that always run.
        max_replicas: replicas at the most.
    """

    id: str
    model: str
    version: str
    traffic: int
    min_replicas: int = 1
    max_replicas: int = 1

    def is_of(self, model: str) -> bool:
        """Says whether this is a version of a model; the service names projects by number, whoever asks by id."""
        return self.model.split("/")[2:] == model.split("/")[2:]


@repeatable
def deployed(connection: Connection, endpoint: str) -> tuple[DeployedModel, ...]:
    """Returns all deployed models of an endpoint, those without traffic too.

    Raises:
        EndpointNotFoundError: it does not exist.
    """
    from google.api_core.exceptions import NotFound

    try:
        found = _client(connection).get_endpoint(name=endpoint)
    except NotFound:
        raise EndpointNotFoundError(endpoint) from None
    return tuple(
        DeployedModel(
            id=model.id,
            model=model.model.partition("@")[0],
            version=model.model_version_id or model.model.partition("@")[2],
            traffic=found.traffic_split.get(model.id, 0),
            min_replicas=model.dedicated_resources.min_replica_count,
            max_replicas=model.dedicated_resources.max_replica_count,
        )
        for model in found.deployed_models
    )


def deploy(
    connection: Connection,
    endpoint: str,
    spec: ServingSpec,
    version: ModelVersion,
    wait: Wait,
    *,
    deployed_model_id: str,
    instead_of: str = "",
    rollout: Mapping[str, int] | None = None,
) -> None:
    """Deploys a version; with `instead_of`, rolls it over a deployed model, which serves until the new one is ready.

    Args:
        connection: in the endpoint's region.
        endpoint: resource name.
        spec: the machines.
        version: what to deploy.
        wait: how to wait.
        deployed_model_id: id on the endpoint.
        instead_of: id of the deployed model that goes.
        rollout: `max_surge_replicas` and `max_unavailable_replicas`.
    """
    from google.cloud import aiplatform_v1beta1 as aiplatform

    machine = aiplatform.MachineSpec(
        machine_type=spec.machine_type,
        accelerator_type=spec.accelerator_type,
        accelerator_count=spec.accelerator_count,
    )
    model = aiplatform.DeployedModel(
        id=deployed_model_id,
        model=version.name,
        display_name=spec.display_name,
        dedicated_resources=aiplatform.DedicatedResources(
            machine_spec=machine,
            min_replica_count=spec.min_replicas,
            max_replica_count=spec.max_replicas,
        ),
        service_account=spec.service_account or "",
    )
    request = aiplatform.DeployModelRequest(endpoint=endpoint, deployed_model=model)
    if instead_of:
        model.rollout_options = aiplatform.RolloutOptions(previous_deployed_model=instead_of, **(rollout or {}))
        request.deployed_model = model
    else:
        request.traffic_split = {"0": 100}  # "0" is the model of this very request
    wait.result(_client(connection).deploy_model(request), "rolls" if instead_of else "deploys")


def scale(connection: Connection, endpoint: str, spec: ServingSpec, deployed_model_id: str, wait: Wait) -> None:
    """Changes the number of replicas in place."""
    from google.cloud import aiplatform_v1beta1 as aiplatform

    model = aiplatform.DeployedModel(
        id=deployed_model_id,
        dedicated_resources=aiplatform.DedicatedResources(
            min_replica_count=spec.min_replicas, max_replica_count=spec.max_replicas
        ),
    )
    paths = ["dedicated_resources.min_replica_count", "dedicated_resources.max_replica_count"]
    operation = _client(connection).mutate_deployed_model(
        endpoint=endpoint, deployed_model=model, update_mask={"paths": paths}
    )
    wait.result(operation, "scales")


def undeploy(connection: Connection, endpoint: str, deployed_model_id: str, wait: Wait) -> None:
    """Takes a deployed model, and what it costs, off an endpoint; it is no error when either is gone."""
    from google.api_core.exceptions import BadRequest, NotFound

    try:
        present = deployed(connection, endpoint)
        if all(model.id != deployed_model_id for model in present):
            return
        operation = _client(connection).undeploy_model(endpoint=endpoint, deployed_model_id=deployed_model_id)
        wait.result(operation, "undeploys")
    except (EndpointNotFoundError, NotFound):
        return
    except BadRequest:
        # Somebody else undeployed it meanwhile; anything else is told.
        if any(model.id == deployed_model_id for model in deployed(connection, endpoint)):
            raise


def _client(connection: Connection) -> Any:
    from google.cloud import aiplatform_v1beta1 as aiplatform

    return aiplatform.EndpointServiceClient(**connection.gapic_arguments())
