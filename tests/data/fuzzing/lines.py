"""Writes data files at random, right and wrong: examples of all formats, mutated as structure and as bytes."""

from __future__ import annotations

import base64
import json
import random
import struct
import zlib
from dataclasses import replace
from functools import cache
from typing import Any

from tunestack.catalogue import data_rules

PROMPTS = "prompts of "
"""Before the name of a model that is to learn from a teacher: examples need no answer."""

RULE_SETS: tuple[tuple[str, ...], ...] = (
    (),
    ("google/gemma3@gemma-3-1b-it",),
    ("meta/llama4@llama-4-scout-17b-16e-instruct",),
    ("gemini-2.5-flash",),
    ("gemini-2.5-flash", "meta/llama4@llama-4-scout-17b-16e-instruct"),
    (f"{PROMPTS}qwen/qwen3@qwen3-4b",),
)
"""Models that a file is meant for: none, one that takes text alone, one that drops texts, Gemini, two at odds, and one
that learns from a teacher."""

FORMATS = ("prompt-completion", "chat", "generate-content")


@cache
def rules_of(models: tuple[str, ...]) -> tuple[data_rules.DataRules, ...]:
    """The rules of the models; those of any open model for none."""
    return tuple(map(_rules_of_one, models)) or (data_rules.OPEN_RULES,)


def _rules_of_one(model: str) -> data_rules.DataRules:
    rules = data_rules.data_rules(model.removeprefix(PROMPTS))
    return replace(rules, answers_optional=model.startswith(PROMPTS))


class Obj(list[tuple[str, Any]]):
    """A JSON object whose keys may stand in any order, and twice."""


class Raw(str):
    """JSON that is written as it stands."""

    __slots__ = ()


def png(width: int = 1, height: int = 1) -> bytes:
    """A grey PNG, whole and right."""
    rows = zlib.compress(b"".join(b"\0" + b"\x80" * width for _ in range(height)))
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)), (b"IDAT", rows), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


PNG_URI = "data:image/png;base64," + base64.b64encode(png()).decode("ascii")

TEXTS = (
    *(
        "2 + 2",
        "4",
        "What is it?",
        "It depends.\nOn you.",
        "naïve café",
        "日本語のテキスト",
        "😀",
        'say "prompt"',
        "\\",
    ),
    *('"role": "user", "content": "x"', "\\u0022", "a\u2028b", "nan ok", "\u0000", "\x7f", "banana", "?", "}\n{"),
)
BAD_TEXTS = ("", " ", "\n\t", "\u00a0", "\u2003", "nan", " NaN ", "NAN", "\ud83d", "x\udc00y", "\x1f")
ADDRESSES = ("gs://data/cat.jpg", "gs://data/dogs/é dog.png", "gs://b/o?x=1#2", PNG_URI, PNG_URI.replace("D", "d", 1))
BAD_ADDRESSES = (
    *("https://example.com/cat.jpg", "http://example.com/cat.jpg", "gs://", "gs://b", "gs://b/", "gs:///o", "cat.jpg"),
    *("gs://b /o", "gs://b/ o", "gs://b/o ", "GS://b/o", "data:image/png;base64,AAAA", "data:,x", "data:image/png,x"),
    *(PNG_URI[:-8], PNG_URI + "AAAA", PNG_URI.replace("png", "jpeg", 1), PNG_URI.replace("png", "gif", 1)),
    *(PNG_URI.upper(), PNG_URI.replace("base64", "base32"), "", "gs://b/\ud800", "https://"),
)
TYPES = ("image/jpeg", "image/png", "image/webp", "IMAGE/PNG ")
BAD_TYPES = (
    "image/gif",
    "image/heic",
    "audio/mp3",
    "video/mp4",
    "application/pdf",
    "text/plain",
    "text/html",
    "image",
    "",
    "x/y",
)
KEYS = (
    *("prompt", "completion", "messages", "contents", "systemInstruction", "system_instruction", "role", "content"),
    *("parts", "text", "type", "image_url", "url", "detail", "fileData", "file_data", "mimeType", "mime_type"),
    *("fileUri", "file_uri", "inlineData", "functionCall", "functionResponse", "tools", "generationConfig", "name"),
    *("args", "response", "mediaResolution", "id", "x", "", "Prompt", "pr\u00f6mpt", "a\nb", "\ud800"),
)
TOKENS = (
    *(b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b", {}", b"NaN", b"null", b"1e999", b"-", b"01", b"tru"),
    *(b"\\u0022", b"\\ud800", b"\\u0000", b"\\x", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xf0\x9f\x98"),
    *(b"\x00", b"\r", b" ", b"\t", b"\x0c", b"\x1f", b"\xc2\xa0", b"[" * 70, b'{"a":' * 70, b"[[" * 33, b"//"),
    *(b'"prompt": "a", ', b'"\\u0070rompt": "c", ', b'"messages": [], ', b'"x": 1, ', b'"contents": [], '),
    *(b'"role": "user", ', b'"content": "b", ', b'"parts": [], ', b'"text": "t", ', b'"type": "text", '),
    *(b'"fileData": {}, ', b'"detail": "low", ', b"gs://", b"data:", b"=", b"\xe2\x80\xa8"),
)


class Writer:
    """Writes files, always the same ones for a seed. `wrongness` is the chance of a wrong choice, at each."""

    def __init__(self, chance: random.Random, wrongness: float = 0.02) -> None:
        self.chance = chance
        self.wrongness = wrongness

    def file(self, lines: int) -> tuple[tuple[str, ...], bytes]:
        """A file, and the models that it is meant for."""
        chance = self.chance
        kind = chance.choice(FORMATS)
        images = chance.random() < 0.4
        self.gemini = chance.random() < 0.5
        self.answer = "model" if self.gemini or chance.random() < 0.5 else "assistant"
        models = chance.choice(RULE_SETS)
        self.prompts = chance.choice((0.3, 1.0)) if models and models[0].startswith(PROMPTS) else 0.0
        written = []
        for _ in range(lines):
            name = kind if chance.random() > self.wrongness / 4 else chance.choice(FORMATS)
            written.append(self.line(name, images=images))
        return models, b"\n".join(written) + (b"\n" if chance.random() < 0.9 else b"")

    def line(self, name: str, *, images: bool) -> bytes:
        """A line of a format."""
        value = {"prompt-completion": self.prompt_completion, "chat": self.chat}.get(name, self.generate_content)(
            images
        )
        line = self.write(self.damaged(value)).encode("utf-8", "surrogatepass")
        while self.wrong(5):
            place = self.chance.randrange(len(line) + 1)
            cut = self.chance.choice((0, 0, 1, 1, 2, 12))
            line = line[:place] + (b"" if cut and self.wrong(20) else self.chance.choice(TOKENS)) + line[place + cut :]
        if self.wrong(0.5):
            line = b"\xef\xbb\xbf" + line
        return line.replace(b"\n", b" ")

    def wrong(self, times: float = 1) -> bool:
        return self.chance.random() < self.wrongness * times

    def prompt_completion(self, _: bool) -> Any:
        return Obj([("prompt", self.text()), *([] if self.unanswered() else [("completion", self.text())])])

    def unanswered(self) -> bool:
        return self.chance.random() < self.prompts

    def chat(self, images: bool) -> Any:
        rounds = self.chance.choice((1, 1, 1, 2, 3))
        messages: list[Any] = []
        if self.chance.random() < 0.2:
            messages.append(self.message("system", False))
        for _ in range(rounds):
            messages += [self.message("user", images), self.message("assistant", False)]
        if self.unanswered():
            messages.pop()
        return Obj([("messages", messages)])

    def message(self, role: str, images: bool) -> Any:
        content: Any = self.text()
        if images or self.chance.random() < 0.1:
            content = [Obj([("type", "text"), ("text", self.text())])]
            if images and self.chance.random() < 0.8:
                content.insert(self.chance.randrange(2), self.image_part())
        return Obj([("role", self.role(role)), ("content", content)])

    def image_part(self) -> Any:
        image = Obj([("url", self.address())])
        if self.chance.random() < 0.3:
            image.append(("detail", self.chance.choice(("low", "high", "auto")) if not self.wrong(4) else self.junk()))
        return Obj([("type", "image_url"), ("image_url", image)])

    def generate_content(self, images: bool) -> Any:
        value = Obj()
        if self.chance.random() < 0.3:
            instruction = Obj([("parts", [Obj([("text", self.text())])])])
            if self.chance.random() < 0.4:
                instruction.append(("role", "system"))
            value.append((self.chance.choice(("systemInstruction", "system_instruction")), instruction))
        contents = [
            self.content(role, images and role == "user")
            for _ in range(self.chance.choice((1, 1, 2)))
            for role in ("user", self.answer)
        ]
        if self.unanswered():
            contents.pop()
        value.append(("contents", contents))
        if self.gemini and len(contents) > 1 and self.chance.random() < 0.1:
            value.append(("tools", [Obj([("functionDeclarations", [Obj([("name", "f")])])])]))
            contents[1] = Obj([("role", "model"), ("parts", [Obj([("functionCall", self.call("args"))])])])
        if self.gemini and self.chance.random() < 0.05:
            value.append(("generationConfig", Obj([("mediaResolution", "MEDIA_RESOLUTION_LOW")])))
        return value

    def call(self, holds: str) -> Any:
        return Obj([("name", self.text()), (holds, Obj([("x", self.junk() if self.wrong(4) else 1), ("y", "z")]))])

    def content(self, role: str, images: bool) -> Any:
        parts: list[Any] = [Obj([("text", self.text())])]
        if images and self.chance.random() < 0.8:
            snake = self.chance.random() < 0.5
            names = ("file_data", "mime_type", "file_uri") if snake else ("fileData", "mimeType", "fileUri")
            kind = self.chance.choice(BAD_TYPES if self.wrong(4) else TYPES)
            part = Obj([(names[0], Obj([(names[1], kind), (names[2], self.address())]))])
            if self.gemini and self.chance.random() < 0.1:
                part.append(("mediaResolution", Obj([("level", "LOW")])))
            parts[self.chance.randrange(2) : 1] = [part] * (31 if self.wrong() else 1)
        return Obj([("role", self.role(role)), ("parts", parts)])

    def role(self, right: str) -> Any:
        if not self.wrong():
            return right
        return self.chance.choice(("user", "assistant", "model", "system", "User", "human", "", "function", 1, None))

    def text(self) -> Any:
        if self.wrong():
            return self.chance.choice(BAD_TEXTS)
        if self.wrong(0.1):
            return "too long for some " * self.chance.choice((400, 2_200))
        return " ".join(self.chance.choices(TEXTS, k=self.chance.choice((1, 1, 2, 5))))

    def address(self) -> Any:
        return self.chance.choice(BAD_ADDRESSES if self.wrong(4) else ADDRESSES)

    def junk(self) -> Any:
        """A value of a wrong type, or of the right one in a wrong place."""
        return self.chance.choice(
            (
                *(None, True, False, 0, -1.5, Raw("NaN"), Raw("-Infinity"), Raw("1e999"), Raw("9" * 5000), "x", ""),
                *([], [1], Obj(), Obj([("a", 1), ("a", Raw("NaN"))]), Obj([("text", "x")]), [[]], [Obj()], "user"),
            )
        )

    def damaged(self, value: Any) -> Any:
        """The value with, here and there, a member dropped, doubled, renamed, moved or replaced."""
        if self.wrong(0.5):
            return self.junk()
        if isinstance(value, Obj):
            members = Obj((key, self.damaged(member)) for key, member in value)
            while self.wrong(2):
                at = self.chance.randrange(len(members) + 1)
                members.insert(at, (self.chance.choice(KEYS), self.junk() if self.wrong(25) else self.text()))
            while members and self.wrong(2):
                at = self.chance.randrange(len(members))
                key, member = members[at]
                edit = self.chance.randrange(4)
                if edit == 0:
                    del members[at]
                elif edit == 1:
                    members.insert(self.chance.randrange(len(members) + 1), (key, member))
                elif edit == 2:
                    members[at] = (self.chance.choice(KEYS), member)
                else:
                    self.chance.shuffle(members)
            return members
        if isinstance(value, list):
            items = [self.damaged(item) for item in value]
            while items and self.wrong():
                at = self.chance.randrange(len(items))
                items[at : at + 1] = self.chance.choice(([], [items[at]] * 2, [self.junk()]))
            return items
        return value

    def write(self, value: Any) -> str:
        """The value as JSON, in one of the many ways to write it."""
        chance = self.chance
        ascii_only = chance.random() < 0.5
        comma, colon = chance.choice(((", ", ": "), (",", ":"), (" , ", " : "), (",\t", ":  ")))

        def text(value: str) -> str:
            written = json.dumps(value, ensure_ascii=ascii_only)
            if self.wrong(2) and value:
                at = chance.randrange(len(value))
                if ord(value[at]) < 0x10000:
                    before, after = (
                        json.dumps(piece, ensure_ascii=ascii_only) for piece in (value[:at], value[at + 1 :])
                    )
                    written = f"{before[:-1]}\\u{ord(value[at]):04x}{after[1:]}"
            return written

        def anything(value: Any) -> str:
            if isinstance(value, Raw):
                return str(value)
            if isinstance(value, Obj):
                return "{" + comma.join(f"{text(key)}{colon}{anything(member)}" for key, member in value) + "}"
            if isinstance(value, list):
                return "[" + comma.join(map(anything, value)) + "]"
            return text(value) if isinstance(value, str) else json.dumps(value)

        return anything(value)
