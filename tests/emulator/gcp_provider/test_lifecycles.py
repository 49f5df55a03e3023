"""Every resource through its whole life: what is made is there, a second look finds no change, an update arrives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from pulumi.runtime.proto.provider_pb2 import PropertyDiff

AGENT = "service-{number}@gcp-sa-aiplatform.iam.gserviceaccount.com"


@dataclass(frozen=True)
class Life:
    """One resource; `{project}` and `{number}` in texts stand for the test's own."""

    token: str
    inputs: dict[str, Any]
    resource_id: str
    outputs: dict[str, Any]
    address: str
    """Where the API has it, to be asked past the provider; empty where it cannot be asked."""
    update: dict[str, Any] = field(default_factory=dict)
    updated: dict[str, Any] = field(default_factory=dict)
    """What the API says after the update."""
    stays: bool = False
    """Whether it outlives its resource, as on Google Cloud."""


LABELS = {"goog-pulumi-provisioned": "true"}
LABEL_OUTPUTS = {"effectiveLabels", "pulumiLabels"}
KEYS = "projects/keys/locations/us-central1/keyRings/ring/cryptoKeys"

LIVES = {
    "bucket": Life(
        "gcp:storage/bucket:Bucket",
        {
            "name": "{project}-data",
            "location": "us-central1",
            "labels": {"environment": "test"},
            "uniformBucketLevelAccess": True,
            "publicAccessPrevention": "enforced",
            "versioning": {"enabled": True},
            "encryption": {"defaultKmsKeyName": f"{KEYS}/a"},
            "lifecycleRules": [
                {"action": {"type": "Delete"}, "condition": {"daysSinceCustomTime": 30, "matchesPrefixes": ["a/"]}},
                {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 7}},
            ],
        },
        "{project}-data",
        {
            "url": "gs://{project}-data",
            "location": "US-CENTRAL1",
            "storageClass": "STANDARD",
            "effectiveLabels": {"environment": "test", **LABELS},
            "pulumiLabels": {"environment": "test", **LABELS},
        },
        "/storage/v1/b/{project}-data",
        {
            "labels": {"team": "a"},
            "lifecycleRules": [],
            "versioning": {"enabled": False},
            "encryption": {"defaultKmsKeyName": f"{KEYS}/b"},
        },
        {
            "labels": {"team": "a", **LABELS},
            "versioning": {"enabled": False},
            "encryption": {"defaultKmsKeyName": f"{KEYS}/b"},
        },
    ),
    "service account": Life(
        "gcp:serviceaccount/account:Account",
        {"accountId": "tuning-local", "displayName": "Tuning"},
        "projects/{project}/serviceAccounts/tuning-local@{project}.iam.gserviceaccount.com",
        {
            "email": "tuning-local@{project}.iam.gserviceaccount.com",
            "member": "serviceAccount:tuning-local@{project}.iam.gserviceaccount.com",
            "disabled": False,
        },
        "/iam/v1/projects/{project}/serviceAccounts/tuning-local@{project}.iam.gserviceaccount.com",
        {"displayName": "Tuning jobs", "description": "no keys", "disabled": True},
        {"displayName": "Tuning jobs", "description": "no keys", "disabled": True},
    ),
    "endpoint": Life(
        "gcp:vertex/aiEndpoint:AiEndpoint",
        {
            "name": "1234567890",
            "displayName": "support",
            "location": "us-central1",
            "labels": {"environment": "test"},
            "encryptionSpec": {"kmsKeyName": f"{KEYS}/a"},
        },
        "projects/{project}/locations/us-central1/endpoints/1234567890",
        {"displayName": "support", "deployedModels": [], "effectiveLabels": {"environment": "test", **LABELS}},
        "/vertex/v1beta1/projects/{project}/locations/us-central1/endpoints/1234567890",
        {"displayName": "helpdesk", "description": "answers tickets"},
        {"displayName": "helpdesk", "description": "answers tickets"},
    ),
    "service": Life(
        "gcp:projects/service:Service",
        {"service": "compute.googleapis.com", "disableOnDestroy": False},
        "{project}/compute.googleapis.com",
        {"project": "{project}"},
        "/su/v1/projects/{project}/services/compute.googleapis.com",
        {"disableOnDestroy": False, "checkIfServiceHasUsageOnDestroy": True},
        {"state": "ENABLED"},
        stays=True,
    ),
    "service identity": Life(
        "gcp:projects/serviceIdentity:ServiceIdentity",
        {"service": "aiplatform.googleapis.com"},
        "projects/{project}/services/aiplatform.googleapis.com",
        {"email": AGENT, "member": f"serviceAccount:{AGENT}"},
        "",
        stays=True,
    ),
    "quota preference": Life(
        "gcp:cloudquota/sQuotaPreference:SQuotaPreference",
        {
            "parent": "projects/{project}",
            "name": "more-jobs",
            "service": "aiplatform.googleapis.com",
            "quotaId": "GlobalConcurrentManagedOssModelTuningJobs",
            "quotaConfig": {"preferredValue": "2"},
            "contactEmail": "ada@example.com",
        },
        "projects/{project}/locations/global/quotaPreferences/more-jobs",
        {"reconciling": False, "name": "more-jobs"},
        "/quotas/v1/projects/{project}/locations/global/quotaPreferences/more-jobs",
        {"quotaConfig": {"preferredValue": "3"}},
        {"quotaId": "GlobalConcurrentManagedOssModelTuningJobs"},
        stays=True,
    ),
    "member of a project": Life(
        "gcp:projects/iAMMember:IAMMember",
        {"project": "{project}", "role": "roles/aiplatform.user", "member": "user:ada@example.com"},
        "{project}/roles/aiplatform.user/user:ada@example.com",
        {"project": "{project}"},
        "",
    ),
}


def _filled(value: Any, project: str, number: str) -> Any:
    if isinstance(value, dict):
        return {name: _filled(entry, project, number) for name, entry in value.items()}
    if isinstance(value, list):
        return [_filled(entry, project, number) for entry in value]
    return value.format(project=project, number=number) if isinstance(value, str) else value


@pytest.mark.parametrize("life", LIVES.values(), ids=LIVES)
async def test_life(plugin: Any, life: Life) -> None:
    await plugin.enable("aiplatform", "storage", "iam", "cloudquotas", "cloudresourcemanager")
    number = (await plugin.google.get(f"/crm/v1/projects/{plugin.project}")).json()["projectNumber"]

    def filled(value: Any) -> Any:
        return _filled(value, plugin.project, number)

    inputs, expected_id = filled(life.inputs), filled(life.resource_id)

    preview_id, foreseen = await plugin.create(life.token, inputs, preview=True)
    assert preview_id == "", "a preview makes nothing"
    resource_id, state = await plugin.create(life.token, inputs)
    assert {
        name: state[name] for name in foreseen if name not in {"location", "quotaConfig"}
    }.items() <= foreseen.items()
    assert resource_id == expected_id
    assert state.items() >= filled(life.outputs).items()

    checked, _ = await plugin.check(life.token, inputs)
    found_id, found, read_inputs = await plugin.read(life.token, resource_id, state, checked)
    assert (found_id, read_inputs) == (resource_id, checked), "nothing has moved"
    assert found.keys() == state.keys()
    unchanged = await plugin.diff(life.token, resource_id, found, read_inputs, inputs)
    assert list(unchanged.detailedDiff) == []

    if life.update:
        wanted = {**inputs, **filled(life.update)}
        reply = await plugin.diff(life.token, resource_id, state, checked, wanted)
        expected = {name for name in life.update if life.inputs.get(name) != life.update[name]}
        assert set(reply.diffs) == expected | (LABEL_OUTPUTS if "labels" in expected else set())
        assert list(reply.replaces) == []
        state = await plugin.update(life.token, resource_id, state, checked, wanted)
        assert (await plugin.google.get(filled(life.address))).json().items() >= filled(life.updated).items()

    await plugin.delete(life.token, resource_id, state)
    if not life.stays:
        assert (await plugin.read(life.token, resource_id, state, checked))[0] == "", "it is gone"
        await plugin.delete(life.token, resource_id, state)  # and to delete it again is no error


REPLACED = [
    ("bucket", "location", "europe-west4", True),
    ("bucket", "location", "US-CENTRAL1", None),
    ("bucket", "forceDestroy", True, False),
    ("service account", "accountId", "tuning-other", True),
    ("endpoint", "name", "42", True),
    ("endpoint", "displayName", "other", False),
    ("endpoint", "encryptionSpec", {"kmsKeyName": f"{KEYS}/b"}, True),
    ("service", "service", "iam.googleapis.com", True),
    ("quota preference", "parent", "projects/other", True),
    ("member of a project", "role", "roles/viewer", True),
]


@pytest.mark.parametrize(("life", "name", "value", "replaces"), REPLACED)
async def test_replace(plugin: Any, life: str, name: str, value: Any, *, replaces: bool | None) -> None:
    """None stands for no change at all: the service writes locations in capitals."""
    case = LIVES[life]
    inputs = _filled(case.inputs, plugin.project, "1")
    checked, _ = await plugin.check(case.token, inputs)
    reply = await plugin.diff(case.token, "id", checked, checked, {**inputs, name: value})
    assert list(reply.diffs) == ([] if replaces is None else [name])
    assert list(reply.replaces) == ([name] if replaces else [])
    # As pulumi-gcp 9.35 says: so that a name of the program's is free before it is taken again.
    named = {"bucket", "service account", "endpoint", "member of a project"}
    assert reply.deleteBeforeReplace is (bool(replaces) and life in named)


NO_CHANGE: dict[str, str] = {}
DIFFERENCES = [
    # What pulumi-gcp 9.35 answers to the same.
    (
        "bucket",
        {"labels": {"team": "a"}},
        {
            f"{name}.{label}": kind
            for name in ("labels", *LABEL_OUTPUTS)
            for label, kind in (("environment", "DELETE"), ("team", "ADD"))
        },
    ),
    (
        "bucket",
        {"labels": None},
        {f"{name}.environment": "DELETE" for name in ("labels", *LABEL_OUTPUTS)},
    ),
    ("bucket", {"encryption": {"defaultKmsKeyName": f"{KEYS}/b"}}, {"encryption.defaultKmsKeyName": "UPDATE"}),
    ("bucket", {"encryption": None}, {"encryption": "DELETE"}),
    ("bucket", {"versioning": {"enabled": False}}, {"versioning.enabled": "UPDATE"}),
    ("bucket", {"versioning": None}, NO_CHANGE),
    ("bucket", {"publicAccessPrevention": None}, NO_CHANGE),
    ("bucket", {"uniformBucketLevelAccess": None}, NO_CHANGE),
    ("endpoint", {"encryptionSpec": None}, {"encryptionSpec": "DELETE_REPLACE"}),
    ("endpoint", {"encryptionSpec": {"kmsKeyName": "other"}}, {"encryptionSpec.kmsKeyName": "UPDATE_REPLACE"}),
    ("endpoint", {"description": "x"}, {"description": "ADD"}),
]


@pytest.mark.parametrize(("life", "change", "expected"), DIFFERENCES)
async def test_differences_are_told_as_by_the_real_plugin(
    plugin: Any, life: str, change: dict[str, Any], expected: dict[str, str]
) -> None:
    case = LIVES[life]
    inputs = _filled(case.inputs, plugin.project, "1")
    checked, _ = await plugin.check(case.token, inputs)
    wanted = {name: value for name, value in {**inputs, **change}.items() if value is not None}
    reply = await plugin.diff(case.token, "id", checked, checked, wanted)
    kinds = {path: PropertyDiff.Kind.Name(each.kind) for path, each in reply.detailedDiff.items()}
    assert kinds == expected


async def test_a_bucket_keeps_what_is_left_out(plugin: Any) -> None:
    await plugin.enable("storage")
    case = LIVES["bucket"]
    inputs = _filled(case.inputs, plugin.project, "")
    checked, _ = await plugin.check(case.token, inputs)
    resource_id, state = await plugin.create(case.token, inputs)
    less = {name: inputs[name] for name in ("name", "location")}
    foreseen = await plugin.update(case.token, resource_id, state, checked, less, preview=True)
    assert foreseen["publicAccessPrevention"] == "enforced"
    state = await plugin.update(case.token, resource_id, state, checked, less)
    bucket = (await plugin.google.get(f"/storage/v1/b/{resource_id}")).json()
    assert bucket["iamConfiguration"]["publicAccessPrevention"] == "enforced"
    assert bucket["iamConfiguration"]["uniformBucketLevelAccess"]["enabled"] is True
    assert bucket["versioning"] == {"enabled": True}
    assert "encryption" not in bucket, "which goes when it is left out"


async def test_a_preview_knows_the_labels_that_the_program_gives(plugin: Any) -> None:
    case = LIVES["bucket"]
    inputs = _filled(case.inputs, plugin.project, "")
    _, foreseen = await plugin.create(case.token, inputs, preview=True)
    assert foreseen["effectiveLabels"] == foreseen["pulumiLabels"] == {"environment": "test", **LABELS}
    unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
    _, foreseen = await plugin.create(case.token, {**inputs, "labels": {"environment": unknown}}, preview=True)
    assert foreseen["effectiveLabels"] == foreseen["pulumiLabels"] == unknown


REFUSED = [
    ("gcp:storage/bucket:Bucket", {"location": "US"}, "name", "is missing"),
    (
        "gcp:storage/bucket:Bucket",
        {"name": "b", "location": "US", "cors": []},
        "cors",
        "the stand-in of the gcp provider",
    ),
    ("gcp:serviceaccount/account:Account", {"accountId": "tuner"}, "accountId", "6 to 30"),
    (
        "gcp:vertex/aiEndpoint:AiEndpoint",
        {"name": "0123", "displayName": "d", "location": "l"},
        "name",
        "leading zeros",
    ),
    (
        "gcp:vertex/aiEndpoint:AiEndpoint",
        {"name": "12345678901", "displayName": "d", "location": "l"},
        "name",
        "10 digits",
    ),
]


@pytest.mark.parametrize(("token", "inputs", "name", "reason"), REFUSED)
async def test_check_refuses(plugin: Any, token: str, inputs: dict[str, Any], name: str, reason: str) -> None:
    _, failures = await plugin.check(token, inputs)
    assert list(failures) == [name]
    assert reason in failures[name]


async def test_update_in_a_preview_leaves_open_what_it_moves(plugin: Any) -> None:
    await plugin.enable("aiplatform")
    case = LIVES["endpoint"]
    inputs = _filled(case.inputs, plugin.project, "")
    checked, _ = await plugin.check(case.token, inputs)
    resource_id, state = await plugin.create(case.token, inputs)
    preview = await plugin.update(
        case.token, resource_id, state, checked, {**inputs, "displayName": "new"}, preview=True
    )
    assert preview["displayName"] == "new"
    assert preview["createTime"] == state["createTime"], "what no update can change stays known"
    unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"  # the engine's sentinel, pulumi.runtime.rpc.UNKNOWN
    assert {name for name, value in preview.items() if value == unknown} == {
        "etag",
        "updateTime",
        "deployedModels",
        "trafficSplit",
    }
