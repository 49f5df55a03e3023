"""Property values as plain Python and back."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi.provider.experimental.property_value import PropertyValue

from tunestack.provider.lifecycle import Change
from tunestack.provider.properties import UNKNOWN, changed, keep_secrets, plain, plain_map, wrap, wrap_map
from tunestack.provider.property_wire import marshal, unmarshal

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.just(UNKNOWN)
)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4))
MAPS = st.dictionaries(st.text(), VALUES, max_size=4)


def marked(values: st.SearchStrategy[Any]) -> st.SearchStrategy[PropertyValue]:
    """Property values with secrets at any depth."""

    def value(inner: Any) -> st.SearchStrategy[PropertyValue]:
        return st.builds(lambda content, secret: wrap(content).with_secret(secret), inner, st.booleans())

    return st.recursive(
        value(values),
        lambda inner: value(st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)),
        max_leaves=8,
    )


SECRETIVE = st.dictionaries(st.text(), marked(LEAVES), max_size=4)


@given(VALUES)
def test_plain_undoes_wrap(value: Any) -> None:
    again = plain(wrap(value))
    assert again == value
    assert type(again) is type(value) or (isinstance(value, float) and value.is_integer())


@given(SECRETIVE)
def test_property_values_pass_with_their_marks(properties: dict[str, PropertyValue]) -> None:
    wire = marshal(properties, unknowns=True)
    outer = marshal(wrap_map({"outer": [properties]}), unknowns=True).fields["outer"]
    assert outer.list_value.values[0].struct_value == wire
    assert marshal(wrap_map(properties), unknowns=True) == wire


@given(SECRETIVE)
def test_wire_keeps_contents_and_marks(properties: dict[str, PropertyValue]) -> None:
    again = unmarshal(marshal(properties, unknowns=True))
    assert plain_map(again) == plain_map(properties)
    assert marshal(again, unknowns=True) == marshal(properties, unknowns=True)


@given(SECRETIVE)
def test_nothing_unknown_leaves_where_the_engine_refuses_it(properties: dict[str, PropertyValue]) -> None:
    known = plain_map(unmarshal(marshal(properties, unknowns=False)))
    assert not _has_unknown(known)
    assert known.keys() == {name for name, value in plain_map(properties).items() if value is not UNKNOWN}


def _has_unknown(value: object) -> bool:
    match value:
        case Mapping():
            return any(map(_has_unknown, value.values()))
        case list():
            return any(map(_has_unknown, value))
    return value is UNKNOWN


@given(SECRETIVE)
def test_unwrapped_secrets_are_marked_again(properties: dict[str, PropertyValue]) -> None:
    unwrapped = wrap_map(plain_map(properties))
    kept = keep_secrets(unwrapped, properties)
    assert plain_map(kept) == plain_map(properties)
    for name, value in properties.items():
        assert kept[name].contains_secret() is value.contains_secret()


@given(SECRETIVE)
def test_marks_that_are_there_stay(properties: dict[str, PropertyValue]) -> None:
    assert marshal(keep_secrets(properties, properties), unknowns=True) == marshal(properties, unknowns=True)


@given(SECRETIVE)
def test_secrecy_is_no_change(properties: dict[str, PropertyValue]) -> None:
    known = unmarshal(marshal(properties, unknowns=False))
    assert changed(known, wrap_map(plain_map(known))) == {}


@pytest.mark.parametrize(
    ("value", "expected", "reason"),
    [
        (PropertyValue(3.0), 3, "a whole number is an int"),
        (PropertyValue(0.5), 0.5, "another is a float"),
        (PropertyValue(1e300), 1e300, "no int is made of digits that a double does not have"),
        (PropertyValue(math.inf), math.inf, "infinity is no int"),
        (PropertyValue(True), True, "a bool is no number"),
        (PropertyValue("x", is_secret=True), "x", "a secret is unwrapped"),
        (PropertyValue.computed(), UNKNOWN, "what is not known"),
        (PropertyValue([PropertyValue({"a": PropertyValue(1.0)})]), [{"a": 1}], "at any depth"),
    ],
)
def test_plain(value: PropertyValue, expected: Any, reason: str) -> None:
    got = plain(value)
    assert (got, type(got)) == (expected, type(expected)), reason


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (2**53 + 1, ValueError, "exact up to 2\\^53"),
        ([{"deep": -(2**60)}], ValueError, "pass it as a string"),
        (b"raw", TypeError, "decode"),
        ({1: "a"}, TypeError, "keys must be strings"),
        (object(), TypeError, "Unsupported value type"),
    ],
)
def test_what_a_property_cannot_hold(value: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        wrap(value)


def test_unknown_stays_itself() -> None:
    assert copy.deepcopy({"a": UNKNOWN})["a"] is UNKNOWN
    with pytest.raises(TypeError):
        json.dumps(UNKNOWN)  # a hash over something unknown must not come out silently


@pytest.mark.parametrize(
    ("old", "new", "expected", "reason"),
    [
        ({"a": 1}, {"a": 1}, {}, "the same"),
        ({"a": 1}, {"a": 2}, {"a": Change.UPDATE}, "another value"),
        ({}, {"a": 1}, {"a": Change.ADD}, "a new one"),
        ({"a": 1}, {}, {"a": Change.DELETE}, "one less"),
        ({"a": None}, {}, {}, "None is absent"),
        ({}, {"a": None}, {}, "and the other way round"),
        ({"a": None}, {"a": 1}, {"a": Change.ADD}, "None was absent"),
        ({"a": 1}, {"a": None}, {"a": Change.DELETE}, "None is absent now"),
        ({"a": {"b": None}}, {"a": {}}, {}, "also inside"),
        ({"a": {"b": 1, "c": 2}}, {"a": {"c": 2, "b": 1}}, {}, "maps have no order"),
        ({"a": [1, 2]}, {"a": [2, 1]}, {"a": Change.UPDATE}, "lists have one"),
        ({"a": [1]}, {"a": [1, None]}, {"a": Change.UPDATE}, "and a length"),
        ({"a": 1}, {"a": True}, {"a": Change.UPDATE}, "True equals 1 only in Python"),
        ({"a": [0]}, {"a": [False]}, {"a": Change.UPDATE}, "also inside"),
        ({"a": 1}, {"a": "1"}, {"a": Change.UPDATE}, "a string is no number"),
        ({"a": 1}, {"a": UNKNOWN}, {"a": Change.UPDATE}, "it may be another one"),
        ({"a": {"b": UNKNOWN}}, {"a": {"b": UNKNOWN}}, {"a": Change.UPDATE}, "nor are two unknowns known to be equal"),
        (
            {"a": PropertyValue("x", is_secret=True)},
            {"a": "x"},
            {},
            "a mark is no content",
        ),
        (
            {"a": PropertyValue("x", is_secret=True)},
            {"a": PropertyValue("y", is_secret=True)},
            {"a": Change.UPDATE},
            "secrets are compared by content",
        ),
        ({"b": 1, "a": 1}, {}, {"a": Change.DELETE, "b": Change.DELETE}, "in the order of names"),
    ],
)
def test_changed(old: dict[str, Any], new: dict[str, Any], expected: dict[str, Change], reason: str) -> None:
    got = changed(wrap_map(old), wrap_map(new))
    assert list(got.items()) == list(expected.items()), reason
