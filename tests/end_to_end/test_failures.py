"""Jobs that end badly stay in the state as errors, and nothing is started for them."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

pytestmark = [pytest.mark.engine, pytest.mark.timeout(500)]


def cancel(stack: Any) -> None:
    (job,) = (job for job in stack.jobs() if job["state"] in {"JOB_STATE_RUNNING", "JOB_STATE_PENDING"})
    assert stack.emulator.http.post(f"/v1beta1/{job['name']}:cancel").is_success


class TestWithoutWaiting:
    """`wait: false`: short runners start a job and leave."""

    @pytest.fixture
    def vertex(self) -> dict[str, float]:
        return {"tuningDataset": 0.3, "tuningCapacity": 600.0, "deploy": 0.1, "operation": 0.05, "modelReleased": 0.1}

    def test_the_next_up_goes_on(self, stack: Any) -> None:
        stack.model(wait=False)
        printed = stack.up()
        assert "pending: its tuned model is not finished" in printed
        outputs = stack.outputs()
        assert outputs["models"]["tickets"]["state"] in {"JOB_STATE_QUEUED", "JOB_STATE_PENDING", "JOB_STATE_RUNNING"}
        assert outputs["endpoints"]["support"]["state"] == "PENDING"

        stack.model(wait=True)
        stack.hurry()
        stack.up()
        outputs = stack.outputs()
        assert outputs["models"]["tickets"]["state"] == "JOB_STATE_SUCCEEDED"
        assert outputs["endpoints"]["support"]["state"] == "SERVING"
        assert len(stack.jobs()) == 1
        stack.pulumi("preview", "--expect-no-changes")

    def test_a_cancelled_job_is_never_run_again_by_itself(self, stack: Any) -> None:
        stack.configure(serving=None)
        stack.model(wait=False)
        stack.up()
        cancel(stack)
        while stack.jobs()[0]["state"] != "JOB_STATE_CANCELLED":
            time.sleep(0.05)
        # A refresh makes no success of it, and the next up nothing new.
        assert "raise attempt of the TuningJob" in stack.pulumi("refresh", "--yes", "--skip-preview")
        stack.model(wait=True)
        printed = stack.up(fails=True)
        assert "cancelled" in printed
        assert "raise attempt" in printed
        assert len(stack.jobs()) == 1, "an up is no reason to pay again"

        stack.hurry()
        stack.model(attempt=2)
        assert stack.preview()["messages"]["TuningJob tickets"].startswith("attempt 1 → 2 retrains: ")
        stack.up()
        assert [job["state"] for job in stack.jobs()] == ["JOB_STATE_CANCELLED", "JOB_STATE_SUCCEEDED"]


def test_a_deploy_that_fails_keeps_the_old_version(stack: Any) -> None:
    stack.up()
    before = stack.outputs()["endpoints"]["support"]
    answer = stack.predict("Hello")
    stack.model(epochs=2)
    # Refused for good: a plain 429 is worth a wait, and the provider waits.
    refusal = {"status": 400, "message": "there is no capacity for this machine", "times": 1}
    fault = {"method": "POST", "path": ".*:deployModel", **refusal}
    assert stack.emulator.http.post("/emulator/faults", json=fault).is_success
    printed = stack.up(fails=True)
    assert "there is no capacity for this machine; version 1 goes on serving" in printed
    assert stack.outputs()["endpoints"]["support"]["modelVersion"] == before["modelVersion"]
    assert stack.predict("Hello") == answer
    models = stack.emulator.http.get("/v1beta1/projects/tunestack-test/locations/us-central1/models").json()["models"]
    assert [model["versionId"] for model in models] == ["1"], "nothing of the new version is left"

    stack.up()
    assert stack.outputs()["endpoints"]["support"]["checkpointUri"] != before["checkpointUri"]


@pytest.mark.parametrize("vertex", [{"tuningOutcome": "EXPIRED"}])
def test_a_job_that_ends_badly_stays_in_the_state(stack: Any) -> None:
    number, said = "", "expired: The job ran for longer than it may"
    for _ in range(2):
        printed = stack.up(fails=True)
        number = stack.jobs()[0]["name"].rpartition("/")[2]
        assert f"job {number} {said}" in printed, "the service's own message"
        assert "raise attempt of the TuningJob to run it again, or go back to inputs that have" in printed
    stack.pulumi("refresh", "--yes", "--skip-preview")
    assert said in str(stack.preview()["messages"])
    assert len(stack.jobs()) == 1, "an up is no reason to pay again"
    deployment = json.loads(stack.pulumi("stack", "export"))["deployment"]
    (job,) = (each["id"] for each in deployment["resources"] if each["type"] == "tunestack:index:TuningJob")
    assert job.endswith(number), "neither a failure nor a refresh drops it"


@pytest.mark.parametrize("vertex", [{"tuningOutcome": "PARTIALLY_SUCCEEDED"}])
def test_a_job_that_succeeded_in_part_is_served_with_a_warning(stack: Any) -> None:
    assert "succeeded only in part: Some of the requested artifacts could not be produced." in stack.up()
    assert stack.outputs()["endpoints"]["support"]["state"] == "SERVING"
    stack.pulumi("preview", "--expect-no-changes")


def test_a_job_that_vanished_stays_an_error(stack: Any) -> None:
    stack.configure(serving=None)
    stack.up()
    (job,) = stack.jobs()
    # The service has no call that deletes a record; its own clean-up may.
    fault = {"method": "GET", "path": f".*/{job['name']}", "status": 404, "times": None}
    assert stack.emulator.http.post("/emulator/faults", json=fault).is_success
    vanished = f"the service has no job {job['name']} any more; what it made may still be there"
    assert vanished in stack.pulumi("refresh", "--yes", "--skip-preview")
    assert vanished in stack.pulumi("preview", fails=True)
    assert vanished in stack.up(fails=True), "it stays, since dropped it would be trained again"
    assert len(stack.jobs()) == 1
