"""A plan of the whole stack: applied as it was reviewed, and refused where the data is not what was reviewed."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = [pytest.mark.engine, pytest.mark.timeout(500)]


def test_a_plan_is_applied_and_refuses_other_data(stack: Any) -> None:
    stack.configure(quota={"concurrentTuningJobs": 2, "contactEmail": "ada@example.com"})
    stack.pulumi("preview", "--save-plan", "plan.json")
    reviewed = stack.data().read_text()
    stack.data().write_text(reviewed + reviewed.splitlines(keepends=True)[0])
    refused = stack.pulumi("up", "--yes", "--skip-preview", "--plan", "plan.json", fails=True)
    assert "Dataset::tickets violates plan: properties changed:" in refused
    assert stack.jobs() == []

    stack.data().write_text(reviewed)
    stack.pulumi("up", "--yes", "--skip-preview", "--plan", "plan.json")
    outputs = stack.outputs()
    assert outputs["endpoints"]["support"]["state"] == "SERVING"
    assert outputs["quota"]["concurrentTuningJobs"] == {"preferred": 2, "granted": 2}
    assert len(stack.jobs()) == 1


def test_a_plan_from_nothing_where_no_api_is_enabled_yet(stack: Any) -> None:
    """Then the quota is unknown while the plan is made, and the jobs wait for a request that may not be needed."""
    stack.configure(
        quota={"concurrentTuningJobs": 2, "contactEmail": "ada@example.com"},
        submitters=["user:ada@example.com"],
        serving=None,
    )
    refusal = {"status": 403, "message": "Cloud Quotas API has not been used", "times": 1}
    for arguments in (
        ("preview", "--save-plan", "plan.json"),
        ("up", "--yes", "--skip-preview", "--plan", "plan.json"),
    ):
        fault = {"method": "GET", "path": ".*/quotaInfos", **refusal}
        assert stack.emulator.http.post("/emulator/faults", json=fault).is_success
        shown = stack.pulumi(*arguments)
        assert "QuotaRequest concurrent-tuning-jobs creat" in shown
    outputs = stack.outputs()
    assert outputs["models"]["tickets"]["state"] == "JOB_STATE_SUCCEEDED"
    assert outputs["quota"]["concurrentTuningJobs"] == {"preferred": 2, "granted": 2}
    stack.pulumi("preview", "--save-plan", "plan.json", "--expect-no-changes")
    stack.pulumi("up", "--yes", "--skip-preview", "--plan", "plan.json", "--expect-no-changes")


def test_what_is_applied_is_the_projects_own_program(stack: Any) -> None:
    """And not the checkout's, which is on Python's path as well: a test may change its copy."""
    with (stack.folder / "infra" / "naming.py").open("a") as program:
        program.write('\nimport pulumi\n\nraise pulumi.RunError("this is the copy")\n')
    assert "this is the copy" in stack.pulumi("preview", fails=True)
