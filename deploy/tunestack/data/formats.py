"""The formats of training data: their names, and what both halves of the check ask of texts and turns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tunestack.data.report import Format

FORMAT_NAMES: Mapping[Format, str] = {
    "prompt-completion": "prompt/completion",
    "chat": "chat",
    "generate-content": "GenerateContent",
}
"""What people call them."""

ROLES = ("system", "user", "assistant")
"""Of a chat."""


def is_blank(text: str) -> bool:
    """Whether the text is empty or all whitespace."""
    return not text or text.isspace()


def is_missing_value(text: str) -> bool:
    """Whether the text is what a data frame writes for a missing value."""
    return text.strip().lower() == "nan"


def turns_fault(roles: Sequence[str], *, answers_optional: bool = False) -> tuple[int, str] | None:
    """Says which turn is out of order, and what was expected there; None when all are in order.

    Chat templates take an optional system message, then user and assistant in turn; what is learnt is the assistant's
    answer, so it comes last, unless a teacher is to write it.
    """
    order = _turns(len(roles), system=roles[:1] == ["system"])
    for index, (role, expected) in enumerate(zip(roles, order, strict=True)):
        if role != expected:
            return index, expected
    last = order[-1] if order else "system"
    return None if last == "assistant" or (answers_optional and last == "user") else (len(roles), "assistant")


def _turns(count: int, *, system: bool) -> list[str]:
    order = ["system"] if system else []
    return (order + ["user", "assistant"] * (count // 2 + 1))[:count]


def format_named_by(keys: Iterable[Any]) -> Format | None:
    """Names the format that an object's keys belong to, by the first key that says so."""
    for key in keys:
        if key == "messages":
            return "chat"
        if key in {"prompt", "completion"}:
            return "prompt-completion"
        if key in {"contents", "systemInstruction", "system_instruction"}:
            return "generate-content"
    return None
