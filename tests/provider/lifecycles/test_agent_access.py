"""A service agent's access to a bucket: bound, pending, lost, shared with others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.provider.lifecycles.conftest import JOBS, PROJECT, Cloud
from tests.running_emulator import Emulator
from tunestack.provider import agent_access
from tunestack.provider.lifecycle import (
    CheckRequest,
    CreateRequest,
    CreateResult,
    DeleteRequest,
    ReadResult,
    ResourceError,
    Severity,
)
from tunestack.provider.properties import UNKNOWN, plain_map, wrap, wrap_map

ROLE = "roles/storage.objectUser"
POLICY = "/storage/v1/b/demo-data/iam"
ADA = {"role": ROLE, "members": ["user:ada@example.com"]}
CONDITIONAL = {
    "role": ROLE,
    "members": ["user:bob@example.com"],
    "condition": {"title": "until 2030", "expression": 'request.time < timestamp("2030-01-01T00:00:00Z")'},
}


@pytest.fixture
def tuning_agent_on_first_use() -> bool:
    """Whether the agent of tuning appears with the first job; tests override it."""
    return True


@pytest.fixture
def cloud(
    start_emulator: Callable[..., Emulator], tuning_agent_on_first_use: bool, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Cloud]:
    """A project that has tuned nothing yet, and a resource that gives up after a moment."""
    monkeypatch.setattr(agent_access, "PATIENCE_SECONDS", 0.1)
    emulator = start_emulator(
        {"tuningAgentOnFirstUse": tuning_agent_on_first_use, "vertex": {"tuningPending": 600}, "delays": {}}
    )
    enable = f"/su/v1/projects/{PROJECT}/services/aiplatform.googleapis.com:enable"
    assert emulator.http.post(enable, json={}).is_success
    assert emulator.http.post(f"/storage/v1/b?project={PROJECT}", json={"name": "demo-data"}).is_success
    made = Cloud(emulator)
    made.write("gs://demo-data/train.jsonl")
    yield made
    made.connection.storage.close()


@pytest.fixture
def inputs(cloud: Cloud) -> dict[str, Any]:
    number = cloud.emulator.http.get(f"/crm/v1/projects/{PROJECT}").json()["projectNumber"]
    member = f"serviceAccount:service-{number}@gcp-sa-vertex-moss-ft.iam.gserviceaccount.com"
    return {"bucket": "demo-data", "role": ROLE, "member": member}


def _policy(cloud: Cloud) -> list[dict[str, Any]]:
    reply = cloud.emulator.http.get(POLICY, params={"optionsRequestedPolicyVersion": 3}).json()
    return [binding for binding in reply["bindings"] if binding["role"] == ROLE]


def _write(cloud: Cloud, *bindings: dict[str, Any]) -> None:
    others = [binding for binding in cloud.emulator.http.get(POLICY).json()["bindings"] if binding["role"] != ROLE]
    body = {"version": 3, "bindings": [*others, *bindings]}
    assert cloud.emulator.http.put(POLICY, json=body).is_success


def _tune(cloud: Cloud) -> None:
    body = {
        "baseModel": "google/gemma3@gemma-3-1b-it",
        "supervisedTuningSpec": {"trainingDatasetUri": "gs://demo-data/train.jsonl"},
        "outputUri": "gs://demo-data/out",
    }
    assert cloud.emulator.http.post(JOBS, json=body).is_success


def _state(made: CreateResult | ReadResult) -> tuple[str, bool]:
    known = plain_map(made.properties)
    return known["state"], known["adopted"]


def _warnings(cloud: Cloud) -> list[str]:
    return [message for severity, message in cloud.listener.lines if severity is Severity.WARNING]


async def test_pending_until_a_job_has_run_then_bound_then_quiet(cloud: Cloud, inputs: dict[str, Any]) -> None:
    _write(cloud, ADA)
    made = await cloud.resource("AgentAccess").create(inputs)
    assert _state(made) == ("PENDING", False)
    (warning,) = _warnings(cloud)
    assert warning.startswith(f"pending: {inputs['member'].partition(':')[2]} does not exist yet")
    assert "only where images lie in another bucket" in warning
    assert "the next pulumi up after that job makes the binding" in warning
    cloud.new_run()
    resource = cloud.resource("AgentAccess")
    assert not (await resource.diff(made, inputs, inputs)).changes, "nobody has tuned: another try would end the same"

    _tune(cloud)
    change = await resource.diff(made, inputs, inputs)
    assert {name: (each.replaces, each.output) for name, each in change.changes.items()} == {"state": (False, True)}
    foreseen = await resource.update(made, inputs, inputs, preview=True)
    assert plain_map(foreseen.properties)["state"] is UNKNOWN
    assert cloud.listener.told[-1].startswith("a tuning job has run since: lets service-")
    assert _policy(cloud) == [ADA], "a preview changes nothing"
    after = await resource.update(made, inputs, inputs)
    bound = CreateResult(made.resource_id, after.properties)
    assert _state(bound) == ("BOUND", False)
    assert _policy(cloud) == [{"role": ROLE, "members": sorted([inputs["member"], *ADA["members"]])}]
    assert not (await resource.diff(bound, inputs, inputs)).changes

    cloud.new_run()
    await cloud.resource("AgentAccess").delete(made.resource_id)
    assert _policy(cloud) == [ADA], "nobody else's binding goes"
    await cloud.resource("AgentAccess").delete(made.resource_id)


async def test_an_agent_that_stays_away_is_not_tried_again_for_the_same_job(
    cloud: Cloud, inputs: dict[str, Any]
) -> None:
    made = await cloud.resource("AgentAccess").create(inputs)
    _tune(cloud)
    cloud.fault(method="PUT", path=POLICY, status=400, times=None, message=_unknown(inputs))
    resource = cloud.resource("AgentAccess")
    after = await resource.update(made, inputs, inputs)
    still = CreateResult(made.resource_id, after.properties)
    assert _state(still) == ("PENDING", False)
    assert not (await resource.diff(still, inputs, inputs)).changes
    _tune(cloud)
    assert (await resource.diff(still, inputs, inputs)).changes, "a newer job is a new reason"


def _unknown(inputs: dict[str, Any]) -> str:
    return f"Service account {inputs['member'].partition(':')[2]} does not exist."


async def test_what_is_required_waits_and_then_is_there(cloud: Cloud, inputs: dict[str, Any]) -> None:
    """The agent comes while the create waits; without `required` it would have ended pending."""
    _tune(cloud)
    cloud.fault(method="PUT", path=POLICY, status=400, times=8, message=_unknown(inputs))
    made = await cloud.resource("AgentAccess").create({**inputs, "required": True})
    assert _state(made) == ("BOUND", False)
    assert any("waits for service account service-" in line for line in cloud.listener.told)
    assert not _warnings(cloud)


async def test_what_is_required_fails_in_the_end(cloud: Cloud, inputs: dict[str, Any]) -> None:
    with pytest.raises(Exception, match="does not exist"):
        await cloud.resource("AgentAccess").create({**inputs, "required": True}, seconds=0.3)
    assert "gave up after" in _warnings(cloud)[0]


@pytest.mark.parametrize("tuning_agent_on_first_use", [False])
class TestAnAgentThatIsThere:
    async def test_other_refusals_fail_at_once(self, cloud: Cloud, inputs: dict[str, Any]) -> None:
        refusal = (
            "ada@example.com does not have storage.buckets.setIamPolicy access to the Google Cloud Storage bucket."
        )
        cloud.fault(method="PUT", path=POLICY, status=403, times=None, message=refusal)
        with pytest.raises(Exception, match=r"storage\.buckets\.setIamPolicy"):
            await cloud.resource("AgentAccess").create(inputs)
        puts = [call for call in cloud.emulator.requests() if call["method"] == "PUT"]
        assert len(puts) == 1

    async def test_a_bucket_that_is_gone_stops_nothing(self, cloud: Cloud, inputs: dict[str, Any]) -> None:
        """A job that has learned from what lay there needs it no more."""
        inputs = {**inputs, "bucket": "demo-gone", "required": True}
        made = await cloud.resource("AgentAccess").create(inputs)
        assert _state(made) == ("NO_BUCKET", False)
        assert "there is no bucket demo-gone to let service-" in _warnings(cloud)[0]
        cloud.new_run()
        resource = cloud.resource("AgentAccess")
        assert not (await resource.diff(made, inputs, inputs)).changes
        assert _state(await resource.read(made.resource_id, made.properties, inputs)) == ("NO_BUCKET", False)
        assert cloud.emulator.http.post(f"/storage/v1/b?project={PROJECT}", json={"name": "demo-gone"}).is_success
        assert (await resource.diff(made, inputs, inputs)).changes
        await resource.update(made, inputs, inputs, preview=True)
        assert cloud.listener.told[-1].startswith("there is such a bucket now: lets service-")
        after = await resource.update(made, inputs, inputs)
        assert plain_map(after.properties)["state"] == "BOUND"

    async def test_others_change_the_policy_at_the_same_time(self, cloud: Cloud, inputs: dict[str, Any]) -> None:
        _write(cloud, ADA, CONDITIONAL)
        stale = "At least one of the pre-conditions you specified did not hold."
        cloud.fault(method="PUT", path=POLICY, status=412, times=2, message=stale)
        await cloud.resource("AgentAccess").create(inputs)
        gets = [call for call in cloud.emulator.requests() if call["method"] == "GET" and call["path"] == POLICY]
        assert len(gets) >= 3, "each try reads again"
        ours = {"role": ROLE, "members": sorted([inputs["member"], *ADA["members"]])}
        assert sorted(_policy(cloud), key=str) == sorted([ours, CONDITIONAL], key=str), "conditions survive"

    async def test_a_binding_that_was_there_may_go_with_its_maker(self, cloud: Cloud, inputs: dict[str, Any]) -> None:
        """A stack had it as another kind of resource: the engine deletes the old one after the new one."""
        _write(cloud, {"role": ROLE, "members": [inputs["member"]]})
        made = await cloud.resource("AgentAccess").create(inputs)
        assert _state(made) == ("BOUND", True)
        resource = cloud.resource("AgentAccess")
        assert not (await resource.diff(made, inputs, inputs)).changes
        _write(cloud, ADA)
        assert (await resource.diff(made, inputs, inputs)).changes
        after = await resource.update(made, inputs, inputs)
        mended = CreateResult(made.resource_id, after.properties)
        assert _state(mended) == ("BOUND", False)
        assert inputs["member"] in _policy(cloud)[0]["members"]

    async def test_an_id_quotes_no_secret(self, cloud: Cloud, inputs: dict[str, Any]) -> None:
        resource = cloud.resource("AgentAccess")
        given = {**wrap_map(inputs), "bucket": wrap("demo-data").with_secret(True)}
        made = await resource.lifecycle.create(CreateRequest(resource.urn, given, 0, False))
        assert "demo-data" not in made.resource_id
        _write(cloud, ADA)
        assert _state(await resource.read(made.resource_id, made.properties, inputs)) == ("LOST", False)
        _write(cloud, {"role": ROLE, "members": [inputs["member"]]})
        gone = DeleteRequest(resource.urn, made.resource_id, made.properties, given, 0)
        await resource.lifecycle.delete(gone)
        assert _policy(cloud), "this run has put it there"
        cloud.new_run()
        await cloud.resource("AgentAccess").lifecycle.delete(gone)
        assert not _policy(cloud)

    async def test_a_refresh_sees_what_is_gone_and_what_has_come(self, cloud: Cloud, inputs: dict[str, Any]) -> None:
        resource = cloud.resource("AgentAccess")
        made = await resource.create(inputs)
        same = await resource.read(made.resource_id, made.properties, inputs)
        assert (same.resource_id, plain_map(same.properties)) == (made.resource_id, plain_map(made.properties))
        _write(cloud, ADA)
        lost = await resource.read(made.resource_id, made.properties, inputs)
        assert _state(lost) == ("LOST", False)
        assert (await resource.diff(lost, inputs, inputs)).changes
        pending = {**made.properties, **wrap_map({"state": "PENDING"})}
        assert _state(await resource.read(made.resource_id, pending, inputs)) == ("PENDING", False)
        _write(cloud, {"role": ROLE, "members": [inputs["member"]]})
        assert _state(await resource.read(made.resource_id, pending, inputs)) == ("BOUND", True)
        cloud.emulator.http.delete("/storage/v1/b/demo-data/o/train.jsonl")
        assert cloud.emulator.http.delete("/storage/v1/b/demo-data").is_success
        assert (await resource.read(made.resource_id, made.properties, inputs)).resource_id == ""
        cloud.new_run()
        await cloud.resource("AgentAccess").delete(made.resource_id)

    async def test_what_this_run_has_bound_it_does_not_unbind(self, cloud: Cloud, inputs: dict[str, Any]) -> None:
        """A rename without an alias: the new resource finds the binding, then the engine deletes the old one."""
        made = await cloud.resource("AgentAccess").create(inputs)
        cloud.new_run()
        again = await cloud.resource("AgentAccess", "other").create(inputs)
        await cloud.resource("AgentAccess").delete(made.resource_id)
        assert inputs["member"] in _policy(cloud)[0]["members"]
        assert again.resource_id == made.resource_id

    async def test_import(self, cloud: Cloud, inputs: dict[str, Any]) -> None:
        resource = cloud.resource("AgentAccess")
        resource_id = " ".join(inputs.values())
        with pytest.raises(ResourceError, match="its policy has no such binding to import"):
            await resource.read(resource_id)
        with pytest.raises(ResourceError, match="'BUCKET ROLE MEMBER'"):
            await resource.read("demo-data")
        await resource.create(inputs)
        found = await resource.read(f"b/{resource_id}")
        assert (found.resource_id, plain_map(found.inputs)) == (resource_id, inputs)
        assert not (await resource.diff(found, plain_map(found.inputs), inputs)).changes
        with pytest.raises(ResourceError, match="there is no such bucket"):
            await resource.read(resource_id.replace("demo-data", "demo-none"))

    async def test_required_alone_changes_nothing_else(self, cloud: Cloud, inputs: dict[str, Any]) -> None:
        resource = cloud.resource("AgentAccess")
        made = await resource.create(inputs)
        wanted = {**inputs, "required": True}
        change = await resource.diff(made, inputs, wanted)
        assert {name: each.replaces for name, each in change.changes.items()} == {"required": False}
        after = await resource.update(made, inputs, wanted)
        assert _state(CreateResult(made.resource_id, after.properties)) == ("BOUND", False)
        moved = await resource.diff(made, inputs, {**inputs, "bucket": "other-data"})
        assert {name: each.replaces for name, each in moved.changes.items()} == {"bucket": True}


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"bucket": "gs://demo-data"}, "bucket"),
        ({"role": "objectUser"}, "role"),
        ({"member": "service-1@gcp-sa-vertex-moss-ft.iam.gserviceaccount.com"}, "member"),
        ({"member": "user:ada@example.com"}, "member"),
        ({"members": []}, "members"),
        ({"required": "yes"}, "required"),
    ],
)
async def test_what_check_refuses(cloud: Cloud, inputs: dict[str, Any], changes: dict[str, Any], refused: str) -> None:
    resource = cloud.resource("AgentAccess")
    result = await resource.lifecycle.check(CheckRequest(resource.urn, None, wrap_map({**inputs, **changes})))
    assert [failure.property for failure in result.failures] == [refused]


async def test_a_preview_says_what_it_would_do(cloud: Cloud, inputs: dict[str, Any]) -> None:
    made = await cloud.resource("AgentAccess").create(inputs, preview=True)
    assert made.resource_id == ""
    (line,) = cloud.listener.told
    assert line == (
        f"lets {inputs['member'].partition(':')[2]} into demo-data with {ROLE}; pending where the agent does not exist "
        "yet"
    )
    assert _policy(cloud) == []
