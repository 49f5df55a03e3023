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

ROLES = ("system", "user", "assistant")

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
    first = 1 if roles and roles[0] == "system" else 0
    for index in range(first, len(roles)):
        expected = "assistant" if (index - first) % 2 else "user"
        if roles[index] != expected:
            return index, expected
    return (len(roles), "assistant") if (len(roles) - first) % 2 or len(roles) == first else None


class _RightTurns(dict[tuple[str, ...], bool]):
    """Remembers which sequences of roles are in order: files have few different ones."""

    def __missing__(self, roles: tuple[str, ...]) -> bool:
        right = turns_fault(roles) is None
        if len(roles) <= 64 and len(self) < 1024:  # hostile files have many
            self[roles] = right
        return right


_right_turns = _RightTurns()
_decode_prompt_completion = msgspec.json.Decoder(_PromptCompletion).decode
_decode_chat = msgspec.json.Decoder(_Chat).decode


def _prompt_completion_characters(raw: bytes, lines: Iterable[bytes]) -> int | None:
    examples = [_decode_prompt_completion(line) for line in lines]
    texts = [text for example in examples for text in (example.prompt, example.completion)]
    return _characters(raw, texts, strings=len(examples) * 4)


def _chat_characters(raw: bytes, lines: Iterable[bytes]) -> int | None:
    conversations = [_decode_chat(line).messages for line in lines]
    for messages in conversations:
        if not _right_turns[tuple([message.role for message in messages])]:
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
    everything = "".join(texts)
    quotes_inside = everything.count('"')
    if quotes_inside and _escaped_quote(raw):  # written as \u0022 it is no quote in the bytes
        return None
    return len(everything) if raw.count(b'"') - quotes_inside == 2 * strings else None


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
        return _FAST[data_format](raw, lines)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def format_named_by(keys: Iterable[Any]) -> Format | Literal["generate-content"] | None:
    """Names the format that an object's keys belong to, by the first key that says so."""
    for key in keys:
        if key == "messages":
            return "chat"
        if key in {"prompt", "completion"}:
            return "prompt-completion"
        if key == "contents":
            return "generate-content"
    return None
