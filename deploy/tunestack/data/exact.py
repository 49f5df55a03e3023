"""The exact half of the check: every problem of one line, with its place. Slow, and only used on lines in doubt."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from tunestack.data.formats import ROLES, format_named_by, is_blank, is_missing_value, turns_fault
from tunestack.data.lines import MAX_LINE_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tunestack.data.report import Format

_BOM = b"\xef\xbb\xbf"
_ROLE_NAMES_ELSEWHERE = {"model": "assistant", "gpt": "assistant", "bot": "assistant", "human": "user"}
_SHORT = {"prompt-completion": "prompt/completion", "chat": "chat", "generate-content": "GenerateContent"}
_KEYS: dict[Format, tuple[str, ...]] = {"prompt-completion": ("prompt", "completion"), "chat": ("messages",)}


class Tell(Protocol):
    """Takes a problem of one line, at once, so that no line can pile them up; `offset` counts from the line's start."""

    def __call__(self, kind: str, path: str, reason: str, expected: str, remedy: str, offset: int = 0) -> None:
        """Takes one."""


@dataclass(slots=True)
class Examination:
    """What one line holds. `names` is the format that its keys name, whatever the file's is."""

    add: Tell
    characters: int = 0
    names: Format | Literal["generate-content"] | None = None
    blank: bool = False


class _Object(dict[str, Any]):
    """A JSON object that remembers which keys it was given twice."""

    def __init__(self, pairs: Sequence[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.repeated: tuple[str, ...] = ()
        if len(self) != len(pairs):
            self.repeated = tuple(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)


class _NotANumber:
    """Stands for NaN and the infinities, which Python's reader takes and JSON does not have."""


_NOT_A_NUMBER = _NotANumber()
_reader = json.JSONDecoder(
    object_pairs_hook=_Object,
    # No number is ever right, so none is worth converting: a hostile one can have millions of digits.
    parse_int=lambda _: 0,
    parse_float=lambda _: 0.0,
    parse_constant=lambda _: _NOT_A_NUMBER,
)


def examine(line: bytes, file_format: Format | None, format_line: int, tell: Tell) -> Examination:
    """Finds every problem of one line.

    Args:
        line: without its newline.
        file_format: what the lines before were; None while no line said so.
        format_line: the first of those lines.
        tell: takes the problems.
    """
    found = Examination(tell)
    if len(line) > MAX_LINE_BYTES:
        limit = MAX_LINE_BYTES // 2**20
        found.add(
            "line-too-long", "$", f"more than {limit} MiB", "one example a line", "end each example with a newline"
        )
    elif not line.strip(b" \t\r"):
        found.blank = True
        found.add("blank-line", "$", "blank line", "an example", "remove the line")
    else:
        text = _text(line, found)
        value = None if text is None else _json(text, found)
        if isinstance(value, _Object):
            _object(value, file_format, format_line, found)
        elif value is not None:
            found.add("not-an-object", "$", _kind(value), "an object", "write the example as {…}")
    return found


def _text(line: bytes, found: Examination) -> str | None:
    if line.startswith(_BOM):
        found.add("bom", "$", "byte-order mark", "JSON from the first byte", "save the file as UTF-8 without BOM")
        line = line[len(_BOM) :]
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        byte = f"byte 0x{line[error.start]:02x} is not UTF-8 ({error.reason})"
        remedy = (
            "save the file as UTF-8" if line[:1] not in {b"\xff", b"\xfe"} else "convert the file from UTF-16 to UTF-8"
        )
        found.add("not-utf-8", "$", byte, "UTF-8 text", remedy, error.start)
        return None


def _json(text: str, found: Examination) -> Any:
    """Returns the line's value; None, which no example is, once it has been reported."""
    try:
        value, end = _reader.raw_decode(text, len(text) - len(text.lstrip(" \t\r")))
        if text[end:].strip(" \t\r"):
            return _bad_json(found, text, "more after the example's end", end)
    except json.JSONDecodeError as error:
        return _bad_json(found, text, error.msg[:1].lower() + error.msg[1:], error.pos)
    except RecursionError:
        return found.add("nested-too-deeply", "$", "nested too deeply to read", "text, not structures", "flatten it")
    if value is None:
        found.add("not-an-object", "$", "null", "an object", "write the example as {…}")
    return value


def _bad_json(found: Examination, text: str, reason: str, position: int) -> None:
    offset = len(text[:position].encode("utf-8"))
    if position >= len(text.rstrip(" \t\r")) or reason.startswith("unterminated string"):
        found.add(
            "truncated-line", "$", f"the line ends too early ({reason})", "a whole example", "write it anew", offset
        )
    else:
        at = f"{reason} at byte {offset + 1} of the line"
        found.add("bad-json", "$", at, "a JSON object", "write it with a JSON library", offset)


def _object(value: _Object, file_format: Format | None, format_line: int, found: Examination) -> None:
    found.names = format_named_by(value)
    if found.names == "generate-content":
        found.add(
            "unsupported-format",
            "$.contents",
            "GenerateContent format, which is not checked yet",
            "prompt/completion or chat",
            "convert the file to chat",
        )
        return
    if file_format and found.names and found.names != file_format:
        found.add(
            "mixed-formats",
            "$",
            f"{_SHORT[found.names]}, where line {format_line} is {_SHORT[file_format]}",
            "one format a file",
            "split the file, or convert one part",
        )
    expected = found.names or file_format
    if expected is None:
        keys = ", ".join(list(value)[:5]) or "none"
        found.add(
            "unknown-format",
            "$",
            f"keys of no known format: {keys[:80]}",
            '"prompt" and "completion", or "messages"',
            "rename the keys",
        )
        return
    _keys(value, _KEYS[expected], "$", found)
    if expected == "chat":
        if "messages" in value:
            _messages(value["messages"], found)
    else:
        for key in _KEYS[expected]:
            if key in value:
                _content(value[key], f"$.{key}", found)


def _messages(messages: Any, found: Examination) -> None:
    if not isinstance(messages, list):
        _wrong_type(messages, "$.messages", "a list of messages", found)
        return
    if not messages:
        found.add("empty", "$.messages", "no messages", "a user and an assistant turn", "remove the line")
        return
    roles: list[str | None] = []
    for index, message in enumerate(messages):
        path = f"$.messages[{index}]"
        roles.append(_message(message, path, found))
    if None in roles:  # the order of turns means nothing yet
        return
    known = [role for role in roles if role is not None]
    if "assistant" not in known:
        found.add(
            "no-assistant", "$.messages", "no assistant turn", "an answer to learn", "add one, or remove the line"
        )
    elif fault := turns_fault(known):
        index, expected = fault
        if index < len(known):
            path = f"$.messages[{index}].role"
            found.add(
                "turn-order", path, f"{known[index]} turn", f"{expected} turn", "let user and assistant take turns"
            )
        else:
            remedy = "add the answer, or remove the last turn"
            found.add("turn-order", "$.messages", "the last turn is not the assistant's", "an answer to learn", remedy)


def _message(message: Any, path: str, found: Examination) -> str | None:
    """Checks one message; returns its role where that is a known one."""
    if not isinstance(message, _Object):
        _wrong_type(message, path, 'an object with "role" and "content"', found)
        return None
    _keys(message, ("role", "content"), path, found)
    if "content" in message:
        if isinstance(message["content"], list):
            _parts(message["content"], f"{path}.content", found)
        else:
            _content(message["content"], f"{path}.content", found)
    if "role" not in message:
        return None
    role = message["role"]
    if not isinstance(role, str):
        _wrong_type(role, f"{path}.role", _either(ROLES), found)
        return None
    if role not in ROLES:
        right = _ROLE_NAMES_ELSEWHERE.get(role.lower(), role.lower() if role.lower() in ROLES else "")
        remedy = f'write "{right}"' if right else "use one of these roles"
        found.add("unknown-role", f"{path}.role", f'role "{_shown(role)}"', _either(ROLES), remedy)
        return None
    return role


def _parts(parts: list[Any], path: str, found: Examination) -> None:
    if not parts:
        found.add("empty", path, "no parts", "non-empty text", "write the text or remove the line")
    for index, part in enumerate(parts):
        place = f"{path}[{index}]"
        if not isinstance(part, _Object):
            _wrong_type(part, place, 'an object with "type" and "text"', found)
        elif part.get("type") == "image_url":
            found.add("image", place, "an image, which is not checked yet", "text", "remove the part")
        else:
            _keys(part, ("type", "text"), place, found)
            if "type" in part and part["type"] != "text":
                _wrong_type(part["type"], f"{place}.type", '"text"', found)
            if "text" in part:
                _content(part["text"], f"{place}.text", found)


def _content(text: Any, path: str, found: Examination) -> None:
    if not isinstance(text, str):
        _wrong_type(text, path, "non-empty text", found)
    elif is_blank(text):
        reason = "only whitespace" if text else "empty"
        found.add("empty", path, reason, "non-empty text", "write the text or remove the line")
    elif is_missing_value(text):
        found.add(
            "nan", path, f'"{_shown(text.strip())}", a missing value', "text", "write the text or remove the line"
        )
    else:
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            half = f"half a surrogate pair, \\u{ord(text[error.start]):04x}"
            found.add("lone-surrogate", path, half, "whole characters", "write the text anew")
        else:
            found.characters += len(text)


def _keys(value: _Object, wanted: Iterable[str], path: str, found: Examination) -> None:
    wanted = tuple(wanted)
    for key in wanted:
        if key not in value:
            found.add("missing-key", path, f'no "{key}"', " and ".join(f'"{name}"' for name in wanted), "add it")
    for key in value:
        if key not in wanted:
            found.add("extra-key", f"{path}.{_shown(key)}", "unknown key", "only " + " and ".join(wanted), "remove it")
    for key in value.repeated:
        found.add(
            "duplicate-key", f"{path}.{_shown(key)}", "the key stands twice", "each key once", "remove one of them"
        )


def _wrong_type(value: Any, path: str, expected: str, found: Examination) -> None:
    if value is _NOT_A_NUMBER:
        found.add(
            "nan", path, "NaN or Infinity, which JSON does not have", expected, "write the text or remove the line"
        )
    else:
        found.add("wrong-type", path, _kind(value), expected, "write it so, or remove the line")


def _kind(value: Any) -> str:
    if isinstance(value, str):
        return f'the text "{_shown(value)}"'
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else "a number"


def _either(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"


def _shown(text: str) -> str:
    """A piece of hostile text that can stand in a message: short, on one line, encodable."""
    return text[:40].encode("unicode_escape" if not text.isprintable() else "utf-8", "backslashreplace").decode("utf-8")
