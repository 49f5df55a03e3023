"""Training files as examples: the three documented JSONL formats of open-model tuning, one example a line."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from emulator.language_model import Example, LanguageModelError, render_chat
from emulator.vertex import dataset_images

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.vertex.dataset_images import LinkedImage

_ROLES = {"system", "user", "assistant"}


class DatasetError(Exception):
    """A data set that the service cannot train on. The message names the file and the line."""


@dataclass(frozen=True)
class Row:
    """A line of a file.

    Attributes:
        examples: What the model learns of it: one for each answer.
        has_image: Whether there is an image in it.
    """

    examples: tuple[Example, ...]
    has_image: bool


@dataclass(frozen=True)
class Dataset:
    """A file that was read.

    Attributes:
        rows: What the model learns, line by line.
        format: Which of the formats they are in.
        images: Those that lie in Cloud Storage, each time that one is named.
        dropped: Examples that are not learnt, counted from 1.
    """

    rows: tuple[Row, ...]
    format: str
    images: tuple[LinkedImage, ...] = ()
    dropped: tuple[int, ...] = ()

    @cached_property
    def examples(self) -> tuple[Example, ...]:
        """What the model learns."""
        left_out = set(self.dropped)
        rows = (row for number, row in enumerate(self.rows, 1) if number not in left_out)
        return tuple(example for row in rows for example in row.examples)

    @property
    def lines(self) -> int:
        """How many examples the file has, counted as the service does: one a line."""
        return len(self.rows)

    @property
    def characters(self) -> int:
        """Of all prompts and answers that are learnt."""
        return sum(len(example.prompt) + len(example.completion) for example in self.examples)

    @property
    def has_images(self) -> bool:
        """Whether any example has an image."""
        return any(row.has_image for row in self.rows)

    def without_texts_beside_images(self) -> Dataset:
        """Drops the examples without an image where there is one that has one.

        "If there is at least one image example in the dataset, all text-only examples will be filtered out": open-model
        tuning, "Limitations", of Llama 4.
        """
        if not self.has_images:
            return self
        return replace(self, dropped=tuple(number for number, row in enumerate(self.rows, 1) if not row.has_image))


def read(content: bytes, uri: str) -> Dataset:
    """Reads a whole file.

    Args:
        content: The bytes of the object.
        uri: Its address, for messages.

    Raises:
        DatasetError: a line is not an example, or the lines are of different formats, or there is none.
    """
    rows: list[Row] = []
    images: list[LinkedImage] = []
    formats: dict[str, int] = {}
    for number, line in enumerate(content.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line.decode("utf-8"))
            kind, parse = _format(row)
            formats.setdefault(kind, number)
            _check_one_format(formats)
            found = _Line(number)
            rows.append(Row(tuple(parse(row, found)), found.has_image))
        except (ValueError, LanguageModelError) as error:
            reason = f"not JSON: {error}" if isinstance(error, json.JSONDecodeError) else str(error)
            message = f"Line {number} of {uri} is not a valid training example: {reason}."
            raise DatasetError(message) from error
        images += found.images
    if not rows:
        raise DatasetError(f"{uri} has no training example.")
    return Dataset(tuple(rows), next(iter(formats)), tuple(images))


@dataclass
class _Line:
    """The images of a line that is being read."""

    number: int
    has_image: bool = False
    images: list[LinkedImage] = field(default_factory=list)

    def image(self, url: object, where: str) -> None:
        linked = dataset_images.find(url, self.number, where)
        self.has_image = True
        if linked:
            self.images.append(linked)


def _check_one_format(formats: dict[str, int]) -> None:
    if len(formats) > 1:
        found = ", then ".join(f"{name} from line {start}" for name, start in formats.items())
        raise ValueError(f"one file has one format, and this one has {found}")


def _format(row: object) -> tuple[str, Callable[[dict[str, Any], _Line], list[Example]]]:
    """Which of the formats a line has. Source: open-model tuning, "Prepare a tuning dataset"."""
    if not isinstance(row, dict):
        raise ValueError("a line is a JSON object")  # noqa: TRY004 - a fault of the data, not of the caller
    if "messages" in row:
        return "chat", lambda chat, line: _chat(chat["messages"], line)
    if "contents" in row:
        return "GenerateContent", _generate_content
    if "prompt" in row or "completion" in row:
        return "prompt/completion", _prompt_completion
    raise ValueError("it has none of prompt and completion, messages, contents")


def _prompt_completion(row: dict[str, Any], _line: _Line) -> list[Example]:
    for name in ("prompt", "completion"):
        if not isinstance(row.get(name), str) or not row[name].strip():
            raise ValueError(f"{name} is missing or empty")
    return [Example(row["prompt"], row["completion"])]


def _chat(messages: object, line: _Line) -> list[Example]:
    if not isinstance(messages, list) or not messages:
        raise ValueError("messages is not a list with messages in it")
    for index, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in _ROLES:
            raise ValueError(f"messages[{index}].role is none of {', '.join(sorted(_ROLES))}")
        content = message.get("content")
        if not content or (isinstance(content, str) and not content.strip()):
            raise ValueError(f"messages[{index}].content is missing or empty")
        if isinstance(content, list):
            for number, part in enumerate(content):
                _check_part(part, f"messages[{index}].content[{number}]", line)
    return _answers(messages)


def _check_part(part: object, where: str, line: _Line) -> None:
    kind = part.get("type") if isinstance(part, dict) else None
    if not isinstance(part, dict) or kind not in {"text", "image_url"}:
        raise ValueError(f"{where} is neither text nor an image")
    if kind == "text":
        _check_text(part.get("text"), where)
    else:
        image = part.get("image_url")
        line.image(image.get("url") if isinstance(image, dict) else image, f"{where}.image_url.url")


def _check_text(text: object, where: str) -> None:
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"{where}.text is missing or empty")


def _answers(messages: list[dict[str, Any]]) -> list[Example]:
    examples = render_chat(messages)
    if not examples or not all(example.completion.strip() for example in examples):
        raise ValueError("there is no answer to learn: no assistant message with text that follows another")
    return examples


def _generate_content(row: dict[str, Any], line: _Line) -> list[Example]:
    contents = row["contents"]
    if not isinstance(contents, list) or not contents:
        raise ValueError("contents is not a list with contents in it")
    messages: list[dict[str, Any]] = []
    instruction = _either(row, "systemInstruction", "system_instruction")
    if instruction is not None:
        messages.append({"role": "system", "content": _parts(instruction, "systemInstruction", line)})
    for index, content in enumerate(contents):
        role = content.get("role", "user") if isinstance(content, dict) else None
        # Both names of the answering role are in the documented examples.
        role = "assistant" if role == "model" else role
        if role not in {"user", "assistant"}:
            raise ValueError(f"contents[{index}].role is none of assistant, model, user")
        messages.append({"role": role, "content": _parts(content, f"contents[{index}]", line)})
    return _answers(messages)


def _parts(content: object, where: str, line: _Line) -> list[dict[str, str]]:
    """The text parts of a message, as a chat has them."""
    parts = content.get("parts") if isinstance(content, dict) else None
    if not isinstance(parts, list) or not parts:
        raise ValueError(f"{where}.parts is missing or empty")
    texts = []
    for index, part in enumerate(parts):
        place = f"{where}.parts[{index}]"
        file = _either(part, "fileData", "file_data") if isinstance(part, dict) else None
        if isinstance(file, dict):
            if _either(file, "mimeType", "mime_type") not in {"image/jpeg", "image/png", "image/webp"}:
                raise ValueError(f"{place} is a file of another type than image/jpeg, image/png and image/webp")
            line.image(_either(file, "fileUri", "file_uri"), f"{place}.fileUri")
        else:
            text = part.get("text") if isinstance(part, dict) else None
            _check_text(text, place)
            texts.append({"type": "text", "text": str(text)})
    return texts


def _either(fields: dict[str, Any], camel: str, snake: str) -> Any:
    """Both spellings are in the documented examples."""
    return fields.get(camel, fields.get(snake))
