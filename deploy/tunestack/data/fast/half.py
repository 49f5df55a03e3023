"""The fast half of the check: says of a block of lines that all are right beyond doubt, or nothing at all.

A typed decoder takes a whole block, and a few counts over it say that nothing else can be wrong: that is more than
twenty times as fast as a look at each value. What it does not take, `exact` looks at, line by line. The two must only
agree in one direction, which the tests hold them to: what the fast half takes has no problem.
"""

from __future__ import annotations

import sys
from array import array
from contextlib import suppress
from functools import cache, partial
from itertools import chain, filterfalse
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

from tunestack.data.fast.parts import looks
from tunestack.data.fast.right import Right, all_worth_learning, beyond_ascii, each_key_once
from tunestack.data.formats import turns_fault
from tunestack.data.lines.bytewise import Rows
from tunestack.data.signatures import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tunestack.data.demands import Demands
    from tunestack.data.fast.stencil import Stencils
    from tunestack.data.report import Format

    Way = Callable[[bytes, int], Right | None]

_WORTH_STENCILS = 8 * 1024
"""Bytes of a block that are looked at in other ways while numpy is being called."""

_MAX_TURNS = 16
"""Of conversations of one shape, for each of which a decoder of its own is made."""


class _PromptCompletion(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    prompt: str
    completion: str


class _Prompt(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    prompt: str


class _System(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    role: Literal["system"]
    content: str


class _User(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    role: Literal["user"]
    content: str


class _Assistant(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    role: Literal["assistant"]
    content: str


class _Message(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    role: Literal["system", "user", "assistant"]
    content: str


class _Chat(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    messages: list[_Message]


_MESSAGES = {"system": _System, "user": _User, "assistant": _Assistant}
_messages = attrgetter("messages")
_content = attrgetter("content")
_prompts = msgspec.json.Decoder(_Prompt).decode_lines
_prompt_completions = msgspec.json.Decoder(_PromptCompletion).decode_lines
_chats = msgspec.json.Decoder(_Chat).decode_lines


class FastHalf:
    """Looks at the lines of one file, and learns from them what to expect of the next ones."""

    def __init__(self, data_format: Format, demands: Demands) -> None:
        self._shape: tuple[str, ...] = ("user", "assistant")
        self._turns_fault = partial(turns_fault, answers_optional=demands.answers_optional)
        ways: dict[Format, list[Way]] = {
            "prompt-completion": [_prompt_completion],
            "chat": [self._chats_of_one_shape, self._chats_of_text, looks("chat", demands)],
            "generate-content": [looks("generate-content", demands)],
        }
        if demands.answers_optional:
            ways["prompt-completion"].append(_prompt)
        self._ways = ways[data_format]
        self._stencils: Stencils | None = None

    def look(self, raw: bytes, rows: Rows) -> Right | None:
        """Says what a block's lines hold; None when any of them needs an exact look."""
        if len(raw) >= _WORTH_STENCILS and "numpy" in sys.modules:
            from tunestack.data.fast.stencil import Stencils

            self._stencils = self._stencils or Stencils(self._one)
            with suppress(msgspec.DecodeError, UnicodeError):
                if right := self._stencils.look(raw, rows):
                    return right
        return self._decoded(raw, rows)

    def _one(self, line: bytes) -> Right | None:
        return self._decoded(line, Rows.of_one(len(line)))

    def _decoded(self, raw: bytes, rows: Rows) -> Right | None:
        if not rows.between_objects:
            return None
        for way in self._ways:
            try:
                right = way(raw, len(rows.lengths))
            except (msgspec.DecodeError, UnicodeError, RecursionError):
                continue
            if way != self._ways[0]:  # it is likely to lead somewhere with the next block, too
                self._ways = sorted(self._ways, key=lambda each: each != way)
            return right
        return None

    def _chats_of_one_shape(self, raw: bytes, lines: int) -> Right | None:
        texts = list(map(_content, chain.from_iterable(map(_messages, _of_shape(self._shape)(raw)))))
        return _right(raw, lines, [_Group(texts, self._shape)], 1)

    def _chats_of_text(self, raw: bytes, lines: int) -> Right | None:
        conversations = list(map(_messages, _chats(raw)))
        shapes = [tuple([message.role for message in messages]) for messages in conversations]
        distinct = set(shapes)
        if not conversations or any(map(self._turns_fault, distinct)):
            return None
        if len(distinct) == 1 and len(shapes[0]) <= _MAX_TURNS and shapes[0] != self._shape:
            self._shape = shapes[0]
            self._ways = [self._chats_of_one_shape, *(way for way in self._ways if way != self._chats_of_one_shape)]
            return self._chats_of_one_shape(raw, lines)
        groups = []
        for shape in distinct:
            places = [place for place, each in enumerate(shapes) if each == shape]
            texts = [message.content for place in places for message in conversations[place]]
            groups.append(_Group(texts, shape, places))
        return _right(raw, lines, groups, 1)


class _Group(NamedTuple):
    """Examples of one shape: all their texts, one after the other, and on which lines of the block they stand."""

    texts: list[str]
    shape: tuple[str, ...]
    places: list[int] | None = None


def _prompt_completion(raw: bytes, lines: int) -> Right | None:
    texts = [text for example in _prompt_completions(raw) for text in (example.prompt, example.completion)]
    return _right(raw, lines, [_Group(texts, ("prompt", "completion"))], -4)


def _prompt(raw: bytes, lines: int) -> Right | None:
    return _right(raw, lines, [_Group([example.prompt for example in _prompts(raw)], ("prompt",))], -2)


def _right(raw: bytes, lines: int, groups: Sequence[_Group], strings: int) -> Right | None:
    """Says what examples of text hold; None when a text is no text to learn from, or a key may stand twice.

    Args:
        raw: the bytes of all the lines.
        lines: how many there are.
        groups: the examples.
        strings: how many each line has, beside four for each text: "role", its value, "content" and the text.
    """
    found = [part for part in map(_measured, groups) if part]
    if len(found) < len(groups) or sum(len(part.hashes) for part in found) != lines:
        return None
    whole = found[0] if len(found) == 1 else _in_file_order(lines, groups, found)
    texts = chain.from_iterable(group.texts for group in groups)
    return whole if each_key_once(raw, lines, lines * strings + 4 * whole.turns, texts) else None


def _measured(group: _Group) -> Right | None:
    texts, shape, _ = group
    if not all_worth_learning(texts):
        return None
    hashes, inputs = fingerprint.of_digests(shape, fingerprint.digests(map(fingerprint.spelled, texts)))
    return Right(
        hashes,
        inputs,
        partial(_totals, texts, len(shape)),
        sum(map(len, texts)),
        sum(map(beyond_ascii, filterfalse(str.isascii, texts))),
        len(texts),
        len(hashes),
    )


def _totals(texts: list[str], width: int) -> list[int]:
    """Counts each example's characters."""
    lengths = list(map(len, texts))
    return list(map(sum, zip(*(lengths[turn::width] for turn in range(width)), strict=True)))


def _in_file_order(lines: int, groups: Sequence[_Group], found: Sequence[Right]) -> Right:
    """Puts together what examples of several shapes hold."""
    hashes, inputs, totals = array("Q", [0]) * lines, array("I", [0]) * lines, [0] * lines
    for group, part in zip(groups, found, strict=True):
        numbers = zip(part.hashes, part.inputs, part.totals(), strict=True)
        for place, of_line in zip(group.places or (), numbers, strict=True):
            hashes[place], inputs[place], totals[place] = of_line
    return Right(
        hashes,
        inputs,
        lambda: totals,
        sum(part.characters for part in found),
        sum(part.non_ascii for part in found),
        sum(part.turns for part in found),
        lines,
    )


@cache
def _of_shape(shape: tuple[str, ...]) -> Callable[[bytes], list[Any]]:
    """Makes a decoder of conversations whose turns have these roles, and no others."""
    messages: Any = tuple[tuple(_MESSAGES[role] for role in shape)]  # type: ignore[misc]  # made of what the shape says
    chat = msgspec.defstruct("_ChatOfShape", [("messages", messages)], forbid_unknown_fields=True, gc=False)
    decode: Callable[[bytes], list[Any]] = msgspec.json.Decoder(chat).decode_lines
    return decode
