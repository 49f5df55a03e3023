from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.platform.quotas import Quotas
    from tests.running_emulator import Emulator

LOCATION = "/quotas/v1/projects/demo/locations/global"
TUNING = "GlobalConcurrentManagedOssModelTuningJobs"
L4 = "CustomModelServingL4GPUsPerProjectPerRegion"


def quotas(emulator: Emulator) -> Quotas:
    found: Quotas = emulator.application.state.services.quotas
    return found


def ask(emulator: Emulator, preference_id: str, quota_id: str, value: object, **fields: Any) -> Any:
    body = {
        "service": "aiplatform.googleapis.com",
        "quotaId": quota_id,
        "quotaConfig": {"preferredValue": value},
        "contactEmail": "a@example.com",
        **fields,
    }
    return emulator.http.post(f"{LOCATION}/quotaPreferences?quotaPreferenceId={preference_id}", json=body)


@pytest.mark.parametrize("version", ["v1", "v1beta"])
@pytest.mark.parametrize("doubled", ["", "/locations/global"])
def test_quota_infos(emulator: Emulator, version: str, doubled: str) -> None:
    path = f"/quotas/{version}/projects/demo/locations/global{doubled}/services/aiplatform.googleapis.com/quotaInfos"
    infos = {info["quotaDisplayName"]: info for info in emulator.http.get(path).json()["quotaInfos"]}
    number = emulator.http.get("/crm/v1/projects/demo").json()["projectNumber"]
    tuning = infos["Global concurrent managed OSS model fine-tuning jobs per project"]
    assert tuning["quotaId"] == TUNING
    assert tuning["name"] == (
        f"projects/{number}/locations/global/services/aiplatform.googleapis.com/quotaInfos/{TUNING}"
    )
    assert tuning["dimensionsInfos"] == [{"details": {"value": "1"}, "applicableLocations": ["global"]}]
    assert tuning["isConcurrent"] is True
    assert emulator.http.get(f"{path}/{TUNING}").json() == tuning

    serving = next(info for info in infos.values() if info["quotaId"] == L4)
    assert serving["dimensions"] == ["region"]
    assert {"us-central1", "europe-west4"} <= {each["dimensions"]["region"] for each in serving["dimensionsInfos"]}
    assert [info["quotaId"] for info in infos.values() if info.get("isFixed")] == ["DeployedModelsPerEndpoint"]


def test_unknown_services_and_quotas(emulator: Emulator) -> None:
    assert emulator.http.get(f"{LOCATION}/services/compute.googleapis.com/quotaInfos").json() == {}
    assert emulator.http.get(f"{LOCATION}/services/aiplatform.googleapis.com/quotaInfos/None").status_code == 404


def test_a_preference_is_granted(emulator: Emulator) -> None:
    number = emulator.http.get("/crm/v1/projects/demo").json()["projectNumber"]
    created = ask(emulator, "tuning", TUNING, "4").json()
    assert created == {
        "name": f"projects/{number}/locations/global/quotaPreferences/tuning",
        "service": "aiplatform.googleapis.com",
        "quotaId": TUNING,
        "contactEmail": "a@example.com",
        "quotaConfig": {"preferredValue": "4", "grantedValue": "4", "traceId": created["quotaConfig"]["traceId"]},
        "etag": created["etag"],
        "createTime": created["createTime"],
        "updateTime": created["updateTime"],
    }
    assert quotas(emulator).granted("demo", TUNING) == 4
    assert quotas(emulator).granted("other", TUNING) == 1
    emulator.restart()
    assert emulator.http.get(f"{LOCATION}/quotaPreferences/tuning").json() == created
    assert emulator.http.get(f"{LOCATION}/quotaPreferences").json() == {"quotaPreferences": [created]}
    assert emulator.http.get("/quotas/v1/projects/other/locations/global/quotaPreferences").json() == {}
    info = emulator.http.get(f"{LOCATION}/services/aiplatform.googleapis.com/quotaInfos/{TUNING}").json()
    assert info["dimensionsInfos"][0]["details"]["value"] == "4"


def test_a_preference_is_granted_after_a_moment(
    start_emulator: Callable[..., Emulator], advance: Callable[[float], None]
) -> None:
    emulator = start_emulator({"delays": {"quotaGranted": 60}})
    created = ask(emulator, "tuning", TUNING, 4).json()
    assert created["reconciling"] is True
    assert created["quotaConfig"]["grantedValue"] == "1"
    assert quotas(emulator).granted("demo", TUNING) == 1
    advance(60)
    now = emulator.http.get(f"{LOCATION}/quotaPreferences/tuning").json()
    assert "reconciling" not in now
    assert now["quotaConfig"]["grantedValue"] == "4"
    assert quotas(emulator).granted("demo", TUNING) == 4


def test_no_more_than_the_maximum_is_granted(start_emulator: Callable[..., Emulator]) -> None:
    emulator = start_emulator({"quotas": {TUNING: {"default": 2, "maximum": 3}}})
    assert quotas(emulator).granted("demo", TUNING) == 2
    config = ask(emulator, "tuning", TUNING, "10").json()["quotaConfig"]
    assert (config["preferredValue"], config["grantedValue"]) == ("10", "3")
    assert "granted in part" in config["stateDetail"]
    assert quotas(emulator).granted("demo", TUNING) == 3


def test_a_region_of_its_own(emulator: Emulator) -> None:
    ask(emulator, "all", L4, "2")
    ask(emulator, "here", L4, "5", dimensions={"region": "europe-west4"})
    assert quotas(emulator).granted("demo", L4, {"region": "europe-west4"}) == 5
    assert quotas(emulator).granted("demo", L4, {"region": "us-central1"}) == 2
    info = emulator.http.get(f"{LOCATION}/services/aiplatform.googleapis.com/quotaInfos/{L4}").json()
    values = {each["dimensions"]["region"]: each["details"]["value"] for each in info["dimensionsInfos"]}
    assert (values["europe-west4"], values["us-central1"]) == ("5", "2")


def test_a_preference_is_changed(emulator: Emulator) -> None:
    created = ask(emulator, "tuning", TUNING, "2").json()
    path = f"{LOCATION}/quotaPreferences/tuning"
    body = {"quotaConfig": {"preferredValue": "5"}, "contactEmail": "not@masked.example"}
    patched = emulator.http.patch(f"{path}?updateMask=quotaConfig", json=body).json()
    assert (patched["quotaConfig"]["grantedValue"], patched["contactEmail"]) == ("5", "a@example.com")
    assert patched["createTime"] == created["createTime"]
    assert patched["etag"] != created["etag"]
    stale = emulator.http.patch(path, json={**body, "etag": created["etag"]})
    assert (stale.status_code, stale.json()["error"]["status"]) == (409, "ABORTED")


def test_a_patch_may_create(emulator: Emulator) -> None:
    path = f"{LOCATION}/quotaPreferences/tuning"
    body = {"service": "aiplatform.googleapis.com", "quotaId": TUNING, "quotaConfig": {"preferredValue": "2"}}
    assert emulator.http.patch(path, json=body).status_code == 404
    assert emulator.http.patch(f"{path}?allowMissing=true", json=body).json()["quotaConfig"]["grantedValue"] == "2"


@pytest.mark.parametrize(
    ("quota_id", "value", "fields", "code", "message"),
    [
        ("DeployedModelsPerEndpoint", "30", {}, 400, "'is_fixed' field is set"),
        (TUNING, "many", {}, 400, "must be a whole number"),
        (TUNING, "2", {"service": ""}, 400, "needs a service"),
        (TUNING, "2", {"dimensions": {"region": "us-central1"}}, 400, "does not have the dimensions"),
        (L4, "2", {"dimensions": {"region": "mars"}}, 400, "does not have the dimensions"),
        (L4, "2", {"dimensions": {"zone": "us-central1-a"}}, 400, "does not have the dimensions"),
    ],
)
def test_refusals(
    emulator: Emulator, quota_id: str, value: str, fields: dict[str, Any], code: int, message: str
) -> None:
    answer = ask(emulator, "x", quota_id, value, **fields)
    assert answer.status_code == code
    assert message in answer.json()["error"]["message"]
    assert emulator.http.get(f"{LOCATION}/quotaPreferences/x").status_code == 404


def test_an_id_is_taken_once(emulator: Emulator) -> None:
    assert ask(emulator, "tuning", TUNING, "2").status_code == 200
    assert ask(emulator, "tuning", TUNING, "2").status_code == 409


def test_a_quota_has_one_preference(emulator: Emulator) -> None:
    assert ask(emulator, "console-made", L4, "3", dimensions={"region": "us-central1"}).status_code == 200
    second = ask(emulator, "another", L4, "4", dimensions={"region": "us-central1"})
    assert (second.status_code, second.json()["error"]["status"]) == (409, "ALREADY_EXISTS")
    assert ask(emulator, "another", L4, "4", dimensions={"region": "europe-west4"}).status_code == 200


def test_no_more_than_a_tenth_is_taken_away_unless_asked_to(emulator: Emulator) -> None:
    ask(emulator, "tuning", TUNING, "10")
    path = f"{LOCATION}/quotaPreferences/tuning"
    for value, query, code in (
        ("9", "", 200),
        ("8", "", 400),
        ("8", "?ignoreSafetyChecks=QUOTA_DECREASE_BELOW_USAGE", 400),
        ("2", "?ignoreSafetyChecks=QUOTA_DECREASE_PERCENTAGE_TOO_HIGH", 200),
    ):
        answer = emulator.http.patch(f"{path}{query}", json={"quotaConfig": {"preferredValue": value}})
        assert answer.status_code == code, (value, query, answer.text)
    assert quotas(emulator).granted("demo", TUNING) == 2
