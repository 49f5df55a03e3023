"""Members of policies that others change at the same time, and members that do not exist yet."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest

from emulator.gcp_provider import policy_member

BUCKET = "gcp:storage/bucketIAMMember:BucketIAMMember"
ACCOUNT = "gcp:serviceaccount/iAMMember:IAMMember"
ROLE = "roles/storage.objectUser"


@pytest.fixture
async def bucket(plugin: Any) -> str:
    await plugin.enable("storage", "iam", "cloudresourcemanager")
    name = f"{plugin.project}-policy"
    await plugin.create("gcp:storage/bucket:Bucket", {"name": name, "location": "US"})
    return name


async def _members(plugin: Any, bucket: str, role: str = ROLE) -> list[str]:
    policy = (await plugin.google.get(f"/storage/v1/b/{bucket}/iam")).json()
    return next((binding["members"] for binding in policy.get("bindings", ()) if binding["role"] == role), [])


async def test_bucket_member(plugin: Any, bucket: str) -> None:
    inputs = {"bucket": bucket, "role": ROLE, "member": "user:ada@example.com"}
    resource_id, state = await plugin.create(BUCKET, inputs)
    assert resource_id == f"b/{bucket}/{ROLE}/user:ada@example.com"
    assert state["bucket"] == f"b/{bucket}", "as the real provider keeps it"
    assert await _members(plugin, bucket) == ["user:ada@example.com"]
    found, _, read_inputs = await plugin.read(BUCKET, resource_id, state, inputs)
    assert (found, read_inputs) == (resource_id, inputs)
    imported, _, imported_inputs = await plugin.read(BUCKET, f"b/{bucket} {ROLE} user:ada@example.com", {}, {})
    assert imported
    assert not (await plugin.diff(BUCKET, resource_id, state, imported_inputs, inputs)).diffs
    await plugin.delete(BUCKET, resource_id, state)
    assert await _members(plugin, bucket) == []
    assert (await plugin.read(BUCKET, resource_id, state, inputs))[0] == ""


async def test_members_created_at_once_all_stay(plugin: Any, bucket: str) -> None:
    members = [f"user:u{number}@example.com" for number in range(12)]
    await asyncio.gather(*(plugin.create(BUCKET, {"bucket": bucket, "role": ROLE, "member": m}) for m in members))
    assert sorted(members) == await _members(plugin, bucket)


async def test_a_write_that_meets_another_one_is_repeated(plugin: Any, bucket: str) -> None:
    """412 is how Cloud Storage refuses a stale etag."""
    fault = {"method": "PUT", "path": f"/storage/v1/b/{bucket}/iam", "status": 412, "times": 2}
    await plugin.google.post("/emulator/faults", json=fault)
    await plugin.create(BUCKET, {"bucket": bucket, "role": ROLE, "member": "user:ada@example.com"})
    assert await _members(plugin, bucket) == ["user:ada@example.com"]


async def test_conditions_keep_bindings_apart(plugin: Any, bucket: str) -> None:
    condition = {"title": "until", "expression": 'request.time < timestamp("2030-01-01T00:00:00Z")'}
    plain = {"bucket": bucket, "role": ROLE, "member": "user:ada@example.com"}
    first, state = await plugin.create(BUCKET, plain)
    second, _ = await plugin.create(BUCKET, {**plain, "condition": condition})
    assert second == f"{first}/until//{condition['expression']}"
    await plugin.delete(BUCKET, first, state)
    policy = (
        await plugin.google.get(f"/storage/v1/b/{bucket}/iam", params={"optionsRequestedPolicyVersion": "3"})
    ).json()
    kept = [binding for binding in policy["bindings"] if binding["role"] == ROLE]
    assert [binding.get("condition", {}).get("title") for binding in kept] == ["until"]


@pytest.mark.parametrize("delays", [{"tuningAgentCreated": 0.5}])
async def test_an_agent_that_comes_a_moment_later(plugin: Any, bucket: str) -> None:
    number = (await plugin.google.get(f"/crm/v1/projects/{plugin.project}")).json()["projectNumber"]
    agent = f"serviceAccount:service-{number}@gcp-sa-vertex-moss-ft.iam.gserviceaccount.com"
    enable = f"/su/v1/projects/{plugin.project}/services/aiplatform.googleapis.com:enable"
    await plugin.google.post(enable, json={})
    await plugin.create(BUCKET, {"bucket": bucket, "role": ROLE, "member": agent})
    assert await _members(plugin, bucket) == [agent]


async def test_a_member_that_never_exists(plugin: Any, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy_member, "_MEMBER_SECONDS", 0.5)
    member = "serviceAccount:nobody@nowhere-at-all.iam.gserviceaccount.com"
    with pytest.raises(grpc.aio.AioRpcError, match=r"nobody@nowhere-at-all\.iam\.gserviceaccount\.com does not exist"):
        await plugin.create(BUCKET, {"bucket": bucket, "role": ROLE, "member": member})


async def test_member_of_a_service_account(plugin: Any, bucket: str) -> None:
    name, _ = await plugin.create("gcp:serviceaccount/account:Account", {"accountId": "tuning-jobs"})
    inputs = {"serviceAccountId": name, "role": "roles/iam.serviceAccountUser", "member": "user:ada@example.com"}
    resource_id, state = await plugin.create(ACCOUNT, inputs)
    assert resource_id == f"{name}/roles/iam.serviceAccountUser/user:ada@example.com"
    policy = (await plugin.google.post(f"/iam/v1/{name}:getIamPolicy", json={})).json()
    assert policy["bindings"] == [{"role": "roles/iam.serviceAccountUser", "members": ["user:ada@example.com"]}]
    await plugin.delete(ACCOUNT, resource_id, state)
    assert (await plugin.read(ACCOUNT, resource_id, state, inputs))[0] == ""
