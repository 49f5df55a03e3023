"""The life of a quota request: asked once, raised when more is wanted, never lowered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from emulator.platform import quotas
from tests.provider.lifecycles.conftest import PROJECT, Cloud
from tests.running_emulator import Emulator
from tunestack.catalogue import serving_quotas, tuning_quota
from tunestack.provider.lifecycle import CheckRequest, CreateRequest, ResourceError, Severity
from tunestack.provider.properties import UNKNOWN, plain_map, wrap_map
from tunestack.quotas import Standing, standing

TUNING = "GlobalConcurrentManagedOssModelTuningJobs"
L4 = "CustomModelServingL4GPUsPerProjectPerRegion"
PREFERENCES = f"/quotas/v1/projects/{PROJECT}/locations/global/quotaPreferences"
WANTED = {"preferred": 4, "contactEmail": "ada@example.com"}
ON_L4 = {**WANTED, "accelerator": "NVIDIA_L4"}


@pytest.fixture
def settings() -> dict[str, Any]:
    """What is special about the emulator; tests override it."""
    return {}


@pytest.fixture
def cloud(start_emulator: Callable[..., Emulator], settings: dict[str, Any]) -> Cloud:
    return Cloud(start_emulator(settings))


def preferences(cloud: Cloud) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = cloud.emulator.http.get(PREFERENCES).json().get("quotaPreferences", [])
    return found


def asked_before(cloud: Cloud, value: int, quota: str = TUNING, **fields: Any) -> None:
    """Makes a preference as the console would: under a name that nobody could guess."""
    body = {
        "service": "aiplatform.googleapis.com",
        "quotaId": quota,
        "quotaConfig": {"preferredValue": value},
        **fields,
    }
    assert cloud.emulator.http.post(f"{PREFERENCES}?quotaPreferenceId=5fbc1", json=body).is_success


def changes(cloud: Cloud) -> list[str]:
    return [
        call["method"] for call in cloud.emulator.requests() if "quotaPref" in call["path"] and call["method"] != "GET"
    ]


@pytest.mark.parametrize(
    ("wanted", "quota", "dimensions", "default"),
    [(WANTED, TUNING, {}, 1), (ON_L4, L4, {"region": "us-central1"}, 2)],
    ids=["jobs", "L4"],
)
async def test_what_is_missing_is_asked_for_once(
    cloud: Cloud, wanted: dict[str, Any], quota: str, dimensions: dict[str, str], default: int
) -> None:
    request = cloud.resource("QuotaRequest", "quota")
    foretold = await request.create(wanted, preview=True)
    assert cloud.listener.told == [f"asks for 4; the project has {default}"]
    assert "granted" not in foretold.properties, "what will be granted is not known"
    assert changes(cloud) == []

    made = await request.create(wanted)
    assert plain_map(made.properties) == {**wanted, "quotaId": quota, "granted": 4, "asked": 4, "pending": False}
    (preference,) = preferences(cloud)
    assert (preference["quotaId"], preference.get("dimensions", {})) == (quota, dimensions)
    assert preference["contactEmail"] == "ada@example.com"
    assert (await request.diff(made, wanted, wanted)).changes == {}
    assert (await request.diff(made, wanted, {**wanted, "contactEmail": "bob@example.com"})).changes == {}
    await request.delete(made.resource_id)
    again = await request.create(wanted)
    assert plain_map(again.properties) == plain_map(made.properties)
    assert changes(cloud) == ["POST"]


async def test_nothing_is_asked_for_where_there_is_enough(cloud: Cloud) -> None:
    wanted = {**ON_L4, "preferred": 2}
    request = cloud.resource("QuotaRequest", "quota")
    foretold = await request.create(wanted, preview=True)
    assert cloud.listener.told == ["asks for nothing: the project has 2"]
    assert plain_map(foretold.properties)["granted"] == 2
    made = plain_map((await request.create(wanted)).properties)
    assert (made["granted"], made["asked"], made["pending"]) == (2, None, False)
    assert changes(cloud) == []


@pytest.mark.parametrize(
    ("before", "wanted", "made", "left"),
    [
        (2, 4, ["POST", "PATCH"], 4),
        (4, 4, ["POST"], 4),
        (9, 4, ["POST"], 9),
    ],
    ids=["less is raised", "as much is enough", "more is not lowered"],
)
@pytest.mark.parametrize("settings", [{"quotas": {TUNING: {"maximum": 1}}}, {"delays": {"quotaGranted": 600}}])
async def test_a_request_of_an_earlier_life(cloud: Cloud, before: int, wanted: int, made: list[str], left: int) -> None:
    """It was denied or is not decided yet, and can never be deleted: a second one would be refused."""
    asked_before(cloud, before)
    outputs = plain_map((await cloud.resource("QuotaRequest").create({**WANTED, "preferred": wanted})).properties)
    assert changes(cloud) == made
    assert [int(found["quotaConfig"]["preferredValue"]) for found in preferences(cloud)] == [left]
    assert (outputs["granted"], outputs["asked"]) == (1, left)
    ((severity, message),) = cloud.listener.lines
    assert severity is Severity.WARNING
    assert message.startswith(f"asked for {left}, the project has 1; ")


async def test_a_lost_answer_and_a_race_make_no_second_request(cloud: Cloud) -> None:
    cloud.fault(method="POST", path=".*/quotaPreferences", times=1, drop="after")
    cloud.fault(method="GET", path=".*/quotaPreferences", times=1, status=503)
    made = await cloud.resource("QuotaRequest").create(WANTED)
    assert plain_map(made.properties)["granted"] == 4
    assert len(preferences(cloud)) == 1
    cloud.fault(method="PATCH", path=".*/quotaPreferences/.*", times=1, drop="after")
    raised = await cloud.resource("QuotaRequest").update(made, WANTED, {**WANTED, "preferred": 6})
    assert plain_map(raised.properties)["asked"] == 6


async def test_less_than_before_lowers_nothing(cloud: Cloud) -> None:
    request = cloud.resource("QuotaRequest")
    made = await request.create(WANTED)
    less = {**WANTED, "preferred": 1}
    assert list((await request.diff(made, WANTED, less)).changes) == ["preferred"]
    updated = plain_map((await request.update(made, WANTED, less)).properties)
    assert (updated["preferred"], updated["granted"], updated["asked"]) == (1, 4, 4)
    assert changes(cloud) == ["POST"]


@pytest.mark.parametrize("settings", [{"delays": {"quotaGranted": 60}}])
async def test_a_request_that_is_granted_later(cloud: Cloud, advance: Callable[[float], None]) -> None:
    request = cloud.resource("QuotaRequest")
    made = await request.create(WANTED)
    assert plain_map(made.properties)["pending"] is True
    assert (await request.diff(made, WANTED, WANTED)).changes == {}, "nothing has moved, and it is asked about again"
    advance(60)
    assert set((await request.diff(made, WANTED, WANTED)).changes) == {"granted", "pending"}
    updated = await request.update(made, WANTED, WANTED)
    assert plain_map(updated.properties)["granted"] == 4
    assert (await request.diff(type(made)(made.resource_id, updated.properties), WANTED, WANTED)).changes == {}
    assert changes(cloud) == ["POST"]


@pytest.mark.parametrize("settings", [{"delays": {"quotaGranted": 60}}])
async def test_a_preview_of_a_pending_one_with_unknown_inputs(cloud: Cloud) -> None:
    request = cloud.resource("QuotaRequest")
    made = await request.create(WANTED)
    assert (await request.diff(made, WANTED, {**WANTED, "contactEmail": UNKNOWN})).changes == {}


@pytest.mark.parametrize("kind", [None, replace(quotas.CATALOGUE[TUNING], fixed=True)], ids=["unlisted", "fixed"])
async def test_what_cannot_be_asked_for_is_told_once(
    cloud: Cloud, kind: quotas.QuotaKind | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind is None:
        monkeypatch.delitem(quotas.CATALOGUE, TUNING)
        told = f'nothing can be asked for: Cloud Quotas lists no "{tuning_quota()}"; see IAM & Admin'
    else:
        monkeypatch.setitem(quotas.CATALOGUE, TUNING, kind)
        told = f'nothing can be asked for: the quota "{tuning_quota()}" is fixed at 1 for this project'
    request = cloud.resource("QuotaRequest")
    for preview in (True, False):
        made = await request.create(WANTED, preview=preview)
        ((severity, message),) = cloud.listener.lines
        assert (severity, message[: len(told)]) == (Severity.WARNING, told)
        cloud.listener.lines.clear()
    assert plain_map(made.properties)["granted"] == (1 if kind else None)
    assert (await request.diff(made, WANTED, WANTED)).changes == {}
    assert cloud.listener.lines == []
    assert changes(cloud) == []


async def test_an_id_that_is_gone_and_comes_back(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    request = cloud.resource("QuotaRequest")
    with monkeypatch.context() as gone:
        gone.delitem(quotas.CATALOGUE, TUNING)
        made = await request.create(WANTED)
    assert "quotaId" in (await request.diff(made, WANTED, WANTED)).changes
    assert plain_map((await request.update(made, WANTED, WANTED)).properties)["granted"] == 4


@pytest.mark.parametrize("settings", [{"ownQuotaProject": True}])
async def test_an_api_that_is_not_enabled(cloud: Cloud) -> None:
    foretold = await cloud.resource("QuotaRequest").create(WANTED, preview=True)
    assert plain_map(foretold.properties) == WANTED, "nothing is known, so nothing is said"
    assert cloud.listener.lines == []


@pytest.mark.parametrize("settings", [{"ownQuotaProject": True, "delays": {"apiEnabled": 600}}])
async def test_an_api_that_was_just_enabled_is_waited_for(cloud: Cloud, advance: Callable[[float], None]) -> None:
    enable = f"/su/v1/projects/{PROJECT}/services/cloudquotas.googleapis.com:enable"
    assert cloud.emulator.http.post(enable, json={}).is_success
    creating = asyncio.ensure_future(cloud.resource("QuotaRequest").create(WANTED))
    while not cloud.listener.told:  # noqa: ASYNC110 - told from elsewhere
        await asyncio.sleep(0.01)
    advance(600)
    assert plain_map((await creating).properties)["granted"] == 4
    assert [call for call in cloud.emulator.requests() if "quota" in call["path"] and call["status"] == 403]
    assert cloud.listener.told[0].startswith("waits for cloudquotas.googleapis.com in project")


async def test_an_import(cloud: Cloud) -> None:
    asked_before(cloud, 3, L4, dimensions={"region": "us-central1"})
    request = cloud.resource("QuotaRequest")
    name = f"projects/{PROJECT}/locations/global/services/aiplatform.googleapis.com/quotaInfos/{L4}"
    found = await request.read(name)
    assert found.resource_id == name
    assert plain_map(found.inputs) == {"preferred": 3, "contactEmail": "", "accelerator": "NVIDIA_L4"}
    assert (await request.diff(found, plain_map(found.inputs), {**ON_L4, "preferred": 3})).changes == {}
    refreshed = await request.read(name, found.properties, plain_map(found.inputs))
    assert plain_map(refreshed.properties) == plain_map(found.properties)
    with pytest.raises(ResourceError, match="is no quota of tuning jobs or of an accelerator"):
        await request.read(name.replace(L4, "DeployedModelsPerEndpoint"))


@pytest.mark.parametrize(
    ("inputs", "refused"),
    [
        ({**WANTED, "preferred": 0}, {"preferred": "0 is nothing to ask for; write at least 1"}),
        (
            {**WANTED, "accelerator": "NVIDIA_H200_141GB"},
            {
                "accelerator": 'no quota is known for "NVIDIA_H200_141GB"; there are NVIDIA_L4, NVIDIA_TESLA_A100, '
                "NVIDIA_A100_80GB, NVIDIA_H100_80GB, NVIDIA_RTX_PRO_6000"
            },
        ),
        ({"preferred": 2}, {"contactEmail": "is missing; it is required"}),
    ],
)
async def test_refused(cloud: Cloud, inputs: dict[str, Any], refused: dict[str, str]) -> None:
    request = cloud.resource("QuotaRequest")
    result = await request.lifecycle.check(CheckRequest(request.urn, None, wrap_map(inputs)))
    assert {failure.property: failure.reason for failure in result.failures} == refused


async def test_a_preview_with_unknown_inputs(cloud: Cloud) -> None:
    request = cloud.resource("QuotaRequest")
    inputs = wrap_map({**WANTED, "preferred": UNKNOWN})
    foretold = await request.lifecycle.create(CreateRequest(request.urn, inputs, 0, True))
    assert foretold.properties == inputs
    assert cloud.listener.lines == []


@pytest.mark.parametrize(
    ("places", "granted", "why"),
    [
        ([{"dimensions": {"region": "us-central1"}, "details": {"value": "3"}}], 3, "the region's own value"),
        (
            [{"applicableLocations": ["us-east4", "us-central1"], "details": {"value": "3"}}],
            3,
            "one of several regions",
        ),
        ([{"dimensions": {"region": "us-central1"}, "details": {}}], 0, "zero is not in the service's JSON"),
        ([{"dimensions": {"region": "us-central1"}, "details": {"value": "-1"}}], -1, "no limit"),
        ([{"dimensions": {"region": "us-east4"}, "details": {"value": "3"}}], None, "nothing is said of this region"),
        ([], None, "nothing is said at all"),
    ],
)
def test_the_value_of_a_region(places: list[dict[str, Any]], granted: int | None, why: str) -> None:
    quota = serving_quotas()["NVIDIA_L4"]
    info = {"quotaId": "x", "metric": quota.metric, "dimensions": ["region"], "dimensionsInfos": places}
    over_all = {**info, "quotaId": "y", "dimensions": []}
    assert standing([over_all, info], quota, "us-central1") == Standing("x", granted), why


@pytest.mark.parametrize(("granted", "covers"), [(None, False), (-1, True), (3, False), (4, True)])
def test_enough(granted: int | None, covers: bool) -> None:
    assert Standing("x", granted).covers(4) is covers
