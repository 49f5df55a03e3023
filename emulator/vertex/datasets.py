"""Training files as examples: the three documented JSONL formats of open-model tuning, one example a line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emulator.language_model import Example, LanguageModelError, render_chat

if TYPE_CHECKING:
    from collections.abc import Callable

_ROLES = {"system", "user", "assistant"}


class DatasetError(Exception):
    """A data set that the service cannot train on. The message names the file and the line."""


@dataclass(frozen=True)
class Dataset:
    """A file that was read.

    Attributes:
        examples: What the model learns: one for each answer in it.
        lines: How many examples the file has, counted as the service does: one a line.
        characters: Of all prompts and answers.
    """

    examples: tuple[Example, ...]
    lines: int
    characters: int


def read(content: bytes, uri: str) -> Dataset:
    """Reads a whole file.

    Args:
        content: The bytes of the object.
        uri: Its address, for messages.

    Raises:
        DatasetError: a line is not an example, or the lines are of different formats, or there is none.
    """
    examples: list[Example] = []
    lines = 0
    formats: dict[str, int] = {}
    for number, line in enumerate(content.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line.decode("utf-8"))
            kind, parse = _format(row)
            formats.setdefault(kind, number)
            _check_one_format(formats)
            examples += parse(row)
        except (ValueError, LanguageModelError) as error:
            reason = f"not JSON: {error}" if isinstance(error, json.JSONDecodeError) else str(error)
            message = f"Line {number} of {uri} is not a valid training example: {reason}."
            raise DatasetError(message) from error
        lines += 1
    if not lines:
        raise DatasetError(f"{uri} has no training example.")
    return Dataset(tuple(examples), lines, sum(len(example.prompt) + len(example.completion) for example in examples))


def _check_one_format(formats: dict[str, int]) -> None:
    if len(formats) > 1:
        found = ", then ".join(f"{name} from line {start}" for name, start in formats.items())
        raise ValueError(f"one file has one format, and this one has {found}")


def _format(row: object) -> tuple[str, Callable[[dict[str, Any]], list[Example]]]:
    """Which of the formats a line has. Source: open-model tuning, "Prepare a tuning dataset"."""
    if not isinstance(row, dict):
        raise ValueError("a line is a JSON object")  # noqa: TRY004 - a fault of the data, not of the caller
    if "messages" in row:
        return "chat", lambda chat: _chat(chat["messages"])
    if "contents" in row:
        return "GenerateContent", _generate_content
    if "prompt" in row or "completion" in row:
        return "prompt/completion", _prompt_completion
    raise ValueError("it has none of prompt and completion, messages, contents")


def _prompt_completion(row: dict[str, Any]) -> list[Example]:
    for field in ("prompt", "completion"):
        if not isinstance(row.get(field), str) or not row[field].strip():
            raise ValueError(f"{field} is missing or empty")
    return [Example(row["prompt"], row["completion"])]


def _chat(messages: object) -> list[Example]:
    if not isinstance(messages, list) or not messages:
        raise ValueError("messages is not a list with messages in it")
    for index, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in _ROLES:
            raise ValueError(f"messages[{index}].role is none of {', '.join(sorted(_ROLES))}")
        content = message.get("content")
        if not content or (isinstance(content, str) and not content.strip()):
            raise ValueError(f"messages[{index}].content is missing or empty")
        if isinstance(content, list):
            _check_text_only(content, f"messages[{index}].content", lambda part: part.get("type") == "text")
    examples = render_chat(messages)
    if not examples:
        raise ValueError("there is no answer to learn: no assistant message that follows another")
    return examples


def _generate_content(row: dict[str, Any]) -> list[Example]:
    contents = row["contents"]
    if not isinstance(contents, list) or not contents:
        raise ValueError("contents is not a list with contents in it")
    messages: list[dict[str, Any]] = []
    instruction = row.get("systemInstruction", row.get("system_instruction"))
    if instruction is not None:
        messages.append({"role": "system", "content": _text(instruction, "systemInstruction")})
    for index, content in enumerate(contents):
        role = content.get("role", "user") if isinstance(content, dict) else None
        # Both names of the answering role are in the documented examples.
        messages.append(
            {"role": "assistant" if role == "model" else role, "content": _text(content, f"contents[{index}]")}
        )
    return _chat(messages)


def _check_text_only(parts: list[Any], where: str, is_text: Callable[[dict[str, Any]], bool]) -> None:
    if not all(isinstance(part, dict) and is_text(part) for part in parts):
        raise ValueError(f"{where} has a part that is not text, and the emulator's model reads text only")


def _text(content: object, where: str) -> str:
    parts = content.get("parts") if isinstance(content, dict) else None
    if not isinstance(parts, list) or not parts:
        raise ValueError(f"{where}.parts is missing or empty")
    _check_text_only(parts, where, lambda part: isinstance(part.get("text"), str))
    return "\n".join(part["text"] for part in parts)
