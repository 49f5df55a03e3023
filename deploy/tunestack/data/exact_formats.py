"""What the exact half says of an example as a whole: its format, its messages, their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunestack.data.exact_values import shown
from tunestack.data.formats import FORMAT_NAMES, ROLES, format_named_by, turns_fault
from tunestack.data.json_places import Members, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tunestack.data.exact_values import Line
    from tunestack.data.report import Format

    ExaminePart = Callable[[Value, Members, str, Line], None]

_ANSWERING = frozenset({"assistant", "model"})
_ROLES_ELSEWHERE = {"model": "", "assistant": "", "gpt": "", "bot": "", "human": "user", "developer": "system"}
"""What a role of other formats means here; empty for the one that answers."""

_DETAILS = ("low", "high", "auto")
_ONLY_GEMINI = "remove it; only Gemini models take it: name the model if it is one"

# What Gemini takes beside the reference's own keys. Sources, all of September 2026, under
# docs.cloud.google.com/gemini-enterprise-agent-platform/models/tuning: supervised-tuning/prepare-data (tools; the role
# of a system instruction is ignored), function-calling (functionCall, functionResponse), image (generationConfig).
_GEMINI_KEYS = ("tools", "generationConfig", "generation_config")
_CALLS = {
    "functionCall": ("args",),
    "function_call": ("args",),
    "functionResponse": ("response",),
    "function_response": ("response",),
}
_DATA_KEYS = ("text", "fileData", "file_data", *_CALLS)
_BESIDE_FILES = ("mediaResolution", "media_resolution", "videoMetadata", "video_metadata")
_OTHER_DATA = (
    *("inlineData", "inline_data", "executableCode", "executable_code"),
    *("codeExecutionResult", "code_execution_result"),
)


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
        line.tell_at(
            value.at, "unknown-format", "$", f"keys of no known format: {keys[:80]}", expected, "rename the keys"
        )
        line.repeated(members, "$")
    elif used == "prompt-completion":
        _prompt_completion(value, members, line)
    elif used == "chat":
        _chat(value, members, line)
    else:
        _generate_content(value, members, line)
    limit = line.demands.max_images
    if found.inline + found.linked > limit:
        reason = f"{found.inline + found.linked} images"
        line.tell_at(
            value.at, "too-many-images", "$", reason, f"at most {limit:.0f} an example", "split it into several"
        )


def _prompt_completion(value: Value, members: Members, line: Line) -> None:
    line.keys(value, members, "$", ("prompt", "completion"))
    line.found.turns += 2
    for key in ("prompt", "completion"):
        if text := members.values.get(key):
            line.text(text, f"$.{key}")


def _chat(value: Value, members: Members, line: Line) -> None:
    line.keys(value, members, "$", ("messages",))
    messages = members.values.get("messages")
    if messages is None:
        return
    if not isinstance(messages.content, list):
        line.wrong_type(messages, "$.messages", "a list of messages")
        return
    roles = [_message(message, f"$.messages[{index}]", line) for index, message in enumerate(messages.content)]
    _order(messages, messages.content, roles, "$.messages", ROLES, line)


def _message(message: Value, path: str, line: Line) -> str | None:
    """Examines one message; returns its role where that is a known one."""
    members = message.content
    if not isinstance(members, Members):
        line.wrong_type(message, path, 'an object with "role" and "content"')
        return None
    line.keys(message, members, path, ("role", "content"))
    if content := members.values.get("content"):
        if isinstance(content.content, list):
            _parts(content, content.content, f"{path}.content", _chat_part, line)
        else:
            line.text(content, f"{path}.content")
    return _role(members, path, ROLES, line)


def _parts(value: Value, parts: list[Value], path: str, part: ExaminePart, line: Line) -> None:
    if not parts:
        line.tell_at(value.at, "empty", path, "no parts", "non-empty text", "write the text or remove the line")
    for index, each in enumerate(parts):
        place = f"{path}[{index}]"
        if isinstance(each.content, Members):
            part(each, each.content, place, line)
        else:
            line.wrong_type(each, place, "an object")


def _chat_part(part: Value, members: Members, path: str, line: Line) -> None:
    kind = members.values.get("type")
    if kind is None or kind.content == "text":
        line.keys(part, members, path, ("type", "text"))
        if text := members.values.get("text"):
            line.text(text, f"{path}.text")
    elif kind.content == "image_url":
        line.keys(part, members, path, ("type", "image_url"))
        if image := members.values.get("image_url"):
            _image_url(image, f"{path}.image_url", line)
    elif isinstance(kind.content, str):
        line.repeated(members, path)
        reason = f'a part of type "{shown(kind.content)}"'
        remedy = "convert it, or remove the part"
        line.tell_at(kind.at, "unsupported-part", f"{path}.type", reason, '"text" or "image_url"', remedy)
    else:
        line.repeated(members, path)
        line.wrong_type(kind, f"{path}.type", '"text" or "image_url"')


def _image_url(image: Value, path: str, line: Line) -> None:
    members = image.content
    if not isinstance(members, Members):
        line.wrong_type(image, path, 'an object with "url"')
        return
    line.keys(image, members, path, ("url",), ("detail",))
    if url := members.values.get("url"):
        line.image(url, f"{path}.url")
    detail = members.values.get("detail")
    if detail and detail.content not in _DETAILS:
        line.wrong_type(detail, f"{path}.detail", _either(_DETAILS))


def _generate_content(value: Value, members: Members, line: Line) -> None:
    system = line.either(members, "$", "systemInstruction", "system_instruction")
    gemini = _GEMINI_KEYS if line.demands.only_gemini else ()
    optional = ("systemInstruction", "system_instruction", *gemini)
    line.keys(value, members, "$", ("contents",), optional, dict.fromkeys(_GEMINI_KEYS, _ONLY_GEMINI))
    if instruction := members.values.get(system):
        _instruction(instruction, f"$.{system}", line)
    for key in gemini:
        if setting := members.values.get(key):
            line.any_json(setting, f"$.{key}", is_read=key == "tools")
            if not isinstance(setting.content, list if key == "tools" else Members):
                line.wrong_type(setting, f"$.{key}", "a list of tools" if key == "tools" else "an object")
    contents = members.values.get("contents")
    if contents is None:
        return
    if not isinstance(contents.content, list):
        line.wrong_type(contents, "$.contents", "a list of contents")
        return
    roles = [_content(content, f"$.contents[{index}]", line) for index, content in enumerate(contents.content)]
    _order(contents, contents.content, roles, "$.contents", line.demands.roles, line)


def _instruction(instruction: Value, path: str, line: Line) -> None:
    members = instruction.content
    if not isinstance(members, Members):
        line.wrong_type(instruction, path, 'an object with "parts"')
        return
    line.keys(instruction, members, path, ("parts",), ("role",))  # the role is ignored, whatever it is
    role = members.values.get("role")
    if role and not isinstance(role.content, str):
        line.wrong_type(role, f"{path}.role", '"system"')
    _parts_of(members, path, _text_part, line)


def _content(content: Value, path: str, line: Line) -> str | None:
    """Examines one message; returns its role where that is a known one."""
    members = content.content
    if not isinstance(members, Members):
        line.wrong_type(content, path, 'an object with "role" and "parts"')
        return None
    line.keys(content, members, path, ("role", "parts"))
    _parts_of(members, path, _part, line)
    return _role(members, path, line.demands.roles, line)


def _parts_of(members: Members, path: str, part: ExaminePart, line: Line) -> None:
    if parts := members.values.get("parts"):
        if isinstance(parts.content, list):
            _parts(parts, parts.content, f"{path}.parts", part, line)
        else:
            line.wrong_type(parts, f"{path}.parts", "a list of parts")


def _text_part(part: Value, members: Members, path: str, line: Line) -> None:
    line.keys(part, members, path, ("text",))
    if text := members.values.get("text"):
        line.text(text, f"{path}.text")


def _part(part: Value, members: Members, path: str, line: Line) -> None:
    data = [key for key in members.values if key in _DATA_KEYS]
    for key in members.values:
        if key in _OTHER_DATA or (key in _CALLS and not line.demands.only_gemini):
            line.repeated(members, path)
            expected, remedy = '"text" or "fileData"', "put the data into a bucket, and write fileData"
            if key in _CALLS:
                remedy = _ONLY_GEMINI
            line.tell_at(members.key_at[key], "unsupported-part", path, f'a part with "{key}"', expected, remedy)
            return
    if len(data) > 1:
        line.repeated(members, path)
        reason = " and ".join(f'"{key}"' for key in data[:3])
        remedy = "write a part for each"
        line.tell_at(members.key_at[data[1]], "unsupported-part", path, f"a part with {reason}", "one of them", remedy)
    elif not data or data[0] == "text":
        _text_part(part, members, path, line)
    elif data[0] in _CALLS:
        line.keys(part, members, path, data)
        _call(members.values[data[0]], f"{path}.{data[0]}", _CALLS[data[0]], line)
    else:
        beside = _BESIDE_FILES if line.demands.only_gemini else ()
        line.keys(part, members, path, data, beside)
        for key in beside:
            if setting := members.values.get(key):
                line.any_json(setting, f"{path}.{key}", is_read=False)
        _file_data(members.values[data[0]], f"{path}.{data[0]}", line)


def _call(call: Value, path: str, wanted: Sequence[str], line: Line) -> None:
    members = call.content
    if not isinstance(members, Members):
        line.wrong_type(call, path, 'an object with "name"')
        return
    line.keys(call, members, path, ("name",), (*wanted, "id"))
    name = members.values.get("name")
    if name:
        line.text(name, f"{path}.name")
    for key in wanted:
        if argument := members.values.get(key):
            line.any_json(argument, f"{path}.{key}")
            if not isinstance(argument.content, Members):
                line.wrong_type(argument, f"{path}.{key}", "an object")


def _file_data(data: Value, path: str, line: Line) -> None:
    members = data.content
    if not isinstance(members, Members):
        line.wrong_type(data, path, 'an object with "mimeType" and "fileUri"')
        return
    kind = line.either(members, path, "mimeType", "mime_type")
    uri = line.either(members, path, "fileUri", "file_uri")
    line.keys(data, members, path, (kind, uri), ("mimeType", "mime_type", "fileUri", "file_uri"))
    if kind in members.values and uri in members.values:
        line.file(members.values[uri], f"{path}.{uri}", members.values[kind], f"{path}.{kind}")


def _role(members: Members, path: str, roles: Sequence[str], line: Line) -> str | None:
    """Examines a message's role; returns it where it is a known one."""
    value = members.values.get("role")
    if value is None:
        return None
    role = value.content
    if not isinstance(role, str):
        line.wrong_type(value, f"{path}.role", _either(roles))
        return None
    if role not in roles:
        right = role.lower()
        if right not in roles:
            right = _ROLES_ELSEWHERE.get(right, right) or _answering(roles)
        remedy = f'write "{right}"' if right in roles else "use one of these roles"
        if right == "system" and right not in roles:
            remedy = 'write it as "systemInstruction", beside "contents"'
        line.tell_at(value.at, "unknown-role", f"{path}.role", f'role "{shown(role)}"', _either(roles), remedy)
        return None
    return role


def _order(
    value: Value, messages: list[Value], roles: list[str | None], path: str, known: Sequence[str], line: Line
) -> None:
    """Examines whose turn it is; `known` are the roles that there can be."""
    line.found.turns += len(messages)
    if not messages:
        line.tell_at(value.at, "empty", path, "no messages", "a user and an assistant turn", "remove the line")
    turns = [role for role in roles if role is not None]
    if len(turns) < len(roles) or not turns:  # the order of turns means nothing yet
        return
    answering = _answering(known)
    if not _ANSWERING.intersection(turns):
        reason = f"no {answering} turn"
        line.tell_at(value.at, "no-assistant", path, reason, "an answer to learn", "add one, or remove the line")
    elif fault := turns_fault(["assistant" if role in _ANSWERING else role for role in turns]):
        index, expected = fault
        if index < len(turns):
            at, place = messages[index].at, f"{path}[{index}].role"
            if isinstance(members := messages[index].content, Members):
                at = members.values["role"].at
            expected = answering if expected == "assistant" else expected
            remedy = f"let user and {answering} take turns"
            line.tell_at(at, "turn-order", place, f"{turns[index]} turn", f"{expected} turn", remedy)
        else:
            reason = f"the last turn is not the {answering}'s"
            remedy = "add the answer, or remove the last turn"
            line.tell_at(messages[-1].at, "turn-order", path, reason, "an answer to learn", remedy)


def _answering(roles: Sequence[str]) -> str:
    return "model" if "model" in roles else "assistant"


def _either(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"
