"""What a stack configures of the policies, or all that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_type_hints

import msgspec

from tunestack.policies.guardrails import POLICIES
from tunestack.policies.policy import Limits, Policy
from tunestack.wording import suggestion

_NAMES = {policy.name: policy for policy in POLICIES}


def defaults() -> dict[str, Limits]:
    """Returns every policy's limits as they are where nothing is configured."""
    return {policy.name: policy.limits() for policy in POLICIES}


def read(raw: Any) -> tuple[dict[str, Limits], list[str]]:
    """Returns every policy's limits, and what is wrong with the configuration, each with its path in it.

    Args:
        raw: policy → settings, as it stands below `tunestack:policies`.
    """
    if not isinstance(raw, Mapping):
        return defaults(), [": must be a mapping of policies"]
    found, problems = defaults(), list[str]()
    for name, given in raw.items():
        policy = _NAMES.get(name)
        if policy is None:
            problems.append(f".{name}: there is no such policy; {suggestion(name, _NAMES)}")
        elif not isinstance(given, Mapping):
            problems.append(f".{name}: must be a mapping of {', '.join(_fields(policy))}")
        else:
            wrong = list(_wrong(policy, given))
            problems += [f".{name}.{problem}" for problem in wrong]
            if not wrong:
                found[name] = msgspec.convert(dict(given), policy.limits)
    return found, problems


def schema(policy: Policy[Any]) -> dict[str, dict[str, Any]]:
    """Returns the JSON schema of a policy's settings, without its level, which the engine adds."""
    found = msgspec.json.schema(policy.limits)
    properties = dict(found["$defs"][policy.limits.__name__]["properties"])
    properties.pop("enforcementLevel")
    return {name: _given(each) for name, each in properties.items()}


def _given(described: dict[str, Any]) -> dict[str, Any]:
    """Returns what a value must be where one is given: no null, and no default that went over the stack's file."""
    either = [each for each in described.get("anyOf", []) if each != {"type": "null"}]
    return either[0] if either else {key: part for key, part in described.items() if key != "default"}


def _fields(policy: Policy[Any]) -> dict[str, msgspec.structs.FieldInfo]:
    return {field.encode_name: field for field in msgspec.structs.fields(policy.limits)}


def _wrong(policy: Policy[Any], given: Mapping[str, Any]) -> Iterator[str]:
    fields, hints = _fields(policy), get_type_hints(policy.limits, include_extras=True)
    for key, value in given.items():
        if key not in fields:
            yield f"{key}: unknown key; {suggestion(key, fields)}"
            continue
        hint = hints[fields[key].name]
        try:
            msgspec.convert(value, hint)
        except msgspec.ValidationError:
            yield f"{key}: must be {_described(hint)}, not {msgspec.json.encode(value).decode()}"


def _described(hint: Any) -> str:
    """Returns what a type takes, as its description says; of an optional one, that of the other."""
    for part in (hint, *getattr(hint, "__args__", ())):
        for note in getattr(part, "__metadata__", ()):
            if note.description:
                return str(note.description)
    return "something else"
