"""What differs in a resource, in words."""

from __future__ import annotations

from typing import Any

import pytest

from tunestack.cli.preview.differences import differences
from tunestack.cli.stacks.engine_events import UNKNOWN, Step


@pytest.mark.parametrize(
    ("path", "old", "new", "says"),
    [
        ("location", {"location": "a"}, {"location": "b"}, "location: a → b"),
        ("count", {"count": 1}, {"count": 2}, "count: 1 → 2"),
        ("on", {"on": True}, {"on": False}, "on: true → false"),
        ("labels.team", {"labels": {}}, {"labels": {"team": "ml"}}, "labels.team: none → ml"),
        ('labels["a.b"]', {"labels": {"a.b": "1"}}, {"labels": {"a.b": "2"}}, 'labels["a.b"]: 1 → 2'),
        ("rules[1].age", {"rules": [{}, {"age": 3}]}, {"rules": [{}, {"age": 4}]}, "rules[1].age: 3 → 4"),
        ("rules[1]", {"rules": ["a"]}, {"rules": ["a", "b"]}, "rules[1]: none → b"),
        ("rules", {"rules": [1]}, {"rules": [2]}, "rules"),  # a structure
        ("uri", {"uri": "gs://a"}, {"uri": UNKNOWN}, "uri: gs://a → known afterwards"),
        ("key", {"key": "[secret]"}, {"key": "[secret]"}, "key"),
        ("id", {"id": f"projects/{'p' * 60}/jobs/1"}, {"id": "x"}, f"id: …{'p' * 52}/jobs/1 → x"),
        ("text", {"text": "a" * 61}, {"text": "x"}, f"text: {'a' * 59}… → x"),
    ],
)
def test_a_difference_is_told(path: str, old: dict[str, Any], new: dict[str, Any], says: str) -> None:
    step = Step("urn", "update", True, {"inputs": old}, {"inputs": new}, (path,))
    assert differences(step) == [says]


def test_an_output_is_looked_for_where_the_inputs_are_equal() -> None:
    state = {"inputs": {"state": None}, "outputs": {"state": "SERVING"}}
    step = Step("urn", "refresh", True, state, {**state, "outputs": {"state": "PENDING"}}, ("state",))
    assert differences(step) == ["state: SERVING → PENDING"]


def test_outputs_that_follow_from_an_input_are_left_out() -> None:
    old = {"inputs": {"labels": {"team": "a"}}, "outputs": {"effectiveLabels": {"team": "a"}}}
    new = {"inputs": {"labels": {"team": "b"}}, "outputs": {"effectiveLabels": {"team": "b"}}}
    step = Step("urn", "update", True, old, new, ("effectiveLabels.team", "labels.team"))
    assert differences(step) == ["labels.team: a → b"]
