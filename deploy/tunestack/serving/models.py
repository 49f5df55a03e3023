"""Models and their versions in the registry: one model an owner, one version a checkpoint."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tunestack.retries import repeatable
from tunestack.serving.specification import ServingSpec

if TYPE_CHECKING:
    from tunestack.connection import Connection
    from tunestack.serving.operations import Wait

DELETE_SECONDS = 180
"""How long deleting is repeated: a model counts as deployed for a while after it was undeployed (#2807 of the SDK)."""


class NoContainerError(Exception):
    """The service does not recommend to serve a checkpoint on this machine, and the program names no container."""


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A version: the model's resource name without version, and the version's number."""

    model: str
    version: str

    @property
    def name(self) -> str:
        """`projects/…/models/ID@VERSION`."""
        return f"{self.model}@{self.version}"


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What the service would serve a checkpoint with: a container, and whether the project's quota suffices."""

    container: Any
    has_quota: bool | None


def at(connection: Connection, resource_name: str) -> Connection:
    """Returns the connection for the region in which a resource is: only that region's address knows it."""
    return replace(connection, location=resource_name.split("/")[3])


@repeatable
def recommend(connection: Connection, spec: ServingSpec) -> Recommendation:
    """Returns what the service recommends for the checkpoint on the machine asked for.

    Raises:
        NoContainerError: it recommends other machines, or none.
    """
    from google.cloud import aiplatform_v1beta1 as aiplatform

    response = _client(connection).recommend_spec(
        aiplatform.RecommendSpecRequest(parent=connection.parent, gcs_uri=spec.checkpoint_uri, check_user_quota=True)
    )
    quota = aiplatform.RecommendSpecResponse.Recommendation.QuotaState
    known = {quota.QUOTA_STATE_USER_HAS_QUOTA: True, quota.QUOTA_STATE_NO_USER_QUOTA: False}
    offers = [
        (offer.spec, known.get(quota(offer.user_quota_state)))
        for offer in response.recommendations
        if offer.region == connection.location
    ]
    offers += [(offer, None) for offer in response.specs]
    for offer, has_quota in offers:
        if _machine(offer) == spec.machine:
            return Recommendation(offer.container_spec, has_quota)
    named = sorted({"{} with {} × {}".format(*_words(offer)) for offer, _ in offers})
    raise NoContainerError(
        f"the service does not recommend {spec.machine_type} with {spec.accelerator_count} × {spec.accelerator_type} "
        f"for {spec.checkpoint_uri}; it recommends {', or '.join(named) or 'no machine in this region'}. Take one of "
        "those, or name a container of your own"
    )


@repeatable
def version(connection: Connection, spec: ServingSpec) -> ModelVersion | None:
    """Returns the version that holds the spec's checkpoint, None when it was not uploaded yet."""
    from google.api_core.exceptions import NotFound

    try:
        model = _client(connection).get_model(name=f"{model_name(connection, spec)}@{spec.version_alias}")
    except NotFound:
        return None
    return ModelVersion(model_name(connection, spec), model.version_id)


def upload(connection: Connection, spec: ServingSpec, container: Any, wait: Wait) -> ModelVersion:
    """Makes the checkpoint the next version of the owner's model, or its first."""
    from google.cloud import aiplatform_v1beta1 as aiplatform

    client = _client(connection)
    exists = _exists(connection, model_name(connection, spec))
    request = aiplatform.UploadModelRequest(
        parent=connection.parent,
        parent_model=model_name(connection, spec) if exists else "",
        model_id="" if exists else spec.model_id,
        model=aiplatform.Model(
            display_name=spec.display_name,
            artifact_uri=spec.checkpoint_uri,
            container_spec=container,
            version_aliases=[spec.version_alias],
            labels=spec.labels,
        ),
    )
    response = wait.result(client.upload_model(request), "uploads the model")
    return ModelVersion(model_name(connection, spec), response.model_version_id)


def container_of(spec: ServingSpec) -> Any:
    """Returns the program's own container as the service wants it, None when it names none."""
    from google.cloud import aiplatform_v1beta1 as aiplatform

    if spec.container is None:
        return None
    return aiplatform.ModelContainerSpec(
        image_uri=spec.container.image_uri,
        args=spec.container.args,
        env=[aiplatform.EnvVar(name=name, value=value) for name, value in sorted(spec.container.env.items())],
        ports=[aiplatform.Port(container_port=spec.container.port)],
        predict_route=spec.container.predict_route,
        health_route=spec.container.health_route,
    )


def delete(connection: Connection, model: str, wait: Wait) -> None:
    """Deletes a model with all its versions; it is no error when it is gone."""
    _delete(connection, "delete_model", model, wait)


def delete_version(connection: Connection, uploaded: ModelVersion, wait: Wait) -> None:
    """Deletes one version; the last one only goes with its model."""
    versions = list(_client(connection).list_model_versions(name=uploaded.model))
    if len(versions) == 1 and versions[0].version_id == uploaded.version:
        delete(connection, uploaded.model, wait)
    else:
        _delete(connection, "delete_model_version", uploaded.name, wait)


def model_name(connection: Connection, spec: ServingSpec) -> str:
    """Returns the resource name of the owner's model, without version."""
    return f"{connection.parent}/models/{spec.model_id}"


def _delete(connection: Connection, method: str, name: str, wait: Wait) -> None:
    import tenacity
    from google.api_core.exceptions import BadRequest, NotFound

    def still_deployed(error: BaseException) -> bool:
        # FAILED_PRECONDITION over gRPC, plain 400 over REST.
        return isinstance(error, BadRequest) and "deployed" in str(error)

    retrying_while_deployed = tenacity.Retrying(
        retry=tenacity.retry_if_exception(still_deployed),
        wait=tenacity.wait_exponential_jitter(initial=0.5, max=10, jitter=0.5),
        stop=tenacity.stop_after_delay(DELETE_SECONDS),
        reraise=True,
    )
    try:
        for attempt in retrying_while_deployed:
            with attempt:
                wait.result(getattr(_client(connection), method)(name=name), "deletes the model")
    except NotFound:
        return


@repeatable
def _exists(connection: Connection, name: str) -> bool:
    from google.api_core.exceptions import NotFound

    try:
        _client(connection).get_model(name=name)
    except NotFound:
        return False
    return True


def _client(connection: Connection) -> Any:
    from google.cloud import aiplatform_v1beta1 as aiplatform

    return aiplatform.ModelServiceClient(**connection.gapic_arguments())


def _machine(offer: Any) -> tuple[str, str, int]:
    machine = offer.machine_spec
    return machine.machine_type, machine.accelerator_type.name, machine.accelerator_count


def _words(offer: Any) -> tuple[str, int, str]:
    machine_type, accelerator_type, accelerator_count = _machine(offer)
    return machine_type, accelerator_count, accelerator_type
