"""Deployed models: deploy, roll from one to the next, undeploy, change replicas."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from emulator.clock import timestamp
from emulator.vertex import capacity
from emulator.vertex.calls import Place
from emulator.vertex.endpoints import check_traffic, deployed_ids
from emulator.vertex.operations import Effect
from emulator.vertex.refusals import already_exists, failed_precondition, invalid_argument, not_found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulator.services import Services
    from emulator.vertex.calls import Call
    from emulator.vertex.endpoints import Endpoints, Traffic
    from emulator.vertex.generators import Generators
    from emulator.vertex.models import Models
    from emulator.vertex.operations import Details, Operations
    from emulator.vertex.settings import VertexSettings

# "This value should be 1-10 characters, and valid characters are /[0-9]/": DeployedModel.id
_ID = re.compile(r"[0-9]{1,10}")
_NEW = "0"  # the model being deployed, in a traffic split: DeployModelRequest.traffic_split


class Deployments:
    """What is deployed on the endpoints."""

    def __init__(
        self,
        services: Services,
        settings: VertexSettings,
        operations: Operations,
        models: Models,
        endpoints: Endpoints,
        generators: Generators,
    ) -> None:
        self._services = services
        self._settings = settings
        self._operations = operations
        self._models = models
        self._endpoints = endpoints
        self._generators = generators
        models.deployments = self.of_model
        operations.register(
            "DeployModel", Effect("DeployModelResponse", self.finish_deploy, self.load, self._resume_previous)
        )
        operations.register("UndeployModel", Effect("UndeployModelResponse", self._finish_undeploy))
        operations.register("MutateDeployedModel", Effect("MutateDeployedModelResponse", self._finish_mutate))

    def deploy(self, call: Call) -> Details:
        """Starts a deployment: the model serves when the operation ends, and until then whatever served before."""
        request = call.read("DeployModelRequest")
        name = self._endpoints.name(call)
        deployed, sent = request.get("deployedModel", {}), request.get("trafficSplit", {})
        reference = call.place.own(deployed.get("model", ""), "models")
        model = self._models.find(call.place, reference)
        deployed["model"] = f"{call.place.name}/models/{reference.partition('@')[0]}"
        deployed["modelVersionId"] = model["versionId"]
        deployed.setdefault("displayName", model["displayName"])
        _check_checkpoint(deployed, model)
        if "checkpointId" not in deployed:
            capacity.accelerators(deployed)
        previous = _previous(deployed)
        with self._services.documents.transaction():
            endpoint = self._endpoints.find(name)
            deployed["id"] = self._new_id(call, endpoint, deployed.get("id", ""))
            if previous and previous not in deployed_ids(endpoint):
                raise not_found("DeployedModel", f"{name}/deployedModels/{previous}")
            split = _split_after(endpoint, deployed["id"], previous, sent)
            check_traffic(split, {*deployed_ids(endpoint), deployed["id"]} - {previous})
            if previous and not _surges(deployed):
                self._endpoints.update(name, lambda shown: _mark(shown, previous, interrupted=True))
            details = {"endpoint": name, "deployedModel": deployed, "sent": sent}
            return self._operations.start(call, "DeployModel", details, delay=self._settings.deploy, parent=name)

    def undeploy(self, call: Call) -> Details:
        """Starts an undeployment, if it leaves the traffic whole."""
        request = call.read("UndeployModelRequest")
        name = self._endpoints.name(call)
        details = {
            "endpoint": name,
            "id": request.get("deployedModelId", ""),
            "sent": request.get("trafficSplit", {}),
        }
        _split_without(self._endpoints.find(name), details["id"], details["sent"])
        return self._operations.start(call, "UndeployModel", details, delay=self._settings.operation, parent=name)

    def mutate(self, call: Call) -> Details:
        """Starts a change of replicas or logging."""
        request = call.read("MutateDeployedModelRequest")
        name = self._endpoints.name(call)
        deployed = request.get("deployedModel", {})
        _deployed(self._endpoints.find(name), deployed.get("id", ""))
        mask = [part.strip() for part in (request.get("updateMask") or call.parameter("updateMask")).split(",")]
        details = {"endpoint": name, "deployedModel": deployed, "mask": [path for path in mask if path]}
        return self._operations.start(call, "MutateDeployedModel", details, delay=self._settings.operation, parent=name)

    def of_model(self, name: str) -> Iterator[dict[str, str]]:
        """Where a model is deployed, or about to be."""
        place = name.split("/models/", maxsplit=1)[0]
        deploying = [
            (details["endpoint"], details["deployedModel"])
            for details in self._operations.pending("DeployModel", place)
        ]
        for endpoint, deployed in [*self._endpoints.deployed(place), *deploying]:
            if deployed["model"] == name:
                yield {
                    "endpoint": endpoint,
                    "deployedModelId": deployed["id"],
                    "version": deployed["modelVersionId"],
                }

    def load(self, details: Details) -> None:
        """Loads the model as its server would; what cannot be loaded cannot be deployed."""
        deployed = details["deployedModel"]
        self._generators.load(self._version(deployed), deployed.get("checkpointId", ""))

    def finish_deploy(self, details: Details) -> Details:
        """Puts the new deployed model in, moves the traffic and takes the previous one out."""
        deployed = details["deployedModel"]
        previous = _previous(deployed)
        self._require_capacity(details["endpoint"], deployed, previous)
        self._require_machine(details["endpoint"], deployed)
        deployed = deployed | {"createTime": timestamp()}

        def change(endpoint: Details) -> None:
            endpoint["trafficSplit"] = _split_after(endpoint, deployed["id"], previous, details["sent"])
            old = [other for other in endpoint.get("deployedModels", ()) if other["id"] == previous]
            endpoint["deployedModels"] = [
                *(other for other in endpoint.get("deployedModels", ()) if other["id"] != previous),
                deployed,
            ]
            for other in old:
                self._models.release(other["model"])

        self._endpoints.update(details["endpoint"], change)
        return {"deployedModel": deployed}

    def _finish_undeploy(self, details: Details) -> Details:
        def change(endpoint: Details) -> None:
            endpoint["trafficSplit"] = _split_without(endpoint, details["id"], details["sent"])
            self._models.release(_deployed(endpoint, details["id"])["model"])
            endpoint["deployedModels"] = [other for other in endpoint["deployedModels"] if other["id"] != details["id"]]

        self._endpoints.update(details["endpoint"], change)
        return {}

    def _finish_mutate(self, details: Details) -> Details:
        sent = details["deployedModel"]
        changed: Details = {}

        def change(endpoint: Details) -> None:
            deployed = _deployed(endpoint, sent["id"])
            before = _replicas(deployed)
            for path in details["mask"] or ["dedicatedResources.minReplicaCount", "dedicatedResources.maxReplicaCount"]:
                _copy(path.split("."), sent, deployed)
            self._require_capacity(details["endpoint"], deployed, sent["id"])
            if _replicas(deployed) > before:
                self._require_machine(details["endpoint"], deployed)
            changed.update(deployed)

        self._endpoints.update(details["endpoint"], change)
        return {"deployedModel": changed}

    def _resume_previous(self, details: Details) -> None:
        previous = _previous(details["deployedModel"])
        if previous and not _surges(details["deployedModel"]):
            self._endpoints.update(details["endpoint"], lambda shown: _mark(shown, previous, interrupted=False))

    def _require_capacity(self, endpoint: str, deployed: Details, previous: str) -> None:
        if "checkpointId" in deployed:
            return  # a tuned Gemini, on accelerators of the service's own
        place = Place.of(endpoint, self._services.projects)
        kind, count = capacity.accelerators(deployed)
        present = list(self._endpoints.deployed(place.name))
        others = [other for name, other in present if not (name == endpoint and other["id"] == previous)]
        capacity.require_quota(self._services, place, kind, count, others)
        # A roll that surges runs some replicas of both for a while; one that does not gives the accelerators over.
        if previous not in ("", deployed["id"]) and _surges(deployed):
            beside = count // _replicas(deployed) * _surge(deployed)
            capacity.require_quota(self._services, place, kind, beside, [other for _, other in present])

    def _require_machine(self, endpoint: str, deployed: Details) -> None:
        if "checkpointId" not in deployed:
            machine = deployed["dedicatedResources"]["machineSpec"]["machineType"]
            capacity.require_machine(self._services, Place.of(endpoint, self._services.projects).location, machine)

    def _version(self, deployed: Details) -> Details:
        place = Place.of(deployed["model"], self._services.projects)
        return self._models.find(place, f"{deployed['model'].rsplit('/', 1)[-1]}@{deployed['modelVersionId']}")

    def _new_id(self, call: Call, endpoint: Details, wanted: str) -> str:
        if wanted and not _ID.fullmatch(wanted):
            raise invalid_argument(f"Invalid DeployedModel ID {wanted!r}: 1-10 characters of [0-9].")
        deploying = [
            details["deployedModel"]["id"]
            for details in self._operations.pending("DeployModel", call.place.name)
            if details["endpoint"] == endpoint["name"]
        ]
        if wanted in {*deployed_ids(endpoint), *deploying}:
            raise already_exists("DeployedModel", f"{endpoint['name']}/deployedModels/{wanted}")
        return wanted or str(secrets.randbelow(9 * 10**9) + 10**9)


def _check_checkpoint(deployed: Details, model: Details) -> None:
    """A tuned Gemini, and nothing else, is deployed by checkpoint, and on resources of the service's own."""
    checkpoint_ids = {checkpoint["checkpointId"] for checkpoint in model.get("checkpoints", ())}
    if checkpoint_ids and "dedicatedResources" in deployed:
        # The wording is the emulator's.
        raise invalid_argument(f"dedicated_resources cannot be given for {model['name']}, a tuned Gemini model.")
    if checkpoint_ids:
        deployed.setdefault("checkpointId", model["defaultCheckpointId"])
    if "checkpointId" in deployed and deployed["checkpointId"] not in checkpoint_ids:
        raise not_found("Checkpoint", f"{model['name']}/checkpoints/{deployed['checkpointId']}")


def _replicas(deployed: Details) -> int:
    return int(deployed.get("dedicatedResources", {}).get("minReplicaCount", 0))


def _previous(deployed: Details) -> str:
    """The id of the deployed model that a roll replaces, or nothing."""
    return str(deployed.get("rolloutOptions", {}).get("previousDeployedModel", ""))


def _split_after(endpoint: Details, new: str, previous: str, sent: Traffic) -> Traffic:
    """The traffic once the new model serves: what was asked for, or the previous one's share for the new one."""
    split: Traffic = sent or endpoint.get("trafficSplit", {})
    renamed = {_NEW: new} if sent else {previous: new}
    return {renamed.get(key, key): share for key, share in split.items()}


def _surges(deployed: Details) -> bool:
    """Whether a roll runs the new replicas beside the old ones: unless the request lets replicas be missing."""
    options = deployed.get("rolloutOptions", {})
    return not (options.get("maxUnavailableReplicas") or options.get("maxUnavailablePercentage"))


def _surge(deployed: Details) -> int:
    """How many replicas run beside the old ones while it rolls: "absolute count of allowed additional replicas"."""
    replicas, options = _replicas(deployed), deployed.get("rolloutOptions", {})
    if share := int(options.get("maxSurgePercentage", 0)):
        return min(replicas, -(-replicas * share // 100))
    return min(replicas, int(options.get("maxSurgeReplicas", 0)) or replicas)


def _mark(endpoint: Details, deployed_id: str, *, interrupted: bool) -> None:
    """Shows in the status of a deployed model that its replicas make room for the next."""
    for deployed in endpoint.get("deployedModels", ()):
        if deployed["id"] == deployed_id:
            deployed.pop("status", None)
            if interrupted:
                deployed["status"] = {"message": "Making room for the next deployed model."}


def _deployed(endpoint: Details, deployed_id: str) -> Details:
    for deployed in endpoint.get("deployedModels", ()):
        if deployed["id"] == deployed_id:
            return deployed  # type: ignore[no-any-return]
    raise not_found("DeployedModel", f"{endpoint['name']}/deployedModels/{deployed_id}")


def _split_without(endpoint: Details, deployed_id: str, sent: Traffic) -> Traffic:
    """The traffic after an undeployment.

    "A DeployedModel will be successfully undeployed only if it doesn't have any traffic assigned to it when this
    method executes, or if this field unassigns any traffic to it. If last DeployedModel is being undeployed, the
    traffic split will always end up empty": UndeployModelRequest.traffic_split.
    """
    _deployed(endpoint, deployed_id)
    others = [other for other in deployed_ids(endpoint) if other != deployed_id]
    split: Traffic = sent or endpoint.get("trafficSplit", {})
    check_traffic(sent, [*others, deployed_id])
    if not others:
        return {}
    if split.get(deployed_id):
        raise failed_precondition(
            f"DeployedModel {deployed_id} has {split[deployed_id]} % of the traffic of {endpoint['name']}. Give a "
            "traffic_split that sends it none."
        )
    return {key: share for key, share in split.items() if key != deployed_id}


def _copy(path: list[str], source: Details, target: Details) -> None:
    """Copies one field of an update mask, which may reach into a message."""
    *parents, field = path
    for parent in parents:
        source, target = source.get(parent, {}), target.setdefault(parent, {})
    if field in source:
        target[field] = source[field]
    else:
        target.pop(field, None)
