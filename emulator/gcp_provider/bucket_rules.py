"""Lifecycle rules of a bucket: as pulumi-gcp writes them, and as the API does."""

from __future__ import annotations

from typing import Any, Final

_SAME: Final = (
    "age",
    "createdBefore",
    "customTimeBefore",
    "daysSinceCustomTime",
    "daysSinceNoncurrentTime",
    "noncurrentTimeBefore",
    "numNewerVersions",
)
_PLURAL: Final = {
    "matchesPrefixes": "matchesPrefix",
    "matchesSuffixes": "matchesSuffix",
    "matchesStorageClasses": "matchesStorageClass",
}
_STATES: Final = {"LIVE": True, "ARCHIVED": False}


def api_rules(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns a bucket's `lifecycle.rule` for the `lifecycleRules` of a program."""
    return [{"action": rule["action"], "condition": _api_condition(rule["condition"])} for rule in rules]


def declared_rules(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns the `lifecycleRules` that make a bucket's `lifecycle.rule`."""
    return [{"action": rule["action"], "condition": _declared_condition(rule["condition"])} for rule in rules]


def _api_condition(condition: dict[str, Any]) -> dict[str, Any]:
    # Zero is sent only where the program says so, as the real provider does: it cannot tell 0 from nothing.
    same = {
        name: condition[name]
        for name in _SAME
        if condition.get(name) or condition.get(f"send{name[0].upper()}{name[1:]}IfZero")
    }
    plural = {wire: condition[name] for name, wire in _PLURAL.items() if condition.get(name)}
    state = condition.get("withState")
    return {**same, **plural, **({"isLive": _STATES[state]} if state in _STATES else {})}


def _declared_condition(condition: dict[str, Any]) -> dict[str, Any]:
    same: dict[str, Any] = {name: condition[name] for name in _SAME if name in condition}
    plural = {name: condition[wire] for name, wire in _PLURAL.items() if wire in condition}
    state = {"withState": "LIVE" if condition["isLive"] else "ARCHIVED"} if "isLive" in condition else {}
    return {**same, **plural, **state}
