"""Chat messages as the plain prompts that the model reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.language_model.contract import Example, LanguageModelError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def _text(content: object) -> str:
    """The text of a message: a string, or the text parts of a list of parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(
            part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str)
        )
    raise LanguageModelError(f"a message's content is text or a list of parts, not {type(content).__name__}")


def render_prompt(messages: Sequence[Mapping[str, Any]]) -> str:
    """Writes the messages that come before an answer as one prompt.

    A single user message stands for itself, so that a model tuned on prompts and completions can be asked in chat
    and the other way round. Anything longer has a line of the form ``role: text`` for each message.
    """
    if len(messages) == 1 and messages[0].get("role", "user") == "user":
        return _text(messages[0].get("content"))
    return "\n".join(f"{message.get('role', 'user')}: {_text(message.get('content'))}" for message in messages)


def render_chat(messages: Sequence[Mapping[str, Any]]) -> list[Example]:
    """Makes one example of each assistant message that has something before it."""
    return [
        Example(render_prompt(messages[:index]), _text(message.get("content")))
        for index, message in enumerate(messages)
        if index and message.get("role") == "assistant"
    ]
