"""Models and their versions in the registry: one model an owner, one version a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import tenacity

from tunestack.retries import CALL_SECONDS, is_transient, repeatable, retrying
from tunestack.serving.clients import model_client
from tunestack.serving.operations import OperationFailedError
from tunestack.serving.specification import ServingSpec

if TYPE_CHECKING:
    from tunestack.connection import Connection
    from tunestack.serving.operations import Wait

DELETE_SECONDS = 180
"""How long deleting is repeated: a model counts as deployed for a while after it was undeployed (#2807 of the SDK)."""


class NoContainerError(Exception):
    """The service does not recommend to serve a checkpoint on this machine, and the program names no container."""


class NoMachineError(Exception):
    """The service recommends this machine for a checkpoint, and has none in the region now."""


class ModelNotFoundError(Exception):
    """The service has no such model."""


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A version of a model.

    Attributes:
        model: the model's resource name, without version.
        version: the version's number.
        checkpoint_uri: `gs://` folder that it was made from.
        display_name: the model's name in the console.
        labels: of the version.
        image_uri: its container's image.
        args: its container's arguments; some are made for a number of accelerators.
    """

    model: str
    version: str
    checkpoint_uri: str = ""
    display_name: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    image_uri: str = ""
    args: tuple[str, ...] = ()

    def runs(self, container: Any) -> bool:
        """Says whether it was uploaded with this container; what the service has added to it does not count."""
        return (self.image_uri, self.args) == (container.image_uri, tuple(container.args))

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


def name_of(connection: Connection, spec: ServingSpec) -> str:
    """Returns the resource name of the owner's model, without version."""
    return f"{connection.parent}/models/{spec.model_id}"


@repeatable
def recommend(connection: Connection, spec: ServingSpec) -> Recommendation:
    """Returns what the service recommends for the checkpoint on the machine asked for.

    Raises:
        NoMachineError: it has no such machine now.
        NoContainerError: it recommends other machines, or none.
    """
    from tunestack.serving import aiplatform

    def offered(**checks: bool) -> Any:
        request = aiplatform.RecommendSpecRequest(parent=connection.parent, gcs_uri=spec.checkpoint_uri, **checks)
        return model_client(connection).recommend_spec(request, timeout=CALL_SECONDS)

    # What cannot be had is left out where quota is looked at (RecommendSpecRequest.check_user_quota).
    response = offered(check_user_quota=True)
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
    if any(_machine(offer) == spec.machine for offer in offered().specs):
        raise NoMachineError(f"{spec.machine_type} cannot be had in {connection.location} now")
    named = sorted({"{} with {} × {}".format(*_words(offer)) for offer, _ in offers})
    raise NoContainerError(
        f"the service does not recommend {spec.machine_type} with {spec.accelerator_count} × {spec.accelerator_type} "
        f"for {spec.checkpoint_uri}; it recommends {', or '.join(named) or 'no machine in this region'}. Take one of "
        "those, or name a container of your own"
    )


@repeatable
def get(connection: Connection, name: str) -> ModelVersion:
    """Returns a version by its name, number or alias; the default one where the name has none.

    Raises:
        ModelNotFoundError: there is no such version.
    """
    from google.api_core.exceptions import NotFound

    try:
        found = model_client(connection).get_model(name=name, timeout=CALL_SECONDS)
    except NotFound:
        raise ModelNotFoundError(name) from None
    return ModelVersion(
        model=name.partition("@")[0],
        version=found.version_id,
        checkpoint_uri=found.artifact_uri,
        display_name=found.display_name,
        labels=dict(found.labels),
        image_uri=found.container_spec.image_uri,
        args=tuple(found.container_spec.args),
    )


def version_of(connection: Connection, spec: ServingSpec, alias: str = "") -> ModelVersion | None:
    """Returns the version that holds the spec's checkpoint, None when it was not uploaded yet.

    Args:
        connection: in the endpoint's region.
        spec: what shall serve.
        alias: of the version; the spec's own when empty.
    """
    try:
        return get(connection, f"{name_of(connection, spec)}@{alias or spec.version_alias}")
    except ModelNotFoundError:
        return None


def upload(connection: Connection, spec: ServingSpec, container: Any, wait: Wait, alias: str = "") -> ModelVersion:
    """Makes the checkpoint the next version of the owner's model, or its first; under `version_of`'s alias."""
    from google.api_core.exceptions import Conflict

    from tunestack.serving import aiplatform

    name, client = name_of(connection, spec), model_client(connection)
    model = aiplatform.Model(
        display_name=spec.display_name,
        artifact_uri=spec.checkpoint_uri,
        container_spec=container,
        version_aliases=[alias or spec.version_alias],
        labels=spec.labels,
    )
    for attempt in retrying():
        with attempt:
            place = {"parent_model": name} if _exists(connection, name) else {"model_id": spec.model_id}
            request = aiplatform.UploadModelRequest(parent=connection.parent, model=model, **place)
            try:
                operation = client.upload_model(request, timeout=CALL_SECONDS)
            except Exception as error:
                # A plain repetition would be another version, so what the service has is looked at first.
                if not (is_transient(error) or isinstance(error, Conflict)):
                    raise
                wait.settle(client, name)
                if made := version_of(connection, spec, alias):
                    return made
                raise
    ended = wait.finish(client, operation, "uploads the model")
    version = aiplatform.UploadModelResponse.deserialize(ended.response.value).model_version_id
    return ModelVersion(name, version, spec.checkpoint_uri, spec.display_name, spec.labels)


@repeatable
def describe(connection: Connection, version: ModelVersion, spec: ServingSpec) -> None:
    """Gives a version the display name and labels of the spec, where it has others."""
    from tunestack.serving import aiplatform

    if (version.display_name, version.labels) != (spec.display_name, spec.labels):
        model_client(connection).update_model(
            model=aiplatform.Model(name=version.name, display_name=spec.display_name, labels=spec.labels),
            update_mask={"paths": ["display_name", "labels"]},
            timeout=CALL_SECONDS,
        )


def container_of(spec: ServingSpec) -> Any:
    """Returns the program's own container as the service wants it, None when it names none."""
    from tunestack.serving import aiplatform

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
    client = model_client(connection)
    versions = repeatable(lambda: list(client.list_model_versions(name=uploaded.model, timeout=CALL_SECONDS)))()
    if len(versions) == 1 and versions[0].version_id == uploaded.version:
        delete(connection, uploaded.model, wait)
    else:
        _delete(connection, "delete_model_version", uploaded.name, wait)


def _delete(connection: Connection, method: str, name: str, wait: Wait) -> None:
    from google.api_core.exceptions import BadRequest, Conflict, NotFound

    client = model_client(connection)
    call = getattr(client, method)

    def still_deployed(error: BaseException) -> bool:
        # FAILED_PRECONDITION over gRPC, plain 400 over REST.
        return isinstance(error, BadRequest | OperationFailedError) and "deployed" in str(error)

    def delete_once() -> None:
        try:
            wait.start(client, lambda: call(name=name, timeout=CALL_SECONDS), "deletes the model")
        except NotFound:
            return
        except (BadRequest, Conflict, OperationFailedError) as error:
            if is_transient(error) or still_deployed(error):
                raise
            # An earlier request whose answer was lost may have got through.
            wait.settle(client, name.partition("@")[0])
            if _exists(connection, name):
                raise

    retrying_while_deployed = tenacity.Retrying(
        retry=tenacity.retry_if_exception(still_deployed),
        wait=tenacity.wait_exponential_jitter(initial=0.5, max=10, jitter=0.5),
        sleep=tenacity.sleep_using_event(wait.stopped),
        stop=tenacity.stop_after_delay(DELETE_SECONDS) | tenacity.stop_when_event_set(wait.stopped),
        reraise=True,
    )
    retrying_while_deployed(delete_once)


def _exists(connection: Connection, name: str) -> bool:
    try:
        get(connection, name)
    except ModelNotFoundError:
        return False
    return True


def _machine(offer: Any) -> tuple[str, str, int]:
    machine = offer.machine_spec
    return machine.machine_type, machine.accelerator_type.name, machine.accelerator_count


def _words(offer: Any) -> tuple[str, int, str]:
    machine_type, accelerator_type, accelerator_count = _machine(offer)
    return machine_type, accelerator_count, accelerator_type
