from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from google.api_core import exceptions

if TYPE_CHECKING:
    from google.cloud.storage import Bucket, Client

    from tests.running_emulator import Emulator


def test_a_new_bucket_is_complete(emulator: Emulator) -> None:
    body = {
        "iamConfiguration": {"publicAccessPrevention": "enforced", "uniformBucketLevelAccess": {"enabled": True}},
        "labels": {"env": "local"},
        "lifecycle": {"rule": [{"action": {"type": "Delete"}, "condition": {"age": 30}}]},
        "location": "us-central1",
        "name": "demo-data",
        "storageClass": "STANDARD",
        "versioning": {"enabled": True},
    }
    created = emulator.http.post("/storage/v1/b?project=demo", json=body)
    assert created.status_code == 200, created.text
    bucket = created.json()
    project = emulator.http.get("/crm/v1/projects/demo").json()
    level = bucket["iamConfiguration"]["uniformBucketLevelAccess"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", level["lockedTime"])
    time = bucket["timeCreated"]
    assert bucket == {
        "kind": "storage#bucket",
        "id": "demo-data",
        "name": "demo-data",
        "selfLink": f"{emulator.url}/storage/v1/b/demo-data",
        "projectNumber": project["projectNumber"],
        "generation": bucket["generation"],
        "metageneration": "1",
        "etag": bucket["etag"],
        "location": "US-CENTRAL1",
        "locationType": "region",
        "storageClass": "STANDARD",
        "timeCreated": time,
        "updated": time,
        "labels": {"env": "local"},
        "lifecycle": {"rule": [{"action": {"type": "Delete"}, "condition": {"age": 30}}]},
        "versioning": {"enabled": True},
        "softDeletePolicy": {
            "retentionDurationSeconds": "604800",
            "effectiveTime": bucket["softDeletePolicy"]["effectiveTime"],
        },
        "iamConfiguration": {
            "bucketPolicyOnly": level,
            "uniformBucketLevelAccess": level,
            "publicAccessPrevention": "enforced",
        },
    }
    assert emulator.http.get("/storage/v1/b/demo-data").json() == bucket
    emulator.restart()
    assert emulator.http.get("/storage/v1/b/demo-data").json() == bucket


@pytest.mark.parametrize(
    ("location", "kind", "rpo"),
    [
        ("US", "multi-region", "DEFAULT"),
        ("EUR4", "dual-region", "DEFAULT"),
        ("europe-west4", "region", None),
        ("", "multi-region", "DEFAULT"),
    ],
)
def test_locations(client: Client, location: str, kind: str, rpo: str | None) -> None:
    bucket = client.create_bucket("demo-data", location=location)
    assert bucket.location == (location or "US").upper()
    assert bucket.location_type == kind
    assert bucket.rpo == rpo


@pytest.mark.parametrize(
    ("body", "code", "reason", "message"),
    [
        ({"name": "De"}, 400, "invalid", "Invalid bucket name: 'De'"),
        ({"name": "Demo-data"}, 400, "invalid", "Invalid bucket name: 'Demo-data'"),
        ({"name": "-demo"}, 400, "invalid", "Invalid bucket name: '-demo'"),
        ({"name": "demo-"}, 400, "invalid", "Invalid bucket name: 'demo-'"),
        ({"name": "a" * 64}, 400, "invalid", f"Invalid bucket name: '{'a' * 64}'"),
        ({"name": "10.0.0.1"}, 400, "invalid", "Invalid bucket name: '10.0.0.1'"),
        ({"name": "goog-data"}, 400, "invalid", "Invalid bucket name: 'goog-data'"),
        ({"name": "my-google-data"}, 400, "invalid", "Invalid bucket name: 'my-google-data'"),
        ({"name": "demo..data"}, 400, "invalid", "Invalid bucket name: 'demo..data'"),
        ({}, 400, "required", "Bucket name is required."),
        ({"name": "demo-x", "location": "mars"}, 400, "invalid", "The specified location constraint is not valid."),
        ({"name": "demo-x", "storageClass": "HOT"}, 400, "invalid", "The storage class you specified is not valid."),
        (
            {"name": "demo-data"},
            409,
            "conflict",
            "Your previous request to create the named bucket succeeded and you already own it.",
        ),
    ],
)
def test_refusals(emulator: Emulator, bucket: Any, body: dict[str, str], code: int, reason: str, message: str) -> None:
    answer = emulator.http.post("/storage/v1/b?project=demo", json=body)
    entry = {"message": message, "domain": "global", "reason": reason}
    assert answer.json() == {"error": {"code": code, "message": message, "errors": [entry]}}
    assert answer.status_code == code
    assert not (emulator.data / "buckets" / body.get("name", "x")).exists() or body.get("name") == "demo-data"


def test_a_name_belongs_to_one_project(emulator: Emulator, bucket: Bucket) -> None:
    with pytest.raises(exceptions.Conflict, match="The requested bucket name is not available"):
        emulator.storage_client("other").create_bucket("demo-data")
    assert [found.name for found in emulator.storage_client("other").list_buckets()] == []


def test_lists_the_buckets_of_a_project_in_pages(client: Client) -> None:
    for name in ("demo-b", "demo-a", "test-c"):
        client.create_bucket(name)
    assert [found.name for found in client.list_buckets(page_size=1)] == ["demo-a", "demo-b", "test-c"]
    assert [found.name for found in client.list_buckets(prefix="demo-")] == ["demo-a", "demo-b"]
    assert [found.name for found in client.list_buckets(max_results=2)] == ["demo-a", "demo-b"]


def test_patch_merges_and_removes(client: Client, bucket: Bucket) -> None:
    bucket.labels = {"a": "1", "b": "2"}
    bucket.add_lifecycle_delete_rule(age=30)
    bucket.patch()
    again = client.get_bucket("demo-data")
    assert again.labels == {"a": "1", "b": "2"}
    assert [dict(rule) for rule in again.lifecycle_rules] == [{"action": {"type": "Delete"}, "condition": {"age": 30}}]
    assert again.metageneration == 2
    assert again.time_created is not None

    labels = again.labels
    del labels["a"]
    again.labels = labels
    again.iam_configuration.uniform_bucket_level_access_enabled = True
    again.patch()
    last = client.get_bucket("demo-data")
    assert last.labels == {"b": "2"}
    assert last.iam_configuration.uniform_bucket_level_access_enabled is True
    assert last.iam_configuration.public_access_prevention == "inherited"
    assert last.metageneration == 3


def test_update_replaces_the_configuration(emulator: Emulator, bucket: Bucket) -> None:
    emulator.http.patch("/storage/v1/b/demo-data", json={"labels": {"a": "1"}, "versioning": {"enabled": True}})
    updated = emulator.http.put("/storage/v1/b/demo-data", json={"labels": {"b": "2"}}).json()
    assert updated["labels"] == {"b": "2"}
    assert "versioning" not in updated
    assert updated["storageClass"] == "STANDARD"


def test_soft_delete_can_be_turned_off(emulator: Emulator, bucket: Bucket) -> None:
    patched = emulator.http.patch(
        "/storage/v1/b/demo-data", json={"softDeletePolicy": {"retentionDurationSeconds": "0"}}
    )
    assert patched.json()["softDeletePolicy"] == {"retentionDurationSeconds": "0"}


def test_preconditions_on_the_metageneration(client: Client, bucket: Bucket) -> None:
    bucket.labels = {"a": "1"}
    with pytest.raises(
        exceptions.PreconditionFailed, match="At least one of the pre-conditions you specified did not hold"
    ):
        bucket.patch(if_metageneration_match=7)
    bucket.patch(if_metageneration_match=1)
    assert client.get_bucket("demo-data").metageneration == 2


def test_only_an_empty_bucket_is_deleted(client: Client, versioned: Bucket) -> None:
    versioned.blob("a/b.txt").upload_from_string("x")
    message = "The bucket you tried to delete is not empty."
    with pytest.raises(exceptions.Conflict, match=re.escape(message)):
        versioned.delete()
    versioned.blob("a/b.txt").delete()
    with pytest.raises(exceptions.Conflict, match=re.escape(message)):  # the older generation is still there
        versioned.delete()
    versioned.delete(force=True)
    assert client.lookup_bucket("demo-versioned") is None
    with pytest.raises(exceptions.NotFound, match="The specified bucket does not exist"):
        versioned.delete()


def test_a_bucket_that_was_deleted_leaves_no_file(emulator: Emulator, bucket: Bucket) -> None:
    bucket.blob("a").upload_from_string("x")
    bucket.delete(force=True)
    assert list(emulator.data.glob("buckets/*")) == []
    assert emulator.http.get("/storage/v1/b/demo-data/iam").status_code == 404


def test_storage_must_not_be_disabled(emulator: Emulator, client: Client) -> None:
    emulator.http.post("/su/v1/projects/demo/services/storage.googleapis.com:disable")
    with pytest.raises(
        exceptions.Forbidden, match="Cloud Storage API has not been used in project demo before or it is disabled"
    ):
        client.create_bucket("demo-data")


def test_the_policy_of_a_bucket(client: Client, bucket: Bucket) -> None:
    policy = bucket.get_iam_policy(requested_policy_version=3)
    assert [binding["role"] for binding in policy.bindings] == [
        "roles/storage.legacyBucketOwner",
        "roles/storage.legacyBucketReader",
    ]
    stale = bucket.get_iam_policy(requested_policy_version=3)
    policy.version = 3
    policy.bindings.append({"role": "roles/storage.objectUser", "members": {"user:a@example.com"}})
    bucket.set_iam_policy(policy)
    kept = bucket.get_iam_policy(requested_policy_version=3)
    assert {"role": "roles/storage.objectUser", "members": {"user:a@example.com"}} in kept.bindings
    with pytest.raises(exceptions.PreconditionFailed):
        bucket.set_iam_policy(stale)
    assert bucket.test_iam_permissions(["storage.objects.get"]) == ["storage.objects.get"]


@pytest.mark.parametrize(
    ("member", "message"),
    [
        (
            "serviceAccount:nobody@demo.iam.gserviceaccount.com",
            "Service account nobody@demo.iam.gserviceaccount.com does not exist.",
        ),
        (
            "nobody@example.com",
            "The member nobody@example.com is of an unknown type. Please set a valid type prefix for the member.",
        ),
    ],
)
def test_a_policy_names_only_who_exists(emulator: Emulator, bucket: Bucket, member: str, message: str) -> None:
    before = emulator.http.get("/storage/v1/b/demo-data/iam").json()
    answer = emulator.http.put(
        "/storage/v1/b/demo-data/iam", json={"bindings": [{"role": "roles/storage.objectUser", "members": [member]}]}
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["errors"] == [{"message": message, "domain": "global", "reason": "invalid"}]
    assert emulator.http.get("/storage/v1/b/demo-data/iam").json() == before


def test_public_access_prevention_keeps_the_public_out(emulator: Emulator, client: Client) -> None:
    bucket = client.bucket("demo-closed")
    bucket.iam_configuration.public_access_prevention = "enforced"
    client.create_bucket(bucket)
    answer = emulator.http.put(
        "/storage/v1/b/demo-closed/iam",
        json={"bindings": [{"role": "roles/storage.objectViewer", "members": ["allUsers"]}]},
    )
    assert answer.status_code == 412
    assert "public access prevention is enforced" in answer.json()["error"]["message"]


def test_the_service_agent_of_storage(client: Client, emulator: Emulator) -> None:
    number = emulator.http.get("/crm/v1/projects/demo").json()["projectNumber"]
    assert client.get_service_account_email() == f"service-{number}@gs-project-accounts.iam.gserviceaccount.com"
