"""Operations as the official clients list them: of a resource, of a location, by state, in pages."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from google.cloud.aiplatform_v1beta1.services.endpoint_service import EndpointServiceClient
from google.cloud.aiplatform_v1beta1.types import CreateEndpointOperationMetadata, DeployOperationMetadata

from tests.emulator.vertex.harness import GEMMA, Cloud, Server, new_cloud


def test_what_is_not_done_yet_is_found_by_its_place(own_server: Callable[..., Server]) -> None:
    cloud = new_cloud(own_server(deploy=30))
    cloud.call("POST", "endpoints?endpointId=100", {"displayName": "support"})
    pending = cloud.call("POST", ":deploy", {"publisherModelName": _publisher(GEMMA)})
    client = cloud.gapic(EndpointServiceClient)
    own = f"projects/{cloud.number}/locations/us-central1"

    (listed,) = client.list_operations({"name": cloud.parent, "filter": "done=false"}).operations
    assert (listed.name, listed.done) == (pending["name"], False)
    assert listed.metadata.Is(DeployOperationMetadata.pb(DeployOperationMetadata()).DESCRIPTOR)
    (created,) = client.list_operations({"name": f"{cloud.parent}/endpoints/100"}).operations
    assert created.name.startswith(f"{own}/endpoints/100/operations/")
    assert created.done
    assert created.metadata.Is(CreateEndpointOperationMetadata.pb(CreateEndpointOperationMetadata()).DESCRIPTOR)
    assert not client.list_operations({"name": f"{cloud.parent}/models/none"}).operations

    cloud.call("POST", f"/v1beta1/{pending['name']}:cancel", {})
    assert not client.list_operations({"name": cloud.parent, "filter": "done=false"}).operations
    (listed,) = client.list_operations({"name": cloud.parent, "filter": "done=true"}).operations
    assert listed.error.code == 1


def test_the_operations_client_walks_the_pages_newest_first(cloud: Cloud) -> None:
    made: list[str] = []
    for method, path in (("POST", "endpoints?endpointId=100"), ("DELETE", "endpoints/100")) * 2:
        made.insert(0, cloud.call(method, path, {"displayName": "support"})["name"])
        time.sleep(0.002)  # the order is that of milliseconds
    operations = cloud.gapic(EndpointServiceClient).transport.operations_client
    pages = list(operations.list_operations(f"{cloud.parent}/endpoints/100", "", page_size=3).pages)
    assert [[found.name for found in page.operations] for page in pages] == [made[:3], made[3:]]


@pytest.mark.parametrize("query", ["filter=size=3", "filter=done", "pageSize=-1", "pageToken=x"])
def test_what_cannot_be_listed_is_refused(cloud: Cloud, query: str) -> None:
    assert cloud.refusal("GET", f"operations?{query}")[0] == "INVALID_ARGUMENT"


def _publisher(model: str) -> str:
    publisher, _, name = model.partition("/")
    return f"publishers/{publisher}/models/{name}"
