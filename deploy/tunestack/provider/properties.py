"""Property values as plain Python and back, and what differs between two sets of them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from pulumi.provider.experimental.property_value import Computed, PropertyValue

from tunestack.provider.lifecycle import Change

if TYPE_CHECKING:
    from tunestack.provider.lifecycle import Properties

_EXACT = 2**53
"""Whole numbers up to here survive as the double that the wire has for a number (IEEE 754)."""


class Unknown(Enum):
    """The type of `UNKNOWN`: one member, so that it stays itself when copied and `is UNKNOWN` narrows the type."""

    UNKNOWN = "unknown until applied"


UNKNOWN: Final = Unknown.UNKNOWN
"""Stands for what a preview cannot know."""


def plain(value: PropertyValue) -> Any:
    """Returns the content: secrets unwrapped, whole numbers as int, `Computed` as `UNKNOWN`.

    Assets, archives and resource references are returned as they are.
    """
    content = value.value
    if isinstance(content, Computed):
        return UNKNOWN
    if isinstance(content, float):
        return int(content) if content.is_integer() and abs(content) <= _EXACT else content
    if isinstance(content, Mapping):
        return plain_map(content)
    if isinstance(content, tuple):
        return [plain(item) for item in content]
    return content


def plain_map(properties: Properties) -> dict[str, Any]:
    """Returns the content of each property; see `plain`."""
    return {name: plain(value) for name, value in properties.items()}


def wrap(value: Any) -> PropertyValue:
    """Returns the property value of plain Python: ints, None, lists and mappings of any depth, `UNKNOWN`.

    A `PropertyValue` passes as it is, at any depth, so that what was secret stays secret.

    Raises:
        ValueError: an int that the wire's double would change.
        TypeError: a value that properties cannot hold.
    """
    if isinstance(value, PropertyValue):
        return value
    if value is UNKNOWN:
        return PropertyValue.computed()
    if isinstance(value, int) and not isinstance(value, bool):
        if abs(value) > _EXACT:
            msg = f"{value} cannot be a property: numbers are doubles, exact up to 2^53; pass it as a string"
            raise ValueError(msg)
        return PropertyValue(float(value))
    if isinstance(value, Mapping):
        return PropertyValue(wrap_map(value))
    if isinstance(value, list | tuple):
        return PropertyValue([wrap(item) for item in value])
    if isinstance(value, bytes | bytearray):
        raise TypeError("bytes cannot be a property; decode them first")
    return PropertyValue(value)


def wrap_map(values: Mapping[str, Any]) -> dict[str, PropertyValue]:
    """Returns the property value of each entry; see `wrap`."""
    return {name: wrap(value) for name, value in values.items()}


def changed(old: Properties, new: Properties) -> dict[str, Change]:
    """Returns the names that differ and how.

    Compares contents, so that a value that becomes secret has not changed; None is the same as absent, as it is to the
    engine; what is unknown differs from everything.
    """
    before, after = plain_map(old), plain_map(new)
    changes = {}
    for name in before.keys() | after.keys():
        if _same(before.get(name), after.get(name)):
            continue
        if before.get(name) is None:
            changes[name] = Change.ADD
        elif after.get(name) is None:
            changes[name] = Change.DELETE
        else:
            changes[name] = Change.UPDATE
    return dict(sorted(changes.items()))


def keep_secrets(properties: Properties, like: Properties) -> dict[str, PropertyValue]:
    """Returns the properties with secret what is secret in the property of the same name in `like`.

    With accept_secrets the engine leaves this to the provider, and an answer built from unwrapped inputs would put
    them into the state in the clear. Maps are followed; a list that lost its marks becomes secret as a whole, since
    its order may have changed: the engine's own rule (annotateSecrets in pulumi/pulumi, provider_plugin.go).
    """
    return {name: _keep_secret(value, like[name]) if name in like else value for name, value in properties.items()}


def _keep_secret(value: PropertyValue, like: PropertyValue) -> PropertyValue:
    if value.is_secret or not like.contains_secret():
        return value
    if not like.is_secret and isinstance(value.value, Mapping) and isinstance(like.value, Mapping):
        return value.with_value(keep_secrets(value.value, like.value))
    return value if value.contains_secret() and not like.is_secret else value.with_secret(True)


def _same(old: Any, new: Any) -> bool:
    if old is UNKNOWN or new is UNKNOWN:
        return False
    if isinstance(old, bool) or isinstance(new, bool):
        return old is new  # True == 1 in Python, not in a property
    if isinstance(old, dict) and isinstance(new, dict):
        return all(_same(old.get(key), new.get(key)) for key in old.keys() | new.keys())
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(_same, old, new))
    return bool(old == new)
