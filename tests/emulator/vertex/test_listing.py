"""Filters of lists."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.errors import ServiceError
from emulator.vertex.listing import matcher

RESOURCES: list[dict[str, Any]] = [
    {"name": "p/endpoints/1", "displayName": "one two", "labels": {"owner": "a", "stack": "x"}},
    {"name": "p/endpoints/2", "displayName": "three", "labels": {"owner": "b"}},
    {"name": "p/endpoints/3", "displayName": "three"},
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "123"),
        ("labels.owner=a", "1"),
        ('labels.owner="b"', "2"),
        ("labels.owner:b", "2"),
        ("labels.owner:*", "12"),
        ("labels.owner!=a", "23"),
        ("labels.owner=a AND labels.stack=x", "1"),
        ("labels.owner=a AND labels.stack=y", ""),
        ('displayName="one two"', "1"),
        ("display_name=three and labels.owner=b", "2"),
        ("endpoint=3", "3"),
    ],
)
def test_what_a_filter_lets_through(text: str, expected: str) -> None:
    matches = matcher(text, {"displayName": "displayName", "endpoint": "name"})
    assert "".join(resource["name"][-1] for resource in RESOURCES if matches(resource)) == expected


@pytest.mark.parametrize("text", ["labels.owner", "a=b OR c=d", "size=3", "labels.a=b labels.c=d"])
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(ServiceError, match="Invalid filter"):
        matcher(text, {"displayName": "displayName"})
