"""Distillation: what a teacher is asked, and the file of its answers, each line in the format of its prompt."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from emulator.vertex import datasets

if TYPE_CHECKING:
    from collections.abc import Callable

LABELLED = "distillation_labelled_dataset.jsonl"
_UNANSWERED = "?"
_ANSWERING = {"assistant", "model"}


def prompts(content: bytes) -> bytes:
    """A file of prompts as one of examples, so that the same rules say what is wrong with it.

    The teacher writes the answers: one that a line has already is taken off, and a stand-in is in its place. A line
    that is no JSON object stays as it is.
    """
    return b"\n".join(_with_answer(line, _UNANSWERED) for line in content.split(b"\n"))


def label(content: bytes, ask: Callable[[str], str]) -> bytes:
    """The prompts, as `prompts` made examples of them, with the teacher's answers.

    A prompt that it answers with nothing is left out.
    """
    lines = [line for line in content.split(b"\n") if line.strip()]
    rows = datasets.read(content, LABELLED).rows
    answers = [ask(row.examples[-1].prompt) for row in rows]
    return b"".join(
        _with_answer(line, answer) + b"\n" for line, answer in zip(lines, answers, strict=True) if answer.strip()
    )


def _with_answer(line: bytes, answer: str) -> bytes:
    try:
        row = json.loads(line)
    except ValueError:
        return line
    return json.dumps(_answered(row, answer), ensure_ascii=False).encode() if isinstance(row, dict) else line


def _answered(row: dict[str, Any], answer: str) -> dict[str, Any]:
    """The row with this answer in place of its last one, or behind its last turn."""
    if isinstance(row.get("messages"), list):
        return row | {"messages": [*_asked(row["messages"]), {"role": "assistant", "content": answer}]}
    if isinstance(row.get("contents"), list):
        return row | {"contents": [*_asked(row["contents"]), {"role": "model", "parts": [{"text": answer}]}]}
    return row | {"completion": answer} if "prompt" in row else row


def _asked(turns: list[Any]) -> list[Any]:
    """The turns without an answer at their end."""
    answered = turns and isinstance(turns[-1], dict) and turns[-1].get("role") in _ANSWERING
    return turns[:-1] if answered else turns
