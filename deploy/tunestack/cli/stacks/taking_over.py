"""What of a stack's configuration another stack may have as well."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from tunestack.cli.stacks.stack_files import StackFile
from tunestack.regional_keys import OF_THE_FOUNDATION
from tunestack.wording import together

_NAMED_THINGS = (
    ("serviceAccount",),
    ("buckets", "data"),
    ("buckets", "output"),
    ("buckets", "kmsKeyName"),
    ("serving", "*", "endpoint"),
    ("serving", "*", "kmsKeyName"),
    ("models", "*", "kmsKeyName"),
)
"""Keys that name one thing in one project or place, which a new stack must not share without being told to."""


def taken_over(name: str, followed: StackFile) -> tuple[dict[str, Any], list[str]]:
    """Returns the configuration of a stack without what is that stack's alone, and what that was."""
    config: dict[str, Any] = deepcopy(dict(followed.config))
    told = []
    for path in _NAMED_THINGS:
        without = "Google's own keys encrypt here" if path[-1] == "kmsKeyName" else "one is made"
        for place, holder in _holders(config, path):
            told.append(f"tunestack:{place} ({holder.pop(path[-1])}) is {followed.name}'s; without it {without}")
    if readers := config.pop("readers", None):
        told.append(
            f"tunestack:readers ({', '.join(readers)}) may take {followed.name}'s checkpoints; name here who may take "
            "this stack's"
        )
    for place, holder, key in list(_encrypted(config)):
        del holder[key]
        told.append(
            f"tunestack:{place} is encrypted for {followed.name}; set it here: pulumi config set --secret --path "
            f"'tunestack:{place}' --stack {name}"
        )
    return {key: value for key, value in config.items() if value != {}}, told


def left_to_foundation(config: dict[str, Any], foundation: str) -> list[str]:
    """Takes out of a configuration what a region cannot have, and returns a sentence about it."""
    found = [(place, holder.pop(path[-1])) for path in OF_THE_FOUNDATION for place, holder in _holders(config, path)]
    for section in [key for key, value in config.items() if value == {}]:
        del config[section]
    if not found:
        return []
    places = together([f"tunestack:{place}" for place, _ in found])
    return [f"{places}: a region tunes nothing, and serves the models of {foundation}"]


def _holders(config: dict[str, Any], path: tuple[str, ...]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields where a key stands that has a value, and what it stands in."""
    head, *rest = path
    if not rest:
        if head in config:
            yield head, config
        return
    for name in list(config) if head == "*" else [head]:
        if isinstance(config.get(name), dict):
            yield from ((f"{name}.{place}", holder) for place, holder in _holders(config[name], tuple(rest)))


def _encrypted(value: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any], str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            place = f"{path}.{key}" if path else str(key)
            if isinstance(inner, dict) and inner.keys() == {"secure"}:
                yield place, value, key
            else:
                yield from _encrypted(inner, place)
