from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from emulator.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.platform.service_usage import EnabledServices
    from tests.running_emulator import Emulator

PARENT = "/su/v1/projects/demo/services"


def apis(emulator: Emulator) -> EnabledServices:
    found: EnabledServices = emulator.application.state.services.service_usage
    return found


def number(emulator: Emulator) -> str:
    found: str = emulator.http.get("/crm/v1/projects/demo").json()["projectNumber"]
    return found


def names(emulator: Emulator, query: str) -> list[str]:
    found = emulator.http.get(f"{PARENT}?{query}").json().get("services", [])
    return [service["name"].rpartition("/")[2] for service in found]


def test_a_new_project_has_storage_and_not_vertex_ai(emulator: Emulator) -> None:
    enabled = names(emulator, "filter=state:ENABLED&pageSize=200")
    assert "storage.googleapis.com" in enabled
    assert "serviceusage.googleapis.com" in enabled
    assert "aiplatform.googleapis.com" not in enabled
    assert "aiplatform.googleapis.com" in names(emulator, "filter=state:DISABLED&pageSize=200")
    assert emulator.http.get(f"{PARENT}?filter=name:x").status_code == 400


def test_lists_in_pages(emulator: Emulator) -> None:
    whole = names(emulator, "pageSize=200")
    found: list[str] = []
    token = ""
    while True:
        page = emulator.http.get(PARENT, params={"pageSize": 5, "pageToken": token}).json()
        found += [service["config"]["name"] for service in page["services"]]
        token = page.get("nextPageToken", "")
        if not token:
            break
    assert found == whole
    assert emulator.http.get(PARENT, params={"pageToken": "?"}).status_code == 400
    assert emulator.http.get(PARENT, params={"pageSize": "many"}).status_code == 400


def test_enable_and_disable_are_operations(emulator: Emulator) -> None:
    name = f"projects/{number(emulator)}/services/aiplatform.googleapis.com"
    operation = emulator.http.post(f"{PARENT}/aiplatform.googleapis.com:enable", json={}).json()
    assert operation["done"] is True
    assert operation["metadata"]["resourceNames"] == [name]
    assert operation["response"]["service"] == {
        "name": name,
        "config": {"name": "aiplatform.googleapis.com", "title": "Vertex AI API"},
        "state": "ENABLED",
        "parent": f"projects/{number(emulator)}",
    }
    assert emulator.http.get(f"/su/v1/{operation['name']}").json() == operation
    emulator.restart()
    assert emulator.http.get(f"{PARENT}/aiplatform.googleapis.com").json() == operation["response"]["service"]
    emulator.http.post(f"{PARENT}/aiplatform.googleapis.com:disable", json={})
    assert emulator.http.get(f"{PARENT}/aiplatform.googleapis.com").json()["state"] == "DISABLED"
    assert emulator.http.get("/su/v1/operations/none").status_code == 404


def test_several_at_once(emulator: Emulator) -> None:
    wanted = ["iam.googleapis.com", "cloudquotas.googleapis.com"]
    answer = emulator.http.post(f"{PARENT}:batchEnable", json={"serviceIds": wanted})
    assert [service["state"] for service in answer.json()["response"]["services"]] == ["ENABLED", "ENABLED"]
    assert set(wanted) <= set(names(emulator, "filter=state:ENABLED&pageSize=200"))
    assert emulator.http.post(f"{PARENT}:batchEnable", json={"serviceIds": []}).status_code == 400
    unknown = emulator.http.post(f"{PARENT}:batchEnable", json={"serviceIds": ["compute.googleapis.com", "x"]})
    assert unknown.json()["error"]["message"] == "Not found or permission denied for service(s): x."
    assert "compute.googleapis.com" not in names(emulator, "filter=state:ENABLED&pageSize=200")


def test_a_call_before_its_api_is_enabled_is_refused_with_all_details(emulator: Emulator) -> None:
    with pytest.raises(ServiceError) as refusal:
        apis(emulator).require("demo", "aiplatform.googleapis.com")
    error = refusal.value.body()["error"]
    url = "https://console.developers.google.com/apis/api/aiplatform.googleapis.com/overview?project=demo"
    assert (error["code"], error["status"]) == (403, "PERMISSION_DENIED")
    assert error["message"].startswith(
        "Vertex AI API has not been used in project demo before or it is disabled."
        f" Enable it by visiting {url} then retry."
    )
    info = error["details"][0]
    assert (info["reason"], info["metadata"]["service"]) == ("SERVICE_DISABLED", "aiplatform.googleapis.com")
    assert info["metadata"]["consumer"] == f"projects/{number(emulator)}"


def test_an_enabled_api_takes_a_moment(
    start_emulator: Callable[..., Emulator], advance: Callable[[float], None]
) -> None:
    emulator = start_emulator({"delays": {"apiEnabled": 60}})
    emulator.http.post(f"{PARENT}/aiplatform.googleapis.com:enable", json={})
    with pytest.raises(ServiceError, match="wait a few minutes for the action to propagate"):
        apis(emulator).require("demo", "aiplatform.googleapis.com")
    advance(60)
    apis(emulator).require("demo", "aiplatform.googleapis.com")
    # What is enabled already does not wait again.
    emulator.http.post(f"{PARENT}/aiplatform.googleapis.com:enable", json={})
    apis(emulator).require("demo", "aiplatform.googleapis.com")


def test_the_agents_come_after_the_api(
    start_emulator: Callable[..., Emulator], advance: Callable[[float], None]
) -> None:
    emulator = start_emulator({"delays": {"agentCreated": 60, "tuningAgentCreated": 120}})
    vertex = f"service-{number(emulator)}@gcp-sa-aiplatform.iam.gserviceaccount.com"
    tuning = f"service-{number(emulator)}@gcp-sa-vertex-moss-ft.iam.gserviceaccount.com"
    emulator.http.post(f"{PARENT}/aiplatform.googleapis.com:enable", json={})
    assert not apis(emulator).agent_exists(vertex)
    advance(60)
    assert apis(emulator).agent_exists(vertex)
    assert not apis(emulator).agent_exists(tuning)
    advance(60)
    assert apis(emulator).agent_exists(tuning)
    assert not apis(emulator).agent_exists("service-1@gcp-sa-aiplatform.iam.gserviceaccount.com")


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_an_agent_comes_when_it_is_asked_for(start_emulator: Callable[..., Emulator], version: str) -> None:
    emulator = start_emulator({"delays": {"agentCreated": 60}})
    path = f"/su/{version}/projects/demo/services/aiplatform.googleapis.com:generateServiceIdentity"
    operation = emulator.http.post(path).json()
    email = f"service-{number(emulator)}@gcp-sa-aiplatform.iam.gserviceaccount.com"
    assert operation["done"] is True
    assert operation["response"]["email"] == email
    assert operation["response"]["@type"] == "type.googleapis.com/google.api.serviceusage.v1beta1.ServiceIdentity"
    assert operation["response"]["uniqueId"].isdigit()
    assert emulator.http.post(path).json()["response"] == operation["response"]
    assert apis(emulator).agent_exists(email)


def test_the_tuning_agent_may_come_with_the_first_job(
    start_emulator: Callable[..., Emulator], advance: Callable[[float], None]
) -> None:
    emulator = start_emulator({"tuningAgentOnFirstUse": True, "delays": {"tuningAgentCreated": 60}})
    tuning = f"service-{number(emulator)}@gcp-sa-vertex-moss-ft.iam.gserviceaccount.com"
    emulator.http.post(f"{PARENT}/aiplatform.googleapis.com:enable", json={})
    advance(3600)
    assert not apis(emulator).agent_exists(tuning)
    emulator.http.post("/storage/v1/b?project=demo", json={"name": "demo-data"})
    emulator.application.state.services.storage.write("demo-data", "train.jsonl", b"{}\n")
    job = {
        "baseModel": "google/gemma3@gemma-3-1b-it",
        "supervisedTuningSpec": {"trainingDatasetUri": "gs://demo-data/train.jsonl"},
        "outputUri": "gs://demo-data/out",
        "serviceAccount": "nobody@demo.iam.gserviceaccount.com",
    }
    jobs = "/v1beta1/projects/demo/locations/us-central1/tuningJobs"
    refused = emulator.http.post(jobs, json=job)
    assert refused.json()["error"]["status"] == "INVALID_ARGUMENT"
    assert "You do not have permission to act as service_account: nobody@demo" in refused.json()["error"]["message"]
    advance(3600)
    assert not apis(emulator).agent_exists(tuning), "a job that was refused is no use"
    del job["serviceAccount"]
    assert emulator.http.post(jobs, json=job).status_code == 200
    assert not apis(emulator).agent_exists(tuning)
    advance(60)
    assert apis(emulator).agent_exists(tuning)


def test_agents_may_be_provisioned_for_a_while(
    start_emulator: Callable[..., Emulator], advance: Callable[[float], None]
) -> None:
    emulator = start_emulator({"delays": {"agentsProvisioned": 60}})
    emulator.http.post(f"{PARENT}/aiplatform.googleapis.com:enable", json={})
    for path, body in (("tuningJobs", {}), ("models:upload", {"model": {"displayName": "m"}})):
        refused = emulator.http.post(f"/v1beta1/projects/demo/locations/us-central1/{path}", json=body).json()["error"]
        assert refused["status"] == "FAILED_PRECONDITION"
        assert refused["message"].startswith("Service agents are being provisioned (https://cloud.google.com/")
    advance(60)
    again = emulator.http.post("/v1beta1/projects/demo/locations/us-central1/tuningJobs", json={}).json()["error"]
    assert "provisioned" not in again["message"]


@pytest.mark.parametrize(
    ("method", "path", "api"),
    [
        ("GET", "/crm/v1/projects/demo", "cloudresourcemanager"),
        ("POST", "/crm/v1/projects/demo:getIamPolicy", "cloudresourcemanager"),
        ("GET", "/iam/v1/projects/demo/serviceAccounts", "iam"),
        ("GET", "/quotas/v1/projects/demo/locations/global/services/x.googleapis.com/quotaInfos", "cloudquotas"),
        ("GET", "/billing/v1/projects/demo/billingInfo", "cloudbilling"),
    ],
)
def test_callers_may_be_charged_to_the_project_itself(
    start_emulator: Callable[..., Emulator], method: str, path: str, api: str
) -> None:
    emulator = start_emulator({"ownQuotaProject": True})
    refused = emulator.http.request(method, path)
    assert refused.status_code == 403
    assert refused.json()["error"]["details"][0]["metadata"]["service"] == f"{api}.googleapis.com"
    emulator.http.post(f"{PARENT}/{api}.googleapis.com:enable", json={})
    assert emulator.http.request(method, path).status_code == 200


def test_an_agent_gets_its_role_once(start_emulator: Callable[..., Emulator], advance: Callable[[float], None]) -> None:
    emulator = start_emulator({"delays": {"agentCreated": 5, "tuningAgentCreated": 50}})

    def policy() -> list[dict[str, object]]:
        found = emulator.http.post("/crm/v1/projects/demo:getIamPolicy").json()
        return list(found.get("bindings", ()))

    emulator.http.post(f"{PARENT}/aiplatform.googleapis.com:enable", json={})
    assert policy() == []
    advance(6)
    platform = f"serviceAccount:service-{number(emulator)}@gcp-sa-aiplatform.iam.gserviceaccount.com"
    assert policy() == [{"role": "roles/aiplatform.serviceAgent", "members": [platform]}]
    emulator.http.post("/crm/v1/projects/demo:setIamPolicy", json={"policy": {"bindings": []}})
    assert policy() == [], "what somebody has taken away stays away"
    emulator.http.post(f"{PARENT}/aiplatform.googleapis.com:generateServiceIdentity", json={})
    assert policy() == []
    advance(50)
    assert [binding["role"] for binding in policy()] == ["roles/aiplatform.tuningServiceAgent"]


def test_what_a_caller_may_not_do(start_emulator: Callable[..., Emulator]) -> None:
    emulator = start_emulator({"deniedPermissions": ["storage.buckets.create"]})
    asked = {"permissions": ["storage.buckets.create", "aiplatform.tuningJobs.create"]}
    answer = emulator.http.post("/crm/v1/projects/demo:testIamPermissions", json=asked).json()
    assert answer == {"permissions": ["aiplatform.tuningJobs.create"]}
