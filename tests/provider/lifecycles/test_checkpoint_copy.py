"""A copied checkpoint: pinned, copied inside Cloud Storage, kept."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest

from emulator.storage.rewriting import Rewrites
from tests.provider.lifecycles.conftest import Cloud
from tests.running_emulator import Emulator
from tunestack.provider import checkpoint_copy
from tunestack.provider.lifecycle import (
    Change,
    CheckRequest,
    CreateRequest,
    DiffRequest,
    InterruptedWaitError,
    PropertyChange,
    ResourceError,
)
from tunestack.provider.properties import UNKNOWN, plain_map, wrap_map
from tunestack.tuning.artifacts import split

SOURCE = "gs://demo-data/runs/final"
COPIES = "gs://region-data/models/tickets"
FILES = {
    "config.json": b"{}",
    "model-00001-of-00002.safetensors": b"w" * 3000,
    "model-00002-of-00002.safetensors": b"v" * 2000,
    "tokenizer.json": b"tokens",
}
ORIGIN = {
    "stack": "dev",
    "model": "support",
    "run": "5541",
    "baseModel": "google/gemma3@gemma-3-1b-it",
    "mode": "FULL",
    "epochs": "3",
    "contentHash": "3f2a5b1c" * 8,
    "examples": "600",
    "billedTokens": "97299",
    "billedCostUsd": "0.0486495",
}
DEPLOYER = "serviceAccount:deployer@prod-project.iam.gserviceaccount.com"


@pytest.fixture
def cloud(start_emulator: Callable[..., Emulator]) -> Iterator[Cloud]:
    emulator = start_emulator({"rewriteBytesPerCall": 1024})
    for project, name, location in (
        ("demo-project", "demo-data", "us-central1"),
        ("prod-project", "region-data", "europe-west4"),
    ):
        made = emulator.http.post(f"/storage/v1/b?project={project}", json={"name": name, "location": location})
        assert made.is_success
    cloud = Cloud(emulator)
    put(cloud)
    yield cloud
    cloud.connection.storage.close()


@pytest.fixture
def inputs() -> dict[str, Any]:
    return {"sourceUri": SOURCE, "destinationUri": COPIES}


def put(cloud: Any, uri: str = SOURCE, changed: Mapping[str, bytes] = MappingProxyType({})) -> None:
    bucket, folder = split(uri)
    for name, content in {**FILES, **changed}.items():
        cloud.emulator.application.state.services.storage.write(bucket, f"{folder}/{name}", content, "text/x-own")


def content_of(cloud: Any, uri: str) -> dict[str, bytes]:
    bucket, folder = split(uri)
    blobs = cloud.connection.storage.list_blobs(bucket, prefix=f"{folder}/")
    return {blob.name.removeprefix(f"{folder}/"): blob.download_as_bytes() for blob in blobs}


def remove(cloud: Any, uri: str) -> None:
    bucket, folder = split(uri)
    for blob in list(cloud.connection.storage.list_blobs(bucket, prefix=folder)):
        blob.delete()


def rewrites(cloud: Any) -> list[dict[str, Any]]:
    return [call for call in cloud.emulator.requests() if "/rewriteTo/" in call["path"] and call["status"] == 200]


async def refusal(resource: Any, inputs: dict[str, Any], old: Any = None) -> str:
    """Why Check refuses the inputs, empty where it does not."""
    result = await resource.lifecycle.check(CheckRequest(resource.urn, old, wrap_map(inputs)))
    return "\n".join(f"{failure.property}: {failure.reason}" for failure in result.failures)


async def test_it_copies_inside_the_service_and_verifies(cloud: Any, inputs: dict[str, Any]) -> None:
    resource = cloud.resource("CheckpointCopy")
    preview = plain_map((await resource.create({**inputs, "origin": ORIGIN}, preview=True)).properties)
    made = await resource.create({**inputs, "origin": ORIGIN})
    outputs = plain_map(made.properties)
    assert outputs["uri"] == f"{COPIES}/{outputs['content'][:16]}"
    assert content_of(cloud, outputs["uri"]) == FILES
    told = {name: outputs[name] for name in ("files", "bytes", "copiedFiles", "copiedBytes", "state")}
    assert told == {"files": 4, "bytes": 5008, "copiedFiles": 4, "copiedBytes": 5008, "state": "COPIED"}
    # What depends on it is previewed with the very address.
    assert {name: preview[name] for name in ("uri", "content", "files", "bytes")} == {
        name: outputs[name] for name in ("uri", "content", "files", "bytes")
    }
    assert preview["copiedFiles"] is UNKNOWN
    # Each weights file took several calls, and no byte of it came here.
    assert len(rewrites(cloud)) == 1 + 3 + 2 + 1
    copied = cloud.connection.storage.bucket("region-data").get_blob(f"{split(outputs['uri'])[1]}/config.json")
    assert copied.content_type == "text/x-own"


async def test_the_preview_says_in_one_line_what_comes_from_where(cloud: Any, inputs: dict[str, Any]) -> None:
    resource = cloud.resource("CheckpointCopy")
    await resource.create({**inputs, "origin": ORIGIN}, preview=True)
    lineage = (
        "takes run 5541 of dev: google/gemma3@gemma-3-1b-it FULL, 3 epochs, data 3f2a5b1c… (600 examples), "
        "97,299 tokens, 0.05 USD; "
    )
    assert cloud.listener.told == [f"{lineage}copies 5,008 bytes in 4 files from {SOURCE}"]
    uri = plain_map((await resource.create(inputs)).properties)["uri"]
    remove(cloud, f"{uri}/model-00001")
    cloud.listener.lines.clear()
    await resource.create(inputs, preview=True)
    assert cloud.listener.told == [f"copies 3,000 bytes in 1 file from {SOURCE} (3 are there already)"]
    await resource.create(inputs)
    cloud.listener.lines.clear()
    await resource.create(inputs, preview=True)
    assert cloud.listener.told == [f"copies nothing: all 4 files of {SOURCE} are in place"]


@pytest.mark.parametrize(
    ("origin", "line"),
    [
        ({"stack": "prod"}, "takes the checkpoint of prod; "),
        ({"run": "5"}, "takes run 5; "),
        ({"run": "5", "stack": "prod", "tunedIn": "dev"}, "takes run 5 of dev, by way of prod; "),
        (
            {"run": "5", "stack": "eu", "tunedIn": "dev", "via": "prod and eu"},
            "takes run 5 of dev, by way of prod and eu; ",
        ),
        ({"run": "5", "epochs": "1.0", "examples": "12.0"}, "takes run 5: 1 epoch; "),
        ({"run": "5", "trainingUri": "gs://a/t.jsonl"}, "takes run 5: data gs://a/t.jsonl; "),
        ({"run": "5", "billedCostUsd": "0.001"}, "takes run 5: < 0.01 USD; "),
        ({"note": "ours"}, ""),
    ],
)
async def test_what_is_not_known_of_the_origin_is_not_told(
    cloud: Any, inputs: dict[str, Any], origin: dict[str, str], line: str
) -> None:
    await cloud.resource("CheckpointCopy").create({**inputs, "origin": origin}, preview=True)
    assert cloud.listener.told == [f"{line}copies 5,008 bytes in 4 files from {SOURCE}"]


async def test_another_checkpoint_is_copied_beside_and_going_back_copies_nothing(
    cloud: Any, inputs: dict[str, Any]
) -> None:
    resource = cloud.resource("CheckpointCopy")
    first = await resource.create(inputs)
    newer = {**inputs, "sourceUri": "gs://demo-data/other/final"}
    # Three files are the same, but they lie in the other content's folder: what serves is never written to.
    put(cloud, newer["sourceUri"], {"config.json": b'{"newer": 1}'})
    old = plain_map(await resource.checked(inputs))
    diff = await resource.diff(first, old, newer)
    assert diff.changes == {"content": PropertyChange(Change.UPDATE), "sourceUri": PropertyChange(Change.UPDATE)}
    second = plain_map((await resource.update(first, old, newer)).properties)
    assert second["uri"] != plain_map(first.properties)["uri"]
    assert content_of(cloud, plain_map(first.properties)["uri"]) == FILES
    back = plain_map((await resource.update(first, old, inputs)).properties)
    assert (back["uri"], back["copiedFiles"], back["copiedBytes"]) == (plain_map(first.properties)["uri"], 0, 0)


async def test_a_plan_that_was_reviewed_refuses_another_checkpoint(cloud: Any, inputs: dict[str, Any]) -> None:
    resource = cloud.resource("CheckpointCopy")
    reviewed = plain_map(await resource.checked(inputs))
    put(cloud, changed={"config.json": b"others"})
    now = plain_map(await resource.checked(inputs))
    assert reviewed["content"] != now["content"]  # the engine refuses an input that its plan has otherwise
    with pytest.raises(ResourceError, match="holds another checkpoint than it did when it was previewed"):
        await resource.lifecycle.create(CreateRequest(resource.urn, wrap_map(reviewed), 0, preview=False))


async def test_a_copy_outlives_its_source(cloud: Any, inputs: dict[str, Any]) -> None:
    resource = cloud.resource("CheckpointCopy")
    made = await resource.create(inputs)
    old = plain_map(await resource.checked(inputs))
    remove(cloud, SOURCE)
    result = await resource.lifecycle.check(CheckRequest(resource.urn, wrap_map(old), wrap_map(inputs)))
    assert (plain_map(result.inputs), result.failures) == (old, ())
    diff = await resource.lifecycle.diff(
        DiffRequest(resource.urn, made.resource_id, made.properties, wrap_map(old), result.inputs)
    )
    assert diff.changes == {}
    # Even a new stack, or a run that goes back, takes the copy that is there.
    again = plain_map((await cloud.resource("CheckpointCopy", stack="new").create(inputs)).properties)
    assert (again["uri"], again["copiedFiles"]) == (plain_map(made.properties)["uri"], 0)
    # What is missing of it can come from nowhere.
    remove(cloud, f"{again['uri']}/config.json")
    assert "there is nothing in gs://demo-data/runs/final" in await refusal(resource, inputs)


async def test_a_refresh_sees_what_is_missing_and_an_up_copies_that(cloud: Any, inputs: dict[str, Any]) -> None:
    resource = cloud.resource("CheckpointCopy")
    made = await resource.create(inputs)
    old = plain_map(await resource.checked(inputs))
    whole = await resource.read(made.resource_id, made.properties, old)
    assert plain_map(whole.properties) == plain_map(made.properties)
    uri = plain_map(made.properties)["uri"]
    remove(cloud, f"{uri}/model-00002")
    read = await resource.read(made.resource_id, made.properties, old)
    assert plain_map(read.properties)["state"] == "INCOMPLETE"
    assert list((await resource.diff(read, old, inputs)).changes) == ["state"]
    made = type(made)(made.resource_id, read.properties)
    mended = plain_map((await resource.update(made, old, inputs)).properties)
    assert (mended["state"], mended["copiedFiles"]) == ("COPIED", 1)
    assert content_of(cloud, uri) == FILES


async def test_what_was_changed_in_a_copy_is_restored_and_what_was_added_is_told(
    cloud: Any, inputs: dict[str, Any]
) -> None:
    resource = cloud.resource("CheckpointCopy")
    uri = plain_map((await resource.create(inputs)).properties)["uri"]
    put(cloud, uri, {"tokenizer.json": b"tampered", "extra.bin": b"x"})
    again = plain_map((await resource.create(inputs)).properties)
    assert again["copiedFiles"] == 1
    assert content_of(cloud, uri) == {**FILES, "extra.bin": b"x"}
    assert any("extra.bin" in line and "is not of the checkpoint" in line for line in cloud.listener.told)


@pytest.mark.parametrize("source", ["", UNKNOWN])
async def test_a_model_that_is_not_finished_is_waited_for(cloud: Any, inputs: dict[str, Any], source: Any) -> None:
    resource = cloud.resource("CheckpointCopy")
    waiting = {**inputs, "sourceUri": source}
    preview = plain_map((await resource.create(waiting, preview=True)).properties)
    assert preview["uri"] == source
    if source is UNKNOWN:
        assert cloud.listener.told == ["copies a checkpoint that is not there yet"]
        return
    made = await resource.create(waiting)
    assert (plain_map(made.properties)["uri"], plain_map(made.properties)["state"]) == ("", "PENDING")
    assert (await resource.diff(made, plain_map(await resource.checked(waiting)), waiting)).changes == {}
    assert (await resource.read(made.resource_id, made.properties, waiting)).properties == made.properties
    finished = plain_map((await resource.update(made, waiting, inputs)).properties)
    assert finished["state"] == "COPIED"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sourceUri": "gs://demo-data/none"}, "sourceUri: there is nothing in gs://demo-data/none"),
        ({"sourceUri": "gs://no-such-bucket/a"}, "sourceUri: there is no bucket no-such-bucket"),
        (
            {"sourceUri": "gs://no-such-bucket/a", "origin": {"stack": "dev"}},
            "no bucket no-such-bucket; pulumi up --refresh --stack dev says how to get it back",
        ),
        ({"sourceUri": "gs://demo-data/half"}, "sourceUri: there is no whole checkpoint in gs://demo-data/half"),
        ({"sourceUri": "demo-data/runs"}, "sourceUri: 'demo-data/runs' is not the address of a Cloud Storage folder"),
        ({"destinationUri": f"{SOURCE}/copies"}, "destinationUri: lies in the folder that is copied"),
        ({"destinationUri": ""}, "destinationUri: '' is not the address"),
        ({"sourceURI": SOURCE}, "sourceURI: there is no such input; did you mean sourceUri?"),
    ],
)
async def test_what_cannot_be_copied_is_refused_at_once(
    cloud: Any, inputs: dict[str, Any], change: dict[str, Any], words: str
) -> None:
    cloud.write("gs://demo-data/half/config.json")
    cloud.write("gs://demo-data/half/model-00001-of-00002.safetensors")
    assert words in await refusal(cloud.resource("CheckpointCopy"), {**inputs, **change})
    assert rewrites(cloud) == []


def act_as(cloud: Any, member: str, **roles: str) -> None:
    """Makes later requests the member's, who has roles on buckets."""
    services = cloud.emulator.application.state.services
    if not services.accounts.find(member.partition(":")[2]):
        services.accounts.create(services.projects.get("prod-project"), "deployer", {})
    for bucket, role in roles.items():
        resource = f"buckets/{bucket.replace('_', '-')}"
        policy = services.iam.get(resource)
        bindings = [*policy.get("bindings", ()), {"role": f"roles/{role}", "members": [DEPLOYER]}]
        services.iam.set(resource, {**policy, "bindings": bindings})
    assert cloud.emulator.http.put("/emulator/caller", json={"member": member}).is_success


async def test_a_missing_right_is_told_before_anything_is_made(cloud: Any, inputs: dict[str, Any]) -> None:
    act_as(cloud, DEPLOYER, region_data="storage.objectUser")
    told = await refusal(cloud.resource("CheckpointCopy"), {**inputs, "origin": {"stack": "dev"}})
    email = DEPLOYER.partition(":")[2]
    assert f"sourceUri: {DEPLOYER} may not read the checkpoint: it has no storage.objects.list" in told
    assert f"write tunestack:readers: [{DEPLOYER}] in the YAML of dev" in told
    assert (
        f"gcloud storage buckets add-iam-policy-binding gs://demo-data --member=serviceAccount:{email} "
        "--role=roles/storage.objectViewer"
    ) in told
    # Whoever may list and not read would fail in the middle.
    act_as(cloud, DEPLOYER, demo_data="storage.legacyBucketReader")
    assert "it has no storage.objects.get on bucket demo-data" in await refusal(
        cloud.resource("CheckpointCopy"), inputs
    )
    act_as(cloud, DEPLOYER, demo_data="storage.objectViewer")
    made = plain_map((await cloud.resource("CheckpointCopy").create(inputs)).properties)
    assert made["copiedFiles"] == 4


async def test_a_missing_right_to_write_is_told_likewise(cloud: Any, inputs: dict[str, Any]) -> None:
    act_as(cloud, DEPLOYER, demo_data="storage.objectViewer")
    # It may be yet to spread, where the bucket was made a moment ago.
    assert await refusal(cloud.resource("CheckpointCopy"), inputs) == ""
    documents = cloud.emulator.application.state.services.documents
    bucket = documents.get("buckets", "region-data")
    documents.put("buckets", "region-data", {**bucket, "timeCreated": "2026-01-01T00:00:00Z"})
    told = await refusal(cloud.resource("CheckpointCopy"), inputs)
    assert told.startswith("destinationUri: ")
    assert "storage.objects.create and no storage.objects.get and no storage.objects.list on bucket region-data" in told


async def test_what_arrives_otherwise_than_it_was_sent_is_deleted_and_refused(
    cloud: Any, inputs: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    append = Rewrites._append

    def corrupt(self: Rewrites, token: str, resource: Mapping[str, Any], limit: int) -> int:
        written = append(self, token, resource, limit)
        if resource["name"].endswith("tokenizer.json"):
            self._store.received(token).write_bytes(b"t0kens")
        return written

    monkeypatch.setattr(Rewrites, "_append", corrupt)
    with pytest.raises(ResourceError, match=r"tokenizer\.json does not have the checksum of .* deleted again"):
        await cloud.resource("CheckpointCopy").create(inputs)
    store = cloud.emulator.application.state.services.storage
    assert not [each for each in store.list("region-data") if each["name"].endswith("tokenizer.json")]
    monkeypatch.undo()
    outputs = plain_map((await cloud.resource("CheckpointCopy").create(inputs)).properties)
    assert content_of(cloud, outputs["uri"]) == FILES


async def test_a_service_that_forgets_how_far_it_was_begins_again(cloud: Any, inputs: dict[str, Any]) -> None:
    cloud.fault(method="POST", path=".*model-00001.*/rewriteTo/.*", skip=1, hold="before")
    copying = asyncio.create_task(cloud.resource("CheckpointCopy").create(inputs))
    while not cloud.emulator.held():  # noqa: ASYNC110 - done by the server
        await asyncio.sleep(0.01)
    documents = cloud.emulator.application.state.services.documents
    for token, _ in documents.list("rewrites"):
        documents.delete("rewrites", token)
    cloud.emulator.release()
    outputs = plain_map((await copying).properties)
    assert content_of(cloud, outputs["uri"]) == FILES


async def test_a_copy_waits_for_rights_on_a_new_bucket(cloud: Any, inputs: dict[str, Any]) -> None:
    denied = "Permission 'storage.objects.create' denied on resource (or it may not exist)."
    cloud.fault(method="POST", path=".*/rewriteTo/.*", status=403, message=denied, times=3)
    outputs = plain_map((await cloud.resource("CheckpointCopy").create(inputs)).properties)
    assert content_of(cloud, outputs["uri"]) == FILES


async def test_a_copy_that_takes_too_long_ends_and_is_gone_on_with(
    cloud: Any, inputs: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(checkpoint_copy, "time", SimpleNamespace(monotonic=lambda: now))
    cloud.fault(method="POST", path=".*model-00001.*/rewriteTo/.*", hold="before")
    copying = asyncio.create_task(cloud.resource("CheckpointCopy").create(inputs, seconds=60))
    while not cloud.emulator.held() or len(rewrites(cloud)) < 4:  # noqa: ASYNC110 - done by the server
        await asyncio.sleep(0.01)
    now = 61.0
    cloud.emulator.release()
    with pytest.raises(ResourceError, match=r"are copied after 60 s; the next pulumi up copies the rest"):
        await copying
    outputs = plain_map((await cloud.resource("CheckpointCopy").create(inputs)).properties)
    assert outputs["copiedFiles"] < 4
    assert content_of(cloud, outputs["uri"]) == FILES


async def test_a_bucket_that_is_yet_to_be_made_is_no_obstacle(cloud: Any, inputs: dict[str, Any]) -> None:
    resource = cloud.resource("CheckpointCopy")
    new = {**inputs, "destinationUri": "gs://not-yet/a"}
    await resource.create(new, preview=True)
    with pytest.raises(ResourceError, match="there is no bucket not-yet to copy into"):
        await resource.create(new)


@pytest.mark.parametrize("skip", range(3))
@pytest.mark.parametrize("drop", ["before", "after"])
async def test_a_lost_answer_costs_nothing(cloud: Any, inputs: dict[str, Any], skip: int, drop: str) -> None:
    """Each of one file's calls in turn; after the last one, the repeated call finds the file in place."""
    cloud.fault(method="POST", path=".*model-00001.*/rewriteTo/.*", skip=skip, drop=drop)
    outputs = plain_map((await cloud.resource("CheckpointCopy").create(inputs)).properties)
    assert content_of(cloud, outputs["uri"]) == FILES
    assert outputs["copiedFiles"] == 4


async def test_a_run_that_is_killed_goes_on_file_by_file(cloud: Any, inputs: dict[str, Any]) -> None:
    cloud.fault(method="POST", path=".*model-00001.*/rewriteTo/.*", hold="before")
    run = cloud.run
    first = asyncio.create_task(cloud.resource("CheckpointCopy").create(inputs))
    while not cloud.emulator.held() or len(rewrites(cloud)) < 4:  # noqa: ASYNC110 - done by the server
        await asyncio.sleep(0.01)
    run.interrupt()  # the engine ends with the user; the call stands still
    cloud.emulator.release()
    with pytest.raises(InterruptedWaitError, match="interrupted while it copies 4 files; the next run takes it up"):
        await first
    cloud.new_run()
    before = len(rewrites(cloud))
    resource = cloud.resource("CheckpointCopy")
    await resource.create(inputs, preview=True)
    assert cloud.listener.told == [f"copies 3,000 bytes in 1 file from {SOURCE} (3 are there already)"]
    outputs = plain_map((await resource.create(inputs)).properties)
    assert (outputs["copiedFiles"], outputs["copiedBytes"]) == (1, 3000)
    assert len(rewrites(cloud)) - before == 3
    assert content_of(cloud, outputs["uri"]) == FILES


@pytest.mark.parametrize("is_cleared_away", [False, True])
async def test_what_has_not_changed_comes_from_the_copy_before(
    cloud: Any, inputs: dict[str, Any], is_cleared_away: bool
) -> None:
    resource = cloud.resource("CheckpointCopy")
    first = plain_map((await resource.create(inputs)).properties)["uri"]
    put(cloud, f"{SOURCE}-2", {"model-00002-of-00002.safetensors": b"n" * 2000})
    newer = {**inputs, "sourceUri": f"{SOURCE}-2"}
    cloud.listener.lines.clear()
    await resource.create(newer, preview=True)
    says = f"copies 2,000 bytes in 1 file from {SOURCE}-2 (3 of an earlier copy are the same)"
    assert cloud.listener.told == [says]
    before = len(rewrites(cloud))
    if is_cleared_away:
        cloud.fault(method="POST", path=".*region-data.*/rewriteTo/.*", status=404, message="No such object", times=3)
    outputs = plain_map((await resource.create(newer)).properties)
    assert content_of(cloud, outputs["uri"]) == {**FILES, "model-00002-of-00002.safetensors": b"n" * 2000}
    assert (outputs["copiedFiles"], outputs["copiedBytes"]) == ((4, 5008) if is_cleared_away else (1, 2000))
    if not is_cleared_away:
        # Within a bucket a file of any size is one call; from another place, one for each part.
        near = [call for call in rewrites(cloud)[before:] if call["path"].startswith("/storage/v1/b/region-data/")]
        assert len(near) == 3
        assert len(rewrites(cloud)) - before == 3 + 2
    assert content_of(cloud, first) == FILES


async def test_a_file_that_fails_leaves_the_others_in_place(cloud: Any, inputs: dict[str, Any]) -> None:
    cloud.fault(method="POST", path=".*model-00002.*/rewriteTo/.*", status=403, message="no such right", times=None)
    with pytest.raises(Exception, match="no such right"):
        await cloud.resource("CheckpointCopy").create(inputs)
    assert cloud.emulator.http.delete("/emulator/faults").is_success
    outputs = plain_map((await cloud.resource("CheckpointCopy").create(inputs)).properties)
    assert outputs["copiedFiles"] < 4
    assert content_of(cloud, outputs["uri"]) == FILES


async def test_the_note_keeps_the_lineage_and_an_import_reads_it(cloud: Any, inputs: dict[str, Any]) -> None:
    resource = cloud.resource("CheckpointCopy")
    declared = {**inputs, "origin": ORIGIN, "baseModel": "google/gemma3@gemma-3-1b-it"}
    made = await resource.create(declared)
    outputs = plain_map(made.properties)
    note = json.loads(
        cloud.connection.storage.bucket("region-data").blob(f"{split(outputs['uri'])[1]}.json").download_as_bytes()
    )
    assert (note["sourceUri"], note["origin"], note["content"]) == (SOURCE, ORIGIN, outputs["content"])
    assert [file["name"] for file in note["files"]] == sorted(FILES)
    imported = await resource.read(outputs["uri"])
    assert plain_map(imported.inputs) == {**declared, "content": outputs["content"]}
    assert imported.resource_id == made.resource_id
    same = {name: plain_map(imported.properties)[name] for name in ("uri", "content", "files", "bytes", "state")}
    assert same == {name: outputs[name] for name in same}
    diff = await resource.diff(imported, plain_map(imported.inputs), declared)
    assert diff.changes == {}
    with pytest.raises(ResourceError, match=r"there is no note gs://region-data/other/1\.json"):
        await resource.read("gs://region-data/other/1")


async def test_deleting_leaves_the_copy(cloud: Any, inputs: dict[str, Any]) -> None:
    resource = cloud.resource("CheckpointCopy")
    made = await resource.create(inputs)
    await resource.delete(made.resource_id)
    assert content_of(cloud, plain_map(made.properties)["uri"]) == FILES


async def test_another_destination_replaces(cloud: Any, inputs: dict[str, Any]) -> None:
    resource = cloud.resource("CheckpointCopy")
    made = await resource.create(inputs)
    moved = {**inputs, "destinationUri": "gs://region-data/elsewhere"}
    diff = await resource.diff(made, plain_map(await resource.checked(inputs)), moved)
    assert diff.changes == {"destinationUri": PropertyChange(Change.UPDATE, replaces=True)}


async def test_what_is_told_of_the_same_checkpoint_changes_nothing(cloud: Any, inputs: dict[str, Any]) -> None:
    resource = cloud.resource("CheckpointCopy")
    made = await resource.create({**inputs, "origin": ORIGIN})
    old = plain_map(await resource.checked({**inputs, "origin": ORIGIN}))
    assert (await resource.diff(made, old, {**inputs, "baseModel": "google/gemma3@gemma-3-1b-it"})).changes == {}
