from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.platform.iam import Policies
    from tests.running_emulator import Emulator

PROJECT = "/crm/v1/projects/demo"
ACCOUNTS = "/iam/v1/projects/demo/serviceAccounts"
EMAIL = "tuner-sa@demo.iam.gserviceaccount.com"
MEMBER = f"serviceAccount:{EMAIL}"


def policies(emulator: Emulator) -> Policies:
    found: Policies = emulator.application.state.services.iam
    return found


@pytest.fixture
def account(emulator: Emulator) -> dict[str, Any]:
    body = {"accountId": "tuner-sa", "serviceAccount": {"displayName": "tuner"}}
    made: dict[str, Any] = emulator.http.post(ACCOUNTS, json=body).json()
    return made


def grant(emulator: Emulator, path: str, *bindings: dict[str, Any], etag: str = "") -> Any:
    return emulator.http.post(
        f"{path}:setIamPolicy", json={"policy": {"bindings": list(bindings), "etag": etag, "version": 3}}
    )


def test_a_service_account(emulator: Emulator, account: dict[str, Any]) -> None:
    assert account == {
        "name": f"projects/demo/serviceAccounts/{EMAIL}",
        "projectId": "demo",
        "uniqueId": account["uniqueId"],
        "email": EMAIL,
        "displayName": "tuner",
        "etag": account["etag"],
        "oauth2ClientId": account["uniqueId"],
    }
    assert len(account["uniqueId"]) == 21
    for reference in (EMAIL, account["uniqueId"]):
        assert emulator.http.get(f"{ACCOUNTS}/{reference}").json() == account
    assert emulator.http.get(f"/iam/v1/projects/-/serviceAccounts/{EMAIL}").json() == account
    assert emulator.http.get(ACCOUNTS).json() == {"accounts": [account]}
    assert emulator.http.get("/iam/v1/projects/other/serviceAccounts").json() == {}
    assert emulator.http.get(f"/iam/v1/projects/other/serviceAccounts/{EMAIL}").status_code == 404


@pytest.mark.parametrize(
    ("account_id", "code", "message"),
    [
        ("tuner", 400, 'The account ID "tuner" does not have a length between 6 and 30.'),
        ("t" * 31, 400, f'The account ID "{"t" * 31}" does not have a length between 6 and 30.'),
        ("Tuner-sa", 400, 'The account ID "Tuner-sa" contains characters that are not permitted or is badly formed.'),
        ("tuner-sa", 409, "Service account tuner-sa already exists within project projects/demo."),
    ],
)
def test_refused_account_ids(emulator: Emulator, account: Any, account_id: str, code: int, message: str) -> None:
    answer = emulator.http.post(ACCOUNTS, json={"accountId": account_id})
    assert (answer.status_code, answer.json()["error"]["message"]) == (code, message)


def test_changing_an_account(emulator: Emulator, account: Any) -> None:
    path = f"{ACCOUNTS}/{EMAIL}"
    body = {"serviceAccount": {"description": "tunes"}, "updateMask": "description,display_name"}
    changed = emulator.http.patch(path, json=body).json()
    assert changed["description"] == "tunes"
    assert "displayName" not in changed
    assert emulator.http.patch(path, json={"serviceAccount": {}, "updateMask": "email"}).status_code == 400
    assert emulator.http.post(f"{path}:disable", json={}).json() == {}
    assert emulator.http.get(path).json()["disabled"] is True
    emulator.http.post(f"{path}:enable", json={})
    assert "disabled" not in emulator.http.get(path).json()
    emulator.restart()
    assert emulator.http.get(path).json() == changed


def test_deleting_an_account(emulator: Emulator, account: Any) -> None:
    grant(emulator, PROJECT, {"role": "roles/aiplatform.user", "members": [MEMBER]})
    assert emulator.http.delete(f"{ACCOUNTS}/{EMAIL}").json() == {}
    answer = emulator.http.get(f"{ACCOUNTS}/{EMAIL}")
    assert answer.status_code == 404
    assert answer.json()["error"]["message"] == f"Service account projects/demo/serviceAccounts/{EMAIL} does not exist."
    # An account of the same name that is made later does not inherit.
    emulator.http.post(ACCOUNTS, json={"accountId": "tuner-sa"})
    members = emulator.http.post(f"{PROJECT}:getIamPolicy").json()["bindings"][0]["members"]
    assert members == [f"deleted:{MEMBER}?uid={account['uniqueId']}"]
    assert not policies(emulator).allows("projects/demo", MEMBER, {"roles/aiplatform.user"})
    # A policy that still names the deleted account can be written back.
    assert grant(emulator, PROJECT, {"role": "roles/aiplatform.user", "members": members}).status_code == 200


@pytest.mark.parametrize("path", [PROJECT, f"{ACCOUNTS}/{EMAIL}"])
def test_a_policy_is_read_and_written_with_an_etag(emulator: Emulator, account: Any, path: str) -> None:
    first = emulator.http.post(f"{path}:getIamPolicy", json={"options": {"requestedPolicyVersion": 3}}).json()
    assert first == {"version": 1, "etag": "ACAB"}
    binding = {"role": "roles/iam.serviceAccountUser", "members": [MEMBER]}
    written = grant(emulator, path, binding, etag=first["etag"]).json()
    assert written == {"version": 1, "etag": written["etag"], "bindings": [binding]}
    assert written["etag"] != first["etag"]
    assert emulator.http.post(f"{path}:getIamPolicy").json() == written
    stale = grant(emulator, path, etag=first["etag"])
    assert stale.status_code == 409
    assert stale.json()["error"]["status"] == "ABORTED"
    assert "There were concurrent policy changes" in stale.json()["error"]["message"]
    emulator.restart()
    assert emulator.http.post(f"{path}:getIamPolicy").json() == written
    assert "bindings" not in grant(emulator, path).json()


def test_bindings_are_merged_and_sorted(emulator: Emulator) -> None:
    condition = {"title": "t", "expression": "true"}
    policy = grant(
        emulator,
        PROJECT,
        {"role": "roles/b", "members": ["user:z@example.com", "user:a@example.com"]},
        {"role": "roles/b", "members": ["user:a@example.com", "user:m@example.com"]},
        {"role": "roles/b", "members": ["user:c@example.com"], "condition": condition},
        {"role": "roles/a", "members": []},
    ).json()
    assert policy["bindings"] == [
        {"role": "roles/b", "members": ["user:a@example.com", "user:m@example.com", "user:z@example.com"]},
        {"role": "roles/b", "members": ["user:c@example.com"], "condition": condition},
    ]
    assert policy["version"] == 3


@pytest.mark.parametrize(
    ("role", "member", "message"),
    [
        (
            "roles/viewer",
            "serviceAccount:no-one@demo.iam.gserviceaccount.com",
            "Service account no-one@demo.iam.gserviceaccount.com does not exist.",
        ),
        (
            "roles/viewer",
            "serviceAccount:service-1@gcp-sa-aiplatform.iam.gserviceaccount.com",
            "Service account service-1@gcp-sa-aiplatform.iam.gserviceaccount.com does not exist.",
        ),
        (
            "roles/viewer",
            "serviceAccount:1-compute@developer.gserviceaccount.com",
            "Service account 1-compute@developer.gserviceaccount.com does not exist.",
        ),
        ("roles/viewer", "a@example.com", "The member a@example.com is of an unknown type."),
        ("viewer", "user:a@example.com", "Role viewer is not supported for this resource."),
    ],
)
def test_refused_bindings(emulator: Emulator, role: str, member: str, message: str) -> None:
    answer = grant(emulator, PROJECT, {"role": role, "members": [member]})
    assert answer.status_code == 400
    assert answer.json()["error"]["status"] == "INVALID_ARGUMENT"
    assert message in answer.json()["error"]["message"]
    assert emulator.http.post(f"{PROJECT}:getIamPolicy").json()["etag"] == "ACAB"


@pytest.mark.parametrize(
    "member",
    [
        "user:a@example.com",
        "group:a@example.com",
        "domain:example.com",
        "allUsers",
        "projectEditor:demo",
        "serviceAccount:demo.svc.id.goog[ns/tuner]",
        "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/*",
        "deleted:serviceAccount:gone@demo.iam.gserviceaccount.com?uid=1",
    ],
)
def test_members_that_need_no_account_here(emulator: Emulator, member: str) -> None:
    assert grant(emulator, PROJECT, {"role": "roles/viewer", "members": [member]}).status_code == 200


def test_agents_can_be_named_once_they_exist(emulator: Emulator) -> None:
    number = emulator.http.get(PROJECT).json()["projectNumber"]
    agents = [
        f"serviceAccount:service-{number}@gcp-sa-{name}.iam.gserviceaccount.com"
        for name in ("aiplatform", "vertex-moss-ft")
    ]
    binding = {"role": "roles/storage.objectUser", "members": agents}
    assert grant(emulator, PROJECT, binding).status_code == 400
    emulator.http.post("/su/v1/projects/demo/services/aiplatform.googleapis.com:enable")
    assert grant(emulator, PROJECT, binding).status_code == 200


def test_a_grant_on_the_project_counts_for_what_is_in_it(emulator: Emulator, account: Any) -> None:
    emulator.http.post("/storage/v1/b?project=demo", json={"name": "demo-data"})
    emulator.http.post("/storage/v1/b?project=other", json={"name": "other-data"})
    grant(emulator, PROJECT, {"role": "roles/storage.objectUser", "members": [MEMBER]})
    wanted = {"roles/storage.objectUser", "roles/storage.objectAdmin"}
    assert policies(emulator).allows("projects/demo", MEMBER, wanted)
    assert policies(emulator).allows("buckets/demo-data", MEMBER, wanted)
    assert policies(emulator).allows(f"serviceAccounts/{EMAIL}", MEMBER, wanted)
    assert not policies(emulator).allows("buckets/other-data", MEMBER, wanted)
    assert not policies(emulator).allows("buckets/demo-data", MEMBER, {"roles/storage.admin"})
    assert not policies(emulator).allows("buckets/demo-data", "user:a@example.com", wanted)
    assert not policies(emulator).allows("buckets/none", MEMBER, wanted)


def test_a_grant_on_a_bucket_counts_there_alone(emulator: Emulator, account: Any) -> None:
    emulator.http.post("/storage/v1/b?project=demo", json={"name": "demo-data"})
    binding = {"role": "roles/storage.objectUser", "members": [MEMBER]}
    assert emulator.http.put("/storage/v1/b/demo-data/iam", json={"bindings": [binding]}).status_code == 200
    assert policies(emulator).allows("buckets/demo-data", MEMBER, {"roles/storage.objectUser"})
    assert not policies(emulator).allows("projects/demo", MEMBER, {"roles/storage.objectUser"})
    # A bucket of the same name that is made later does not inherit.
    emulator.http.delete("/storage/v1/b/demo-data")
    emulator.http.post("/storage/v1/b?project=demo", json={"name": "demo-data"})
    assert not policies(emulator).allows("buckets/demo-data", MEMBER, {"roles/storage.objectUser"})


def test_a_grant_takes_a_moment_and_an_older_one_does_not_wait_again(
    start_emulator: Callable[..., Emulator], advance: Callable[[float], None]
) -> None:
    emulator = start_emulator({"delays": {"iamGranted": 60}})
    first = {"role": "roles/viewer", "members": ["user:a@example.com"]}
    second = {"role": "roles/editor", "members": ["user:a@example.com"]}

    def allowed(role: str) -> bool:
        return policies(emulator).allows("projects/demo", "user:a@example.com", {role})

    grant(emulator, PROJECT, first)
    assert not allowed("roles/viewer")
    advance(60)
    assert allowed("roles/viewer")
    grant(emulator, PROJECT, first, second)
    assert allowed("roles/viewer")
    assert not allowed("roles/editor")
    grant(emulator, PROJECT, second)
    assert not allowed("roles/viewer")


def test_an_account_is_known_to_iam_before_policies_may_name_it(
    start_emulator: Callable[..., Emulator], advance: Callable[[float], None]
) -> None:
    emulator = start_emulator({"delays": {"accountKnown": 60}})
    emulator.http.post("/iam/v1/projects/demo/serviceAccounts", json={"accountId": "tuner-sa"})
    assert emulator.http.get(f"/iam/v1/projects/demo/serviceAccounts/{EMAIL}").status_code == 200
    binding = {"role": "roles/viewer", "members": [MEMBER]}
    refused = grant(emulator, PROJECT, binding)
    assert refused.status_code == 400
    assert refused.json()["error"]["message"] == f"Service account {EMAIL} does not exist."
    own = emulator.http.post(f"/iam/v1/projects/demo/serviceAccounts/{EMAIL}:getIamPolicy")
    assert own.status_code == 403
    message = "Permission 'iam.serviceAccounts.getIamPolicy' denied on resource (or it may not exist)."
    assert own.json()["error"]["message"] == message
    advance(60)
    assert grant(emulator, PROJECT, binding).status_code == 200
    assert emulator.http.post(f"/iam/v1/projects/demo/serviceAccounts/{EMAIL}:getIamPolicy").status_code == 200
