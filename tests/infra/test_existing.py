"""Things that the stack uses and did not make: they must be there, and stay as they are whatever the stack does."""

from __future__ import annotations

from typing import Any

import pytest

from infra import existing_checks, patience

pytestmark = [pytest.mark.engine, pytest.mark.timeout(500)]

PARENT = "projects/tunestack-test/locations/us-central1"
EMAIL = "runner@tunestack-test.iam.gserviceaccount.com"
BUCKETS = {"data": "kept-data", "output": "kept-output"}
SERVED = {"machineType": "g2-standard-12", "acceleratorType": "NVIDIA_L4"}
OBJECT_USER = "roles/storage.objectUser"


class Before:
    """A project in which somebody has made all that a stack may bring along."""

    def __init__(self, program: Any) -> None:
        self.program = program
        self.http = program.emulator.http
        self.call("POST", "/su/v1/projects/tunestack-test/services/aiplatform.googleapis.com:enable")
        for name in BUCKETS.values():
            self.bucket(name)
        self.call("PUT", "/storage/v1/b/kept-data/iam", json={"bindings": [POLICY]})
        self.call("POST", "/iam/v1/projects/tunestack-test/serviceAccounts", json={"accountId": "runner"})
        self.call("POST", f"/vertex/v1beta1/{PARENT}/endpoints?endpointId=4711", json={"displayName": "theirs"})
        self.checkpoint("gs://kept-output/theirs/final")

    def call(self, method: str, path: str, **named: Any) -> None:
        assert self.http.request(method, path, **({"json": {}} | named)).is_success, path

    def bucket(self, name: str, location: str = "US-CENTRAL1") -> None:
        body = {"name": name, "location": location, "labels": {"team": "theirs"}}
        self.call("POST", "/storage/v1/b?project=tunestack-test", json=body)

    def checkpoint(self, uri: str) -> None:
        bucket, _, folder = uri.removeprefix("gs://").partition("/")
        storage = self.program.emulator.application.state.services.storage
        storage.write(bucket, f"{folder}/model-00001-of-00001.safetensors", b"weights")

    def seen(self) -> dict[str, Any]:
        """All of it as it is now; of policies only what was there at first."""
        paths = {
            **{name: f"/storage/v1/b/{name}" for name in BUCKETS.values()},
            "account": f"/iam/v1/projects/tunestack-test/serviceAccounts/{EMAIL}",
            "endpoint": f"/v1beta1/{PARENT}/endpoints/4711",
            "checkpoint": "/storage/v1/b/kept-output/o/theirs%2Ffinal%2Fmodel-00001-of-00001.safetensors",
        }
        found = {what: self.http.get(path).json() for what, path in paths.items()}
        for changing in ("etag", "updateTime", "metageneration", "updated", "trafficSplit"):
            for each in found.values():
                each.pop(changing, None)
        bindings = self.http.get("/storage/v1/b/kept-data/iam").json()["bindings"]
        kept = [member for each in bindings if each["role"] == POLICY["role"] for member in each["members"]]
        return {**found, "policy": set(POLICY["members"]) & set(kept)}


POLICY = {"role": OBJECT_USER, "members": ["user:somebody@example.com"]}


@pytest.fixture
def before(program: Any) -> Before:
    return Before(program)


def _config(program: Any, **keys: Any) -> None:
    program.configure(quota=None, submitters=None, **keys)


@pytest.mark.parametrize(
    "keys",
    [
        {"buckets": {**BUCKETS, "forceDestroy": True}, "serviceAccount": EMAIL},
        {"buckets": {"output": "kept-output", "forceDestroy": True}},
    ],
    ids=["both buckets, account", "one bucket"],
)
def test_what_is_there_is_used_and_left(program: Any, before: Before, keys: dict[str, Any]) -> None:
    _config(program, **keys)
    at_first = before.seen()
    program.pulumi("up", "--yes", "--skip-preview")
    outputs = program.outputs()
    for purpose in ("data", "output"):
        made = f"tunestack-test-local-tuning-{purpose}"
        assert outputs["buckets"][purpose] == f"gs://{keys['buckets'].get(purpose, made)}"
    account = keys.get("serviceAccount", "tuning-local@tunestack-test.iam.gserviceaccount.com")
    assert outputs["serviceAccount"] == account
    for bucket in outputs["buckets"].values():
        policy = program.emulator.http.get(f"/storage/v1/b/{bucket.removeprefix('gs://')}/iam").json()
        held = {member for each in policy["bindings"] if each["role"] == OBJECT_USER for member in each["members"]}
        assert len(held - set(POLICY["members"])) == 3, "the bindings are added"
        assert f"serviceAccount:{account}" in held
    assert before.seen() == at_first
    program.pulumi("preview", "--refresh", "--expect-no-changes")
    program.pulumi("destroy", "--yes", "--skip-preview")
    assert before.seen() == at_first
    policies = {name: program.emulator.http.get(f"/storage/v1/b/{name}/iam").text for name in BUCKETS.values()}
    agents = [name for name, text in policies.items() if "gcp-sa-vertex-moss-ft" in text]
    assert agents == [name for name in BUCKETS.values() if name in keys["buckets"].values()], "others may need it"
    assert not any("tuning-local@" in text for text in policies.values()), "the stack's own account has gone with it"


NOT_THERE = {
    "buckets": {"data": "nobodys", "output": "in-europe"},
    "serviceAccount": "nobody@tunestack-test.iam.gserviceaccount.com",
    "serving": {
        "a": {**SERVED, "checkpoint": "gs://kept-output/theirs", "endpoint": "12"},
        "b": {**SERVED, "tuningJob": f"{PARENT}/tuningJobs/5"},
        "c": {**SERVED, "checkpoint": "gs://nobodys/final"},
    },
}
TOLD = (
    'buckets.data: there is no bucket "nobodys"',
    (
        'buckets.output: bucket "in-europe" is in EUROPE-WEST4; jobs in us-central1 need one there, or in a '
        "multi-region: US or EU"
    ),
    'serviceAccount: there is no service account "nobody@tunestack-test.iam.gserviceaccount.com"',
    f"serving.a.endpoint: there is no endpoint {PARENT}/endpoints/12",
    "serving.a.checkpoint: there is no checkpoint in this folder: it holds no *.safetensors",
    f"serving.b.tuningJob: there is no tuning job {PARENT}/tuningJobs/5",
    "serving.c.checkpoint: there is no such bucket",
)


def test_what_is_not_there_is_told_in_the_preview(program: Any, before: Before) -> None:
    before.bucket("in-europe", "EUROPE-WEST4")
    _config(program, **NOT_THERE)
    shown = program.pulumi("preview", fails=True)
    told = [line for line in shown.splitlines() if line.strip().startswith("stacks/")]
    assert [line.partition("config.tunestack:")[2] for line in told] == list(TOLD), shown
    assert "Traceback" not in shown


def test_a_bucket_of_more_than_one_region(program: Any, before: Before) -> None:
    before.bucket("two", "NAM4")
    before.bucket("wide", "US")
    _config(program, buckets={"data": "wide", "output": "kept-output", "intermediateCheckpointDays": 3})
    shown = program.pulumi("preview")
    assert "a pair of regions" not in shown
    _config(program, buckets={"data": "two", "output": "kept-output", "intermediateCheckpointDays": 3})
    shown = program.pulumi("preview")
    assert "bucket two is in NAM4, a pair of regions of which it is not known" in shown
    assert "bucket kept-output has no lifecycle rule on daysSinceCustomTime" in shown


def test_a_bucket_that_the_stack_made_is_let_go_of_and_never_deleted(program: Any, before: Before) -> None:
    _config(program, buckets={"forceDestroy": True})
    program.pulumi("up", "--yes", "--skip-preview")
    made = "tunestack-test-local-tuning-data"
    before.checkpoint(f"gs://{made}/precious")
    _config(program, buckets={"data": "kept-data", "forceDestroy": True})
    shown = program.pulumi("preview")
    assert f"warning: bucket {made} is not used any more. If it is this stack's, it is deleted with everything" in shown
    _config(program, buckets={"data": made, "forceDestroy": True})
    program.pulumi("up", "--yes", "--skip-preview")
    program.pulumi("preview", "--expect-no-changes")
    program.pulumi("destroy", "--yes", "--skip-preview")
    assert program.emulator.http.get(f"/storage/v1/b/{made}/o").json()["items"]


def test_one_bucket_for_both_keeps_its_bindings_when_it_is_for_one(program: Any, before: Before) -> None:
    _config(program, buckets={"data": "kept-data", "output": "kept-data"})
    program.pulumi("up", "--yes", "--skip-preview")
    assert len(program.outputs()["bindings"]) == 3, "each once"
    _config(program, buckets={"data": "kept-output", "output": "kept-data"})
    program.pulumi("up", "--yes", "--skip-preview")
    for name in BUCKETS.values():
        assert "tuning-local@" in program.emulator.http.get(f"/storage/v1/b/{name}/iam").text


def test_a_look_whose_connection_breaks_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "LOOK_PAUSES_SECONDS", (0.0, 0.0))

    def told(*answers: str) -> list[str]:
        left = iter(answers)

        def look() -> None:
            if answer := next(left, ""):
                raise RuntimeError(answer)

        return list(existing_checks._missing("buckets.data", "there is none", look))

    broken = 'Get "https://storage.googleapis.com/storage/v1/b/x": EOF'
    assert told(broken, broken) == []
    assert told(broken, "Error 404: not found") == ["buckets.data: there is none"]
    assert told(broken, broken, broken) == [f"buckets.data: cannot be looked up: {broken}"]
    assert told("Error 403: no access") == ["buckets.data: cannot be looked up: Error 403: no access"]
