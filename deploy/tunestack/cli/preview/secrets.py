"""Keeps a stack's secrets out of what is shown: the engine hides them in properties, but not in messages."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tunestack.cli.stack import Engine
from tunestack.cli.stacks.stack_files import StackFile

HIDDEN = "[secret]"
"""What stands in a secret's place, as the engine has it."""

_SHORTEST = 4
"""Characters of a secret that can be told from ordinary text."""


def secrets_of(file: StackFile, engine: Engine) -> list[str]:
    """Returns the secrets in a stack's configuration; the engine is asked only where the file has any.

    Raises:
        StackError: they cannot be decrypted, without which no preview can run either.
    """
    content = file.path.read_text(encoding="utf-8")
    if "secure:" not in content:
        return []
    import yaml

    stored = yaml.safe_load(content).get("config") or {}
    told = json.loads(engine.run("config", "--show-secrets", "--json", "--stack", file.name))
    found: list[str] = []
    for name, value in stored.items():
        entry = told.get(name) or {}
        found += _secure(value, entry.get("objectValue", entry.get("value")))
    # The longest first: one may be part of another.
    return sorted({each for each in found if len(each) >= _SHORTEST}, key=len, reverse=True)


def _secure(stored: Any, shown: Any) -> Iterator[str]:
    """Yields the texts that stand where the file has something encrypted."""
    if isinstance(stored, dict) and stored.keys() == {"secure"}:
        yield from _texts(shown)
    elif isinstance(stored, dict) and isinstance(shown, dict):
        for name, value in stored.items():
            yield from _secure(value, shown.get(name))
    elif isinstance(stored, list) and isinstance(shown, list):
        for value, each in zip(stored, shown, strict=False):
            yield from _secure(value, each)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)
    elif isinstance(value, str):
        yield value


def without(value: Any, secrets: Iterable[str]) -> Any:
    """Returns JSON with each secret hidden, wherever it stands in a text."""
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, HIDDEN)
        return value
    if isinstance(value, Mapping):
        return {name: without(each, secrets) for name, each in value.items()}
    return [without(each, secrets) for each in value] if isinstance(value, list) else value
