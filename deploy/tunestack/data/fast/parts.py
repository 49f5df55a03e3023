"""The fast half's look at examples in parts: chats with text and image parts, and GenerateContent."""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from tunestack.data.fast.right import Right, all_worth_learning, beyond_ascii, each_key_once
from tunestack.data.formats import turns_fault
from tunestack.data.links import names_object
from tunestack.data.signatures import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tunestack.data.demands import Demands
    from tunestack.data.fast.half import Way
    from tunestack.data.report import Format

_linked_images = re.compile(rb'"(?:url|fileUri|file_uri)"[ \t]*:[ \t]*("gs://[^"\\]*")').finditer


class _Struct(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    pass


class _ImageUrl(_Struct):
    url: str
    detail: Literal["low", "high", "auto"] | UnsetType = UNSET


class _TextPart(_Struct, tag_field="type", tag="text"):
    text: str


class _ImagePart(_Struct, tag_field="type", tag="image_url"):
    image_url: _ImageUrl


class _Message(_Struct):
    role: Literal["system", "user", "assistant"]
    content: str | list[_TextPart | _ImagePart]


class _Chat(_Struct):
    messages: list[_Message]


class _CamelFile(_Struct, rename="camel"):
    mime_type: str
    file_uri: str


class _SnakeFile(_Struct):
    mime_type: str
    file_uri: str


class _Part(_Struct):
    text: str | UnsetType = UNSET
    fileData: _CamelFile | UnsetType = UNSET  # noqa: N815 - both spellings are keys of the format
    file_data: _SnakeFile | UnsetType = UNSET


class _Content(_Struct):
    role: Literal["user", "model", "assistant"]
    parts: list[_Part]


class _TextOfSystem(_Struct):
    text: str


class _Instruction(_Struct):
    parts: list[_TextOfSystem]


class _GenerateContent(_Struct):
    contents: list[_Content]
    systemInstruction: _Instruction | UnsetType = UNSET  # noqa: N815 - as above
    system_instruction: _Instruction | UnsetType = UNSET


_ANSWERING = {"model": "assistant"}


@dataclass(slots=True)
class _Example:
    """What one example holds, in its order.

    Attributes:
        texts: to learn from.
        pieces: texts and addresses.
        shape: roles, and what each is made of.
        roles: of its turns.
        strings: that its JSON has.
        last: number of pieces before the last turn.
        links: address, path and type of each linked image.
    """

    strings: int
    texts: list[str] = field(default_factory=list)
    pieces: list[bytes] = field(default_factory=list)
    shape: list[str] = field(default_factory=list)
    roles: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    last: int = 0
    links: list[tuple[str, str, str]] = field(default_factory=list)
    inline: int = 0
    inline_bytes: int = 0

    def text(self, text: str) -> str:
        self.texts.append(text)
        self.pieces.append(fingerprint.spelled(text))
        return "text"

    def address(self, address: str, path: str, mime_type: str = "") -> None:
        self.others.append(address)
        self.pieces.append(address.encode())
        self.links.append((address, path, mime_type))


class _Doubt(Exception):  # noqa: N818 - not a failure
    """An example needs an exact look."""


def looks(data_format: Format, demands: Demands) -> Way:
    """Returns the look at examples of this format."""
    return _Look(data_format, demands).look


_decoders: dict[Format, Callable[[bytes], list[Any]]] = {
    "chat": msgspec.json.Decoder(_Chat).decode_lines,
    "generate-content": msgspec.json.Decoder(_GenerateContent).decode_lines,
}


class _Look:
    def __init__(self, data_format: Format, demands: Demands) -> None:
        read: dict[Format, Callable[[Any], _Example]] = {"chat": self._chat, "generate-content": self._generate_content}
        self._decode = _decoders[data_format]
        self._read = read[data_format]
        self._demands = demands

    def look(self, raw: bytes, lines: int) -> Right | None:
        """Says what lines hold; None when any of them needs an exact look."""
        decoded = self._decode(raw)
        if len(decoded) != lines:
            return None
        totals: list[int] = []
        right = Right(array("Q"), array("I"), lambda: totals)
        strings = 0
        spelled: list[str] = []
        rows: list[bytes] = []
        try:
            for place, each in enumerate(decoded):
                example = self._read(each)
                totals.append(self._add(example, right))
                strings += example.strings
                spelled += example.texts
                spelled += example.others
                if example.links:
                    rows = rows or raw.split(b"\n")
                    right.links += [(place, *link) for link in _places(example, rows[place])]
        except _Doubt:
            return None
        return right if each_key_once(raw, lines, strings, spelled) else None

    def _add(self, example: _Example, right: Right) -> int:
        images = example.inline + len(example.links)
        roles = [_ANSWERING.get(role, role) for role in example.roles]
        if turns_fault(roles, answers_optional=self._demands.answers_optional) or images > self._demands.max_images:
            raise _Doubt
        if not fingerprint.is_answer(roles[-1]):
            example.last = len(example.pieces)
        if not all_worth_learning(example.texts):
            raise _Doubt
        total = sum(map(len, example.texts))
        whole, before = fingerprint.of_pieces(tuple(example.shape), example.pieces, example.last)
        right.hashes.append(whole)
        right.inputs.append(before)
        right.characters += total
        right.non_ascii += sum(map(beyond_ascii, example.texts))
        right.turns += len(example.roles)
        right.texts_only += not images
        right.inline += example.inline
        right.inline_bytes += example.inline_bytes
        right.linked += len(example.links)
        return total

    def _chat(self, chat: _Chat) -> _Example:
        example = _Example(strings=1)
        for number, message in enumerate(chat.messages):
            example.last = len(example.pieces)
            example.roles.append(message.role)
            if isinstance(message.content, str):
                example.text(message.content)
                example.shape.append(message.role)
                example.strings += 4
                continue
            example.strings += 3
            kinds = [
                self._chat_part(part, f"$.messages[{number}].content[{place}].image_url.url", example)
                for place, part in enumerate(message.content)
            ]
            example.shape.append(_turn(message.role, kinds))
        return example

    def _chat_part(self, part: _TextPart | _ImagePart, path: str, example: _Example) -> str:
        if isinstance(part, _TextPart):
            example.strings += 4
            return example.text(part.text)
        image = part.image_url
        self._image(image.url, path, example)
        example.strings += 5 if image.detail is UNSET else 7
        return fingerprint.image_kind(image.detail or "")

    def _image(self, url: str, path: str, example: _Example) -> None:
        from tunestack.data.images import ImageFault, from_data_uri

        if not self._demands.images:
            raise _Doubt
        if names_object(url):
            example.address(url, path)
            return
        if url[:5] != "data:":
            raise _Doubt
        content = url.encode()
        try:
            image = from_data_uri(content)
        except ImageFault:
            raise _Doubt from None
        if image.trailing or image.bytes > self._demands.max_image_bytes:
            raise _Doubt
        example.others.append(url)
        example.pieces.append(content)
        example.inline += 1
        example.inline_bytes += image.bytes

    def _generate_content(self, content: _GenerateContent) -> _Example:
        example = _Example(strings=1)
        instructions = [each for each in (content.systemInstruction, content.system_instruction) if each is not UNSET]
        if len(instructions) > 1:
            raise _Doubt
        for instruction in instructions:
            kinds = [example.text(part.text) for part in instruction.parts]
            example.shape.append(_turn("systemInstruction", kinds))
            example.strings += 2 + 2 * len(kinds)
        for number, message in enumerate(content.contents):
            if message.role not in self._demands.roles:
                raise _Doubt
            example.last = len(example.pieces)
            example.roles.append(message.role)
            example.strings += 3
            kinds = [
                self._part(part, f"$.contents[{number}].parts[{place}]", example)
                for place, part in enumerate(message.parts)
            ]
            example.shape.append(_turn(message.role, kinds))
        return example

    def _part(self, part: _Part, path: str, example: _Example) -> str:
        file, text = part.fileData or part.file_data, part.text
        if (part.fileData is UNSET) + (part.file_data is UNSET) + (text is UNSET) != 2:
            raise _Doubt
        if text is not UNSET:
            example.strings += 2
            return example.text(text)
        if (
            file is UNSET
            or file.mime_type not in self._demands.image_types
            or not self._demands.images
            or not names_object(file.file_uri)
        ):
            raise _Doubt
        example.strings += 5
        camel = part.file_data is UNSET
        path += ".fileData.fileUri" if camel else ".file_data.file_uri"
        example.address(file.file_uri, path, file.mime_type)
        return fingerprint.image_kind(file.mime_type)


def _turn(role: str, kinds: list[str]) -> str:
    if not kinds:
        raise _Doubt
    return fingerprint.turn(role, kinds)


def _places(example: _Example, line: bytes) -> Iterator[tuple[str, int, str, str]]:
    """Finds where the addresses of linked images stand in a line: address, byte, path, type."""
    found = list(_linked_images(line))
    if [place[1][1:-1] for place in found] != [address.encode() for address, _, _ in example.links]:
        raise _Doubt
    for (address, path, mime_type), place in zip(example.links, found, strict=True):
        yield address, place.start(1), path, mime_type
