"""What becomes of operations that a killed engine had begun."""

from __future__ import annotations

from typing import Any

import pytest

from tunestack.cli.cut_off import distrust, settle

URN = "urn:pulumi:dev::tunestack::"
PROVIDER = f"{URN}pulumi:providers:gcp::google-cloud"
PARENT = f"{URN}infra:index:Buckets::buckets"
BUCKET = {
    "urn": f"{URN}infra:index:Buckets$gcp:storage/bucket:Bucket::data",
    "custom": True,
    "type": "gcp:storage/bucket:Bucket",
    "inputs": {"__defaults": ["labels"], "name": "a-bucket", "location": "US"},
    "parent": PARENT,
    "provider": f"{PROVIDER}::1b-2c",
    "dependencies": [PARENT],
}


def state(*operations: dict[str, Any], without: str = "") -> dict[str, Any]:
    resources = [{"urn": urn} for urn in (PROVIDER, PARENT) if urn != without]
    return {"resources": resources, "pending_operations": list(operations)}


def creating(**changes: Any) -> dict[str, Any]:
    return {"type": "creating", "resource": {**BUCKET, **changes}}


def test_a_creation_whose_id_follows_from_its_inputs_is_looked_for() -> None:
    deployment = state(creating())
    assert settle(deployment) == [f"noted to look for a-bucket, whose creation was cut off: {BUCKET['urn']}"]
    assert "pending_operations" not in deployment
    assert deployment["resources"][-1] == {
        **BUCKET,
        "id": "a-bucket",
        "outputs": {"name": "a-bucket", "location": "US"},
        "refreshBeforeUpdate": True,
    }


@pytest.mark.parametrize(
    ("kind", "inputs", "found"),
    [
        (
            "gcp:serviceaccount/account:Account",
            {"accountId": "tuning", "project": "p"},
            "projects/p/serviceAccounts/tuning@p.iam.gserviceaccount.com",
        ),
        (
            "gcp:vertex/aiEndpoint:AiEndpoint",
            {"name": "123", "project": "p", "location": "europe-west4"},
            "projects/p/locations/europe-west4/endpoints/123",
        ),
        (
            "gcp:cloudquota/sQuotaPreference:SQuotaPreference",
            {"name": "jobs", "parent": "projects/p"},
            "projects/p/locations/global/quotaPreferences/jobs",
        ),
    ],
)
def test_ids(kind: str, inputs: dict[str, str], found: str) -> None:
    deployment = state(creating(type=kind, inputs=inputs))
    settle(deployment)
    assert deployment["resources"][-1]["id"] == found


@pytest.mark.parametrize(
    ("operation", "without"),
    [
        pytest.param(creating(type="tunestack:index:TuningJob"), "", id="found again by its own create"),
        pytest.param(creating(inputs={"location": "US"}), "", id="the service chooses the name"),
        pytest.param(creating(inputs={"name": {"ciphertext": "v1:x"}}), "", id="the name is a secret"),
        pytest.param(creating(), PROVIDER, id="nobody could be asked"),
        pytest.param(creating(), PARENT, id="the engine would refuse such a state"),
    ],
)
def test_other_creations_are_forgotten(operation: dict[str, Any], without: str) -> None:
    deployment = state(operation, without=without)
    before = list(deployment["resources"])
    (told,) = settle(deployment)
    assert told.startswith(f"forgot a creation that was cut off: {BUCKET['urn']}")
    assert ("its job may run and be billed" in told) is (operation["resource"]["type"] == "tunestack:index:TuningJob")
    assert deployment == {"resources": before}


def test_a_replacement_leaves_what_it_was_to_replace() -> None:
    deployment = state(creating())
    deployment["resources"].append({**BUCKET, "id": "the-old-one"})
    settle(deployment)
    assert [each["id"] for each in deployment["resources"] if each["urn"] == BUCKET["urn"]] == ["the-old-one"]


@pytest.mark.parametrize("kind", ["updating", "deleting", "reading", "importing"])
def test_of_anything_else_the_state_has_the_resource(kind: str) -> None:
    deployment = state({"type": kind, "resource": BUCKET})
    before = list(deployment["resources"])
    assert settle(deployment) == [f"forgot that {kind} was cut off, since the next run looks again: {BUCKET['urn']}"]
    assert deployment == {"resources": before}


def test_what_was_being_deleted_is_looked_for_first() -> None:
    deployment = state({"type": "deleting", "resource": BUCKET})
    deployment["resources"].append({**BUCKET, "id": "a-bucket"})
    told = f"noted to look whether it is still there, since its deletion was cut off: {BUCKET['urn']}"
    assert settle(deployment) == [told]
    assert [each["urn"] for each in deployment["resources"] if each.get("refreshBeforeUpdate")] == [BUCKET["urn"]]


def test_after_a_destroy_that_failed_nothing_is_taken_for_granted() -> None:
    deployment = {
        "resources": [
            {"urn": "urn:stack", "type": "pulumi:pulumi:Stack", "custom": False},
            {"urn": "urn:provider", "type": "pulumi:providers:gcp", "custom": True, "id": "1b-2c"},
            {**BUCKET, "id": "a-bucket"},
        ]
    }
    told = "noted to look which of 1 resources are still there, since the last destroy failed"
    assert distrust(deployment) == [told]
    assert [each.get("refreshBeforeUpdate", False) for each in deployment["resources"]] == [False, False, True]
    assert distrust(deployment) == [], "that is said once"
