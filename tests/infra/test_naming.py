"""Names that must stay the same, fit, and differ where what they name differs."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.naming import account_id, bucket_name, endpoint_id

STACKS = st.text(alphabet="abcXYZ019-_.", min_size=1, max_size=100)
PROJECTS = st.from_regex(r"[a-z][a-z0-9-]{4,28}[a-z0-9]", fullmatch=True)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # These are in states and in clients: a change here would replace buckets, accounts and endpoints.
        (bucket_name("tunestack-local", "local", "tuning-data"), "tunestack-local-local-tuning-data"),
        (account_id("local", "tuning"), "tuning-local"),
        (endpoint_id("tunestack", "local", "support"), "9335838240"),
    ],
)
def test_known_names(name: str, expected: str) -> None:
    assert name == expected


@given(project=PROJECTS, stack=STACKS)
def test_names_fit_the_services(project: str, stack: str) -> None:
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", bucket_name(project, stack, "tuning-output"))
    assert re.fullmatch(r"[a-z][-a-z0-9]{4,28}[a-z0-9]", account_id(stack, "tuning"))
    assert re.fullmatch(r"[1-9][0-9]{9}", endpoint_id(project, stack, "support"))


@given(first=STACKS, second=STACKS)
def test_different_stacks_have_different_names(first: str, second: str) -> None:
    """Even where a name had to be cut or cleaned."""
    if first != second:
        assert bucket_name("a-project", first, "tuning-data") != bucket_name("a-project", second, "tuning-data")
        assert account_id(first, "tuning") != account_id(second, "tuning")
        assert endpoint_id("tunestack", first, "support") != endpoint_id("tunestack", second, "support")


def test_an_endpoint_with_another_key_can_be_there_beside_it() -> None:
    ids = {endpoint_id("tunestack", "prod", "support", key) for key in (None, "projects/a", "projects/b")}
    assert len(ids) == 3
