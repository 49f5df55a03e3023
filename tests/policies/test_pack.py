"""The pack in the real engine: each policy stops a preview that breaks it, and lets pass one that keeps to it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.policies.conftest import CHECKOUT, LIMITS, PACK, RIGHT, WRONG, Foreign
from tunestack.policies.guardrails import POLICIES

pytestmark = pytest.mark.engine

FOLDER = ("--policy-pack", str(PACK))
EXECUTABLE = ("--policy-pack", str(CHECKOUT / ".venv" / "bin" / "pulumi-analyzer-tunestack"))
FINDING = re.compile(r"^ +- \[(\w+)\].*?  ([a-z-]+)  \(([\w:]+: [\w-]+)\)$", re.MULTILINE)
BROKEN = {
    "training-budget": {"pulumi:pulumi:Stack: foreign-prod"},
    "serving-budget": {"pulumi:pulumi:Stack: foreign-prod"},
    "regions": {"gcp:storage:Bucket: data"},
    "machines": {"tunestack:index:ModelDeployment: serve"},
    "models": {"tunestack:index:TuningJob: tune", "tunestack:index:ModelDeployment: serve"},
    "public-access": {"gcp:storage:Bucket: data", "gcp:storage:BucketIAMMember: reader"},
    "encryption": {"gcp:storage:Bucket: data", "gcp:vertex:AiEndpoint: support", "tunestack:index:TuningJob: tune"},
    "protection": {"gcp:storage:Bucket: data", "gcp:vertex:AiEndpoint: support"},
}


def _found(printed: str, level: str = "mandatory") -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for told, policy, resource in FINDING.findall(printed):
        if told == level:
            found.setdefault(policy, set()).add(resource)
    return found


def test_each_policy_alone_stops_a_preview_that_breaks_it(foreign: Foreign) -> None:
    assert BROKEN.keys() == {policy.name for policy in POLICIES}
    for policy, resources in BROKEN.items():
        # Each is tried with no more resources, and so plugins, than it takes: a bucket alone, or tuning alone.
        stores = policy in {"regions", "public-access", "encryption", "protection"}
        foreign.configure({**WRONG, "stores": stores, "tunes": not stores}, LIMITS)
        alone = foreign.limits(all="disabled", **{policy: "mandatory"})
        printed = foreign.pulumi("preview", *FOLDER, *alone, fails=True)
        there = "gcp:storage:" if stores else ("tunestack:", "pulumi:")
        assert _found(printed) == {policy: {each for each in resources if each.startswith(there)}}
    made = [call["path"] for call in foreign.emulator.requests() if call["method"] not in {"GET", "HEAD"}]
    assert {path.rpartition(":")[2] for path in made} <= {"recommendSpec"}, "a look, with a body"


def test_what_keeps_to_all_policies_passes_and_what_is_advisory_only_warns(foreign: Foreign) -> None:
    roomy: dict[str, Any] = {"training-budget": {"maxUsd": 5}, "serving-budget": {"maxUsdPerMonth": 5000}}
    roomy |= {"regions": {"allowed": ["us-*"]}, "machines": {"allowed": ["g2-*"]}, "models": {"allowed": ["google/*"]}}
    foreign.configure(RIGHT, {**roomy, "encryption": {"keys": [RIGHT["key"]]}})
    assert FINDING.findall(foreign.pulumi("preview", *EXECUTABLE)) == []

    foreign.configure(WRONG, LIMITS)
    printed = foreign.pulumi("preview", *EXECUTABLE, *foreign.limits(all="advisory"))
    assert (_found(printed, "advisory"), _found(printed)) == (BROKEN, {})


def test_an_update_without_a_preview_is_stopped_before_anything_is_made(foreign: Foreign) -> None:
    foreign.configure({**WRONG, "tunes": False}, {"protection": {"enforcementLevel": "disabled"}})
    printed = foreign.pulumi("up", "--yes", "--skip-preview", *FOLDER, fails=True)
    assert "gcp:storage:Bucket: data" in _found(printed)["public-access"]
    buckets = foreign.emulator.http.get("/storage/v1/b", params={"project": "tunestack-test"}).json()
    assert buckets.get("items", []) == []


def test_a_wrong_configuration_stops_everything_with_its_place(foreign: Foreign) -> None:
    foreign.configure(RIGHT, {"regions": {"alowed": []}, "budget": {}})
    printed = foreign.pulumi("preview", *FOLDER, fails=True)
    assert "Pulumi.prod.yaml: config.tunestack:policies.regions.alowed: unknown key; did you mean allowed?" in printed
    assert "Pulumi.prod.yaml: config.tunestack:policies.budget: there is no such policy" in printed
