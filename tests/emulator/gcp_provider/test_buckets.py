"""What only buckets do: they hold objects, and others change them."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

TOKEN = "gcp:storage/bucket:Bucket"


async def _bucket(plugin: Any, **inputs: Any) -> tuple[str, dict[str, Any], dict[str, Any]]:
    await plugin.enable("storage")
    declared = {"name": f"{plugin.project}-bucket", "location": "US-CENTRAL1", **inputs}
    resource_id, state = await plugin.create(TOKEN, declared)
    checked, _ = await plugin.check(TOKEN, declared)
    return resource_id, state, checked


async def _write(plugin: Any, bucket: str, name: str) -> None:
    query = {"uploadType": "media", "name": name}
    reply = await plugin.google.post(f"/upload/storage/v1/b/{bucket}/o", params=query, content=b"x")
    assert reply.is_success


async def test_a_bucket_with_objects_is_not_deleted(plugin: Any) -> None:
    bucket, state, _ = await _bucket(plugin)
    await _write(plugin, bucket, "kept")
    with pytest.raises(grpc.aio.AioRpcError, match="holds 1 objects and `forceDestroy` is not set"):
        await plugin.delete(TOKEN, bucket, state)
    assert (await plugin.google.get(f"/storage/v1/b/{bucket}/o/kept")).is_success


async def test_force_destroy_deletes_all_versions(plugin: Any) -> None:
    bucket, state, _ = await _bucket(plugin, forceDestroy=True, versioning={"enabled": True})
    for name in ("twice", "twice", "a/b c?#"):
        await _write(plugin, bucket, name)
    await plugin.delete(TOKEN, bucket, state)
    assert (await plugin.google.get(f"/storage/v1/b/{bucket}")).status_code == 404


@pytest.mark.parametrize(
    ("policy", "gone", "reason"),
    [("PREVENT", False, "deletionPolicy PREVENT"), ("ABANDON", False, None), ("DELETE", True, None)],
)
async def test_deletion_policy(plugin: Any, policy: str, reason: str | None, *, gone: bool) -> None:
    bucket, state, _ = await _bucket(plugin, deletionPolicy=policy)
    if reason is None:
        await plugin.delete(TOKEN, bucket, state)
    else:
        with pytest.raises(grpc.aio.AioRpcError, match=reason):
            await plugin.delete(TOKEN, bucket, state)
    assert (await plugin.google.get(f"/storage/v1/b/{bucket}")).is_success is not gone


async def test_refresh_finds_what_others_changed(plugin: Any) -> None:
    bucket, state, checked = await _bucket(plugin, versioning={"enabled": True}, labels={"ours": "1"})
    change = {"versioning": {"enabled": False}, "labels": {"ours": "2", "theirs": "3"}}
    await plugin.google.patch(f"/storage/v1/b/{bucket}", json=change)
    _, _, inputs = await plugin.read(TOKEN, bucket, state, checked)
    assert inputs["versioning"] == {"enabled": False}
    assert inputs["labels"] == {"ours": "2"}, "a label that the program does not declare is none of its business"
    reply = await plugin.diff(TOKEN, bucket, state, inputs, checked)
    assert set(reply.diffs) == {"versioning", "labels", "effectiveLabels", "pulumiLabels"}
    await plugin.update(TOKEN, bucket, state, inputs, checked)
    after = (await plugin.google.get(f"/storage/v1/b/{bucket}")).json()
    assert after["versioning"] == {"enabled": True}
    assert after["labels"] == {"ours": "1", "theirs": "3", "goog-pulumi-provisioned": "true"}


async def test_a_key_that_is_no_longer_declared_is_taken_away(plugin: Any) -> None:
    key = "projects/keys/locations/us-central1/keyRings/ring/cryptoKeys/a"
    bucket, state, checked = await _bucket(plugin, encryption={"defaultKmsKeyName": key})
    assert (await plugin.google.get(f"/storage/v1/b/{bucket}")).json()["encryption"] == {"defaultKmsKeyName": key}
    without = {name: value for name, value in checked.items() if name != "encryption"}
    await plugin.update(TOKEN, bucket, state, checked, without)
    assert "encryption" not in (await plugin.google.get(f"/storage/v1/b/{bucket}")).json()


async def test_import(plugin: Any) -> None:
    bucket, _, checked = await _bucket(plugin, versioning={"enabled": True})
    found, _, inputs = await plugin.read(TOKEN, bucket, {}, {})
    assert found == bucket
    assert inputs.items() >= {"name": bucket, "location": "US-CENTRAL1", "versioning": {"enabled": True}}.items()
    assert (await plugin.check(TOKEN, inputs))[1] == {}, "what an import reads can be declared"
    assert checked["project"] == inputs["project"]
