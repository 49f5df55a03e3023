"""A validator of training data written to be obvious, never to be fast: what the check must say of any file.

It shares no code with the check but the look at a single image. A verdict is the kinds of problems of each line, and
of the file; and what the file holds.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tunestack.data.images import ImageFault, from_data_uri

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tunestack.catalogue.data_rules import DataRules

DEEPEST = 64


class Pairs(list[tuple[str, Any]]):
    """A JSON object as it was written."""


class NotANumber:
    """NaN, Infinity, -Infinity."""


class Number:
    """Any number: none is ever right."""


@dataclass
class Verdict:
    """What is to be said of a file. Lines without a problem are not in `lines`."""

    lines: dict[int, set[str]] = field(default_factory=dict)
    file: set[str] = field(default_factory=set)
    format: str | None = None
    examples: int = 0
    characters: int = 0
    turns: int = 0
    with_files: int = 0
    inline: int = 0
    linked: int = 0
    links: dict[str, tuple[int, str]] = field(default_factory=dict)


def judge(content: bytes, rules: Sequence[DataRules], training: Verdict | None = None) -> Verdict:
    """Judges a file; `training` is the verdict on its training file where it is a validation file."""
    verdict = Verdict()
    seen_formats = set()
    rows = content.split(b"\n")
    for number, row in enumerate(rows[:-1] if rows[-1] == b"" else rows, 1):
        line = Line(row, verdict.format, rules)
        if line.kinds:
            verdict.lines[number] = line.kinds
        if line.names:
            seen_formats.add(line.names)
            verdict.format = verdict.format or line.names
        if line.kinds == {"blank-line"}:
            continue
        verdict.examples += 1
        verdict.characters += line.characters
        verdict.turns += line.turns
        verdict.with_files += line.files > 0
        verdict.inline += line.inline
        verdict.linked += line.linked
        for address, mime_type in line.links:
            verdict.links.setdefault(address, (number, mime_type))
    verdict.file = kinds_of_file(verdict, len(content), seen_formats, rules, is_training=training is None)
    return verdict


def kinds_of_file(
    verdict: Verdict, size: int, seen_formats: set[str], rules: Sequence[DataRules], *, is_training: bool
) -> set[str]:
    kinds = set()
    if len(seen_formats) > 1:
        kinds.add("several-formats")
    if verdict.examples == 0:
        kinds.add("no-examples")
    for each in rules:
        if verdict.format is not None and verdict.format not in each.formats:
            kinds.add("format-not-allowed")
        if is_training and 0 < verdict.examples < each.recommended_examples:
            kinds.add("few-examples")
        if each.max_bytes is not None and size > each.max_bytes:
            kinds.add("file-too-large")
        most = each.max_multimodal_examples if verdict.with_files else each.max_text_examples
        if most is not None and verdict.examples > most:
            kinds.add("too-many-examples")
        if each.drops_text_beside_images and 0 < verdict.with_files < verdict.examples:
            kinds.add("text-dropped")
    return kinds


class Line:
    """One line: `kinds` of its problems, and what it holds."""

    def __init__(self, row: bytes, file_format: str | None, rules: Sequence[DataRules]) -> None:
        self.rules = rules
        self.answers_optional = all(each.answers_optional for each in rules)
        self.only_gemini = all(each.kind == "gemini" for each in rules)
        self.kinds: set[str] = set()
        self.names: str | None = None
        self.characters = 0
        self.turns = 0
        self.files = 0
        self.inline = 0
        self.linked = 0
        self.links: list[tuple[str, str]] = []
        self.look(row, file_format)
        for each in rules:
            if each.max_sequence_tokens is None or each.tokens_per_character is None:
                continue
            if self.characters * each.tokens_per_character > each.max_sequence_tokens:
                self.kinds.add("over-long")

    def look(self, row: bytes, file_format: str | None) -> None:
        if row.strip(b" \t\r") == b"":
            self.kinds.add("blank-line")
            return
        if row.startswith(b"\xef\xbb\xbf"):
            self.kinds.add("bom")
            row = row[3:]
        try:
            text = row.decode("utf-8")
        except UnicodeDecodeError:
            self.kinds.add("not-utf-8")
            return
        faulty_at: int | None = None
        value: Any = None
        try:
            value = json.loads(
                text,
                object_pairs_hook=Pairs,
                parse_constant=lambda _: NotANumber(),
                parse_int=lambda _: Number(),
                parse_float=lambda _: Number(),
            )
        except json.JSONDecodeError as error:
            faulty_at = error.pos
        except RecursionError:
            pass
        if deepest(text[:faulty_at]) > DEEPEST:
            self.kinds.add("nested-too-deeply")
        elif faulty_at is not None:
            self.kinds.add("json")
        else:
            self.value(value, file_format)

    def value(self, value: Any, file_format: str | None) -> None:
        if holds_half_a_character(value):
            self.kinds.add("lone-surrogate")
        if not isinstance(value, Pairs):
            self.kinds.add("not-an-object")
        else:
            self.example(value, file_format)

    # --- formats

    def example(self, pairs: Pairs, file_format: str | None) -> None:
        names = {
            "messages": "chat",
            "prompt": "prompt-completion",
            "completion": "prompt-completion",
            "contents": "generate-content",
            "systemInstruction": "generate-content",
            "system_instruction": "generate-content",
        }
        self.names = next((names[key] for key, _ in pairs if key in names), None)
        used = self.names or file_format
        if used is None:
            self.kinds.add("unknown-format")
            self.no_repeats(pairs)
            return
        if file_format is not None and used != file_format:
            self.kinds.add("mixed-formats")
        {
            "chat": self.chat,
            "prompt-completion": self.prompt_completion,
            "generate-content": self.generate_content,
        }[used](pairs)
        if any(each.max_images is not None and self.inline + self.linked > each.max_images for each in self.rules):
            self.kinds.add("too-many-images")

    def prompt_completion(self, pairs: Pairs) -> None:
        if self.answers_optional:
            fields = self.keys(pairs, {"prompt"}, {"completion"})
            self.turns += 1 + ("completion" in fields)
        else:
            fields = self.keys(pairs, {"prompt", "completion"})
            self.turns += 2
        for key in ("prompt", "completion"):
            if key in fields:
                self.text(fields[key])

    def chat(self, pairs: Pairs) -> None:
        fields = self.keys(pairs, {"messages"})
        if "messages" not in fields or not self.is_list(fields["messages"]):
            return
        self.turns += len(fields["messages"])
        if fields["messages"] == []:
            self.kinds.add("empty")
            return
        roles = [self.message(message) for message in fields["messages"]]
        if None not in roles:
            self.order(roles[1:] if roles[0] == "system" else roles, {"assistant"}, roles)

    def message(self, message: Any) -> str | None:
        if not self.is_object(message):
            return None
        fields = self.keys(message, {"role", "content"})
        if "content" in fields:
            if isinstance(fields["content"], list) and not isinstance(fields["content"], Pairs):
                self.parts(fields["content"], self.chat_part)
            else:
                self.text(fields["content"])
        return self.role(fields, {"system", "user", "assistant"})

    def chat_part(self, part: Pairs) -> None:
        kind = dict(part).get("type", "text")
        if kind == "text":
            fields = self.keys(part, {"type", "text"})
            if "text" in fields:
                self.text(fields["text"])
        elif kind == "image_url":
            fields = self.keys(part, {"type", "image_url"})
            if "image_url" in fields and self.is_object(fields["image_url"]):
                image = self.keys(fields["image_url"], {"url"}, {"detail"})
                if "url" in image:
                    self.image(image["url"])
                detail = image.get("detail", "low")
                if isinstance(detail, NotANumber):
                    self.kinds.add("nan")
                elif not isinstance(detail, str) or detail not in {"low", "high", "auto"}:
                    self.kinds.add("wrong-type")
        else:
            self.no_repeats(part)
            if isinstance(kind, str):
                self.kinds.add("unsupported-part")
            else:
                self.kinds.add("nan" if isinstance(kind, NotANumber) else "wrong-type")

    def generate_content(self, pairs: Pairs) -> None:
        both = {"systemInstruction", "system_instruction"}
        of_gemini = {"tools", "generationConfig", "generation_config"} if self.only_gemini else set()
        fields = self.keys(pairs, {"contents"}, both | of_gemini)
        if both <= set(fields):
            self.kinds.add("duplicate-key")
        instruction = [fields[key] for key in ("systemInstruction", "system_instruction") if key in fields][:1]
        if instruction and self.is_object(instruction[0]):
            inside = self.keys(instruction[0], {"parts"}, {"role"})
            if "role" in inside and not isinstance(inside["role"], str):
                self.kinds.add("nan" if isinstance(inside["role"], NotANumber) else "wrong-type")
            if "parts" in inside and self.is_list(inside["parts"]):
                self.parts(inside["parts"], self.text_part)
        for key in of_gemini & set(fields):
            self.any_json(fields[key], is_read=key == "tools")
            if key == "tools":
                self.is_list(fields[key])
            else:
                self.is_object(fields[key])
        if "contents" not in fields or not self.is_list(fields["contents"]):
            return
        self.turns += len(fields["contents"])
        if fields["contents"] == []:
            self.kinds.add("empty")
            return
        roles = [self.content(content) for content in fields["contents"]]
        if None not in roles:
            self.order(roles, {"model", "assistant"}, roles)

    def content(self, content: Any) -> str | None:
        if not self.is_object(content):
            return None
        fields = self.keys(content, {"role", "parts"})
        if "parts" in fields and self.is_list(fields["parts"]):
            self.parts(fields["parts"], self.part)
        allowed = {"user", "model"}
        if all(each.kind == "open" for each in self.rules):
            allowed.add("assistant")
        return self.role(fields, allowed)

    def text_part(self, part: Pairs) -> None:
        fields = self.keys(part, {"text"})
        if "text" in fields:
            self.text(fields["text"])

    def part(self, part: Pairs) -> None:
        keys = {key for key, _ in part}
        calls = keys & {"functionCall", "function_call", "functionResponse", "function_response"}
        never = {"inlineData", "inline_data", "executableCode", "executable_code"}
        never |= {"codeExecutionResult", "code_execution_result"}
        data = keys & {"text", "fileData", "file_data"} | calls
        if keys & never or (calls and not self.only_gemini) or len(data) > 1:
            self.no_repeats(part)
            self.kinds.add("unsupported-part")
        elif data <= {"text"}:
            self.text_part(part)
        elif calls:
            (key,) = calls
            self.call(self.keys(part, calls)[key], "args" if key in {"functionCall", "function_call"} else "response")
        else:
            beside = {"mediaResolution", "media_resolution", "videoMetadata", "video_metadata"}
            fields = self.keys(part, data, beside if self.only_gemini else set())
            if self.only_gemini:
                for key in beside & set(fields):
                    self.any_json(fields[key], is_read=False)
            (key,) = data
            if self.is_object(fields[key]):
                self.file_data(fields[key])

    def call(self, call: Any, holds: str) -> None:
        if not self.is_object(call):
            return
        fields = self.keys(call, {"name"}, {holds, "id"})
        if "name" in fields:
            self.text(fields["name"])
        if holds in fields:
            self.any_json(fields[holds], is_read=True)
            self.is_object(fields[holds])

    def file_data(self, data: Pairs) -> None:
        fields = self.keys(data, set(), {"mimeType", "mime_type", "fileUri", "file_uri"})
        types = [fields[key] for key in ("mimeType", "mime_type") if key in fields]
        uris = [fields[key] for key in ("fileUri", "file_uri") if key in fields]
        if len(types) == 2 or len(uris) == 2:
            self.kinds.add("duplicate-key")
        if not types or not uris:
            self.kinds.add("missing-key")
            return
        mime_type, uri = types[0], uris[0]
        if not isinstance(mime_type, str):
            self.kinds.add("nan" if isinstance(mime_type, NotANumber) else "wrong-type")
            return
        mime_type = mime_type.strip().lower()
        modality = mime_type.split("/")[0]
        if mime_type in {"application/pdf", "text/plain"}:
            modality = "document"
        if modality not in {"image", "audio", "video", "document"}:
            self.kinds.add("unsupported-part")
            return
        images = {"image/jpeg", "image/png", "image/webp"} | (
            {"image/heic", "image/heif"} if self.only_gemini else set()
        )
        if modality == "image" and mime_type not in images:
            self.kinds.add("image-kind")
        self.files += 1
        if any(modality not in each.modalities for each in self.rules):
            self.kinds.add("image-not-allowed" if modality == "image" else "unsupported-part")
        self.address(uri, mime_type, is_image=modality == "image")

    # --- values

    def image(self, url: Any) -> None:
        if isinstance(url, NotANumber):
            self.kinds.add("nan")
            return
        if not isinstance(url, str):
            self.kinds.add("wrong-type")
            return
        self.files += 1
        if any("image" not in each.modalities for each in self.rules):
            self.kinds.add("image-not-allowed")
        if not url.lower().startswith("data:"):
            self.address(url, "", is_image=True)
            return
        self.inline += 1
        try:
            image = from_data_uri(url)
        except ImageFault as fault:
            self.kinds.add(fault.kind)
            return
        if image.trailing:
            self.kinds.add("image-trailing")
        if any(each.max_image_bytes is not None and image.bytes > each.max_image_bytes for each in self.rules):
            self.kinds.add("image-too-large")

    def address(self, uri: Any, mime_type: str, *, is_image: bool) -> None:
        if isinstance(uri, NotANumber):
            self.kinds.add("nan")
        elif not isinstance(uri, str):
            self.kinds.add("wrong-type")
        elif self.only_gemini and uri.startswith(("http://", "https://")) and uri[8:].strip():
            self.linked += is_image
        elif not uri.startswith("gs://") or "/" not in uri[5:]:
            self.kinds.add("image-address")
        else:
            bucket, name = uri[5:].split("/", 1)
            if not bucket or any(each.isspace() for each in bucket) or not name or name != name.strip():
                self.kinds.add("image-address")
            elif is_image and not holds_half_a_character(uri):
                self.linked += 1
                self.links.append((uri, mime_type))

    def text(self, value: Any) -> None:
        if isinstance(value, NotANumber):
            self.kinds.add("nan")
        elif not isinstance(value, str):
            self.kinds.add("wrong-type")
        elif value.strip() == "":
            self.kinds.add("empty")
        elif value.strip().lower() == "nan":
            self.kinds.add("nan")
        elif not holds_half_a_character(value):
            self.characters += len(value)

    def any_json(self, value: Any, *, is_read: bool) -> None:
        """A value of any shape; what the model reads of it are its texts, and the keys."""
        if isinstance(value, NotANumber):
            self.kinds.add("nan")
        elif isinstance(value, str):
            self.characters += len(value) if is_read and not holds_half_a_character(value) else 0
        elif isinstance(value, Pairs):
            self.no_repeats(value)
            for key, member in dict(value).items():
                self.characters += len(key) if is_read else 0
                self.any_json(member, is_read=is_read)
        elif isinstance(value, list):
            for item in value:
                self.any_json(item, is_read=is_read)

    def parts(self, parts: list[Any], look: Any) -> None:
        if parts == []:
            self.kinds.add("empty")
        for part in parts:
            if self.is_object(part):
                look(part)

    def keys(self, pairs: Pairs, wanted: set[str], optional: set[str] | None = None) -> dict[str, Any]:
        """Returns the members; of equal keys the last."""
        keys = [key for key, _ in pairs]
        if wanted - set(keys):
            self.kinds.add("missing-key")
        if set(keys) - wanted - (optional or set()):
            self.kinds.add("extra-key")
        self.no_repeats(pairs)
        return dict(pairs)

    def no_repeats(self, pairs: Pairs) -> None:
        if any(times > 1 for times in Counter(key for key, _ in pairs).values()):
            self.kinds.add("duplicate-key")

    def is_object(self, value: Any) -> bool:
        if not isinstance(value, Pairs):
            self.kinds.add("nan" if isinstance(value, NotANumber) else "wrong-type")
        return isinstance(value, Pairs)

    def is_list(self, value: Any) -> bool:
        right = isinstance(value, list) and not isinstance(value, Pairs)
        if not right:
            self.kinds.add("nan" if isinstance(value, NotANumber) else "wrong-type")
        return right

    def role(self, fields: dict[str, Any], allowed: set[str]) -> str | None:
        if "role" not in fields:
            return None
        role = fields["role"]
        if isinstance(role, NotANumber):
            self.kinds.add("nan")
        elif not isinstance(role, str):
            self.kinds.add("wrong-type")
        elif role not in allowed:
            self.kinds.add("unknown-role")
        else:
            return role
        return None

    def order(self, turns: list[str | None], answering: set[str], roles: list[str | None]) -> None:
        """`turns` are the roles without a leading system message."""
        if not self.answers_optional and not answering & {role for role in roles if role}:
            self.kinds.add("no-assistant")
        elif (
            not turns
            or any(role != "user" for role in turns[0::2])
            or any(role not in answering for role in turns[1::2])
            or (len(turns) % 2 == 1 and not self.answers_optional)
        ):
            self.kinds.add("turn-order")


def holds_half_a_character(value: Any) -> bool:
    """Whether any text or key does."""
    if isinstance(value, Pairs):
        return any(holds_half_a_character(each) for member in dict(value).items() for each in member)
    if isinstance(value, list):
        return any(holds_half_a_character(item) for item in value)
    return isinstance(value, str) and re.search("[\ud800-\udfff]", value) is not None


def deepest(text: str) -> int:
    """How many lists and objects are open within each other, at the most; 0 where they are too few to matter."""
    if text.count("[") + text.count("{") <= DEEPEST:
        return 0
    depth = most = 0
    in_text = escaped = False
    for character in text:
        if in_text:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                in_text = False
        elif character == '"':
            in_text = True
        elif character in "[{":
            depth += 1
            most = max(most, depth)
        elif character in "]}":
            depth -= 1
    return most
