"""What the exact half says of GenerateContent, Gemini's additions to it included."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunestack.data.exact import turns
from tunestack.data.exact.files import file
from tunestack.data.exact.json_places import Members, Value

if TYPE_CHECKING:
    from tunestack.data.exact.turns import ExaminePart
    from tunestack.data.exact.values import Line

_ONLY_GEMINI = "remove it; only Gemini models take it: name the model if it is one"

# What Gemini takes beside the reference's own keys. Sources, all of September 2026, under
# docs.cloud.google.com/gemini-enterprise-agent-platform/models/tuning: supervised-tuning/prepare-data (tools; the role
# of a system instruction is ignored), function-calling (functionCall, functionResponse), image (generationConfig).
_GEMINI_KEYS = ("tools", "generationConfig", "generation_config")
_CALLS = {
    "functionCall": "args",
    "function_call": "args",
    "functionResponse": "response",
    "function_response": "response",
}
_DATA_KEYS = ("text", "fileData", "file_data", *_CALLS)
_BESIDE_FILES = ("mediaResolution", "media_resolution", "videoMetadata", "video_metadata")
_OTHER_DATA = (
    *("inlineData", "inline_data", "executableCode", "executable_code"),
    *("codeExecutionResult", "code_execution_result"),
)


def generate_content(value: Value, members: Members, line: Line) -> None:
    """Examines an example in Gemini's own format."""
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
    items = line.items_of(contents, "$.contents", "a list of contents")
    if items is not None:
        roles = [_content(content, f"$.contents[{index}]", line) for index, content in enumerate(items)]
        turns.order(contents, items, roles, "$.contents", line.demands.roles, line)


def _instruction(instruction: Value, path: str, line: Line) -> None:
    members = line.members_of(instruction, path, 'an object with "parts"')
    if members is None:
        return
    line.keys(instruction, members, path, ("parts",), ("role",))  # the role is ignored, whatever it is
    role = members.values.get("role")
    if role and not isinstance(role.content, str):
        line.wrong_type(role, f"{path}.role", '"system"')
    _parts_of(members, path, _text_part, line)


def _content(content: Value, path: str, line: Line) -> str | None:
    """Examines one message; returns its role where that is a known one."""
    members = line.members_of(content, path, 'an object with "role" and "parts"')
    if members is None:
        return None
    line.keys(content, members, path, ("role", "parts"))
    _parts_of(members, path, _part, line)
    return turns.role(members, path, line.demands.roles, line)


def _parts_of(members: Members, path: str, part: ExaminePart, line: Line) -> None:
    if parts := members.values.get("parts"):
        items = line.items_of(parts, f"{path}.parts", "a list of parts")
        if items is not None:
            turns.parts(parts, items, f"{path}.parts", part, line)


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


def _call(call: Value, path: str, holds: str, line: Line) -> None:
    members = line.members_of(call, path, 'an object with "name"')
    if members is None:
        return
    line.keys(call, members, path, ("name",), (holds, "id"))
    if name := members.values.get("name"):
        line.text(name, f"{path}.name")
    if argument := members.values.get(holds):
        line.any_json(argument, f"{path}.{holds}")
        line.members_of(argument, f"{path}.{holds}", "an object")


def _file_data(data: Value, path: str, line: Line) -> None:
    members = line.members_of(data, path, 'an object with "mimeType" and "fileUri"')
    if members is None:
        return
    kind = line.either(members, path, "mimeType", "mime_type")
    uri = line.either(members, path, "fileUri", "file_uri")
    line.keys(data, members, path, (kind, uri), ("mimeType", "mime_type", "fileUri", "file_uri"))
    if kind in members.values and uri in members.values:
        file(members.values[uri], f"{path}.{uri}", members.values[kind], f"{path}.{kind}", line)
