"""Fixtures of the data commands: the command in this process, and files for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from tunestack.cli.data import places

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.cli.conftest import Answer, Command


class Ask(Protocol):
    def __call__(self, *arguments: str | Path, stdin: bytes = b"") -> Answer: ...


class Write(Protocol):
    def __call__(self, name: str, examples: Sequence[object]) -> Path: ...


@pytest.fixture
def ask(command: Command) -> Ask:
    """Runs `tunestack data` in this process, with all that the real command does."""

    def run(*arguments: str | Path, stdin: bytes = b"") -> Answer:
        places.client.cache_clear()  # another test has another service
        return command("data", *arguments, stdin=stdin)

    return run


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a JSONL file; a text or bytes stand as they are, everything else as its JSON."""

    def write_examples(name: str, examples: Sequence[object]) -> Path:
        path = tmp_path / name
        path.write_bytes(b"".join(_line(example) + b"\n" for example in examples))
        return path

    return write_examples


def _line(example: object) -> bytes:
    if isinstance(example, bytes):
        return example
    return (example if isinstance(example, str) else json.dumps(example, ensure_ascii=False)).encode()


def chat(question: str, answer: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}


def sums(count: int, start: int = 0) -> list[dict[str, Any]]:
    """Chat examples, all different."""
    return [chat(f"What is {number} + 1?", f"It is {number + 1}.") for number in range(start, start + count)]
