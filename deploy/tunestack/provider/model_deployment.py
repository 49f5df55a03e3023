"""The life of a model deployment: always updated in place, so that nothing is taken down before the new one serves."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from tunestack.catalogue import UnknownMachineError, machine, money, problems, serving_estimate
from tunestack.provider.inputs import Inputs, failures, read, without_unknown
from tunestack.provider.lifecycle import (
    CheckFailure,
    CheckRequest,
    CheckResult,
    CreateRequest,
    CreateResult,
    DeleteRequest,
    DiffRequest,
    DiffResult,
    InitFailedError,
    Lifecycle,
    Properties,
    PropertyChange,
    ReadRequest,
    ReadResult,
    ResourceError,
    Severity,
    UpdateRequest,
    UpdateResult,
)
from tunestack.provider.properties import UNKNOWN, changed, plain_map, wrap_map
from tunestack.provider.run import Progress, Run
from tunestack.serving import deployments, models, rollout
from tunestack.serving.operations import StoppedError, Wait
from tunestack.serving.specification import Container, ServingSpec
from tunestack.tuning import artifacts
from tunestack.tuning.ownership import Owner


class Rollout(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
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
    machine_type: str
    accelerator_type: str
    accelerator_count: int = 1
    min_replicas: int = 1
    max_replicas: int | None = None
    base_model: str | None = None
    display_name: str | None = None
    smoke_prompt: str | None = None
    container: Container | None = None
    rollout: Rollout = Rollout()
    service_account: str | None = None
    labels: dict[str, str] = msgspec.field(default_factory=dict)
    strict: bool = True

    def spec(self, urn: str) -> ServingSpec:
        """Returns what the service is asked for."""
        return ServingSpec(
            urn=urn,
            checkpoint_uri=self.checkpoint_uri,
            display_name=self.display_name or Owner(urn).name,
            machine_type=self.machine_type,
            accelerator_type=self.accelerator_type,
            accelerator_count=self.accelerator_count,
            min_replicas=self.min_replicas,
            max_replicas=self.max_replicas or self.min_replicas,
            container=self.container,
            service_account=self.service_account,
            labels=self.labels,
        )


OUTPUTS = ("modelVersion", "deployedModelId", "state")
"""Outputs that an update may change; the model's name and the price derive from inputs."""

SERVING = "SERVING"
PENDING = "PENDING"


class ModelDeploymentLifecycle(Lifecycle):
    """Deploys, rolls, undeploys."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def check(self, request: CheckRequest) -> CheckResult:
        """Refuses a machine that does not exist, has other accelerators, or cannot hold the model."""
        found = failures(ModelDeploymentInputs, request.new)
        known = without_unknown(request.new)
        wrong = {failure.property for failure in found}
        sound = {name: value for name, value in known.items() if name not in wrong}
        for problem in problems(
            base_model=sound.get("baseModel"),
            machine_type=sound.get("machineType"),
            accelerator_type=sound.get("acceleratorType"),
            accelerator_count=sound.get("acceleratorCount"),
        ):
            if known.get("strict") is False:
                message = f"{problem}; passed, since strict is false"
                await self._run.tell(request.urn, message, severity=Severity.WARNING)
            else:
                found.append(CheckFailure(problem.property, problem.reason))
        if uri := sound.get("checkpointUri"):
            try:
                artifacts.split(uri)
            except ValueError as error:
                found.append(CheckFailure("checkpointUri", str(error)))
        if (endpoint := sound.get("endpoint")) and not _is_endpoint(endpoint):
            reason = f"{endpoint!r} is not an endpoint's resource name: projects/…/locations/REGION/endpoints/…"
            found.append(CheckFailure("endpoint", reason))
        if (sound.get("maxReplicas") or 10**6) < (least := sound.get("minReplicas") or 1):
            found.append(CheckFailure("maxReplicas", f"{sound['maxReplicas']} is less than minReplicas, {least}"))
        return CheckResult(request.new, found)

    async def diff(self, request: DiffRequest) -> DiffResult:
        """Never replaces; while the tuned model behind it is not finished, asks again each time."""
        differing = {
            name: PropertyChange(kind)
            for name, kind in changed(request.old_inputs, request.new).items()
            if name not in request.ignore_changes
        }
        if plain_map(request.state).get("state") == PENDING:
            differing["state"] = PropertyChange(output=True)
        return DiffResult(differing, stables=("model",))

    async def create(self, request: CreateRequest) -> CreateResult:
        """Uploads the checkpoint as a model and deploys it; finds what an interrupted run has done already."""
        outputs = {**request.inputs, **wrap_map(_hourly_cost(without_unknown(request.inputs)))}
        if request.preview:
            await self._run.tell(request.urn, f"serves on {_machine(without_unknown(request.inputs))}")
            return CreateResult("", outputs)
        inputs = read(ModelDeploymentInputs, request.inputs)
        served = await self._serve(request.urn, inputs, outputs, previous=None)
        return CreateResult(_id(request.urn, inputs), {**outputs, **served})

    async def read(self, request: ReadRequest) -> ReadResult:
        """Reports what really serves: an undeployed model shows as drift and the next up mends it."""
        state = plain_map(request.state)
        if not state:
            raise ResourceError("import of a model deployment is not possible yet; declare it, and it is deployed anew")
        endpoint, wanted = state.get("endpoint", ""), state.get("deployedModelId")
        if state.get("state") != SERVING:
            return ReadResult(request.resource_id, request.state, request.inputs)
        try:
            present = await self._run.call(deployments.deployed, models.at(self._run.connection, endpoint), endpoint)
        except deployments.EndpointNotFoundError:
            present = ()
        if any(model.id == wanted for model in present):
            return ReadResult(request.resource_id, request.state, request.inputs)
        gone = wrap_map({"state": PENDING, "deployedModelId": ""})
        return ReadResult(request.resource_id, {**request.state, **gone}, request.inputs)

    async def update(self, request: UpdateRequest) -> UpdateResult:
        """Rolls to a new checkpoint or machine; changes replicas where nothing else has changed."""
        known = without_unknown(request.new)
        outputs = {**request.state, **request.new, **wrap_map(_hourly_cost(known))}
        if request.preview:
            await self._run.tell(request.urn, _update_reason(request, known))
            return UpdateResult({**outputs, **wrap_map(dict.fromkeys(OUTPUTS, UNKNOWN))})
        inputs = read(ModelDeploymentInputs, request.new)
        previous = plain_map(request.state)
        served = await self._serve(request.urn, inputs, outputs, previous=previous)
        await self._leave_old_endpoint(request.urn, inputs, previous)
        return UpdateResult({**outputs, **served})

    async def delete(self, request: DeleteRequest) -> None:
        """Undeploys first, deletes the model then: the service refuses it the other way round."""
        state = plain_map(request.state)
        endpoint, model = state.get("endpoint", ""), state.get("model", "")
        connection = models.at(self._run.connection, endpoint)
        wait = Progress(self._run, request.urn).waiting()
        try:
            await self._undeploy(endpoint, model, wait)
            if model:
                await self._run.call(models.delete, connection, model, wait)
        except StoppedError as stopped:
            raise ResourceError(f"interrupted while it {stopped}; the next pulumi destroy goes on") from None

    async def _serve(
        self, urn: str, inputs: ModelDeploymentInputs, outputs: Properties, previous: dict[str, Any] | None
    ) -> Properties:
        """Brings what is asked for into service, whatever part of it is there already.

        Raises:
            InitFailedError: something failed; what served before still serves.
        """
        if not inputs.checkpoint_uri:
            await self._run.tell(
                urn, "pending: its tuned model is not finished; the next pulumi up goes on", severity=Severity.WARNING
            )
            return wrap_map({"model": "", "modelVersion": "", "deployedModelId": "", "state": PENDING})
        spec = inputs.spec(urn)
        connection = models.at(self._run.connection, inputs.endpoint)
        wait = Progress(self._run, urn).waiting()
        way = rollout.Rollout(connection, inputs.endpoint, spec, wait, inputs.rollout.options(), inputs.smoke_prompt)
        try:
            served = await self._run.call(way.serve)
        except (StoppedError, rollout.RolloutError) as error:
            reason = str(error)
            if isinstance(error, StoppedError):
                reason = f"interrupted while it {error}; the service goes on, and so does the next pulumi up"
            if previous is not None:
                # The state stays as it was, old version and all; the next up sees the same change and goes on.
                raise ResourceError(reason) from error
            partial = wrap_map({"model": models.model_name(connection, spec), "state": PENDING})
            raise InitFailedError(_id(urn, inputs), {**outputs, **partial}, [reason]) from error
        for warning in served.warnings:
            await self._run.tell(urn, warning, severity=Severity.WARNING)
        return wrap_map(
            {
                "model": served.version.model,
                "modelVersion": served.version.version,
                "deployedModelId": served.deployed_model_id,
                "state": SERVING,
            }
        )

    async def _leave_old_endpoint(self, urn: str, inputs: ModelDeploymentInputs, previous: dict[str, Any]) -> None:
        old = previous.get("endpoint")
        if not old or old == inputs.endpoint:
            return
        await self._undeploy(old, previous.get("model", ""), Progress(self._run, urn).waiting())

    async def _undeploy(self, endpoint: str, model: str, wait: Wait) -> None:
        connection = models.at(self._run.connection, endpoint)
        try:
            present = await self._run.call(deployments.deployed, connection, endpoint)
        except deployments.EndpointNotFoundError:
            return
        for deployed in present:
            if model and deployed.is_of(model):
                await self._run.call(deployments.undeploy, connection, endpoint, deployed.id, wait)


def _id(urn: str, inputs: ModelDeploymentInputs) -> str:
    """Returns the id: where the owner's model is, which no roll changes."""
    location = inputs.endpoint.rpartition("/endpoints/")[0]
    return f"{location}/models/{inputs.spec(urn).model_id}"


def _is_endpoint(name: Any) -> bool:
    parts = str(name).split("/")
    return len(parts) == 6 and parts[0::2] == ["projects", "locations", "endpoints"] and all(parts)


def _hourly_cost(known: dict[str, Any]) -> dict[str, float | None]:
    if "machineType" not in known:
        return {}
    try:
        row = machine(known["machineType"])
    except UnknownMachineError:
        return {"estimatedHourlyCostUsd": None}
    location = known["endpoint"].split("/")[3] if _is_endpoint(known.get("endpoint")) else None
    usd = serving_estimate(row, location, known.get("minReplicas") or 1).usd_per_hour
    return {"estimatedHourlyCostUsd": None if usd is None else float(usd)}


def _machine(known: dict[str, Any]) -> str:
    usd = _hourly_cost(known).get("estimatedHourlyCostUsd")
    price = money(None if usd is None else Decimal(str(usd)))
    accelerators = f"{known.get('acceleratorCount', 1)} × {known.get('acceleratorType')}"
    return f"{known.get('machineType')} with {accelerators}: {price} an hour until it is undeployed"


def _update_reason(request: UpdateRequest, known: dict[str, Any]) -> str:
    names = changed(request.old_inputs, request.new)
    if plain_map(request.state).get("state") == PENDING:
        return f"deploys what is still pending, on {_machine(known)}"
    if "checkpointUri" in names:
        return f"rolls to the new checkpoint in place, on {_machine(known)}"
    return f"changes {', '.join(names) or 'nothing that serves'} in place, on {_machine(known)}"
