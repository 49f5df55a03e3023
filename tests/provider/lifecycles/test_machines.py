"""A deployment that may be on one of several machines: which it gets, what it says, when it moves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.provider.lifecycles.test_model_deployment import PARENT, TWO, URN, Cloud, until
from tests.running_emulator import Emulator
from tunestack.provider.lifecycle import (
    CheckRequest,
    CreateRequest,
    InitFailedError,
    ReadRequest,
    ResourceError,
    UpdateRequest,
)
from tunestack.provider.properties import UNKNOWN, plain_map, wrap_map

L4, L4_LARGE, A100, H100 = "g2-standard-12", "g2-standard-24", "a2-highgpu-1g", "a3-highgpu-1g"
INPUTS = {"endpoint": f"{PARENT}/endpoints/1", "checkpointUri": "gs://checkpoints/one", "smokePrompt": "Hello"}
ONE = {**INPUTS, "machineType": L4, "acceleratorType": "NVIDIA_L4"}
GEMMA_12B = "google/gemma3@gemma-3-12b-it"


def listed(*machines: str) -> dict[str, Any]:
    return {**INPUTS, "machines": [{"machineType": name} for name in machines]}


class Place(Cloud):
    """The same cloud, with the calls on a deployment that lists machines."""

    def take(self, *machines: str, available: bool = False) -> None:
        for machine in machines:
            body = {"region": "us-central1", "machine": machine, "available": available}
            self.http("POST", "/emulator/capacity", body)

    async def make(self, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        result = await self.lifecycle.create(CreateRequest(URN.format("support"), wrap_map(inputs), 0, False))
        return result.resource_id, plain_map(result.properties)

    async def previewed(self, inputs: dict[str, Any]) -> dict[str, Any]:
        self.listener.lines.clear()
        result = await self.lifecycle.create(CreateRequest(URN.format("support"), wrap_map(inputs), 0, True))
        return plain_map(result.properties)

    async def change(
        self, made: tuple[str, dict[str, Any]], old: dict[str, Any], new: dict[str, Any], *, preview: bool = False
    ) -> dict[str, Any]:
        self.listener.lines.clear()
        request = UpdateRequest(
            URN.format("support"), made[0], wrap_map(made[1]), wrap_map(old), wrap_map(new), 0, preview
        )
        return plain_map((await self.lifecycle.update(request)).properties)

    async def refusals(self, inputs: dict[str, Any]) -> dict[str, str]:
        result = await self.lifecycle.check(CheckRequest(URN.format("support"), None, wrap_map(inputs)))
        found: dict[str, str] = {}
        for failure in result.failures:
            found[failure.property] = f"{found.get(failure.property, '')}{failure.reason}\n"
        return found

    def machine(self) -> str:
        """Returns the machine on the endpoint."""
        (model,) = self.http("GET", f"/v1beta1/{PARENT}/endpoints/1")["deployedModels"]
        return str(model["dedicatedResources"]["machineSpec"]["machineType"])

    def tried(self) -> list[str]:
        """Returns the calls that deploy or upload, in order."""
        calls = [call["path"].rpartition(":")[2] for call in self.emulator.requests() if call["method"] == "POST"]
        return [call for call in calls if call in ("deployModel", "upload")]


@pytest.fixture
def vertex() -> dict[str, float]:
    return {"deploy": 0.05, "operation": 0.02, "modelReleased": 0.1}


@pytest.fixture
def quotas() -> dict[str, int]:
    """What the project may use of L4 and A100."""
    return {"L4": 2, "A100": 1}


@pytest.fixture
def cloud(
    start_emulator: Callable[..., Emulator], vertex: dict[str, float], quotas: dict[str, int], tmp_path: Path
) -> Place:
    granted = {f"CustomModelServing{name}GPUsPerProjectPerRegion": {"default": n} for name, n in quotas.items()}
    return Place(start_emulator({"vertex": vertex, "quotas": granted}), tmp_path / "base")


async def test_the_first_of_the_list_serves(cloud: Place) -> None:
    _, state = await cloud.make(listed(L4, A100))
    assert (cloud.machine(), state["machineType"], state["state"]) == (L4, L4, "SERVING")
    assert state["machineReason"] == f"{L4}: the first of the list"
    assert state["estimatedHourlyCostUsd"] == pytest.approx(1.1507), "g2-standard-12 in us-central1: google/skills"


async def test_what_cannot_be_had_is_passed_over_without_a_try(cloud: Place) -> None:
    cloud.take(L4)
    _, state = await cloud.make(listed(L4, A100))
    assert (cloud.machine(), state["machineType"]) == (A100, A100)
    assert state["machineReason"] == f"{A100}: {L4} cannot be had in us-central1 now"
    assert state["estimatedHourlyCostUsd"] == pytest.approx(4.2245), "a2-highgpu-1g in us-central1: google/skills"
    assert cloud.tried() == ["upload", "deployModel"]


class TestQuota:
    @pytest.fixture
    def quotas(self) -> dict[str, int]:
        return {"L4": 1, "A100": 0, "H100": 4}

    async def test_what_has_no_quota_is_passed_over(self, cloud: Place) -> None:
        _, state = await cloud.make(listed(A100, L4_LARGE, L4))
        assert cloud.machine() == L4
        assert state["machineReason"] == (
            f"{L4}: {A100} has no quota in us-central1: 0 NVIDIA_TESLA_A100 granted, 1 needed; "
            f"{L4_LARGE} has no quota in us-central1: 1 NVIDIA_L4 granted, 2 needed"
        )

    async def test_what_is_in_use_counts_and_a_roll_that_makes_way_does_not_need_it(self, cloud: Place) -> None:
        made = await cloud.make(listed(L4, H100))
        surging = {**listed(L4, H100), **TWO}
        await cloud.change(made, listed(L4, H100), surging, preview=True)
        assert cloud.listener.lines[0].endswith(
            f"; {H100}: {L4} has no quota in us-central1: 1 NVIDIA_L4 granted, 1 in use, 1 needed"
        )
        interrupting = {**surging, "rollout": {"maxUnavailableReplicas": 1}}
        state = await cloud.change(made, listed(L4, H100), interrupting)
        assert (cloud.machine(), state["machineReason"]) == (L4, f"{L4}: it serves there")


async def test_what_fails_for_want_of_machines_when_it_is_tried(cloud: Place) -> None:
    # Recommended a moment ago, gone when the deployment ends.
    cloud.emulator.http.post("/emulator/faults", json={"path": ".*:deployModel", "delaySeconds": 0.2, "times": 1})
    cloud.fault(".*:recommendSpec", status=503, message="try later", times=None)
    cloud.take(L4)
    container = {"container": {"imageUri": "docker.example/serve:1"}}
    _, state = await cloud.make({**listed(L4, A100), **container})
    words = "Machine type temporarily unavailable, please deploy with a different machine type or retry."
    assert (cloud.machine(), state["machineReason"]) == (A100, f"{A100}: {L4} was tried: {words}")
    assert cloud.tried() == ["upload", "deployModel", "upload", "deployModel"]
    assert len(cloud.versions()) == 1, "nothing of the first try is left"


@pytest.mark.parametrize(
    ("status", "message", "why"),
    [
        (
            503,
            "Machine type temporarily unavailable, please deploy with a different machine type or retry.",
            "machines",
        ),
        (429, "The following quota metrics exceed quota limits: aiplatform.googleapis.com/custom_model", "quota"),
    ],
)
async def test_a_call_that_says_so_is_not_repeated(cloud: Place, status: int, message: str, why: str) -> None:
    cloud.fault(".*:deployModel", status=status, message=message)
    _, state = await cloud.make(listed(L4, A100))
    assert (cloud.machine(), cloud.tried().count("deployModel")) == (A100, 2), why
    assert message in state["machineReason"]


async def test_other_failures_try_no_other_machine(cloud: Place) -> None:
    cloud.fault(".*:deployModel", status=400, message="no such network")
    with pytest.raises(InitFailedError, match=r"no such network; nothing of it is left on the endpoint$"):
        await cloud.make(listed(L4, A100))
    assert cloud.tried().count("deployModel") == 1


async def test_none_can_be_had(cloud: Place) -> None:
    cloud.take(L4, A100)
    with pytest.raises(InitFailedError) as error:
        await cloud.make(listed(L4, A100))
    assert str(error.value.reasons[0]).startswith(
        f"none of the machines can be had in us-central1: {L4} cannot be had in us-central1 now; {A100} cannot be had "
        "in us-central1 now; nothing of it is left on the endpoint. tunestack capacity shows what can be had where"
    )
    left = plain_map(error.value.properties)
    assert (left["state"], left["machineType"]) == ("PENDING", "")
    cloud.take(A100, available=True)
    cloud.new_run()
    state = await cloud.change((error.value.resource_id, left), listed(L4, A100), listed(L4, A100))
    assert (cloud.machine(), state["state"]) == (A100, "SERVING"), "the next up goes on"


async def test_one_machine_that_cannot_be_had_says_what_to_do(cloud: Place) -> None:
    cloud.take(L4)
    with pytest.raises(InitFailedError, match=rf"{L4} cannot be had in us-central1 now; .*tunestack capacity"):
        await cloud.create()
    assert (cloud.versions(), cloud.deployed()) == ([], {})


class TestWhatServesStays:
    async def test_as_long_as_its_machine_is_listed(self, cloud: Place) -> None:
        made = await cloud.make(listed(L4))
        for new in (listed(A100, L4), listed(L4, A100), ONE):
            assert await cloud.changes(made, listed(L4), new) == set()
        assert await cloud.changes(made, listed(L4), listed(A100)) == {"machines"}

    async def test_when_a_list_takes_the_place_of_one(self, cloud: Place) -> None:
        made = await cloud.create()
        old = {key: made[1][key] for key in (*INPUTS, "machineType", "acceleratorType")}
        before = {**made[1]}
        del before["machineReason"]  # as a state of an earlier release
        assert await cloud.changes((made[0], before), old, listed(A100, L4)) == set()
        state = await cloud.change((made[0], before), old, {**listed(A100, L4), "maxReplicas": 2})
        assert (cloud.deploys(), state["machineReason"]) == (1, f"{L4}: it serves there")

    async def test_with_a_new_checkpoint(self, cloud: Place) -> None:
        made = await cloud.make(listed(L4, A100))
        state = await cloud.change(made, listed(L4, A100), {**listed(A100, L4), **TWO})
        assert (cloud.machine(), state["machineReason"]) == (L4, f"{L4}: it serves there")

    async def test_it_moves_when_its_machine_is_taken_out(self, cloud: Place) -> None:
        made = await cloud.make(listed(L4, A100))
        state = await cloud.change(made, listed(L4, A100), listed(A100))
        assert (cloud.machine(), cloud.deployed()) == (A100, {"1": 100})
        assert state["machineReason"] == f"{A100}: the first of the list"

    async def test_a_roll_goes_elsewhere_where_its_machine_cannot_be_had_twice(self, cloud: Place) -> None:
        made = await cloud.make(listed(L4, A100))
        cloud.take(L4)
        state = await cloud.change(made, listed(L4, A100), {**listed(L4, A100), **TWO})
        assert (cloud.machine(), cloud.deployed()) == (A100, {"2": 100})
        assert state["machineReason"] == f"{A100}: {L4} cannot be had in us-central1 now"

    async def test_it_goes_on_where_no_other_can_be_had(self, cloud: Place) -> None:
        made = await cloud.make(listed(L4, A100))
        cloud.take(L4, A100)
        with pytest.raises(ResourceError, match=r"none of the machines can be had .*; version 1 goes on serving"):
            await cloud.change(made, listed(L4, A100), {**listed(L4, A100), **TWO})
        assert (cloud.machine(), cloud.deployed()) == (L4, {"1": 100})

    async def test_a_container_is_for_the_accelerators_that_it_runs_on(self, cloud: Place) -> None:
        def container(version: str) -> list[str]:
            found: list[str] = cloud.http("GET", f"/v1beta1/{made[0]}@{version}")["containerSpec"]["args"]
            return found

        interrupting = {"rollout": {"maxUnavailableReplicas": 1}}
        made = await cloud.make({**listed(L4), **interrupting})
        state = await cloud.change(made, listed(L4), {**listed(L4_LARGE), **interrupting})
        assert (cloud.machine(), state["modelVersion"]) == (L4_LARGE, "2")
        assert (container("1"), container("2")) == (["--tensor-parallel-size=1"], ["--tensor-parallel-size=2"])
        cloud.new_run()
        pending = {**state, "state": "PENDING"}
        again = await cloud.change((made[0], pending), listed(L4_LARGE), {**listed(L4_LARGE), **interrupting})
        assert (again["modelVersion"], cloud.versions()) == ("2", ["1", "2"]), "what is there is found"
        await cloud.change((made[0], again), listed(L4_LARGE), {**listed(L4, L4_LARGE), **TWO, **interrupting})
        back = await cloud.change((made[0], again), listed(L4_LARGE), {**listed(L4), **interrupting})
        assert (cloud.machine(), back["modelVersion"]) == (L4, "1"), "and so is what was there before"

    async def test_after_an_import(self, cloud: Place) -> None:
        made = await cloud.make(listed(L4, A100))
        cloud.new_run()
        found = await cloud.lifecycle.read(ReadRequest(URN.format("support"), made[0], wrap_map({}), wrap_map({})))
        state, inputs = plain_map(found.properties), plain_map(found.inputs)
        assert await cloud.changes((made[0], state), inputs, listed(A100, L4)) == set()


class TestInterrupted:
    @pytest.fixture
    def vertex(self) -> dict[str, float]:
        return {"deploy": 2.5, "operation": 0.02, "modelReleased": 0.1}

    async def test_on_the_second_machine_it_is_found_there(self, cloud: Place) -> None:
        cloud.fault(".*:deployModel", status=429, message="The following quota metrics exceed quota limits: l4")
        making = asyncio.create_task(cloud.make(listed(L4, A100)))
        await until(lambda: cloud.tried().count("deployModel") == 2)
        cloud.run.interrupt()
        with pytest.raises(InitFailedError, match="interrupted while it deploys"):
            await making
        cloud.new_run()
        _, state = await cloud.make(listed(L4, A100))
        assert (cloud.machine(), state["machineType"], cloud.tried().count("deployModel")) == (A100, A100, 2)
        assert (cloud.versions(), state["state"]) == (["1"], "SERVING")


async def test_a_machine_that_is_not_recommended_is_passed_over(cloud: Place) -> None:
    _, state = await cloud.make(listed("g2-standard-8", L4))
    assert cloud.machine() == L4, "the emulator recommends no g2-standard-8"
    assert state["machineReason"] == f"{L4}: g2-standard-8 is not recommended by the service for this checkpoint"


class TestPreviews:
    async def test_foretell_the_machine_its_reason_and_its_price(self, cloud: Place) -> None:
        cloud.take(L4)
        outputs = await cloud.previewed(listed(L4, A100))
        (line,) = cloud.listener.lines
        assert line.startswith(f"deploys on {A100} with 1 × NVIDIA_TESLA_A100: about 4.22 USD an hour")
        assert line.endswith(f"; {A100}: {L4} cannot be had in us-central1 now")
        assert outputs["estimatedHourlyCostUsd"] == pytest.approx(4.2245)
        assert outputs["machineType"] is outputs["machineReason"] is UNKNOWN, "it may be another one by then"

    @pytest.mark.parametrize("inputs", [listed(L4, A100), ONE])
    async def test_warn_where_none_can_be_had(self, cloud: Place, inputs: dict[str, Any]) -> None:
        cloud.take("")
        await cloud.previewed(inputs)
        _, warning = cloud.listener.lines
        assert f"{L4} cannot be had in us-central1 now" in warning
        assert warning.endswith("pulumi up tries all the same. tunestack capacity shows what can be had where")

    async def test_ask_about_a_checkpoint_that_is_like_it(self, cloud: Place) -> None:
        cloud.take(L4)
        there = {"previewCheckpointUri": "gs://checkpoints/two"}
        for uri in (UNKNOWN, "gs://checkpoints/not-there-yet"):
            await cloud.previewed({**listed(L4, A100), "checkpointUri": uri, **there})
            assert cloud.listener.lines[0].endswith(f"{A100}: {L4} cannot be had in us-central1 now")
        await cloud.previewed({**listed(L4, A100), "checkpointUri": UNKNOWN})
        assert cloud.listener.lines[0].endswith(
            f"{L4}: the first of the list; whether the service has it is not known before the checkpoint is there"
        )

    async def test_go_on_without_an_answer(self, cloud: Place) -> None:
        for path in ("/quotas/.*", ".*:recommendSpec", "/storage/.*", ".*/endpoints"):
            cloud.emulator.http.post("/emulator/faults", json={"path": path, "status": 403, "times": None})
        await cloud.previewed(listed(L4, A100))
        (line,) = cloud.listener.lines
        assert line.startswith(f"deploys on {L4} with 1 × NVIDIA_L4")

    async def test_weigh_the_files_of_the_checkpoint(self, cloud: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("tunestack.serving.capacity.weight_bytes", lambda *_: 30 * 2**30)
        await cloud.previewed(listed(L4, A100))
        assert cloud.listener.lines[0].endswith(
            f"{A100}: {L4} cannot hold the checkpoint: its weights take 30.0 GiB, and 21.6 GiB are usable"
        )


@pytest.mark.parametrize(
    ("inputs", "name", "reason"),
    [
        (INPUTS, "machineType", "is missing; name the machine with machineType and acceleratorType, or list machines"),
        ({**INPUTS, "machineType": L4}, "acceleratorType", "is missing"),
        ({**listed(L4), "machineType": L4}, "machines", "stands beside machineType; write either, not both"),
        (listed(), "machines", "is empty"),
        (listed(L4, L4), "machines", "machines[1]: g2-standard-12 is listed twice"),
        (listed(L4, "g2-standard-13"), "machines", 'machines[1]: the catalogue has no machine "g2-standard-13"'),
        (
            {**listed(A100, L4), "baseModel": GEMMA_12B},
            "machines",
            "machines[1]: g2-standard-12 (1 × NVIDIA_L4) cannot",
        ),
        ({**INPUTS, "machines": [{"acceleratorType": "NVIDIA_L4"}]}, "machines", "machineType"),
        (
            {**INPUTS, "machines": [{"machineType": L4, "acceleratorType": "NVIDIA_T4"}]},
            "machines",
            "machines[0]: g2-standard-12 comes with 1 × NVIDIA_L4 and no other",
        ),
        ({**listed(L4), "previewCheckpointUri": "s3://x"}, "previewCheckpointUri", "gs://"),
    ],
)
async def test_what_is_refused(cloud: Place, inputs: dict[str, Any], name: str, reason: str) -> None:
    assert reason in (await cloud.refusals(inputs))[name]


async def test_a_machine_that_is_newer_than_the_catalogue(cloud: Place) -> None:
    newer = {**INPUTS, "strict": False, "machines": [{"machineType": "g9-standard-8"}]}
    assert "machines[0]: g9-standard-8 needs an acceleratorType" in (await cloud.refusals(newer))["machines"]
    newer["machines"] = [{"machineType": "g9-standard-8", "acceleratorType": "NVIDIA_B200"}]
    assert await cloud.refusals(newer) == {}
    assert "machines[0]" in (await cloud.refusals({**newer, "strict": True}))["machines"]
