"""Quota through the real engine: asked for once, never an endless diff, whatever comes of it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from emulator.platform import quotas as emulated

pytestmark = [pytest.mark.engine, pytest.mark.timeout(500)]

TUNING = "GlobalConcurrentManagedOssModelTuningJobs"
L4 = "CustomModelServingL4GPUsPerProjectPerRegion"
PREFERENCES = "/quotas/v1/projects/tunestack-test/locations/global/quotaPreferences"
CONTACT = {"contactEmail": "ada@example.com"}
MODEL = {"dataset": "tickets", "baseModel": "google/gemma3@gemma-3-1b-it", "mode": "FULL", "epochs": 1}
SERVED = {"machineType": "g2-standard-12", "acceleratorType": "NVIDIA_L4"}


def _preferences(program: Any) -> dict[str, int]:
    found = program.emulator.http.get(PREFERENCES).json().get("quotaPreferences", [])
    return {each["name"].rpartition("/")[2]: int(each["quotaConfig"]["preferredValue"]) for each in found}


def _asked(program: Any, wanted: str = "POST") -> int:
    calls = program.emulator.requests()
    return sum(call["method"] == wanted and "quotaPreferences" in call["path"] for call in calls)


def _up(program: Any) -> str:
    return str(program.pulumi("up", "--yes", "--skip-preview"))


def _still(program: Any) -> str:
    return str(program.pulumi("preview", "--expect-no-changes"))


@pytest.mark.parametrize("quotas", [{TUNING: {"maximum": 2}}])
def test_a_request_that_is_granted_in_part(program: Any) -> None:
    program.configure(quota={"concurrentTuningJobs": 4, "servingAccelerators": {"NVIDIA_L4": 3}, **CONTACT})
    shown = program.pulumi("preview")
    assert "QuotaRequest concurrent-tuning-jobs create asks for 4; the project has 1" in shown
    assert "QuotaRequest NVIDIA_L4 create asks for 3; the project has 2" in shown
    assert "asked for 4, the project has 2; no more was granted: The preferred value was granted in part" in _up(
        program
    )
    assert program.outputs()["quota"] == {
        "concurrentTuningJobs": {"preferred": 4, "granted": 2},
        "servingAccelerators": {"NVIDIA_L4": {"preferred": 3, "granted": 3}},
    }
    assert "asked for" not in program.pulumi("preview", "--refresh", "--expect-no-changes"), "told once"

    # Somebody in the console gets more than the stack ever asked for.
    by_hand = {"quotaConfig": {"preferredValue": "9"}}
    assert program.emulator.http.patch(f"{PREFERENCES}/tunestack-{L4}-us-central1", json=by_hand).is_success
    _up(program)
    assert program.outputs()["quota"]["servingAccelerators"]["NVIDIA_L4"] == {"preferred": 3, "granted": 8}

    # Less is wanted, then no word is said of it: nothing is lowered or withdrawn.
    program.configure(quota={"concurrentTuningJobs": 1, **CONTACT})
    _up(program)
    _still(program)
    assert program.outputs()["quota"] == {
        "concurrentTuningJobs": {"preferred": 1, "granted": 2},
        "servingAccelerators": {},
    }
    assert _preferences(program) == {f"tunestack-{TUNING}": 4, f"tunestack-{L4}-us-central1": 9}
    assert (_asked(program), _asked(program, "PATCH")) == (2, 1), "and that one was by hand"
    printed = program.run("tunestack", "summary", "--stack", "local")
    assert "asked 1, granted 2" in printed


@pytest.mark.parametrize("delays", [{"quotaGranted": 3600}])
def test_a_request_that_waits_and_is_granted_later(program: Any, advance: Any) -> None:
    program.configure(quota={"concurrentTuningJobs": 3, **CONTACT})
    _up(program)
    assert program.outputs()["quota"]["concurrentTuningJobs"] == {"preferred": 3, "granted": 1}
    _still(program)
    advance(3600)
    assert "~  tunestack:index:QuotaRequest concurrent-tuning-jobs updated" in _up(program)
    assert program.outputs()["quota"]["concurrentTuningJobs"] == {"preferred": 3, "granted": 3}
    _still(program)
    assert _asked(program) == 1


def test_a_preview_tells_what_the_quota_cannot_carry(program: Any) -> None:
    queue = "3 tuning jobs would start, but the project may run 1 at once, over all regions: they queue, 1 at a time"
    roll = "endpoint support takes 2, and 4 while endpoint support rolls, but the project may use 2: deploying works"
    program.configure(
        quota={"servingAccelerators": {"NVIDIA_L4": 3}, **CONTACT},
        datasets={"tickets": {"training": "examples/tickets/validation.jsonl"}},
        models={name: {**MODEL, "epochs": epochs} for epochs, name in enumerate(("one", "two", "three"), start=1)},
        serving={"support": {**SERVED, "model": "one", "minReplicas": 2, "rollout": {"maxSurgeReplicas": 2}}},
    )
    refusal = {"status": 403, "message": "Cloud Quotas API has not been used", "times": None}
    fault = {"method": "GET", "path": ".*/quotaInfos", **refusal}
    assert program.emulator.http.post("/emulator/faults", json=fault).is_success
    assert "the project may" not in program.pulumi("preview"), "nothing is known yet, so nothing is said"
    assert program.emulator.http.delete("/emulator/faults").is_success
    shown = program.pulumi("preview")
    assert f"warning: {queue}, and all finish. Set tunestack:quota.concurrentTuningJobs to 3" in shown
    assert f"warning: NVIDIA_L4 in us-central1: {roll}" in shown
    assert "Set tunestack:quota.servingAccelerators.NVIDIA_L4 to 4" in shown


def test_two_stacks_of_a_project_share_its_quota(program: Any) -> None:
    """The larger of both is asked for, and the one that goes takes nothing away from the other, no role either."""
    program.configure(quota={"concurrentTuningJobs": 2, **CONTACT}, submitters=["user:ada@example.com"])
    _up(program)
    (program.folder / "stacks" / "Pulumi.other.yaml").write_text(
        (program.folder / "stacks" / "Pulumi.local.yaml")
        .read_text()
        .replace("concurrentTuningJobs: 2", "concurrentTuningJobs: 3")
    )
    program.init("other")
    _up(program)
    assert program.outputs()["quota"]["concurrentTuningJobs"] == {"preferred": 3, "granted": 3}
    program.pulumi("stack", "select", "local")
    _still(program)
    program.pulumi("destroy", "--yes", "--skip-preview", "--stack", "other")
    assert _preferences(program) == {f"tunestack-{TUNING}": 3}
    program.pulumi("preview", "--refresh", "--expect-no-changes")

    # A plan that raises it is not held to what was granted before.
    program.configure(quota={"concurrentTuningJobs": 4, **CONTACT}, submitters=["user:ada@example.com"])
    program.pulumi("preview", "--save-plan", "plan.json")
    program.pulumi("up", "--yes", "--skip-preview", "--plan", "plan.json")
    assert program.outputs("local")["quota"]["concurrentTuningJobs"] == {"preferred": 4, "granted": 4}


def test_a_quota_that_cannot_be_asked_for_is_told_once_and_left_alone(
    program: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(emulated.CATALOGUE, TUNING, dataclasses.replace(emulated.CATALOGUE[TUNING], fixed=True))
    assert "nothing can be asked for: the quota" in _up(program)
    with monkeypatch.context() as gone:
        gone.delitem(emulated.CATALOGUE, TUNING)
        shown = program.pulumi("preview")
        assert "- granted" in shown, "not known any more"
        assert not any(f" to {change}" in shown for change in ("create", "update", "delete", "replace"))
    assert "can be asked for" not in _still(program)
    assert _asked(program) == 0
