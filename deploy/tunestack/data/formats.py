"""The formats of training data, and the fast half of their check.

A format's fast half says of a block of lines that every line is right beyond doubt, or nothing at all; `exact` then
looks at each line in doubt. So the two must only agree in one direction, which the tests hold them to: what the fast
half accepts has no problem.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tunestack.data.report import Format

FORMAT_NAMES: Mapping[Format, str] = {
    "prompt-completion": "prompt/completion",
    "chat": "chat",
    "generate-content": "GenerateContent",
}
"""What people call them."""

ROLES = ("system", "user", "assistant")
"""Of a chat."""

_NAN_LENGTH = len("nan")
_escaped_quote = re.compile(rb"\\u0022").search


class _PromptCompletion(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    prompt: str
    completion: str


class _Message(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    role: Literal["system", "user", "assistant"]
    content: str


class _Chat(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    messages: list[_Message]


def is_blank(text: str) -> bool:
    """Whether the text is empty or all whitespace."""
    return not text or text.isspace()


def is_missing_value(text: str) -> bool:
    """Whether the text is what a data frame writes for a missing value."""
    return text.strip().lower() == "nan"


def turns_fault(roles: Sequence[str]) -> tuple[int, str] | None:
    """Says which turn is out of order, and what was expected there; None when all are in order.

    Chat templates take an optional system message, then user and assistant in turn; what is learnt is the assistant's
    answer, so it comes last.
    """
    order = _turns(len(roles), system=roles[:1] == ["system"])
    for index, (role, expected) in enumerate(zip(roles, order, strict=True)):
        if role != expected:
            return index, expected
    return None if order and order[-1] == "assistant" else (len(roles), "assistant")


def _turns(count: int, *, system: bool) -> list[str]:
    order = ["system"] if system else []
    return (order + ["user", "assistant"] * (count // 2 + 1))[:count]


def _in_order(conversations: Sequence[Sequence[_Message]]) -> bool:
    turns = len(conversations[0])
    if len(set(map(len, conversations))) > 1:
        return all(turns_fault([message.role for message in messages]) is None for messages in conversations)
    # The common file has conversations of one shape: every n-th role is the same.
    roles = [message.role for messages in conversations for message in messages]
    if turns_fault(roles[:turns]):
        return False
    return all(roles[turn::turns].count(role) == len(conversations) for turn, role in enumerate(roles[:turns]))


_decode_prompt_completion = msgspec.json.Decoder(_PromptCompletion).decode
_decode_chat = msgspec.json.Decoder(_Chat).decode


def _prompt_completion_characters(raw: bytes, lines: Iterable[bytes]) -> int | None:
    examples = [_decode_prompt_completion(line) for line in lines]
    texts = [text for example in examples for text in (example.prompt, example.completion)]
    return _characters(raw, texts, strings=len(examples) * 4)


def _chat_characters(raw: bytes, lines: Iterable[bytes]) -> int | None:
    conversations = [_decode_chat(line).messages for line in lines]
    if not _in_order(conversations):
        return None
    texts = [message.content for messages in conversations for message in messages]
    return _characters(raw, texts, strings=len(conversations) + len(texts) * 4)


def _characters(raw: bytes, texts: list[str], strings: int) -> int | None:
    """Counts characters; None when a text is empty or `nan`, or when a key may stand twice.

    The decoder keeps the last of two equal keys without a word. Every string has two quotes around it, so a second key
    shows as quotes too many, once those inside the texts are taken off.
    """
    if any(is_blank(text) or is_missing_value(text) for text in map(str.strip, texts) if len(text) <= _NAN_LENGTH):
        return None
    quotes_inside = sum([text.count('"') for text in texts if '"' in text])
    if quotes_inside and _escaped_quote(raw):  # written as \u0022 it is no quote in the bytes
        return None
    return sum(map(len, texts)) if raw.count(b'"') - quotes_inside == 2 * strings else None


_FAST: Mapping[Format, Callable[[bytes, Iterable[bytes]], int | None]] = {
    "prompt-completion": _prompt_completion_characters,
    "chat": _chat_characters,
}


def surely_right(data_format: Format, raw: bytes, lines: Iterable[bytes]) -> int | None:
    """Counts the characters of lines that are all right beyond doubt.

    Args:
        data_format: what the lines are taken for.
        raw: the bytes of all the lines.
        lines: each of them.

    Returns:
        The characters of their text, or None when any line needs an exact look.
    """
    try:
        return _FAST[data_format](raw, lines) if data_format in _FAST else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


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
