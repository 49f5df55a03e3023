"""Which properties of a resource differ, and from what to what."""

from __future__ import annotations

import re
from typing import Any

from tunestack.cli.stacks.engine_events import UNKNOWN, Step

_LENGTH = 60
"""Characters of a value that are shown."""

_PART = re.compile(r'\["(?P<quoted>(?:[^"\\]|\\.)*)"\]|\[(?P<index>\d+)\]|(?P<name>[^.\[\]]+)')


def differences(step: Step) -> list[str]:
    """Returns a text for each property, such as `location: us-central1 → europe-west4`.

    Values are shown where they are single ones: of a structure, the engine's own `--diff` shows more. The engine has
    put `[secret]` in the place of secrets.
    """
    if not (step.old and step.new):
        return []
    texts = []
    inputs = [state.get("inputs") for state in (step.old, step.new)]
    # pulumi-gcp also names outputs that follow from an input, such as effectiveLabels.
    declared = [path for path in step.differences if any(_at(each, path) is not None for each in inputs)]
    for path in declared or step.differences:
        before, after = (
            next((value for part in parts if (value := _at(state.get(part), path)) is not None), None)
            for state, parts in ((step.old, ("inputs", "outputs")), (step.new, ("inputs", "outputs")))
        )
        if before == after:  # an output that the inputs have under the same name
            before, after = (_at(state.get("outputs"), path) for state in (step.old, step.new))
        told = [_told(value) for value in (before, after)]
        texts.append(path if None in told or told[0] == told[1] else f"{path}: {told[0]} → {told[1]}")
    before, after = protection(step)
    return [*texts, f"protected: {_told(before)} → {_told(after)}"] if before != after else texts


def protection(step: Step) -> tuple[bool, bool]:
    """Says whether the engine refuses to delete a resource, before and after; to the engine that is no change."""
    before, after = (bool(state and state.get("protect")) for state in (step.old, step.new))
    return before, after


def _at(value: Any, path: str) -> Any:
    for part in _PART.finditer(path):
        name, index = part["quoted"] or part["name"], part["index"]
        if index is not None and isinstance(value, list):
            value = value[int(index)] if int(index) < len(value) else None
        elif isinstance(value, dict):
            value = value.get(name)
        else:
            return None
    return value


def _told(value: Any) -> str | None:
    """Writes a value; None where it takes more than a few words."""
    if value is None:
        return "none"
    if isinstance(value, dict | list):
        return None
    if value == UNKNOWN:
        return "known afterwards"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if len(text) <= _LENGTH:
        return text
    # Of names and addresses, what tells them apart stands at the end.
    return f"…{text[1 - _LENGTH :]}" if "/" in text else f"{text[: _LENGTH - 1]}…"
