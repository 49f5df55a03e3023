"""`gcp:vertex/aiEndpoint:AiEndpoint`: an endpoint, with a lifetime that is not the model's."""

# The arguments are the base class's.
# ruff: noqa: ARG002

from __future__ import annotations

import json
import re
from typing import ClassVar

from emulator.gcp_provider.managed import Managed, Values
from emulator.gcp_provider.rest import unless_missing

_NAME = re.compile(r"[1-9][0-9]{0,9}")
_MUTABLE = ("displayName", "description", "dedicatedEndpointEnabled")


class Endpoint(Managed):
    """A Vertex AI endpoint."""

    token = "gcp:vertex/aiEndpoint:AiEndpoint"  # noqa: S105 - a resource type
    required = frozenset({"displayName", "location", "name"})
    optional = frozenset(
        {"project", "description", "labels", "dedicatedEndpointEnabled", "deletionPolicy", "encryptionSpec"}
    )
    defaults: ClassVar = {"deletionPolicy": "DELETE"}
    replaces = frozenset({"name", "location", "project", "encryptionSpec"})
    moving = frozenset({"etag", "updateTime", "deployedModels", "trafficSplit"})
    deletes_first = True

    def refusals(self, inputs: Values) -> dict[str, str]:
        """Checks the name, which the service takes as a number alone."""
        name = inputs["name"]
        if isinstance(name, str) and not _NAME.fullmatch(name):
            return {"name": f'"{name}" must be a number without leading zeros, of at most 10 digits'}
        return {}

    async def insert(self, inputs: Values) -> tuple[str, Values]:
        """Creates the endpoint and waits for it."""
        parent = f"projects/{inputs['project']}/locations/{inputs['location']}"
        body = {name: inputs[name] for name in (*_MUTABLE, "encryptionSpec") if inputs.get(name)}
        body["labels"] = self.all_labels(inputs)
        resource_id = f"{parent}/endpoints/{inputs['name']}"
        operation = await self.cloud.create(
            "aiplatform", f"{parent}/endpoints", resource_id, query={"endpointId": inputs["name"]}, body=body
        )
        if operation is not None:
            await self.cloud.finished("aiplatform", operation)
        return resource_id, await self.present(resource_id)

    async def fetch(self, resource_id: str, known: Values) -> Values | None:
        """Gets the endpoint."""
        endpoint = await self.cloud.find("aiplatform", resource_id)
        # The API names the project by number where the program names it by id.
        return None if endpoint is None else {**endpoint, "name": resource_id}

    async def patch(self, resource_id: str, old: Values, new: Values) -> Values:
        """Changes what can be changed in place."""
        mask = [name for name in _MUTABLE if old.get(name) != new.get(name)]
        if old.get("labels") != new.get("labels"):
            mask.append("labels")
        if mask:
            body = {name: new.get(name) for name in mask if name != "labels"}
            await self.cloud.call(
                "PATCH",
                "aiplatform",
                resource_id,
                query={"updateMask": ",".join(mask)},
                body={**body, "labels": self.all_labels(new)},
            )
        return await self.present(resource_id)

    async def remove(self, resource_id: str, state: Values) -> None:
        """Deletes the endpoint and waits until it is gone."""
        operation = await unless_missing(self.cloud.call("DELETE", "aiplatform", resource_id))
        if operation is not None:
            await self.cloud.finished("aiplatform", operation)

    def outputs(self, resource: Values) -> Values:
        """What is deployed and how traffic is split, which others decide."""
        split = resource.get("trafficSplit")
        return {
            "createTime": resource.get("createTime"),
            "updateTime": resource.get("updateTime"),
            "etag": resource.get("etag"),
            "deployedModels": [_deployed(model) for model in resource.get("deployedModels", ())],
            "trafficSplit": json.dumps(split, separators=(",", ":"), sort_keys=True) if split else "",
            "dedicatedEndpointDns": resource.get("dedicatedEndpointDns", ""),
            "modelDeploymentMonitoringJob": resource.get("modelDeploymentMonitoringJob", ""),
        }

    def inputs(self, resource: Values) -> Values:
        """What the API says of it."""
        _, project, _, location, _, name = resource["name"].split("/")
        return {
            "name": name,
            "location": location,
            "project": project,
            "displayName": resource.get("displayName"),
            "description": resource.get("description"),
            "labels": resource.get("labels", {}),
            "dedicatedEndpointEnabled": resource.get("dedicatedEndpointEnabled"),
            "encryptionSpec": resource.get("encryptionSpec"),
        }


def _deployed(model: Values) -> Values:
    """The part of a deployed model that is read most."""
    names = ("id", "model", "modelVersionId", "displayName", "createTime", "serviceAccount")
    return {name: model.get(name, "") for name in names}
