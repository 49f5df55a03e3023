"""Which calls are walked, and which cases a sample takes."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from tests.campaign import calls, inventory, plan
from tests.campaign.case import Case, Outcome
from tests.campaign.interruptions import KINDS
from tests.campaign.phases import PHASES
from tests.campaign.reference import Reference


def heard(*requests: str, status: int = 200) -> list[dict[str, Any]]:
    return [{**dict(zip(("method", "path"), request.split(), strict=True)), "status": status} for request in requests]


def test_calls_are_alike_when_ids_and_object_names_differ() -> None:
    first = heard("GET /v1/endpoints/1234567890", "PUT /b/data/o/a", "PUT /b/data/o/b", "GET /b/data", "GET /b/data")
    second = heard("GET /b/data", "PUT /b/data/o/c", "GET /v1/endpoints/9876543210", "POST /only/once")
    found = calls.of([first, second])
    assert [str(call) for call in found] == ["GET /b/data #1", "GET /v1/endpoints/N #1", "PUT /b/data/o/… #1"]
    assert [call.changes for call in found] == [False, False, True]
    assert re.fullmatch(found[1].template, "/v1/endpoints/55555555555")


def test_of_many_that_are_alike_some_are_walked() -> None:
    deleted = heard(*(f"DELETE /b/data/o/{number}" for number in range(45)))
    assert [call.occurrence for call in calls.of([deleted])] == [1, 23, 41, 45]
    assert [call.occurrence for call in calls.of([deleted[:4]])] == [1, 2, 3, 4]
    assert [call.occurrence for call in calls.of([heard(*["GET /job"] * 9)])] == [1], "polls differ in number"
    reading = calls.of([heard("POST /v1/projects/p:getIamPolicy", "POST /v1/jobs")])
    assert [call.changes for call in reading] == [True, False]


def test_a_write_that_lost_a_race_does_not_count() -> None:
    assert len(calls.of([[*heard("PUT /b/data/iam"), *heard("PUT /b/data/iam", status=412)]])) == 1


def references() -> dict[str, Reference]:
    nothing = Counter[str]()
    made = calls.of([heard("POST /b", "DELETE /b/data", "GET /b/data")])
    return {phase.name: Reference(made, nothing, nothing, nothing, nothing) for phase in PHASES}


def test_every_change_is_walked_in_every_way() -> None:
    walk = plan.walk(references(), seed=1)
    assert len(walk) == len(set(walk)) == len(PHASES) * (2 * 2 * len(KINDS) + 1)
    assert plan.walk(references(), seed=1) == walk, "a number stands for the same case the next time"


def test_a_sample_takes_each_run_with_each_kind_first() -> None:
    walk = plan.walk(references(), seed=1)
    pairs = len(PHASES) * len(KINDS)
    chosen = plan.sample(walk, pairs, seed=7)
    assert len({(case.phase.name, case.kind) for case in chosen}) == pairs
    assert plan.sample(walk, pairs, seed=7) == chosen != plan.sample(walk, pairs, seed=8)
    assert sorted(map(str, plan.sample(walk, 10_000, seed=7))) == sorted(map(str, walk))


def test_a_job_is_paid_for_again_only_when_its_artifacts_are_gone() -> None:
    artifact, job = "objects/output job/checkpoints/final/model.safetensors", "job into gs://output/job: succeeded"
    before = Counter([artifact, job])
    reference = Reference([], before, Counter([job]), before + Counter([job]), Counter())
    assert reference.most_after(Counter([artifact]))[job] == 1
    assert reference.most_after(Counter())[job] == 2


def test_what_is_told_of_a_case() -> None:
    case = Case(PHASES[0], calls.Call("POST", "/b", 1), "after", "kill-cli")
    assert str(Outcome(case, attempts=1, seconds=12.3)) == "up, POST /b #1, after, kill-cli: ok, repeated 1 ×, 12 s"
    assert str(Outcome(case, applicable=False)) == "up, POST /b #1, after, kill-cli: no such process, 0 s"
    failed = Outcome(case, problems=["missing: b"], attempts=1)
    assert str(failed) == "up, POST /b #1, after, kill-cli: FAILED, 0 s; missing: b"
    assert failed.failed


def test_what_a_gemini_job_makes_is_found_again() -> None:
    endpoint = {"displayName": "gemini", "deployedModels": [{"id": "7", "model": "m/1", "modelVersionId": "2"}]}
    model = {"versions": {"1": {"artifactUri": "gs://b/final"}, "2": {}}}
    documents: list[tuple[str, str, dict[str, Any]]] = [
        ("tuningJobs", "1", {"job": {**GEMINI_JOB, "baseModel": "gemini-3.1-flash-lite"}}),
        ("tuningJobs", "2", {"job": {**GEMINI_JOB, "preTunedModel": {"tunedModelName": "m/1@1"}}}),
        ("tuningJobs", "3", {"job": {"outputUri": "gs://b", "state": "JOB_STATE_FAILED"}}),
        ("models", "m/1", model),
        ("endpoints", "e/1", {**endpoint, "trafficSplit": {"7": 100}}),
    ]
    assert inventory.lines(documents) == Counter(
        [
            "job on gemini-3.1-flash-lite, 2 epochs: JOB_STATE_SUCCEEDED",
            "job on m/1@1, 2 epochs: JOB_STATE_SUCCEEDED",
            "job into gs://b: JOB_STATE_FAILED",
            "version of model m/1: gs://b/final",
            "version of model m/1: a tuned Gemini, version 2",
            "endpoint gemini",
            "deployed on gemini: a tuned Gemini, version 2, 100 % of the traffic",
        ]
    )


GEMINI_JOB = {"state": "JOB_STATE_SUCCEEDED", "supervisedTuningSpec": {"hyperParameters": {"epochCount": "2"}}}
