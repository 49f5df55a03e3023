"""Deployment in one call, as Model Garden does it, and what it recommends for a checkpoint."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from emulator.vertex import capacity
from emulator.vertex.availability import Availability
from emulator.vertex.calls import new_id
from emulator.vertex.checkpoints import Folder
from emulator.vertex.open_models import canonical_name, find
from emulator.vertex.operations import Effect
from emulator.vertex.refusals import invalid_argument, unimplemented

if TYPE_CHECKING:
    from emulator.services import Services
    from emulator.vertex.calls import Call
    from emulator.vertex.checkpoints import Checkpoints
    from emulator.vertex.deployments import Deployments
    from emulator.vertex.endpoints import Endpoints
    from emulator.vertex.models import Models
    from emulator.vertex.operations import Details, Operations
    from emulator.vertex.settings import VertexSettings

# Image and routes of vLLM in Model Garden's notebooks. Nothing is pulled here: the emulator's own model answers.
_CONTAINER = {
    "imageUri": "us-docker.pkg.dev/vertex-ai/vertex-vision-model-garden-dockers/pytorch-vllm-serve:latest",
    "ports": [{"containerPort": 8080}],
    "predictRoute": "/generate",
    "healthRoute": "/ping",
}
# What the deploy page of open-model tuning uses for a tuned model; 1 x L4 has 24 GB, so larger ones need more of them.
_DEFAULT_MACHINE = "g2-standard-12"
_BILLIONS_OF_PARAMETERS = re.compile(r"(?<![a-z0-9.])e?(\d+(?:\.\d+)?)b\b")
_MACHINES_BY_SIZE = (
    (10, "g2-standard-12"),
    (16, "a2-highgpu-1g"),
    (20, "g2-standard-24"),
    (32, "a2-ultragpu-1g"),
    (32, "a3-highgpu-1g"),
    (40, "g2-standard-48"),
    (80, "g2-standard-96"),
    (250, "a3-highgpu-8g"),
)


class ModelGarden:
    """`:deploy` and `:recommendSpec`."""

    def __init__(
        self,
        services: Services,
        settings: VertexSettings,
        operations: Operations,
        checkpoints: Checkpoints,
        models: Models,
        endpoints: Endpoints,
        deployments: Deployments,
    ) -> None:
        self._services = services
        self._settings = settings
        self._operations = operations
        self._checkpoints = checkpoints
        self._models = models
        self._endpoints = endpoints
        self._deployments = deployments
        operations.register("Deploy", Effect("DeployResponse", self._finish_deploy, deployments.load, self._drop_model))

    def deploy(self, call: Call) -> Details:
        """Starts a deployment on an endpoint of its own; there is no field for one that exists.

        A deployment that fails leaves its endpoint behind, as on the service:
        github.com/googleapis/python-aiplatform/issues/1041.
        """
        request = call.read("DeployRequest")
        source, public = self._source(request)
        config, endpoint_config = request.get("modelConfig", {}), request.get("endpointConfig", {})
        model_id = config.get("modelUserId") or new_id()
        resources = request.get("deployConfig", {}).get("dedicatedResources", {})
        if not resources.get("machineSpec"):
            resources["machineSpec"] = _machine_spec(_DEFAULT_MACHINE)
        resources.setdefault("minReplicaCount", 1)
        deployed: Details = {"id": str(new_id())[:10], "dedicatedResources": resources}
        capacity.accelerators(deployed)
        display_name = config.get("modelDisplayName") or f"model-{model_id}"
        endpoint = {"displayName": endpoint_config.get("endpointDisplayName") or f"endpoint-{model_id}"}
        if endpoint_config.get("dedicatedEndpointEnabled"):
            endpoint["dedicatedEndpointEnabled"] = True
        model = f"{call.place.name}/models/{model_id}"
        container = config.get("containerSpec") or _CONTAINER
        with self._services.documents.transaction():
            self._models.check_new(call.place, model_id, chosen="modelUserId" in config)
            name = self._endpoints.add(call.place, endpoint, endpoint_config.get("endpointUserId", ""))
            version = self._models.add(model, {"displayName": display_name, "containerSpec": container, **source})
            deployed |= {"model": model, "modelVersionId": version, "displayName": display_name}
            details = {
                "endpoint": name,
                "model": model,
                "publisherModel": public,
                "deployedModel": deployed,
                "sent": {"0": 100},
            }
            return self._operations.start(call, "Deploy", details, delay=self._settings.deploy)

    def recommend(self, call: Call) -> dict[str, Any]:
        """Says which base model a checkpoint is of, and on which machines in which region it can be served."""
        request = call.read("RecommendSpecRequest")
        uri = request.get("gcsUri", "")
        self._checkpoints.check(uri)
        base_model = self._base_model(uri)
        specs = [_spec(machine) for machine in _machines(base_model)]
        answer: dict[str, Any] = {"baseModel": base_model}
        if not (request.get("checkMachineAvailability") or request.get("checkUserQuota")):
            return answer | {"specs": specs}
        # "Only return the machine spec in regions where the machine is available" (checkMachineAvailability), and "all
        # the machine spec in regions they are available" (checkUserQuota): so what cannot be had is left out of both.
        availability, region = Availability(self._services.documents), call.place.location
        had = [spec for spec in specs if availability.has(region, spec["machineSpec"]["machineType"])]
        return answer | {"recommendations": [self._recommendation(call, request, spec) for spec in had]}

    def _recommendation(self, call: Call, request: dict[str, Any], spec: dict[str, Any]) -> dict[str, Any]:
        found = {"region": call.place.location, "spec": spec}
        if request.get("checkUserQuota"):
            machine = spec["machineSpec"]
            deployed = (other for _, other in self._endpoints.deployed(call.place.name))
            enough = capacity.has_quota(
                self._services, call.place, machine["acceleratorType"], machine["acceleratorCount"], deployed
            )
            found["userQuotaState"] = "QUOTA_STATE_USER_HAS_QUOTA" if enough else "QUOTA_STATE_NO_USER_QUOTA"
        return found

    def _source(self, request: dict[str, Any]) -> tuple[dict[str, Any], str]:
        """Where the weights are, as fields of a model, and the publisher model's name if it is one."""
        if "huggingFaceModelId" in request:
            raise unimplemented("models from Hugging Face (`huggingFaceModelId`)")
        if public := request.get("publisherModelName", ""):
            if find(canonical_name(public) or "") is None:
                raise invalid_argument(f"The publisher model {public!r} is none that can be deployed.")
            return {"baseModelSource": {"modelGardenSource": {"publicModelName": public}}}, public
        uri = request.get("customModel", {}).get("gcsUri", "")
        self._checkpoints.check(uri)
        return {"artifactUri": uri}, ""

    def _base_model(self, uri: str) -> str:
        folder = Folder.of(uri)
        assert folder is not None  # noqa: S101 - checked
        config = json.loads(self._services.storage.read(folder.bucket, f"{folder.prefix}config.json"))
        return str(config.get("_name_or_path") or config.get("model_type", ""))

    def _finish_deploy(self, details: Details) -> Details:
        self._deployments.finish_deploy(details)
        response = {"endpoint": details["endpoint"], "model": details["model"]}
        return response | ({"publisherModel": details["publisherModel"]} if details["publisherModel"] else {})

    def _drop_model(self, details: Details) -> None:
        self._models.remove(details["model"])


def _spec(machine: str) -> dict[str, Any]:
    # The argument is that of the same notebooks: one model over all accelerators of a machine.
    _, count = capacity.MACHINES[machine]
    container = {**_CONTAINER, "args": [f"--tensor-parallel-size={count}"]}
    return {"machineSpec": _machine_spec(machine), "containerSpec": container}


def _machine_spec(machine: str) -> dict[str, Any]:
    kind, count = capacity.MACHINES[machine]
    return {"machineType": machine, "acceleratorType": kind, "acceleratorCount": count}


def _machines(base_model: str) -> list[str]:
    """The machines whose accelerators hold a model of that size, smallest first; the biggest for what none is known to.

    The size is that in the model's name. Weights of two bytes a parameter fill 24 GB of an L4 at about 10 billion
    parameters, with a sixth left for the cache.
    """
    sizes = [float(size) for size in _BILLIONS_OF_PARAMETERS.findall(base_model)]
    needed = max(sizes, default=0.0)
    return [machine for size, machine in _MACHINES_BY_SIZE if size >= needed] or [_MACHINES_BY_SIZE[-1][1]]
