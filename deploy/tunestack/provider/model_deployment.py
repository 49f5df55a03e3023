"""The life of a model deployment: always updated in place, so that nothing is taken down before the new one serves."""

from __future__ import annotations

from typing import Any

import msgspec
from pulumi.provider.experimental.property_value import PropertyValue

from tunestack.provider.deployment_forecast import foretell
from tunestack.provider.deployment_inputs import (
    NOT_TOLD,
    PENDING,
    ROLLS,
    SERVING,
    ModelDeploymentInputs,
    RolloutInputs,
    changes,
    forecast,
    hourly_cost,
    is_endpoint,
    is_same,
    update_verb,
)
from tunestack.provider.deployment_machines import machine_problems
from tunestack.provider.inputs import failures, folder_failures, label_failures, read, without_unknown
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
    PropertyChange,
    ReadRequest,
    ReadResult,
    ResourceError,
    Severity,
    UpdateRequest,
    UpdateResult,
)
from tunestack.provider.properties import UNKNOWN, plain_map, wrap, wrap_map
from tunestack.provider.refusals import refused
from tunestack.provider.run import Progress, Run
from tunestack.serving import deployments, models
from tunestack.serving.candidates import candidates
from tunestack.serving.clients import endpoint_client
from tunestack.serving.deployments import DeployedModel
from tunestack.serving.operations import OperationFailedError, StoppedError
from tunestack.serving.rollout import Rollout, RolloutError, UnknownOutcomeError
from tunestack.serving.specification import Machine, model_id_of

OUTPUTS = ("modelVersion", "deployedModelId", "state")
"""Outputs that a roll changes; the model's name and the price derive from inputs."""

NOTHING_YET = (
    "pending: its tuned model is not finished; the next pulumi up goes on. A tuned Gemini model never has a checkpoint "
    "to deploy: it brings its own endpoints"
)


class ModelDeploymentLifecycle(Lifecycle):
    """Deploys, rolls, undeploys."""

    def __init__(self, run: Run) -> None:
        self._run = run

    @property
    def _location(self) -> str:
        return self._run.connection.location

    async def check(self, request: CheckRequest) -> CheckResult:
        """Refuses machines that do not exist, have other accelerators, or cannot hold the model."""
        found = failures(ModelDeploymentInputs, request.new)
        known = without_unknown(request.new)
        wrong = {failure.property for failure in found}
        sound = {name: value for name, value in known.items() if name not in wrong}
        unfit = machine_problems(sound, plain_map(request.new), sound.get("baseModel") or None)
        unfit = (problem for problem in unfit if problem.property not in wrong)
        found += await refused(self._run, request.urn, unfit, strict=known.get("strict"))
        found += folder_failures(
            sound, *(name for name in ("checkpointUri", "previewCheckpointUri") if sound.get(name))
        )
        if (endpoint := sound.get("endpoint")) is not None and not is_endpoint(endpoint):
            reason = f"{endpoint!r} is not an endpoint's resource name: projects/…/locations/REGION/endpoints/…"
            found.append(CheckFailure("endpoint", reason))
        for name in ("acceleratorCount", "minReplicas"):
            if isinstance(count := sound.get(name), int) and count < 1 and name not in {f.property for f in found}:
                found.append(CheckFailure(name, f"{count} serves nobody; write 1 or more"))
        if (sound.get("maxReplicas") or 10**6) < (least := sound.get("minReplicas") or 1):
            found.append(CheckFailure("maxReplicas", f"{sound['maxReplicas']} is less than minReplicas, {least}"))
        found += label_failures(sound.get("labels"))
        return CheckResult(request.new, found)

    async def diff(self, request: DiffRequest) -> DiffResult:
        """Never replaces; what is pending is gone on with each time."""
        state = plain_map(request.state)
        differing = {
            name: PropertyChange(kind)
            for name, kind in changes(request.old_inputs, request.new, _serving_on(state)).items()
            if name not in request.ignore_changes
        }
        if state.get("state") == PENDING and plain_map(request.new).get("checkpointUri") != "":
            differing["state"] = PropertyChange(output=True)
        return DiffResult(differing, stables=("model",))

    async def create(self, request: CreateRequest) -> CreateResult:
        """Uploads the checkpoint as a model and deploys it; finds what an interrupted run has done already."""
        known = without_unknown(request.inputs)
        outputs = {**request.inputs, **wrap_map(self._on(known, next(iter(candidates(known)), None)))}
        if known.get("machines"):
            outputs["machineType"] = wrap("")  # none has been taken yet
        if request.preview:
            if known.get("checkpointUri") == "":
                await self._run.tell(request.urn, NOTHING_YET)
                return CreateResult("", outputs)
            machine = await self._foretell(request.urn, known, "deploys", {})
            return CreateResult("", {**outputs, **wrap_map(self._on(known, machine)), **_open(known)})
        inputs = read(ModelDeploymentInputs, request.inputs)
        resource_id = f"{inputs.endpoint.rpartition('/endpoints/')[0]}/models/{model_id_of(request.urn)}"
        outputs["model"] = wrap(resource_id)
        try:
            served = await self._serve(request.urn, resource_id, inputs, {}, request.timeout)
        except (RolloutError, UnknownOutcomeError, StoppedError) as error:
            raise InitFailedError(resource_id, {**outputs, **_pending({})}, [_reason(error)]) from error
        return CreateResult(resource_id, {**outputs, **served})

    async def read(self, request: ReadRequest) -> ReadResult:
        """Reports what really serves: what was undeployed or lost its traffic shows as drift, and the next up mends it.

        What an interrupted roll has come to is told as well. An import finds endpoint, checkpoint and machines by the
        id, which is the model's resource name.
        """
        if not request.state:
            return await self._import(request.resource_id)
        state = plain_map(request.state)
        own = [each for each in await self._present(state["endpoint"]) if each.is_of(request.resource_id)]
        known = next((each for each in own if each.id == state.get("deployedModelId")), None)
        if known and (known.traffic == 100 or state.get("state") == PENDING):
            return ReadResult(request.resource_id, request.state, request.inputs)
        there = known or (own[-1] if own else None)
        found = {"modelVersion": there.version, "deployedModelId": there.id} if there else {}
        outputs = {**request.state, **_pending(found)}
        if there:
            outputs |= wrap_map({"machineType": there.machine[0], **hourly_cost(state, self._location, there.machine)})
        return ReadResult(request.resource_id, outputs, request.inputs)

    async def update(self, request: UpdateRequest) -> UpdateResult:
        """Rolls to a new checkpoint or machine; changes replicas, labels and the name where they are."""
        known, previous = without_unknown(request.new), plain_map(request.state)
        serving = _serving_on(previous)
        present = next((each for each in candidates(known) if each[0] == serving), None)
        first = next(iter(candidates(known)), None)
        outputs = {**request.state, **request.new, **wrap_map(self._on(known, present or first))}
        if request.preview:
            names = changes(request.old_inputs, request.new, serving)
            rolls = bool(ROLLS & names.keys()) or previous.get("state") == PENDING
            if not rolls:
                line = forecast(known, self._location, update_verb(names, previous), present)
                await self._run.tell(request.urn, line)
                return UpdateResult(outputs)
            unknown = {**wrap_map(dict.fromkeys(OUTPUTS, UNKNOWN)), **_open(known)}
            if known.get("checkpointUri") == "":
                await self._run.tell(request.urn, "still waits for its tuned model")
                return UpdateResult({**outputs, **unknown})
            machine = await self._foretell(request.urn, known, update_verb(names, previous), previous)
            return UpdateResult({**outputs, **wrap_map(self._on(known, machine)), **unknown})
        inputs = read(ModelDeploymentInputs, request.new)
        try:
            served = await self._serve(request.urn, request.resource_id, inputs, previous, request.timeout)
            if (old := previous.get("endpoint")) and not is_same(old, inputs.endpoint):
                await self._undeploy(request.urn, old, request.resource_id, request.timeout)
        except RolloutError as error:
            # Nothing has changed: the state stays as it was, and the next up sees the same change.
            raise ResourceError(_reason(error)) from error
        except (UnknownOutcomeError, StoppedError) as error:
            # The service may go on with it: whatever the program says next, the next up looks again.
            partial = {**request.state, **_pending(previous)}
            raise InitFailedError(request.resource_id, partial, [_reason(error)], request.old_inputs) from error
        return UpdateResult({**outputs, **served})

    async def delete(self, request: DeleteRequest) -> None:
        """Undeploys first, deletes the model then: the service refuses it the other way round."""
        model = request.resource_id
        if model in self._run.touched:
            return  # a replacement has just taken it over
        try:
            endpoint = plain_map(request.state).get("endpoint", "")
            await self._undeploy(request.urn, endpoint, model, request.timeout)
            wait = Progress(self._run, request.urn).waiting(request.timeout)
            await self._run.call(models.delete, models.at(self._run.connection, model), model, wait)
        except (StoppedError, OperationFailedError) as error:
            raise ResourceError(f"{error}; the next pulumi destroy goes on") from error

    async def _serve(
        self, urn: str, resource_id: str, inputs: ModelDeploymentInputs, previous: dict[str, Any], seconds: float
    ) -> dict[str, PropertyValue]:
        """Brings what is asked for into service, whatever part of it is there already; see `Rollout.serve`."""
        self._run.touched.add(resource_id)
        if not inputs.checkpoint_uri:
            await self._run.tell(urn, NOTHING_YET, severity=Severity.WARNING)
            return _pending(previous if is_same(previous.get("endpoint"), inputs.endpoint) else {})
        way = Rollout(
            connection=models.at(self._run.connection, inputs.endpoint),
            endpoint=inputs.endpoint,
            spec=inputs.spec(urn, resource_id.rpartition("/")[2]),
            wait=Progress(self._run, urn).waiting(seconds),
            options=(inputs.rollout or RolloutInputs()).options(),
            smoke_prompt=inputs.smoke_prompt,
            trusted=previous.get("deployedModelId", "") if previous.get("state") == SERVING else "",
            machines=inputs.candidates if inputs.machines is not None else (),
            base_model=inputs.base_model,
        )
        served = await self._run.call(way.serve)
        for warning in served.warnings:
            await self._run.tell(urn, warning, severity=Severity.WARNING)
        return wrap_map(
            {
                "modelVersion": served.version.version,
                "deployedModelId": served.deployed_model_id,
                "state": SERVING,
                **self._on(msgspec.to_builtins(inputs), served.machine),
                "machineReason": served.machine_reason,
            }
        )

    def _on(self, known: dict[str, Any], machine: Machine | None) -> dict[str, Any]:
        """Returns the outputs that follow from the machine."""
        if machine is None:
            return {}
        return {"machineType": machine[0], "machineReason": "", **hourly_cost(known, self._location, machine)}

    async def _foretell(self, urn: str, known: dict[str, Any], verb: str, previous: dict[str, Any]) -> Machine | None:
        """Tells what a deployment would get, and returns its machine."""
        foretold = await self._run.call(foretell, self._run.connection, known, previous)
        line = forecast(known, self._location, verb, foretold.machine)
        await self._run.tell(urn, f"{line}; {foretold.reason}" if foretold.reason else line)
        if foretold.warning:
            await self._run.tell(urn, foretold.warning, severity=Severity.WARNING)
        return foretold.machine

    async def _present(self, endpoint: str) -> tuple[DeployedModel, ...]:
        connection = models.at(self._run.connection, endpoint)
        try:
            return await self._run.call(deployments.deployed, connection, endpoint)
        except deployments.EndpointNotFoundError:
            return ()

    async def _undeploy(self, urn: str, endpoint: str, model: str, seconds: float) -> None:
        connection = models.at(self._run.connection, endpoint)
        wait = Progress(self._run, urn).waiting(seconds)
        await self._run.call(wait.settle, endpoint_client(connection), endpoint)
        own = [deployed for deployed in await self._present(endpoint) if deployed.is_of(model)]
        await self._run.call(deployments.undeploy, connection, endpoint, own, wait)

    async def _import(self, resource_id: str) -> ReadResult:
        if not resource_id.startswith("projects/") or "/models/" not in resource_id:
            raise ResourceError(f"{resource_id!r} is no model's resource name: projects/…/locations/REGION/models/ID")
        connection = models.at(self._run.connection, resource_id)
        found = await self._run.call(deployments.endpoint_of, connection, resource_id)
        if found is None:
            raise ResourceError(f"no endpoint in {connection.location} serves {resource_id}")
        endpoint, serving = found
        version = await self._run.call(models.get, connection, f"{resource_id}@{serving.version}")
        machine_type, accelerator_type, accelerator_count = serving.machine
        inputs = {
            # By the project's id or number as the model was named: so programs name it.
            "endpoint": "/".join([*resource_id.split("/")[:2], *endpoint.split("/")[2:]]),
            "baseModel": NOT_TOLD,
            "checkpointUri": version.checkpoint_uri,
            "machineType": machine_type,
            "acceleratorType": accelerator_type,
            "acceleratorCount": accelerator_count,
            "minReplicas": serving.min_replicas,
            "maxReplicas": serving.max_replicas,
            "displayName": version.display_name,
            "serviceAccount": serving.service_account or None,
            "labels": dict(version.labels) or None,
        }
        outputs = {
            "model": resource_id,
            "modelVersion": version.version,
            "deployedModelId": serving.id,
            "state": SERVING,
        }
        known = {name: value for name, value in inputs.items() if value is not None}
        return ReadResult(
            resource_id, wrap_map({**known, **self._on(known, serving.machine), **outputs}), wrap_map(known)
        )


def _serving_on(state: dict[str, Any]) -> str:
    """Returns the machine type that serves, empty where nothing does."""
    return str(state.get("machineType") or "") if state.get("deployedModelId") else ""


def _open(known: dict[str, Any]) -> dict[str, PropertyValue]:
    """Returns the outputs that a preview cannot know where several machines may serve: capacity comes and goes."""
    return wrap_map(dict.fromkeys(("machineType", "machineReason"), UNKNOWN)) if known.get("machines") else {}


def _pending(previous: dict[str, Any]) -> dict[str, PropertyValue]:
    """Returns the outputs of a deployment that is not what it shall be; what serves meanwhile stays known."""
    serving = {name: previous.get(name) or "" for name in ("modelVersion", "deployedModelId")}
    return wrap_map({**serving, "state": PENDING})


def _reason(error: Exception) -> str:
    if isinstance(error, RolloutError):
        return str(error)
    return f"{error}; the service may go on with it, and the next pulumi up looks"
