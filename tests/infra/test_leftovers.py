"""What an earlier create has left under a name of our choice: ours is taken back, that of others never."""

from __future__ import annotations

from typing import Any

import pytest
from google.api_core.exceptions import Conflict

from infra.leftovers import LABEL, Leftovers, mark_of

BUCKET = "tunestack-test-local-tuning-data"


OURS = {"serviceAccount": {"displayName": "Tuning jobs of tunestack/local"}, "updateMask": "displayName"}
MARK = mark_of("tunestack", "local", "gcp:storage/bucket:Bucket", "data")


def call(emulator: Any, method: str, path: str, body: Any) -> None:
    reply = emulator.http.request(method, path, json=body)
    assert reply.is_success, reply.text


def make_bucket(emulator: Any, mark: str) -> None:
    call(emulator, "POST", "/su/v1/projects/tunestack-test/services/storage.googleapis.com:enable", {})
    body = {"name": BUCKET, "labels": {LABEL: mark}, "location": "US-CENTRAL1"}
    call(emulator, "POST", "/storage/v1/b?project=tunestack-test", body)


def bucket(emulator: Any) -> dict[str, Any]:
    found: dict[str, Any] = emulator.http.get(f"/storage/v1/b/{BUCKET}").json()
    return found


def leave_object(emulator: Any) -> None:
    emulator.application.state.services.storage.write(BUCKET, "somebody/has/used/it", b"content")


def bind(emulator: Any) -> None:
    policy = {"bindings": [{"role": "roles/storage.objectViewer", "members": ["user:ada@example.com"]}]}
    call(emulator, "PUT", f"/storage/v1/b/{BUCKET}/iam", policy)


def change(emulator: Any) -> None:
    call(emulator, "PATCH", f"/storage/v1/b/{BUCKET}", {"labels": {"team": "theirs"}})


@pytest.mark.parametrize(
    ("mark", "use", "why_not"),
    [
        (MARK, None, ""),
        ("0123456789abcdef", None, "was not made for this resource"),
        (MARK, leave_object, "not empty"),
        (MARK, bind, "was changed since it was made"),
        (MARK, change, "was changed since it was made"),
    ],
    ids=["ours", "another's", "holds an object", "somebody has a role on it", "its labels were changed"],
)
def test_only_a_bucket_that_nobody_has_used_is_taken_back(emulator: Any, mark: str, use: Any, why_not: str) -> None:
    make_bucket(emulator, mark)
    if use:
        use(emulator)
    before = bucket(emulator)
    leftovers = Leftovers("tunestack-test", "us-central1", emulator.url)
    try:
        told = leftovers.take_back("gcp:storage/bucket:Bucket", {"name": BUCKET}, MARK)
    except Conflict as refusal:
        told = str(refusal)
    assert (why_not in told) if why_not else (told == "")
    assert ("error" in bucket(emulator)) if not why_not else (bucket(emulator) == before)


@pytest.mark.engine
def test_taken_back_or_left_alone(program: Any) -> None:
    emulator = program.emulator
    accounts = "/iam/v1/projects/tunestack-test/serviceAccounts"
    call(emulator, "POST", "/su/v1/projects/tunestack-test/services/iam.googleapis.com:enable", {})
    call(emulator, "POST", accounts, {"accountId": "tuning-local", "serviceAccount": {"displayName": "Theirs"}})
    refused = program.pulumi("preview", fails=True)
    email = "tuning-local@tunestack-test.iam.gserviceaccount.com"
    assert f'there is an account {email} already, "Theirs", which is not this stack\'s' in refused
    call(emulator, "PATCH", f"{accounts}/{email}", OURS)

    make_bucket(emulator, "0123456789abcdef")
    before = bucket(emulator)
    advice = f"{BUCKET} exists, and was not made for this resource. To use it as it is, set tunestack:buckets.data to"
    assert f"data: {advice} {BUCKET}" in program.pulumi("up", "--yes", "--skip-preview", fails=True)
    assert bucket(emulator) == before

    emulator.http.delete(f"/storage/v1/b/{BUCKET}")
    make_bucket(emulator, MARK)
    before = bucket(emulator)
    printed = program.pulumi("up", "--yes", "--skip-preview")
    assert "data is made again: the answer to an earlier create was lost" in printed
    assert bucket(emulator)["timeCreated"] != before["timeCreated"]
    assert bucket(emulator)["labels"][LABEL] == MARK


def test_marks_tell_resources_apart() -> None:
    ours = ["tunestack", "dev", "gcp:storage/bucket:Bucket", "data"]
    others = [[*ours[:at], "other", *ours[at + 1 :]] for at in range(4)]
    marks = {mark_of(*each) for each in (ours, *others)}
    assert len(marks) == 5
