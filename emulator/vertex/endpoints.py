"""Endpoints: create, get, list, patch, delete, and the traffic split that all changes of deployed models go through."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from emulator.clock import timestamp
from emulator.vertex import encryption_keys, labels, listing
from emulator.vertex.calls import new_id
from emulator.vertex.operations import Effect, deletion
from emulator.vertex.refusals import already_exists, failed_precondition, invalid_argument, invalid_fields, not_found

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from emulator.services import Services
    from emulator.vertex.calls import Call, Place
    from emulator.vertex.operations import Operations

_COLLECTION = "endpoints"
# CreateEndpointRequest.endpoint_id: letters first, up to 63 of [a-z0-9-]; or a number of at most 10 digits without a
# leading zero. (The field's comment says 9; pulumi-gcp creates endpoints of 10 digits.)
_ID = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?|[1-9][0-9]{0,9}")
_CHANGEABLE = {"displayName", "description", "labels", "trafficSplit"}
_OUTPUT_ONLY = ("deployedModels", "trafficSplit", "dedicatedEndpointDns")  # of what a create request can carry
_ALL_TRAFFIC = 100
_FILTERS = {"displayName": "displayName", "endpoint": "name"}

Traffic = dict[str, int]


class Endpoints:
    """The endpoints of one emulator. A document is the endpoint as the API shows it."""

    def __init__(self, services: Services, operations: Operations) -> None:
        self._documents = services.documents
        self._operations = operations
        operations.register("CreateEndpoint", Effect("Endpoint", lambda details: self.find(details["name"])))
        operations.register("DeleteEndpoint", deletion(self._finish_delete))

    def create(self, call: Call) -> dict[str, Any]:
        """Creates an endpoint.

        The operation has ended when it is returned: pulumi-gcp would wait for it at a fixed address of Google's
        (terraform-provider-google, vertex_ai_operation.go), which an emulator cannot answer.
        """
        endpoint = call.read("Endpoint")
        if not endpoint.get("displayName"):
            raise invalid_fields({"endpoint.display_name": "display_name is required."})
        labels.check(endpoint.get("labels", {}))
        encryption_keys.check(endpoint, call.place)
        for field in _OUTPUT_ONLY:
            endpoint.pop(field, None)
        with self._documents.transaction():
            name = self.add(call.place, endpoint, call.parameter("endpointId"))
            return self._operations.start(call, "CreateEndpoint", {"name": name}, delay=0, parent=name)

    def get(self, call: Call) -> dict[str, Any]:
        """Returns an endpoint."""
        return self.find(self.name(call))

    def list_page(self, call: Call) -> dict[str, Any]:
        """Returns the endpoints of a location."""
        documents = self._documents.list(_COLLECTION, f"{call.place.name}/endpoints/")
        return listing.answer(call, "endpoints", (document for _, document in documents), _FILTERS)

    def patch(self, call: Call) -> dict[str, Any]:
        """Changes display name, description, labels or traffic split."""
        sent = call.read("Endpoint")
        if unknown := sorted(set(call.mask()) - _CHANGEABLE):
            raise invalid_argument(f"These fields of an endpoint cannot be updated: {', '.join(unknown)}.")
        labels.check(sent.get("labels", {}))

        def change(endpoint: dict[str, Any]) -> None:
            for field in call.mask():
                endpoint.pop(field, None)
                if field in sent:
                    endpoint[field] = sent[field]
            check_traffic(endpoint.get("trafficSplit", {}), deployed_ids(endpoint))

        return self.update(self.name(call), change)

    def delete(self, call: Call) -> dict[str, Any]:
        """Deletes an endpoint on which nothing is deployed; ends at once, for the reason given at `create`."""
        name = self.name(call)
        self._check_empty(name)
        return self._operations.start(
            call,
            "DeleteEndpoint",
            {"name": name},
            delay=0,
            parent=name,
        )

    def name(self, call: Call) -> str:
        """The name of the endpoint that a call is about."""
        return f"{call.place.name}/endpoints/{call.part('endpoint')}"

    def find(self, name: str) -> dict[str, Any]:
        """An endpoint by its name.

        Raises:
            ServiceError: there is none.
        """
        endpoint = self._documents.get(_COLLECTION, name)
        if endpoint is None:
            raise not_found("Endpoint", name)
        return endpoint

    def add(self, place: Place, endpoint: dict[str, Any], endpoint_id: str = "") -> str:
        """Writes a new endpoint and returns its name."""
        if endpoint_id and not _ID.fullmatch(endpoint_id):
            raise invalid_argument(
                f"Invalid endpoint_id {endpoint_id!r}: at most 10 digits without a leading zero, or up to 63 "
                "characters of [a-z0-9-] that start with a letter and do not end with a hyphen."
            )
        endpoint_id = endpoint_id or new_id()
        name = f"{place.name}/endpoints/{endpoint_id}"
        moment = timestamp()
        if endpoint.get("dedicatedEndpointEnabled"):
            # "{endpoint_id}.{region}-{uid}.prediction.vertexai.goog": Endpoint.dedicated_endpoint_dns.
            domain = f"{place.location}-{place.project.number}.prediction.vertexai.goog"
            endpoint["dedicatedEndpointDns"] = f"{endpoint_id}.{domain}"
        with self._documents.transaction():
            if self._documents.get(_COLLECTION, name) is not None:
                raise already_exists("Endpoint", name)
            written = endpoint | {"name": name, "createTime": moment, "updateTime": moment, "etag": new_id()}
            self._documents.put(_COLLECTION, name, written)
        return name

    def update(self, name: str, change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        """Changes an endpoint in one transaction and returns it."""
        with self._documents.transaction():
            endpoint = self.find(name)
            change(endpoint)
            endpoint |= {"updateTime": timestamp(), "etag": new_id()}
            self._documents.put(_COLLECTION, name, endpoint)
        return endpoint

    def deployed(self, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """All deployed models under a place's name, each with its endpoint's name."""
        for name, endpoint in self._documents.list(_COLLECTION, f"{place}/endpoints/"):
            for deployed in endpoint.get("deployedModels", ()):
                yield name, deployed

    def _finish_delete(self, details: dict[str, Any]) -> dict[str, Any]:
        self._check_empty(details["name"])
        self._documents.delete(_COLLECTION, details["name"])
        return {}

    def _check_empty(self, name: str) -> None:
        deployed = deployed_ids(self.find(name))
        place = name.split("/endpoints/", maxsplit=1)[0]
        deploying = [
            details["deployedModel"]["id"]
            for details in self._operations.pending("DeployModel", place)
            if details["endpoint"] == name
        ]
        if deployed or deploying:
            # "any model deployed to your endpoint must first be undeployed": Vertex AI samples; the wording is the
            # emulator's.
            listed = ", ".join([*deployed, *deploying])
            raise failed_precondition(f"The Endpoint {name} has deployed or being-deployed DeployedModel(s): {listed}.")


def deployed_ids(endpoint: Mapping[str, Any]) -> list[str]:
    """The ids of an endpoint's deployed models."""
    return [deployed["id"] for deployed in endpoint.get("deployedModels", ())]


def check_traffic(split: Traffic, ids: Iterable[str]) -> None:
    """Refuses a split that is not one: it is empty or adds up to 100, over models that are deployed.

    Raises:
        ServiceError: it names others, or adds up to something else.
    """
    if missing := sorted(set(split) - set(ids)):
        # github.com/GoogleCloudPlatform/java-docs-samples/pull/8475, word for word.
        raise invalid_argument(f"The following DeployedModel ID(s) [{', '.join(missing)}] do not exist.")
    if split and (sum(split.values()) != _ALL_TRAFFIC or min(split.values()) < 0):
        # Endpoint.traffic_split
        raise invalid_argument("The traffic percentage values must add up to 100.")
