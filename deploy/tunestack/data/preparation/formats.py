"""Each format's lines as examples, and examples as its lines.

What a format cannot say is refused, never dropped. What is told in two ways is written in one: a single text part as
plain text, `fileData` as `file_data`, the role `assistant` of GenerateContent as `model`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from tunestack.data.preparation.error import FaultError, shown
from tunestack.data.preparation.example import Example, Image, Role, Turn
from tunestack.wording import counted

if TYPE_CHECKING:
    from tunestack.data.report import Format

MIME_TYPES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}
"""Kinds of images that the service takes, by the ends of their names."""


class _PromptCompletion(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    prompt: str
    completion: str


class _ImageUrl(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    url: str
    detail: str | None = None


class _TextPart(msgspec.Struct, tag="text", tag_field="type", forbid_unknown_fields=True, gc=False):
    text: str


class _ImagePart(msgspec.Struct, tag="image_url", tag_field="type", forbid_unknown_fields=True, gc=False):
    image_url: _ImageUrl


class _Message(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    role: Role
    content: str | list[_TextPart | _ImagePart]


class _Chat(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    messages: list[_Message]


class _FileData(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    mime_type: str = ""
    file_uri: str = ""
    camel_type: str = msgspec.field(default="", name="mimeType")
    camel_uri: str = msgspec.field(default="", name="fileUri")


class _Part(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    text: str = ""
    file_data: _FileData | None = None
    camel_data: _FileData | None = msgspec.field(default=None, name="fileData")


class _Instruction(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    parts: list[_Part]
    role: str = ""  # which the service ignores


class _Content(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    role: Literal["user", "assistant", "model"]
    parts: list[_Part]


class _GenerateContent(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True, gc=False):
    system: _Instruction | None = msgspec.field(default=None, name="systemInstruction")
    snake_system: _Instruction | None = msgspec.field(default=None, name="system_instruction")
    contents: list[_Content]


_decode_prompt_completion = msgspec.json.Decoder(_PromptCompletion).decode
_decode_chat = msgspec.json.Decoder(_Chat).decode
_decode_generate_content = msgspec.json.Decoder(_GenerateContent).decode
_encode = msgspec.json.Encoder().encode


def _from_prompt_completion(line: bytes) -> Example:
    example = _decode_prompt_completion(line)
    return [Turn("user", [example.prompt]), Turn("assistant", [example.completion])]


def _from_chat(line: bytes) -> Example:
    return [Turn(message.role, _parts(message.content)) for message in _decode_chat(line).messages]


def _parts(content: str | list[_TextPart | _ImagePart]) -> list[str | Image]:
    if isinstance(content, str):
        return [content]
    return [
        part.text if isinstance(part, _TextPart) else Image(part.image_url.url, detail=part.image_url.detail)
        for part in content
    ]


def _from_generate_content(line: bytes) -> Example:
    example = _decode_generate_content(line)
    turns: Example = []
    if system := example.system or example.snake_system:
        turns.append(Turn("system", [part.text for part in system.parts]))
    for content in example.contents:
        role: Role = "user" if content.role == "user" else "assistant"
        turns.append(Turn(role, [_text_or_file(part) for part in content.parts]))
    return turns


def _text_or_file(part: _Part) -> str | Image:
    data = part.file_data or part.camel_data
    return Image(data.file_uri or data.camel_uri, data.mime_type or data.camel_type) if data else part.text


def _to_prompt_completion(example: Example) -> bytes:
    if example[0].role == "system":
        reason = "a system message, which prompt/completion does not have"
        raise FaultError(reason, "convert to chat or generate-content", turn=0)
    if len(example) != 2:
        reason = f"{counted(len(example), 'turn')}, where prompt/completion has one question and one answer"
        raise FaultError(reason, "convert to chat or generate-content")
    return _encode(_PromptCompletion(_only_text(example, 0), _only_text(example, 1)))


def _only_text(example: Example, turn: int) -> str:
    parts = example[turn].parts
    for number, part in enumerate(parts):
        if isinstance(part, Image):
            reason = "an image, which prompt/completion does not have"
            raise FaultError(reason, "convert to chat or generate-content", turn=turn, part=number)
    if len(parts) > 1:
        reason = f"{len(parts)} parts of text, where prompt/completion has one"
        raise FaultError(reason, "join them into one, or convert to chat or generate-content", turn=turn)
    return "".join(str(part) for part in parts)


def _to_chat(example: Example) -> bytes:
    return _encode(_Chat([_Message(turn.role, _content(turn.parts, index)) for index, turn in enumerate(example)]))


def _content(parts: list[str | Image], turn: int) -> str | list[_TextPart | _ImagePart]:
    if len(parts) == 1 and isinstance(parts[0], str):
        return parts[0]
    return [
        _TextPart(part) if isinstance(part, str) else _image_part(part, turn, number)
        for number, part in enumerate(parts)
    ]


def _image_part(image: Image, turn: int, part: int) -> _ImagePart:
    if image.mime_type and image.mime_type not in MIME_TYPES.values():
        reason = f"a file of type {shown(image.mime_type)}, where chat has images only"
        raise FaultError(reason, "leave the file as generate-content", turn=turn, part=part)
    if image.mime_type and _mime_type(image.uri) not in {None, image.mime_type}:
        reason = f"{shown(image.uri)} as {shown(image.mime_type)}, where its name says {_mime_type(image.uri)}"
        raise FaultError(reason, "mend the one that is wrong: chat has only the name", turn=turn, part=part)
    return _ImagePart(_ImageUrl(image.uri, image.detail))


def _to_generate_content(example: Example) -> bytes:
    system: _Instruction | None = None
    contents: list[_Content] = []
    for index, turn in enumerate(example):
        parts = [
            _Part(text=part) if isinstance(part, str) else _linked(part, index, number)
            for number, part in enumerate(turn.parts)
        ]
        if turn.role == "system":
            system = _Instruction(parts)
        else:
            contents.append(_Content("model" if turn.role == "assistant" else "user", parts))
    return _encode(_GenerateContent(system=system, contents=contents))


def _linked(image: Image, turn: int, part: int) -> _Part:
    if image.is_inline:
        reason = "an image as base64, where GenerateContent has the address of a file"
        raise FaultError(reason, "put the image into a bucket and write its gs:// address", turn=turn, part=part)
    if image.detail is not None:
        reason = f"detail {shown(image.detail)}, which GenerateContent does not have"
        raise FaultError(reason, "remove it, or use --drop-detail", turn=turn, part=part)
    mime_type = image.mime_type or _mime_type(image.uri)
    if mime_type is None:
        reason = f"no way to tell the type of {shown(image.uri)}, which GenerateContent wants to know"
        remedy = f"give the image a name that ends in {', '.join(MIME_TYPES)}"
        raise FaultError(reason, remedy, turn=turn, part=part)
    return _Part(file_data=_FileData(mime_type, image.uri))


def _mime_type(uri: str) -> str | None:
    name = uri.lower()
    return next((kind for end, kind in MIME_TYPES.items() if name.endswith(end)), None)


_READERS: Mapping[Format, Callable[[bytes], Example]] = {
    "prompt-completion": _from_prompt_completion,
    "chat": _from_chat,
    "generate-content": _from_generate_content,
}

_WRITERS: Mapping[Format, Callable[[Example], bytes]] = {
    "prompt-completion": _to_prompt_completion,
    "chat": _to_chat,
    "generate-content": _to_generate_content,
}


def reader(data_format: Format) -> Callable[[bytes], Example]:
    """Returns what reads a line of a format.

    It raises `msgspec.DecodeError`, `UnicodeDecodeError` or `RecursionError` on what is none.
    """
    return _READERS[data_format]


def writer(data_format: Format) -> Callable[[Example], bytes]:
    """Returns what writes an example as a line, without the newline.

    It raises `FaultError` on what the format cannot say.
    """
    return _WRITERS[data_format]


def path_in(data_format: Format, example: Example, turn: int | None, part: int | None) -> str:
    """Returns the JSON path of a turn, or of its part, in a line of a format; `$` where none is meant."""
    if turn is None:
        return "$"
    if data_format == "prompt-completion":
        return ("$.prompt", "$.completion")[turn]
    if data_format == "chat":
        return f"$.messages[{turn}].content" + ("" if part is None else f"[{part}]")
    has_system = example[0].role == "system"
    content = "$.systemInstruction" if has_system and not turn else f"$.contents[{turn - has_system}]"
    return f"{content}.parts" + ("" if part is None else f"[{part}]")


def parts_of(value: Any) -> list[str | Image]:
    """Returns the parts of a chat message's content, given as any library reads it.

    Raises:
        FaultError: it is neither text nor a list of text and image parts.
    """
    try:
        return _parts(msgspec.convert(value, str | list[_TextPart | _ImagePart]))
    except (msgspec.ValidationError, UnicodeEncodeError) as error:
        raise FaultError(f"no content of a message ({error})", "write text, or text and image_url parts") from error
