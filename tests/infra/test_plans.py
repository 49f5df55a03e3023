"""A plan that was reviewed is what is applied: from nothing, and on a stack that exists."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.engine


def test_a_plan_from_nothing_goes_through_where_no_api_is_enabled_yet(program: Any) -> None:
    """With all APIs enabled, tests/end_to_end/test_plans.py does the same."""

    def refuse_once() -> None:
        refusal = {"status": 403, "message": "Cloud Quotas API has not been used", "times": 1}
        fault = {"method": "GET", "path": ".*/quotaInfos", **refusal}
        assert program.emulator.http.post("/emulator/faults", json=fault).is_success

    refuse_once()
    shown = program.pulumi("preview", "--save-plan", "plan.json")
    assert "QuotaRequest concurrent-tuning-jobs create" in shown
    refuse_once()
    program.pulumi("up", "--yes", "--skip-preview", "--plan", "plan.json")
    assert program.outputs()["quota"]["concurrentTuningJobs"] == {"preferred": 2, "granted": 2}
    program.pulumi("preview", "--save-plan", "plan.json", "--expect-no-changes")
    program.pulumi("up", "--yes", "--skip-preview", "--plan", "plan.json", "--expect-no-changes")
