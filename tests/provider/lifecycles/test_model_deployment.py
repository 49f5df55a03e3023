"""A deployment's life against the service, call by call: interrupted, refused, drifted, renamed, taken over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emulator.language_model import write_base_checkpoint
from tests.running_emulator import Emulator
from tunestack.connection import Connection
from tunestack.provider.lifecycle import (
    CreateRequest,
    DeleteRequest,
    DiffRequest,
    InitFailedError,
    ReadRequest,
    ResourceError,
    Severity,
    UpdateRequest,
)
from tunestack.provider.model_deployment import ModelDeploymentLifecycle
from tunestack.provider.properties import plain_map, wrap_map
from tunestack.provider.run import Run

PROJECT = "demo"
PARENT = f"projects/{PROJECT}/locations/us-central1"
URN = "urn:pulumi:test::tunestack::tunestack:index:ModelDeployment::{}"


class Listener:
    """Keeps what the lifecycle tells."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    async def log(self, severity: Severity, message: str, urn: str = "", *, ephemeral: bool = False) -> None:
        self.lines.append(message)


class Cloud:
    """A project with two endpoints and two checkpoints, and a provider's run on it."""

    def __init__(self, emulator: Emulator, folder: Path) -> None:
        self.emulator = emulator
        services = emulator.application.state.services
        self.http("POST", f"/su/v1/projects/{PROJECT}/services/aiplatform.googleapis.com:enable", {})
        self.http("POST", f"/storage/v1/b?project={PROJECT}", {"name": "checkpoints"})
        write_base_checkpoint("google/gemma3@gemma-3-1b-it", folder)
        for name in ("one", "two"):
            for file in folder.iterdir():
                services.storage.write("checkpoints", f"{name}/{file.name}", file)
        for number in ("1", "2"):
            self.http("POST", f"/v1beta1/{PARENT}/endpoints?endpointId={number}", {"displayName": number})
        self.new_run()

    def new_run(self) -> None:
        """Forgets what this run has done, as the next `pulumi up` does."""
        self.listener = Listener()
        self.run = Run(Connection(PROJECT, "us-central1", self.emulator.url, poll_seconds=0.1), self.listener)
        self.lifecycle = ModelDeploymentLifecycle(self.run)

    def http(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        reply = self.emulator.http.request(method, path, json=body)
        assert reply.is_success, reply.text
        return dict(reply.json()) if reply.content else {}

    def fault(self, path: str, **what: Any) -> None:
        """Breaks the next call to a path."""
        self.http("POST", "/emulator/faults", {"method": "POST", "path": path, "times": 1, **what})

    def deployed(self, endpoint: str = "1") -> dict[str, int]:
        """Returns the versions on an endpoint and their traffic."""
        found = self.http("GET", f"/v1beta1/{PARENT}/endpoints/{endpoint}")
        split = found.get("trafficSplit", {})
        return {model["modelVersionId"]: split.get(model["id"], 0) for model in found.get("deployedModels", [])}

    def versions(self) -> list[str]:
        """Returns all versions of all models."""
        models = self.http("GET", f"/v1beta1/{PARENT}/models").get("models", [])
        names = [f"{PARENT}/models/{model['name'].rpartition('/')[2]}" for model in models]
        return sorted(
            version["versionId"]
            for name in names
            for version in self.http("GET", f"/v1beta1/{name}:listVersions")["models"]
        )

    def deploys(self) -> int:
        """Returns how many deployments were asked for."""
        return sum(1 for call in self.emulator.requests() if call["path"].endswith(":deployModel"))

    def asked(self) -> int:
        """Returns how many prompts were asked."""
        return sum(1 for call in self.emulator.requests() if call["path"].endswith(":predict"))

    async def create(self, name: str = "support", **changes: Any) -> tuple[str, dict[str, Any]]:
        result = await self.lifecycle.create(CreateRequest(URN.format(name), wrap_map({**INPUTS, **changes}), 0, False))
        return result.resource_id, plain_map(result.properties)

    async def update(self, made: tuple[str, dict[str, Any]], name: str = "support", **changes: Any) -> dict[str, Any]:
        resource_id, state = made
        old = {key: state[key] for key in INPUTS}
        request = UpdateRequest(
            URN.format(name), resource_id, wrap_map(state), wrap_map(old), wrap_map({**old, **changes}), 0, False
        )
        return plain_map((await self.lifecycle.update(request)).properties)

    async def delete(self, made: tuple[str, dict[str, Any]]) -> None:
        resource_id, state = made
        await self.lifecycle.delete(DeleteRequest(URN.format("support"), resource_id, wrap_map(state), wrap_map({}), 0))

    async def read(self, made: tuple[str, dict[str, Any]]) -> dict[str, Any]:
        resource_id, state = made
        inputs = {key: state[key] for key in INPUTS}
        request = ReadRequest(URN.format("support"), resource_id, wrap_map(state), wrap_map(inputs))
        return plain_map((await self.lifecycle.read(request)).properties)

    async def changes(self, made: tuple[str, dict[str, Any]], old: dict[str, Any], new: dict[str, Any]) -> set[str]:
        resource_id, state = made
        request = DiffRequest(URN.format("support"), resource_id, wrap_map(state), wrap_map(old), wrap_map(new))
        return set((await self.lifecycle.diff(request)).changes)


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - what is waited for happens in a server
        await asyncio.sleep(0.02)


INPUTS = {
    "endpoint": f"{PARENT}/endpoints/1",
    "checkpointUri": "gs://checkpoints/one",
    "machineType": "g2-standard-12",
    "acceleratorType": "NVIDIA_L4",
    "smokePrompt": "Hello",
}
TWO = {"checkpointUri": "gs://checkpoints/two"}


@pytest.fixture
def vertex() -> dict[str, float]:
    return {"deploy": 0.05, "operation": 0.02, "modelReleased": 0.3}


@pytest.fixture
def cloud(start_emulator: Callable[..., Emulator], vertex: dict[str, float], tmp_path: Path) -> Cloud:
    quotas = {"CustomModelServingL4GPUsPerProjectPerRegion": {"default": 4}}
    return Cloud(start_emulator({"vertex": vertex, "quotas": quotas}), tmp_path / "base")


async def test_what_a_lost_run_has_done_is_found(cloud: Cloud) -> None:
    first = await cloud.create()
    cloud.new_run()
    again = await cloud.create()
    assert again == first
    assert (cloud.versions(), cloud.deployed()) == (["1"], {"1": 100})


async def test_a_roll_keeps_the_model_and_leaves_one_behind_the_endpoint(cloud: Cloud) -> None:
    made = await cloud.create()
    rolled = await cloud.update(made, **TWO)
    assert rolled["model"] == made[1]["model"]
    assert (rolled["modelVersion"], rolled["state"]) == ("2", "SERVING")
    assert cloud.deployed() == {"2": 100}


@pytest.mark.parametrize(
    ("path", "why"),
    [
        (".*/models:upload", "another version would be an orphan"),
        (".*:deployModel", "another deployment would be billed"),
    ],
)
async def test_an_answer_that_is_lost(cloud: Cloud, path: str, why: str) -> None:
    made = await cloud.create()
    cloud.fault(path, drop="after")
    await cloud.update(made, **TWO)
    assert (cloud.versions(), cloud.deployed()) == (["1", "2"], {"2": 100}), why


async def test_a_refused_deploy_leaves_nothing(cloud: Cloud) -> None:
    cloud.fault(".*:deployModel", status=400, message="no such machine here")
    with pytest.raises(InitFailedError, match=r"deploying failed: .*no such machine here; nothing of it is left"):
        await cloud.create()
    assert (cloud.versions(), cloud.deployed()) == ([], {})


async def test_a_refused_roll_keeps_the_old_version(cloud: Cloud) -> None:
    made = await cloud.create()
    cloud.fault(".*:deployModel", status=400, message="no such machine here")
    with pytest.raises(ResourceError, match="version 1 goes on serving"):
        await cloud.update(made, **TWO)
    assert (cloud.versions(), cloud.deployed()) == (["1"], {"1": 100})


async def test_ctrl_c_while_a_new_version_warms_up_takes_nothing_back(cloud: Cloud) -> None:
    made = await cloud.create()
    asked = cloud.asked()
    cloud.fault(".*:predict", status=503, message="warming up", times=None)
    updating = asyncio.create_task(cloud.update(made, **TWO))
    await until(lambda: cloud.asked() > asked)
    cloud.run.interrupt()
    with pytest.raises(InitFailedError, match="interrupted while it asks the smoke prompt; the service may go on"):
        await updating
    assert (cloud.deploys(), cloud.deployed()) == (2, {"2": 100})


async def test_a_new_version_that_does_not_answer_is_taken_back(cloud: Cloud) -> None:
    made = await cloud.create()
    cloud.fault(".*:predict", status=400, message="out of memory")
    with pytest.raises(
        ResourceError, match=r"version 2 did not answer the smoke prompt: .*out of memory; version 1 goes on"
    ):
        await cloud.update(made, **TWO, machineType="g2-standard-24", acceleratorCount=2)
    assert (cloud.versions(), cloud.deployed()) == (["1"], {"1": 100})
    endpoint = cloud.http("GET", f"/v1beta1/{PARENT}/endpoints/1")["deployedModels"][0]
    assert endpoint["id"] == made[1]["deployedModelId"]
    assert endpoint["dedicatedResources"]["machineSpec"]["machineType"] == "g2-standard-12", "back on its own machine"


async def test_a_first_version_that_does_not_answer_leaves_nothing(cloud: Cloud) -> None:
    cloud.fault(".*:predict", status=400, message="out of memory")
    with pytest.raises(InitFailedError, match="did not answer the smoke prompt"):
        await cloud.create()
    assert (cloud.versions(), cloud.deployed()) == ([], {})


class TestInterrupted:
    @pytest.fixture
    def vertex(self) -> dict[str, float]:
        return {"deploy": 2.5, "operation": 0.02, "modelReleased": 0.1}

    async def test_a_roll_goes_on_and_is_asked_before_it_is_trusted(self, cloud: Cloud) -> None:
        made = await cloud.create()
        asked = cloud.asked()
        rolling = asyncio.create_task(cloud.update(made, **TWO))
        await until(lambda: cloud.deploys() == 2)
        cloud.run.interrupt()
        with pytest.raises(InitFailedError, match="interrupted while it rolls; the service may go on") as error:
            await rolling
        left = plain_map(error.value.properties)
        assert left["state"] == "PENDING"
        assert left["deployedModelId"] == made[1]["deployedModelId"], "what may still serve stays known"
        assert plain_map(error.value.inputs or {})["checkpointUri"] == "gs://checkpoints/one"

        cloud.new_run()
        state = await cloud.update((made[0], left), **TWO)
        assert (state["modelVersion"], state["state"]) == ("2", "SERVING")
        assert (cloud.versions(), cloud.deployed()) == (["1", "2"], {"2": 100})
        assert cloud.asked() == asked + 1

    async def test_going_back_after_an_interrupt(self, cloud: Cloud) -> None:
        made = await cloud.create()
        rolling = asyncio.create_task(cloud.update(made, **TWO))
        await until(lambda: cloud.deploys() == 2)
        cloud.run.interrupt()
        with pytest.raises(InitFailedError) as error:
            await rolling
        left = (made[0], plain_map(error.value.properties))
        cloud.new_run()
        inputs = {key: made[1][key] for key in INPUTS}
        assert await cloud.changes(left, inputs, inputs) == {"state"}, "a program that went back is not unchanged"
        await cloud.update(left)
        assert cloud.deployed() == {"1": 100}


async def test_a_deployment_that_was_never_asked_is_asked(cloud: Cloud) -> None:
    made = await cloud.create()
    pending = (made[0], {**made[1], "state": "PENDING"})
    cloud.fault(".*:predict", status=400, message="out of memory")
    with pytest.raises(ResourceError, match=r"version 1 serves, but did not answer the smoke prompt: .*out of memory"):
        await cloud.update(pending)
    assert (await cloud.update(pending))["state"] == "SERVING"


async def test_what_serves_stays_known_while_a_new_model_is_tuned(cloud: Cloud) -> None:
    made = await cloud.create()
    state = await cloud.update(made, checkpointUri="")
    assert state["state"] == "PENDING"
    assert state["deployedModelId"] == made[1]["deployedModelId"]
    cloud.new_run()
    await cloud.delete((made[0], state))
    assert (cloud.versions(), cloud.deployed()) == ([], {})


async def test_pending_waits_without_a_change_and_without_a_price(cloud: Cloud) -> None:
    made = await cloud.create(checkpointUri="")
    assert made[1]["state"] == "PENDING"
    inputs = {**INPUTS, "checkpointUri": ""}
    await cloud.lifecycle.create(CreateRequest(URN.format("support"), wrap_map(inputs), 0, True))
    said = [line for line in cloud.listener.lines if "A tuned Gemini model never has a checkpoint to deploy" in line]
    assert said == cloud.listener.lines[-2:], "of what is not deployed there is no price, in a preview neither"
    assert await cloud.changes(made, inputs, inputs) == set()
    assert await cloud.changes(made, inputs, INPUTS) == {"checkpointUri", "state"}


async def test_a_forced_replacement_takes_over_and_deletes_nothing(cloud: Cloud) -> None:
    made = await cloud.create()
    cloud.new_run()
    await cloud.create()
    await cloud.delete(made)
    assert cloud.deployed() == {"1": 100}


async def test_a_resource_that_was_renamed_rolls_its_own_model(cloud: Cloud) -> None:
    made = await cloud.create("old-name")
    rolled = await cloud.update(made, "new-name", **TWO)
    assert rolled["model"] == made[1]["model"]
    assert cloud.deployed() == {"2": 100}


async def test_an_endpoint_of_somebody_else_is_left_alone(cloud: Cloud) -> None:
    await cloud.create("first")
    with pytest.raises(
        InitFailedError, match=r"which this resource does not own\. If the resource was renamed, add alias"
    ):
        await cloud.create("second")
    assert cloud.deployed() == {"1": 100}


async def test_another_endpoint(cloud: Cloud) -> None:
    made = await cloud.create()
    await cloud.update(made, endpoint=f"{PARENT}/endpoints/2")
    assert (cloud.deployed("1"), cloud.deployed("2")) == ({}, {"1": 100})
    cloud.http("DELETE", f"/v1beta1/{PARENT}/endpoints/1")


async def test_drift_is_seen_and_mended(cloud: Cloud) -> None:
    made = await cloud.create()
    undeploy = {"deployedModelId": made[1]["deployedModelId"]}
    cloud.http("POST", f"/v1beta1/{PARENT}/endpoints/1:undeployModel", undeploy)
    await until(lambda: not cloud.deployed())
    drifted = await cloud.read(made)
    assert (drifted["state"], drifted["deployedModelId"], drifted["modelVersion"]) == ("PENDING", "", "")
    inputs = {key: made[1][key] for key in INPUTS}
    assert await cloud.changes((made[0], drifted), inputs, inputs) == {"state"}
    await cloud.update((made[0], drifted))
    assert (cloud.versions(), cloud.deployed()) == (["1"], {"1": 100})
    assert (await cloud.read(made))["state"] == "SERVING"


@pytest.mark.parametrize("known", ["7", ""], ids=["a roll", "a first deployment"])
async def test_a_look_tells_what_an_interrupted_run_has_come_to(cloud: Cloud, known: str) -> None:
    made = await cloud.create()
    serves = {**made[1], "state": "PENDING"}
    assert await cloud.read((made[0], serves)) == serves
    larger = {"machineType": "g2-standard-24", "estimatedHourlyCostUsd": 2.3}
    assert await cloud.read((made[0], {**serves, **larger, "deployedModelId": known, "modelVersion": known})) == serves


async def test_delete_of_what_is_gone(cloud: Cloud) -> None:
    made = await cloud.create()
    cloud.new_run()
    await cloud.delete(made)
    cloud.http("DELETE", f"/v1beta1/{PARENT}/endpoints/1")
    await cloud.delete(made)
    assert cloud.versions() == []


async def test_name_labels_and_replicas_change_in_place(cloud: Cloud) -> None:
    made = await cloud.create()
    state = await cloud.update(made, displayName="Support", labels={"cost_center": "a"}, maxReplicas=2)
    assert state["deployedModelId"] == made[1]["deployedModelId"]
    model = cloud.http("GET", f"/v1beta1/{made[0]}")
    assert (model["displayName"], model["labels"]) == ("Support", {"cost_center": "a"})
    resources = cloud.http("GET", f"/v1beta1/{PARENT}/endpoints/1")["deployedModels"][0]["dedicatedResources"]
    assert resources["maxReplicaCount"] == 2
    assert cloud.deploys() == 1


async def test_an_import_is_followed_by_no_change(cloud: Cloud) -> None:
    made = await cloud.create(maxReplicas=2)
    cloud.new_run()
    result = await cloud.lifecycle.read(ReadRequest(URN.format("support"), made[0], wrap_map({}), wrap_map({})))
    state, inputs = plain_map(result.properties), plain_map(result.inputs)
    assert {name: state[name] for name in ("model", "modelVersion", "deployedModelId", "state")} == {
        name: made[1][name] for name in ("model", "modelVersion", "deployedModelId", "state")
    }
    program = {**INPUTS, "maxReplicas": 2}
    for left_out in ({}, {"displayName": "support"}, {"container": {"imageUri": "i"}, "baseModel": "m", "labels": {}}):
        assert await cloud.changes((made[0], state), inputs, {**program, **left_out}) == set()
    for changed in ({"maxReplicas": 3}, {"displayName": "other"}, {"checkpointUri": "gs://checkpoints/two"}):
        assert await cloud.changes((made[0], state), inputs, {**program, **changed}) == set(changed)
    numbered = {**program, "endpoint": INPUTS["endpoint"].replace(PROJECT, "123456789012")}
    assert await cloud.changes((made[0], state), inputs, numbered) == set(), "the service names projects by number"


@pytest.mark.parametrize(
    ("old", "new", "changes", "why"),
    [
        ({}, {"minReplicas": 1, "acceleratorCount": 1, "labels": {}}, set(), "defaults said aloud"),
        ({}, {"maxReplicas": 1}, set(), "the default is minReplicas"),
        ({}, {"smokePrompt": "Good morning", "rollout": {"maxSurgeReplicas": 1}}, set(), "how, not what"),
        ({}, {"minReplicas": 2}, {"minReplicas"}, "a real change"),
        ({"labels": {"a": "b"}}, {}, {"labels"}, "taken away"),
    ],
)
async def test_what_is_a_change(
    cloud: Cloud, old: dict[str, Any], new: dict[str, Any], changes: set[str], why: str
) -> None:
    made = ("id", {"state": "SERVING"})
    assert await cloud.changes(made, {**INPUTS, **old}, {**INPUTS, **new}) == changes, why
