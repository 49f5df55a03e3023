"""What the exact half says of an example as a whole, of prompt/completion and of a chat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunestack.data.exact import turns
from tunestack.data.exact.contents import generate_content
from tunestack.data.exact.files import image
from tunestack.data.exact.json_places import Members, Value
from tunestack.data.exact.values import shown
from tunestack.data.formats import FORMAT_NAMES, ROLES, format_named_by
from tunestack.wording import counted, either

if TYPE_CHECKING:
    from tunestack.data.exact.values import Line
    from tunestack.data.report import Format

_DETAILS = ("low", "high", "auto")


def example(value: Value, members: Members, line: Line, file_format: Format | None, format_line: int) -> None:
    """Examines an example of any format.

    Args:
        value: the whole of it.
        members: what it holds.
        line: takes the findings.
        file_format: what the lines before were; None while no line said so.
        format_line: the first of those lines.
    """
    found = line.found
    found.names = format_named_by(members.values)
    used = found.names or file_format
    if file_format and used and used != file_format:
        reason = f"{FORMAT_NAMES[used]}, where line {format_line} is {FORMAT_NAMES[file_format]}"
        remedy = "split the file, or convert one part"
        line.tell_at(value.at, "mixed-formats", "$", reason, "one format a file", remedy)
    if used is None:
        keys = ", ".join(shown(key) for key in list(members.values)[:5]) or "none"
        expected = '"prompt" and "completion", "messages", or "contents"'
        remedy = "rename the keys, or let tunestack data convert do it"
        line.tell_at(value.at, "unknown-format", "$", f"keys of no known format: {keys[:80]}", expected, remedy)
        line.repeated(members, "$")
    elif used == "prompt-completion":
        _prompt_completion(value, members, line)
    elif used == "chat":
        _chat(value, members, line)
    else:
        generate_content(value, members, line)
    limit = line.demands.max_images
    if found.inline + found.linked > limit:
        reason = counted(found.inline + found.linked, "image")
        line.tell_at(
            value.at, "too-many-images", "$", reason, f"at most {limit:.0f} an example", "split it into several"
        )


def _prompt_completion(value: Value, members: Members, line: Line) -> None:
    if line.demands.answers_optional:
        line.keys(value, members, "$", ("prompt",), ("completion",))
    else:
        line.keys(value, members, "$", ("prompt", "completion"))
    has_no_turn = line.demands.answers_optional and "completion" not in members.values
    line.found.turns += 1 if has_no_turn else 2
    for key in ("prompt", "completion"):
        if text := members.values.get(key):
            line.text(text, f"$.{key}")


def _chat(value: Value, members: Members, line: Line) -> None:
    line.keys(value, members, "$", ("messages",))
    messages = members.values.get("messages")
    if messages is None:
        return
    items = line.items_of(messages, "$.messages", "a list of messages")
    if items is not None:
        roles = [_message(message, f"$.messages[{index}]", line) for index, message in enumerate(items)]
        turns.order(messages, items, roles, "$.messages", ROLES, line)


def _message(message: Value, path: str, line: Line) -> str | None:
    """Examines one message; returns its role where that is a known one."""
    members = line.members_of(message, path, 'an object with "role" and "content"')
    if members is None:
        return None
    line.keys(message, members, path, ("role", "content"))
    if content := members.values.get("content"):
        if isinstance(content.content, list):
            turns.parts(content, content.content, f"{path}.content", _chat_part, line)
        else:
            line.text(content, f"{path}.content")
    return turns.role(members, path, ROLES, line)


def _chat_part(part: Value, members: Members, path: str, line: Line) -> None:
    kind = members.values.get("type")
    if kind is None or kind.content == "text":
        line.keys(part, members, path, ("type", "text"))
        if text := members.values.get("text"):
            line.text(text, f"{path}.text")
    elif kind.content == "image_url":
        line.keys(part, members, path, ("type", "image_url"))
        if holder := members.values.get("image_url"):
            _image_url(holder, f"{path}.image_url", line)
    elif isinstance(kind.content, str):
        line.repeated(members, path)
        reason = f'a part of type "{shown(kind.content)}"'
        remedy = "convert it, or remove the part"
        line.tell_at(kind.at, "unsupported-part", f"{path}.type", reason, '"text" or "image_url"', remedy)
    else:
        line.repeated(members, path)
        line.wrong_type(kind, f"{path}.type", '"text" or "image_url"')


def _image_url(value: Value, path: str, line: Line) -> None:
    members = line.members_of(value, path, 'an object with "url"')
    if members is None:
        return
    line.keys(value, members, path, ("url",), ("detail",))
    if url := members.values.get("url"):
        image(url, f"{path}.url", line)
    detail = members.values.get("detail")
    if detail and detail.content not in _DETAILS:
        line.wrong_type(detail, f"{path}.detail", either(_DETAILS))
