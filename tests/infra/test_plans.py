"""A plan that was reviewed is what is applied: from nothing, and on a stack that exists."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.engine


@pytest.mark.parametrize("apis_enabled", [True, False])
def test_a_plan_from_nothing_goes_through(program: Any, *, apis_enabled: bool) -> None:
    def begin() -> None:
        """Lets the first look at the quotas be refused, as it is until the program has enabled their API."""
        if not apis_enabled:
            refusal = {"status": 403, "message": "Cloud Quotas API has not been used", "times": 1}
            fault = {"method": "GET", "path": ".*/quotaInfos", **refusal}
            assert program.emulator.http.post("/emulator/faults", json=fault).is_success

    begin()
    shown = program.pulumi("preview", "--save-plan", "plan.json")
    assert "SQuotaPreference concurrent-tuning-jobs create" in shown
    begin()
    program.pulumi("up", "--yes", "--skip-preview", "--plan", "plan.json")
    assert program.outputs()["quota"] == {"preferred": 2, "granted": 2}
    program.pulumi("preview", "--save-plan", "plan.json", "--expect-no-changes")
    program.pulumi("up", "--yes", "--skip-preview", "--plan", "plan.json", "--expect-no-changes")
