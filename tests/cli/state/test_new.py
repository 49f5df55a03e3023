"""A place for state: planned, made once, given to whom it is for."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.cli.conftest import Command
from tests.running_emulator import Emulator

HERE = ("state", "new", "--project", "acme-prod", "--location", "europe-west4")
BUCKET = "/storage/v1/b/acme-prod-pulumi-state"
KEY = "projects/acme-prod/locations/europe-west4/keyRings/tunestack/cryptoKeys/pulumi-secrets"
POLICY = f"/kms/v1/{KEY}:getIamPolicy"


@pytest.fixture(autouse=True)
def cloud(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    monkeypatch.setenv("TUNESTACK_EMULATOR_URL", emulator.url)
    return emulator


def roles(bindings: list[dict[str, list[str]]], member: str) -> list[str]:
    return [str(each["role"]) for each in bindings if member in each["members"]]


def test_a_plan_changes_nothing(command: Command, cloud: Emulator) -> None:
    planned = command(*HERE, "--member", "group:platform@example.com", "--dry-run")
    assert planned.status == 0
    marks = [line.split()[1:3] for line in planned.lines if line.startswith("  + ")]
    assert marks == [
        ["make", "bucket"],
        ["enable", "cloudkms.googleapis.com"],
        ["make", "key"],
        ["make", "key"],
        ["give", "group:platform@example.com"],
        ["give", "group:platform@example.com"],
    ]
    refused = command(*HERE)
    assert refused.status == 1
    assert "nothing was done, since nobody can be asked: Do these" in refused.err
    assert command(*HERE, stdin=b"n\n", terminal=True).status != 0
    assert cloud.http.get(BUCKET).status_code == 404


def test_all_of_it(command: Command, cloud: Emulator) -> None:
    member, reader = "group:platform@example.com", "user:ci@example.com"
    made = command(*HERE, "--member", member, "--reader", reader, "--yes")
    assert made.status == 0, made.err
    assert "    url: gs://acme-prod-pulumi-state" in made.lines
    assert f"--secrets-provider gcpkms://{KEY}" in made.out
    bucket = cloud.http.get(BUCKET).json()
    assert bucket["location"] == "EUROPE-WEST4"
    assert bucket["versioning"] == {"enabled": True}
    assert bucket["iamConfiguration"]["uniformBucketLevelAccess"]["enabled"] is True
    assert bucket["iamConfiguration"]["publicAccessPrevention"] == "enforced"
    assert bucket["softDeletePolicy"]["retentionDurationSeconds"] == "2592000"
    assert bucket["lifecycle"]["rule"] == [{"action": {"type": "Delete"}, "condition": {"daysSinceNoncurrentTime": 90}}]
    assert cloud.http.get(f"/kms/v1/{KEY}").json()["rotationPeriod"] == "7776000s"
    keys, buckets = (cloud.http.get(path).json()["bindings"] for path in (POLICY, f"{BUCKET}/iam"))
    assert roles(keys, member) == ["roles/cloudkms.cryptoKeyEncrypterDecrypter"]
    assert roles(buckets, member) == ["roles/storage.objectUser"]
    assert roles(keys, reader) == ["roles/cloudkms.cryptoKeyDecrypter"]
    assert roles(buckets, reader) == ["roles/storage.objectViewer"], "a preview writes nothing"


def test_again_adds_only_what_is_missing(command: Command, cloud: Emulator) -> None:
    assert command(*HERE, "--yes").status == 0
    again = command(*HERE, "--member", "user:ada@example.com", "--yes", "--json").json
    assert [text.partition(" roles/")[0] for text in again["done"]] == ["give user:ada@example.com"] * 2
    assert len(again["there"]) == 2
    assert (again["backend"], again["secretsProvider"]) == ("gs://acme-prod-pulumi-state", f"gcpkms://{KEY}")
    assert command(*HERE, "--member", "user:ada@example.com", "--json").json["done"] == [], "nothing to be asked"


def test_a_bucket_that_is_there_is_brought_into_shape(command: Command, cloud: Emulator) -> None:
    rule = {"action": {"type": "Delete"}, "condition": {"age": 3, "isLive": False}}
    body = {"name": "old-state", "location": "europe-west4", "lifecycle": {"rule": [rule]}}
    body["softDeletePolicy"] = {"retentionDurationSeconds": "7776000"}
    assert cloud.http.post("/storage/v1/b?project=acme-prod", json=body).is_success
    assert command(*HERE, "--bucket", "old-state", "--yes").status == 0
    bucket = cloud.http.get("/storage/v1/b/old-state").json()
    assert bucket["versioning"] == {"enabled": True}
    assert rule in bucket["lifecycle"]["rule"]
    assert len(bucket["lifecycle"]["rule"]) == 2
    assert bucket["softDeletePolicy"]["retentionDurationSeconds"] == "7776000", "longer is better"


def test_a_bucket_with_rules_of_its_owners_own_is_told_as_it_is(command: Command, cloud: Emulator) -> None:
    assert command(*HERE, "--bucket", "old-state", "--yes").status == 0
    rule = {"action": {"type": "Delete"}, "condition": {"daysSinceNoncurrentTime": 2}}
    changed = {"lifecycle": {"rule": [rule]}, "softDeletePolicy": {"retentionDurationSeconds": "7776000"}}
    assert cloud.http.patch("/storage/v1/b/old-state", json=changed).is_success
    there = command(*HERE, "--bucket", "old-state", "--json").json["there"]
    assert there[0].endswith("replaced ones for 2 days, deleted ones for 90 days")


@pytest.mark.parametrize(
    ("condition", "is_refused"),
    [
        ({"age": 3}, True),
        ({"age": 3, "matchesPrefix": ["logs/", ".pulumi/stacks/"]}, True),
        ({"age": 3, "matchesPrefix": ["logs/"]}, False),
        ({"numNewerVersions": 20}, False),
    ],
    ids=str,
)
def test_a_bucket_from_which_states_in_use_would_go_is_refused(
    command: Command, cloud: Emulator, condition: dict[str, Any], is_refused: bool
) -> None:
    rule = {"action": {"type": "Delete"}, "condition": condition}
    body = {"name": "old-state", "location": "europe-west4", "lifecycle": {"rule": [rule]}}
    assert cloud.http.post("/storage/v1/b?project=acme-prod", json=body).is_success
    answer = command(*HERE, "--bucket", "old-state", "--dry-run")
    assert (answer.status, "a rule by which states go that are in use" in answer.err) == (int(is_refused), is_refused)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--member", "allUsers"), "everybody is none"),
        (("--reader", "ada@example.com"), "'ada@example.com' is no member"),
        (("--key", "pulumi-secrets"), "'pulumi-secrets' is no key"),
        (("--bucket", "elsewhere"), "bucket elsewhere is there, in us-central1 and not in europe-west4"),
        (("--bucket", "of-others"), "is of the project with the number"),
    ],
)
def test_refused_before_anything_is_made(
    command: Command, cloud: Emulator, arguments: tuple[str, ...], message: str
) -> None:
    for name, project, location in (("elsewhere", "acme-prod", "us-central1"), ("of-others", "others", "europe-west4")):
        body = {"name": name, "location": location}
        assert cloud.http.post(f"/storage/v1/b?project={project}", json=body).is_success
    refused = command(*HERE, *arguments, "--yes")
    assert (refused.status, message in refused.err) == (1, True), refused.err
    assert cloud.http.get(BUCKET).status_code == 404


def test_goes_on_where_it_was_cut_off(command: Command, cloud: Emulator) -> None:
    fault = {"method": "POST", "path": ".*/cryptoKeys", "status": 403, "message": "Not you.", "times": 1}
    assert cloud.http.post("/emulator/faults", json=fault).is_success
    refused = command(*HERE, "--yes")
    assert refused.status == 1
    assert "Not you." in refused.err
    assert "roles/cloudkms.admin" in refused.err
    assert [text[:8] for text in command(*HERE, "--yes", "--json").json["done"]] == ["make key"]


def test_an_api_that_takes_a_moment(
    command: Command, start_emulator: Callable[[dict[str, Any]], Emulator], monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = start_emulator({"delays": {"apiEnabled": 0.5}})
    monkeypatch.setenv("TUNESTACK_EMULATOR_URL", slow.url)
    made = command(*HERE, "--yes", "--json")
    assert made.status == 0, made.err
    assert json.loads(made.out)["secretsProvider"] == f"gcpkms://{KEY}"


def test_a_member_that_does_not_exist_yet(command: Command) -> None:
    answer = command(*HERE, "--reader", "serviceAccount:nobody@acme-prod.iam.gserviceaccount.com", "--yes")
    assert answer.status == 1
    assert "Service account nobody@acme-prod.iam.gserviceaccount.com does not exist" in answer.err
    assert "Run the command again once that is settled" in answer.err
