"""Deployed models on an endpoint: deploy, roll, scale, route, undeploy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tunestack.resource_names import without_project
from tunestack.retries import CALL_SECONDS, is_transient, repeatable
from tunestack.serving.capacity_errors import may_pass
from tunestack.serving.clients import endpoint_client
from tunestack.serving.models import ModelVersion
from tunestack.serving.operations import OperationFailedError
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
        display_name: its name in the console.
        machine: machine type, accelerator type and their number.
        min_replicas: replicas that always run.
        max_replicas: replicas at the most.
        service_account: whose rights it has; empty for the service's own.
        traffic: share of the endpoint's requests, in percent.
    """

    id: str
    model: str
    version: str
    display_name: str
    machine: tuple[str, str, int]
    min_replicas: int
    max_replicas: int
    service_account: str
    traffic: int = 0

    @classmethod
    def wanted(cls, spec: ServingSpec, version: ModelVersion) -> DeployedModel:
        """Returns what a spec asks for."""
        return cls(
            id=spec.deployed_model_id,
            model=version.model,
            version=version.version,
            display_name=spec.display_name,
            machine=spec.machine,
            min_replicas=spec.min_replicas,
            max_replicas=spec.max_replicas,
            service_account=spec.service_account or "",
        )

    def is_of(self, model: str) -> bool:
        """Says whether this is a version of a model; the service names projects by number, whoever asks by id."""
        return without_project(self.model) == without_project(model)


@repeatable
def deployed(connection: Connection, endpoint: str) -> tuple[DeployedModel, ...]:
    """Returns all deployed models of an endpoint, those without traffic too; least traffic first.

    Raises:
        EndpointNotFoundError: it does not exist.
    """
    from google.api_core.exceptions import NotFound

    try:
        found = endpoint_client(connection).get_endpoint(name=endpoint, timeout=CALL_SECONDS)
    except NotFound:
        raise EndpointNotFoundError(endpoint) from None
    return _deployed_models(found)


@repeatable
def endpoint_of(connection: Connection, model: str) -> tuple[str, DeployedModel] | None:
    """Returns the endpoint that serves a model with most of its traffic, None when there is none."""
    for endpoint in endpoint_client(connection).list_endpoints(parent=connection.parent, timeout=CALL_SECONDS):
        for present in reversed(_deployed_models(endpoint)):
            if present.is_of(model):
                return endpoint.name, present
    return None


def deploy(
    connection: Connection,
    endpoint: str,
    wanted: DeployedModel,
    wait: Wait,
    *,
    instead_of: str = "",
    rollout: Mapping[str, int] | None = None,
) -> None:
    """Deploys a version; with `instead_of`, rolls it over a deployed model, which serves until the new one is ready.

    The id is of our choice, so the request may be repeated: the service deploys it once.

    Args:
        connection: in the endpoint's region.
        endpoint: resource name.
        wanted: what to deploy how; its traffic is not looked at.
        wait: how to wait.
        instead_of: id of the deployed model that goes.
        rollout: `max_surge_replicas` and `max_unavailable_replicas`.
    """
    from google.api_core.exceptions import Conflict, GoogleAPICallError

    from tunestack.serving import aiplatform

    machine_type, accelerator_type, accelerator_count = wanted.machine
    model = aiplatform.DeployedModel(
        id=wanted.id,
        model=f"{wanted.model}@{wanted.version}",
        display_name=wanted.display_name,
        dedicated_resources=aiplatform.DedicatedResources(
            machine_spec=aiplatform.MachineSpec(
                machine_type=machine_type, accelerator_type=accelerator_type, accelerator_count=accelerator_count
            ),
            min_replica_count=wanted.min_replicas,
            max_replica_count=wanted.max_replicas,
        ),
        service_account=wanted.service_account,
    )
    if instead_of:
        model.rollout_options = aiplatform.RolloutOptions(previous_deployed_model=instead_of, **(rollout or {}))
    request = aiplatform.DeployModelRequest(endpoint=endpoint, deployed_model=model)
    if not instead_of:
        request.traffic_split = {"0": 100}  # "0" is the model of this very request
    client = endpoint_client(connection)

    def start() -> None:
        wait.start(
            client,
            lambda: client.deploy_model(request, timeout=CALL_SECONDS),
            "rolls" if instead_of else "deploys",
            passes=may_pass,
        )

    try:
        start()
    except (GoogleAPICallError, OperationFailedError) as error:
        if may_pass(error):
            raise
        # An earlier request with this id may have got through although its answer did not.
        wait.settle(client, endpoint)
        if _is_deployed(connection, endpoint, wanted.id):
            return
        if not isinstance(error, Conflict):
            raise
        start()  # what got through has failed since; this one says why


def scale(connection: Connection, endpoint: str, wanted: DeployedModel, wait: Wait) -> None:
    """Changes the number of replicas in place."""
    from tunestack.serving import aiplatform

    model = aiplatform.DeployedModel(
        id=wanted.id,
        dedicated_resources=aiplatform.DedicatedResources(
            min_replica_count=wanted.min_replicas, max_replica_count=wanted.max_replicas
        ),
    )
    mask = {"paths": ["dedicated_resources.min_replica_count", "dedicated_resources.max_replica_count"]}
    client = endpoint_client(connection)
    wait.start(
        client,
        lambda: client.mutate_deployed_model(
            endpoint=endpoint, deployed_model=model, update_mask=mask, timeout=CALL_SECONDS
        ),
        "scales",
    )


@repeatable
def route(connection: Connection, endpoint: str, deployed_model_id: str) -> None:
    """Gives a deployed model all of the endpoint's traffic."""
    from tunestack.serving import aiplatform

    endpoint_client(connection).update_endpoint(
        endpoint=aiplatform.Endpoint(name=endpoint, traffic_split={deployed_model_id: 100}),
        update_mask={"paths": ["traffic_split"]},
        timeout=CALL_SECONDS,
    )


def undeploy(connection: Connection, endpoint: str, going: Sequence[DeployedModel], wait: Wait) -> None:
    """Takes deployed models, and what they cost, off an endpoint; it is no error when they are gone.

    Args:
        connection: in the endpoint's region.
        endpoint: resource name.
        going: least traffic first, as `deployed` returns them: the service keeps a model that has traffic while others
            remain.
        wait: how to wait.
    """
    from google.api_core.exceptions import BadRequest, Conflict, NotFound

    client = endpoint_client(connection)
    for model in going:
        undeployed = model.id

        def call(deployed_model_id: str = undeployed) -> Any:
            return client.undeploy_model(endpoint=endpoint, deployed_model_id=deployed_model_id, timeout=CALL_SECONDS)

        try:
            wait.start(client, call, "undeploys")
        except NotFound:
            continue
        except (BadRequest, Conflict, OperationFailedError) as error:
            # An earlier request whose answer was lost, or somebody else, undeployed it; anything else is told.
            if is_transient(error):
                raise
            wait.settle(client, endpoint)
            if _is_deployed(connection, endpoint, undeployed):
                raise


def _is_deployed(connection: Connection, endpoint: str, deployed_model_id: str) -> bool:
    try:
        return any(present.id == deployed_model_id for present in deployed(connection, endpoint))
    except EndpointNotFoundError:
        return False


def _deployed_models(endpoint: Any) -> tuple[DeployedModel, ...]:
    found = (
        DeployedModel(
            id=model.id,
            model=model.model.partition("@")[0],
            version=model.model_version_id or model.model.partition("@")[2],
            display_name=model.display_name,
            machine=_machine(model.dedicated_resources.machine_spec),
            min_replicas=model.dedicated_resources.min_replica_count,
            max_replicas=model.dedicated_resources.max_replica_count,
            service_account=model.service_account,
            traffic=endpoint.traffic_split.get(model.id, 0),
        )
        for model in endpoint.deployed_models
    )
    return tuple(sorted(found, key=lambda model: model.traffic))


def _machine(machine: Any) -> tuple[str, str, int]:
    return machine.machine_type, machine.accelerator_type.name, machine.accelerator_count
