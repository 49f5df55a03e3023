"""Endpoints as pulumi-gcp and google-cloud-aiplatform use them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import aiplatform_v1 as v1
from google.cloud import aiplatform_v1beta1 as v1beta1

from tests.emulator.vertex.harness import Cloud

ELSEWHERE = "projects/keys/locations/europe-west4/keyRings/ring/cryptoKeys/a"


def test_the_recorded_requests_of_pulumi_gcp(cloud: Cloud) -> None:
    """Create must have ended in its own reply: the provider would wait for it at a fixed address of Google's."""
    path = f"/vertex/v1beta1/{cloud.parent}/endpoints"
    body = {"displayName": "support", "labels": {"env": "local", "goog-pulumi-provisioned": "true"}}
    operation = cloud.call("POST", f"{path}?alt=json&endpointId=1234567890", body)
    assert operation["done"] is True
    endpoint = cloud.call("GET", f"{path}/1234567890?alt=json")
    assert endpoint["name"] == f"projects/{cloud.number}/locations/us-central1/endpoints/1234567890"
    assert {field: endpoint[field] for field in body} == body
    changed = cloud.call("PATCH", f"{path}/1234567890?alt=json&updateMask=display_name", {"display_name": "other"})
    assert (changed["displayName"], changed["labels"]) == ("other", body["labels"])
    assert cloud.call("DELETE", f"{path}/1234567890?alt=json")["done"] is True
    assert cloud.refusal("GET", f"{path}/1234567890?alt=json")[0] == "NOT_FOUND"


@pytest.mark.parametrize("version", [v1, v1beta1])
def test_the_gapic_clients(cloud: Cloud, version: object) -> None:
    client = cloud.gapic(version.EndpointServiceClient)  # type: ignore[attr-defined]
    endpoint = version.Endpoint(display_name="a", dedicated_endpoint_enabled=True)  # type: ignore[attr-defined]
    created = client.create_endpoint(parent=cloud.parent, endpoint=endpoint, endpoint_id="7").result(timeout=30)
    assert created.dedicated_endpoint_dns == f"7.us-central1-{cloud.number}.prediction.vertexai.goog"
    client.create_endpoint(parent=cloud.parent, endpoint=version.Endpoint(display_name="b")).result(timeout=30)  # type: ignore[attr-defined]
    request = {"parent": cloud.parent, "filter": 'displayName="a"'}
    assert [found.name for found in client.list_endpoints(request)] == [created.name]
    if version is v1:  # v1beta1 has no order
        ordered = client.list_endpoints({"parent": cloud.parent, "order_by": "display_name", "page_size": 1})
        assert [found.display_name for found in ordered] == ["a", "b"]
    client.delete_endpoint(name=created.name).result(timeout=30)
    with pytest.raises(exceptions.NotFound):
        client.get_endpoint(name=created.name)


@pytest.mark.parametrize(
    ("query", "body", "status"),
    [
        ("?endpointId=12345678901", {"displayName": "a"}, "INVALID_ARGUMENT"),
        ("?endpointId=0123", {"displayName": "a"}, "INVALID_ARGUMENT"),
        ("?endpointId=Capital", {"displayName": "a"}, "INVALID_ARGUMENT"),
        ("?endpointId=5", {}, "INVALID_ARGUMENT"),
        ("?endpointId=5", {"displayName": "a", "labels": {"k": "V"}}, "INVALID_ARGUMENT"),
        ("?endpointId=5", {"displayName": "a", "encryptionSpec": {"kmsKeyName": "key"}}, "INVALID_ARGUMENT"),
        ("?endpointId=5", {"displayName": "a", "encryptionSpec": {"kmsKeyName": ELSEWHERE}}, "INVALID_ARGUMENT"),
        ("?endpointId=99", {"displayName": "a"}, "ALREADY_EXISTS"),
    ],
)
def test_what_is_no_endpoint_is_refused(cloud: Cloud, query: str, body: dict[str, object], status: str) -> None:
    cloud.call("POST", "endpoints?endpointId=99", {"displayName": "taken"})
    assert cloud.refusal("POST", f"endpoints{query}", body)[0] == status


def test_traffic_to_what_is_not_deployed_is_refused(cloud: Cloud) -> None:
    cloud.call("POST", "endpoints?endpointId=1", {"displayName": "a"})
    found = cloud.refusal("PATCH", "endpoints/1?updateMask=trafficSplit", {"trafficSplit": {"5": 100}})
    assert found == ("INVALID_ARGUMENT", "The following DeployedModel ID(s) [5] do not exist.")


def test_what_only_the_service_sets_is_not_taken_from_a_request(cloud: Cloud) -> None:
    body = {"displayName": "a", "deployedModels": [{"id": "1"}], "trafficSplit": {"1": 100}}
    cloud.call("POST", "endpoints?endpointId=1", body)
    assert {"deployedModels", "trafficSplit"} & cloud.call("GET", "endpoints/1").keys() == set()


def test_billing_must_be_enabled(start_emulator: Callable[..., Any]) -> None:
    http = start_emulator({"unbilledProjects": ["unpaid"]}).http
    http.post("/su/v1/projects/unpaid/services/aiplatform.googleapis.com:enable", json={})
    error = http.get("/v1/projects/unpaid/locations/us-central1/endpoints").json()["error"]
    assert error["status"] == "PERMISSION_DENIED"
    assert error["message"].startswith("This API method requires billing to be enabled.")
    assert error["details"][0]["reason"] == "BILLING_DISABLED"


def test_the_api_must_be_enabled(cloud: Cloud) -> None:
    status, message = cloud.refusal("GET", "/v1beta1/projects/never-enabled/locations/us-central1/endpoints")
    assert status == "PERMISSION_DENIED"
    assert "Vertex AI API has not been used in project never-enabled before" in message
