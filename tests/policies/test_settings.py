"""What a stack says of the policies is taken as it is meant, or refused with its place."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tunestack.policies import settings
from tunestack.policies.guardrails import POLICIES

DOCUMENT = Path(__file__).resolve().parent.parent.parent / "docs" / "policies.md"
ROW = re.compile(r"^\| `([a-z-]+)\.(\w+)` \| [^|]+ \| `([^`]+)` \|", re.MULTILINE)


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        ({"budget": {}}, ".budget: there is no such policy; did you mean serving-budget?"),
        ({"regions": {"alowed": []}}, ".regions.alowed: unknown key; did you mean allowed?"),
        ({"regions": {"allowed": "us-central1"}}, ".regions.allowed: must be a list of texts, in which * stands for"),
        ({"regions": {"allowed": [1]}}, ".regions.allowed: must be a list of texts"),
        ({"regions": ["us-central1"]}, ".regions: must be a mapping of enforcementLevel, allowed"),
        (
            {"training-budget": {"maxUsd": "50"}},
            ".training-budget.maxUsd: must be a number of USD that is not negative",
        ),
        ({"training-budget": {"maxUsd": -1}}, ".training-budget.maxUsd: must be a number of USD that is not negative"),
        ({"training-budget": {"estimate": "low"}}, '.training-budget.estimate: must be expected or high, not "low"'),
        ({"serving-budget": {"replicas": 3}}, ".serving-budget.replicas: must be min or max, not 3"),
        (
            {"public-access": {"enforcementLevel": "remediate"}},
            '.public-access.enforcementLevel: must be advisory, mandatory or disabled, not "remediate"',
        ),
        ("strict", ": must be a mapping of policies"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(raw: Any, problem: str) -> None:
    found, problems = settings.read(raw)
    assert [text.startswith(problem) for text in problems] == [True], problems
    assert found == settings.defaults(), "nothing of it is taken"


def test_all_problems_are_told_at_once_and_the_rest_is_taken() -> None:
    raw = {"regions": {"alowed": [], "allowed": 1}, "machine": {}, "models": {"allowed": ["google/*"]}}
    found, problems = settings.read(raw)
    assert len(problems) == 3
    assert msgspec.to_builtins(found["models"]) == {"enforcementLevel": "mandatory", "allowed": ["google/*"]}


def test_whole_numbers_are_numbers() -> None:
    """The engine has only one kind of number, a file of YAML two."""
    for amount in (50, 50.0):
        found, problems = settings.read({"training-budget": {"maxUsd": amount}})
        assert not problems
        assert msgspec.to_builtins(found["training-budget"])["maxUsd"] == 50


def test_a_schema_has_no_default_that_would_go_over_the_stacks_file() -> None:
    for policy in POLICIES:
        for described in settings.schema(policy).values():
            assert "default" not in described
            assert "anyOf" not in described, "or the engine would tell one mistake several times"


def test_every_setting_is_described_with_its_default() -> None:
    expected = {
        (policy.name, key): "none" if value is None else msgspec.json.encode(value).decode()
        for policy in POLICIES
        for key, value in msgspec.to_builtins(policy.limits()).items()
        if key != "enforcementLevel"
    }
    written = {
        (name, key): default.replace(", ", ",") for name, key, default in ROW.findall(DOCUMENT.read_text("utf-8"))
    }
    assert written == {place: default.strip('"') for place, default in expected.items()}


def test_every_policy_has_a_section() -> None:
    text = DOCUMENT.read_text("utf-8")
    assert [policy.name for policy in POLICIES if f"### `{policy.name}`" not in text] == []
