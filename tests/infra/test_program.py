"""The program through the real engine: up, nothing left to change, drift, quota, access, destroy."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.engine

AGENT = "serviceAccount:service-{number}@gcp-sa-{service}.iam.gserviceaccount.com"
OBJECT_USER = "roles/storage.objectUser"


def _get(program: Any, path: str) -> Any:
    reply = program.emulator.http.get(path)
    return reply.json() if reply.is_success else None


def test_the_life_of_a_stack(program: Any) -> None:
    program.pulumi("up", "--yes", "--skip-preview")
    outputs = program.outputs()
    number = _get(program, "/crm/v1/projects/tunestack-test")["projectNumber"]
    members = {
        AGENT.format(number=number, service="vertex-moss-ft"),
        AGENT.format(number=number, service="aiplatform"),
        f"serviceAccount:{outputs['serviceAccount']}",
    }
    for purpose in ("data", "output"):
        bucket = f"tunestack-test-local-tuning-{purpose}"
        assert outputs["buckets"][purpose] == f"gs://{bucket}"
        policy = _get(program, f"/storage/v1/b/{bucket}/iam")
        assert {m for b in policy["bindings"] if b["role"] == OBJECT_USER for m in b["members"]} == members
        assert {b["member"] for b in outputs["bindings"] if b["bucket"] == bucket} == members
    assert outputs["quota"]["concurrentTuningJobs"] == {"preferred": 2, "granted": 2}
    assert (outputs["project"], outputs["location"], outputs["estimatedCostUsd"]) == (
        "tunestack-test",
        "us-central1",
        0,
    )

    _check_buckets(program)
    _check_access(program)

    program.pulumi("preview", "--refresh", "--expect-no-changes")
    # By hand and back.
    data = "/storage/v1/b/tunestack-test-local-tuning-data"
    program.emulator.http.patch(data, json={"versioning": {"enabled": False}})
    program.pulumi("up", "--yes", "--skip-preview", "--refresh")
    assert _get(program, data)["versioning"] == {"enabled": True}

    program.pulumi("destroy", "--yes", "--skip-preview")
    assert _get(program, "/storage/v1/b?project=tunestack-test").get("items", []) == []
    assert _get(program, "/iam/v1/projects/tunestack-test/serviceAccounts").get("accounts", []) == []
    enabled = _get(program, "/su/v1/projects/tunestack-test/services?filter=state:ENABLED")["services"]
    assert "aiplatform.googleapis.com" in {entry["name"].rpartition("/")[2] for entry in enabled}, "APIs are kept"

    # Google Cloud keeps the quota and the request for it, and would refuse the same request a second time.
    program.pulumi("up", "--yes", "--skip-preview")
    assert program.outputs()["quota"]["concurrentTuningJobs"] == {"preferred": 2, "granted": 2}
    asked = [call for call in program.emulator.requests() if call["method"] == "POST" and "quotaPref" in call["path"]]
    assert len(asked) == 1


def _check_buckets(program: Any) -> None:
    data = _get(program, "/storage/v1/b/tunestack-test-local-tuning-data")
    output = _get(program, "/storage/v1/b/tunestack-test-local-tuning-output")
    for bucket in (data, output):
        assert bucket["location"] == "US-CENTRAL1"
        assert bucket["labels"]["environment"] == "test"
        assert bucket["iamConfiguration"]["uniformBucketLevelAccess"]["enabled"] is True
        assert bucket["iamConfiguration"]["publicAccessPrevention"] == "enforced"
    abort = {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 7}}
    assert data["versioning"] == {"enabled": True}
    old_versions = {"action": {"type": "Delete"}, "condition": {"daysSinceNoncurrentTime": 30}}
    assert data["lifecycle"]["rule"] == [old_versions, abort]
    assert not output.get("versioning", {}).get("enabled")
    marked = {"action": {"type": "Delete"}, "condition": {"daysSinceCustomTime": 30}}
    assert output["lifecycle"]["rule"] == [marked, abort]


def _check_access(program: Any) -> None:
    account = program.outputs()["serviceAccount"]
    policy = program.emulator.http.post("/crm/v1/projects/tunestack-test:getIamPolicy", json={}).json()
    held = {b["role"] for b in policy["bindings"] if f"serviceAccount:{account}" in b["members"]}
    assert held == {"roles/aiplatform.user"}, "the least it needs"
    name = f"projects/tunestack-test/serviceAccounts/{account}"
    policy = program.emulator.http.post(f"/iam/v1/{name}:getIamPolicy", json={}).json()
    assert policy["bindings"] == [{"role": "roles/iam.serviceAccountUser", "members": ["user:ada@example.com"]}]


def _fault(program: Any, method: str, path: str, status: int, message: str, times: int | None) -> None:
    fault = {"method": method, "path": path, "status": status, "message": message, "times": times}
    assert program.emulator.http.post("/emulator/faults", json=fault).is_success


def test_a_binding_that_fails_for_another_reason_is_not_tried_again(program: Any) -> None:
    _fault(program, "PUT", "/storage/v1/b/.*-data/iam", 403, "no permission", None)
    _fault(program, "PUT", "/storage/v1/b/.*-output/iam", 404, "The specified bucket does not exist.", None)
    shown = program.pulumi("up", "--yes", "--skip-preview", "--continue-on-error", fails=True)
    assert "no permission" in shown
    assert "The specified bucket does not exist." in shown
    assert "on-error hook" not in shown


def test_a_wrong_configuration_is_told_without_a_traceback(program: Any) -> None:
    program.configure(models={"full": {"dataset": "x", "epochs": "3"}}, modles={})
    shown = program.pulumi("preview", fails=True)
    assert (
        'stacks/Pulumi.local.yaml: config.tunestack:models.full.epochs: must be a whole number, not the text "3"'
        in shown
    )
    assert "stacks/Pulumi.local.yaml: config.tunestack:modles: unknown key; did you mean models?" in shown
    assert "Traceback" not in shown


def test_an_emulator_that_does_not_run_is_told_without_a_traceback(program: Any) -> None:
    program.environment["TUNESTACK_EMULATOR_URL"] = "http://127.0.0.1:1"
    shown = program.pulumi("preview", fails=True)
    assert "the emulator of this stack does not run at http://127.0.0.1:1: `make emulator` starts it" in shown
    assert "Traceback" not in shown
