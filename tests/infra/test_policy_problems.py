"""Limits and keys that cannot be used are told with everything else that is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from tests.infra.configurations import ENDPOINT, GOOD, MODEL, problems_of, settings_of

KEY = "projects/keys/locations/{}/keyRings/ring/cryptoKeys/a"
HERE, THERE = KEY.format("us-central1"), KEY.format("europe-west4")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"policies": {"regions": {"alowed": []}}}, "policies.regions.alowed: unknown key; did you mean allowed?"),
        ({"policies": {"budget": {}}}, "policies.budget: there is no such policy; did you mean serving-budget?"),
        ({"protect": "yes"}, 'protect: must be true or false, not the text "yes"'),
        (
            {"buckets": {"kmsKeyName": 1}},
            "buckets.kmsKeyName: must be text, not the number 1",
        ),
        (
            {"buckets": {"kmsKeyName": THERE}},
            "buckets.kmsKeyName: the key is in europe-west4; it must be in us-central1, where the buckets are",
        ),
        (
            {"buckets": {"kmsKeyName": HERE, "location": "EU"}},
            "buckets.kmsKeyName: the key is in us-central1; it must be in europe, where the buckets are",
        ),
        (
            {"buckets": {"kmsKeyName": HERE, "data": "mine", "output": "mine"}},
            "buckets.kmsKeyName: both buckets are existing ones, whose keys the stack never changes; take it out",
        ),
        (
            {"serving": {"support": {**ENDPOINT, "kmsKeyName": THERE}}},
            "serving.support.kmsKeyName: the key is in europe-west4; it must be in us-central1, where the endpoint is",
        ),
        (
            {"serving": {"support": {**ENDPOINT, "kmsKeyName": HERE, "endpoint": "4711"}}},
            "serving.support.kmsKeyName: an existing endpoint keeps the key that it was made with; take this out",
        ),
    ],
)
def test_a_problem_is_told(changes: dict[str, Any], problem: str) -> None:
    assert problems_of(**changes) == (f"stacks/Pulumi.local.yaml: config.tunestack:{problem}",)


def test_what_is_right_is_taken() -> None:
    policies = {"regions": {"allowed": ["us-*"]}, "training-budget": {"maxUsd": 50}}
    buckets = {"kmsKeyName": KEY.format("europe"), "location": "EU"}
    serving = {"support": {**ENDPOINT, "kmsKeyName": HERE}}
    settings = settings_of({**GOOD, "policies": policies, "protect": True, "buckets": buckets, "serving": serving})
    assert (settings.protect, settings.policies) == (True, policies)
    assert settings.buckets.kms_key_name == KEY.format("europe")
    assert settings.serving["support"].kms_key_name == HERE


@pytest.mark.engine
def test_what_a_stack_protects_and_encrypts_keeps_to_the_policies(program: Any) -> None:
    """Of one that is production by its name, and asks for keys."""
    limits = {"protection": {"stacks": ["local"]}, "encryption": {"keys": ["projects/keys/*"]}}
    program.configure(
        buckets={"kmsKeyName": HERE},
        protect=True,
        policies=limits,
        datasets={"tickets": {"training": "examples/tickets/validation.jsonl"}},
        models={"full": {**MODEL, "kmsKeyName": HERE}},
        serving={"support": {**ENDPOINT, "kmsKeyName": HERE}},
    )
    program.pulumi("preview", "--policy-pack", "infra/policies")

    program.configure(buckets={"forceDestroy": True}, protect=None)
    shown = program.pulumi("preview", "--policy-pack", "infra/policies", fails=True)
    for place in ("protect: true", "buckets.forceDestroy", "buckets.kmsKeyName"):
        assert f"stacks/Pulumi.local.yaml: config.tunestack:{place}" in shown
