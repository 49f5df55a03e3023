"""Every kind of problem of a line: what causes it, where it is found, and what is said."""

from __future__ import annotations

import base64
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.data.fuzzing.lines import PNG_URI, png
from tunestack.catalogue.data_rules import data_rules
from tunestack.data import KINDS, UnreadableDataError, check
from tunestack.data.exact import json_places
from tunestack.data.exact import line as exact
from tunestack.data.lines import blocks as lines

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

GEMMA = "google/gemma3@gemma-3-1b-it"
LLAMA_4 = "meta/llama4@llama-4-scout-17b-16e-instruct"
GEMINI = "gemini-2.5-flash"

PROMPT = '{"prompt": "2 + 2", "completion": "4"}'
CHAT = '{"messages": [{"role": "user", "content": "2 + 2"}, {"role": "assistant", "content": "4"}]}'
USER = '{"role": "user", "content": "2 + 2"}'
ANSWER = '{"role": "assistant", "content": "4"}'
CONTENTS = '{"contents": [{"role": "user", "parts": [{"text": "2 + 2"}]}, {"role": "model", "parts": [{"text": "4"}]}]}'
ASKED = '{"role": "user", "parts": [{"text": "2 + 2"}]}'
ANSWERED = '{"role": "model", "parts": [{"text": "4"}]}'
CALL = '{"role": "model", "parts": [{"functionCall": {"name": "add", "args": {"a": 2}}}]}'


def chat(*messages: str) -> str:
    return f'{{"messages": [{", ".join(messages)}]}}'


def chat_part(part: str) -> str:
    return chat(f'{{"role": "user", "content": [{part}]}}', ANSWER)


def image(url: str) -> str:
    return chat_part(f'{{"type": "image_url", "image_url": {{"url": "{url}"}}}}')


def contents(*turns: str, before: str = "") -> str:
    return f'{{{before}"contents": [{", ".join(turns)}]}}'


def part(written: str) -> str:
    return contents(f'{{"role": "user", "parts": [{written}]}}', ANSWERED)


def file(mime_type: str, uri: str) -> str:
    return part(f'{{"fileData": {{"mimeType": "{mime_type}", "fileUri": "{uri}"}}}}')


# Second lines of a file whose first line is right: line, kind, JSON path, what stands at the offset (or the offset
# itself), a piece of what is said.
Row = tuple[str, str | bytes, str, str, str | int, str]
BYTES: list[Row] = [
    (CHAT, b'{"prompt": "\xff"}', "not-utf-8", "$", 12, "byte 0xff is not UTF-8"),
    (CHAT, b"\xff\xfe{\0", "not-utf-8", "$", 0, "from UTF-16 to UTF-8"),
    (CHAT, b"\xef\xbb\xbf" + CHAT.encode(), "bom", "$", 0, "without BOM"),
    (CHAT, "", "blank-line", "$", 0, "remove the line"),
    (CHAT, " \t\r", "blank-line", "$", 0, "remove the line"),
    (CHAT, CHAT[:-10], "truncated-line", "$", 74, "ends too early"),
    (CHAT, CHAT[:-1], "truncated-line", "$", len(CHAT) - 1, "ends too early"),
    (CHAT, CHAT[:3], "truncated-line", "$", 1, "ends too early"),
    (CHAT, CHAT + CHAT, "bad-json", "$", len(CHAT), "more after the example's end"),
    (CHAT, "{'messages': []}", "bad-json", "$", 1, "at byte 2 of the line"),
    (PROMPT, '{"prompt": "é", "completion": x}', "bad-json", "$", "x}", "at byte 32 of the line"),
    (PROMPT, '{"prompt": "a\tb", "completion": "c"}', "bad-json", "$", 13, "control character"),
    (PROMPT, '{"prompt": "a\0b", "completion": "c"}', "bad-json", "$", 13, "remove the NUL characters"),
    (PROMPT, '{"prompt": "a", "completion": "c",}', "bad-json", "$", 34, "a key in quotation marks is missing"),
    (PROMPT, '{"prompt": "\\x41", "completion": "c"}', "bad-json", "$", "\\x", "\\escape"),
    (CHAT, "[" * 100_000, "nested-too-deeply", "$", 64, "flatten"),
    (CHAT, "[1]", "not-an-object", "$", 0, "a list"),
    (CHAT, " null", "not-an-object", "$", 1, "null"),
    (CHAT, '"text"', "not-an-object", "$", 0, "text"),
    (CHAT, "1" * 5_000, "not-an-object", "$", 0, "a number"),
]
KEYS: list[Row] = [
    (
        PROMPT,
        '{"prompt": "a", "prompt": "b", "completion": "c"}',
        "duplicate-key",
        "$.prompt",
        '"prompt": "b"',
        "twice",
    ),
    (PROMPT, '{"prompt": "é", "\\u0070rompt": "b", "completion": "c"}', "duplicate-key", "$.prompt", '"\\u', "twice"),
    # The quotes of the second key and value, and those within the text, make up for each other.
    (
        *(PROMPT, '{"prompt": "a", "prompt": "\\u0022\\u0022\\u0022\\u0022", "completion": "c"}'),
        *("duplicate-key", "$.prompt", '"prompt": "\\', "twice"),
    ),
    (
        *(CHAT, chat('{"role": "user", "role": "user", "content": "a"}', ANSWER)),
        *("duplicate-key", "$.messages[0].role", '"role": "user", "content"', "remove one"),
    ),
    (
        *(CONTENTS, part('{"fileData": {"mimeType": "image/png", "mime_type": "image/png", "fileUri": "gs://b/o"}}')),
        *("duplicate-key", "$.contents[0].parts[0].fileData.mime_type", '"mime_type"', "which are the same"),
    ),
    (PROMPT, '{"prompt": "a"}', "missing-key", "$", 0, 'no "completion"'),
    (CHAT, "{}", "missing-key", "$", 0, 'no "messages"'),
    (CHAT, chat('{"role": "user"}', ANSWER), "missing-key", "$.messages[0]", '{"role"', 'no "content"'),
    (CONTENTS, contents('{"role": "user"}', ANSWERED), "missing-key", "$.contents[0]", '{"role"', 'no "parts"'),
    (CONTENTS, part("{}"), "missing-key", "$.contents[0].parts[0]", "{}", 'no "text"'),
    (
        *(CONTENTS, part('{"file_data": {"file_uri": "gs://b/o"}}')),
        *("missing-key", "$.contents[0].parts[0].file_data", '{"file_uri"', 'no "mimeType"'),
    ),
    (PROMPT, '{"prompt": "a", "completion": "b", "id": 7}', "extra-key", "$.id", '"id"', "remove it"),
    (
        *(CHAT, chat('{"role": "user", "content": "a", "name": "Ada"}', ANSWER)),
        *("extra-key", "$.messages[0].name", '"name"', "only role and content"),
    ),
    (
        *(CONTENTS, contents(ASKED, ANSWERED, before='"tools": [], ')),
        *("extra-key", "$.tools", '"tools"', "only Gemini models take it"),
    ),
]
TYPES: list[Row] = [
    (PROMPT, '{"prompt": 7, "completion": "b"}', "wrong-type", "$.prompt", "7", "a number"),
    (PROMPT, '{"prompt": null, "completion": "b"}', "wrong-type", "$.prompt", "null", "null"),
    (PROMPT, '{"prompt": true, "completion": "b"}', "wrong-type", "$.prompt", "true", "true"),
    (PROMPT, '{"prompt": ["a"], "completion": "b"}', "wrong-type", "$.prompt", '["a"]', "a list"),
    (CHAT, '{"messages": {}}', "wrong-type", "$.messages", "{}", "an object"),
    (CHAT, chat('"hello"', ANSWER), "wrong-type", "$.messages[0]", '"hello"', 'the text "hello"'),
    (CHAT, chat('{"role": 1, "content": "a"}', ANSWER), "wrong-type", "$.messages[0].role", "1", "a number"),
    (CHAT, chat_part('"a"'), "wrong-type", "$.messages[0].content[0]", '"a"', "expected an object"),
    (
        *(CHAT, chat_part('{"type": "image_url", "image_url": "gs://b/o"}')),
        *("wrong-type", "$.messages[0].content[0].image_url", '"gs:', 'an object with "url"'),
    ),
    (
        *(CHAT, chat_part('{"type": "image_url", "image_url": {"url": "gs://b/o", "detail": "best"}}')),
        *("wrong-type", "$.messages[0].content[0].image_url.detail", '"best"', "low, high or auto"),
    ),
    (CONTENTS, '{"contents": "a"}', "wrong-type", "$.contents", '"a"', "a list of contents"),
    (
        *(CONTENTS, contents(ASKED, ANSWERED, before='"systemInstruction": "be kind", ')),
        *("wrong-type", "$.systemInstruction", '"be kind"', 'an object with "parts"'),
    ),
]
TEXTS: list[Row] = [
    (CHAT, chat('{"role": "user", "content": []}', ANSWER), "empty", "$.messages[0].content", "[]", "no parts"),
    (PROMPT, '{"prompt": "a", "completion": ""}', "empty", "$.completion", '""', "empty; expected non-empty text"),
    (PROMPT, '{"prompt": " \\n\\u00a0", "completion": "a"}', "empty", "$.prompt", '" \\n', "only whitespace"),
    (CHAT, '{"messages": []}', "empty", "$.messages", "[]", "no messages"),
    (CONTENTS, part('{"text": ""}'), "empty", "$.contents[0].parts[0].text", '""', "write the text"),
    (PROMPT, '{"prompt": NaN, "completion": "a"}', "nan", "$.prompt", "NaN", "JSON does not have"),
    (PROMPT, '{"prompt": -Infinity, "completion": "a"}', "nan", "$.prompt", "-Inf", "JSON does not have"),
    (PROMPT, '{"prompt": "é", "completion": " NaN "}', "nan", "$.completion", '" NaN', "a missing value"),
    (PROMPT, '{"prompt": "a", "completion": "x\\ud800"}', "lone-surrogate", "$.completion", '"x', "\\ud800"),
    # Where nothing else is asked of a text, too: found by fuzzing.
    (
        *(
            CONTENTS,
            contents(ASKED, ANSWERED, before='"systemInstruction": {"role": "\\ud800", "parts": [{"text": "a"}]}, '),
        ),
        *("lone-surrogate", "$.systemInstruction.role", '"\\ud800"', "whole characters"),
    ),
]
TURNS: list[Row] = [
    (
        *(CHAT, chat('{"role": "model", "content": "a"}', ANSWER)),
        *("unknown-role", "$.messages[0].role", '"model"', 'write "assistant"'),
    ),
    (
        *(CHAT, chat('{"role": "User", "content": "a"}', ANSWER)),
        *("unknown-role", "$.messages[0].role", '"User"', 'write "user"'),
    ),
    (
        *(CONTENTS, contents('{"role": "system", "parts": [{"text": "a"}]}', ASKED, ANSWERED)),
        *("unknown-role", "$.contents[0].role", '"system"', 'write it as "systemInstruction"'),
    ),
    (CHAT, chat(ANSWER, USER), "turn-order", "$.messages[0].role", '"assistant"', "assistant turn; expected user turn"),
    (CHAT, chat(USER, USER, ANSWER), "turn-order", "$.messages[1].role", 61, "take turns"),
    (CHAT, chat(USER, ANSWER, USER), "turn-order", "$.messages", 91, "the last turn is not the assistant's"),
    (
        *(CHAT, chat(USER, '{"role": "system", "content": "a"}', ANSWER)),
        *("turn-order", "$.messages[1].role", '"system"', "system turn"),
    ),
    (
        CONTENTS,
        contents(ANSWERED, ASKED),
        "turn-order",
        "$.contents[0].role",
        '"model"',
        "let user and model take turns",
    ),
    (CHAT, chat(USER), "no-assistant", "$.messages", "[", "an answer to learn"),
    (CONTENTS, contents(ASKED), "no-assistant", "$.contents", "[", "no model turn"),
]
FORMATS: list[Row] = [
    (CHAT, PROMPT, "mixed-formats", "$", 0, "prompt/completion, where line 1 is chat"),
    (PROMPT, CHAT, "mixed-formats", "$", 0, "chat, where line 1 is prompt/completion"),
    (PROMPT, CONTENTS, "mixed-formats", "$", 0, "GenerateContent, where line 1 is prompt/completion"),
    (
        *(CHAT, chat_part('{"type": "input_audio", "text": "a"}')),
        *("unsupported-part", "$.messages[0].content[0].type", '"input_audio"', 'expected "text" or "image_url"'),
    ),
    (
        *(CONTENTS, part('{"inlineData": {"mimeType": "image/png", "data": "AAAA"}}')),
        *("unsupported-part", "$.contents[0].parts[0]", '"inlineData"', "put the data into a bucket"),
    ),
    (
        *(CONTENTS, contents(ASKED, CALL)),
        *("unsupported-part", "$.contents[1].parts[0]", '"functionCall"', "only Gemini models"),
    ),
    (
        *(CONTENTS, part('{"text": "a", "fileData": {"mimeType": "image/png", "fileUri": "gs://b/o"}}')),
        *("unsupported-part", "$.contents[0].parts[0]", '"fileData"', "write a part for each"),
    ),
    (
        *(CONTENTS, file("text/html", "gs://b/o")),
        *("unsupported-part", "$.contents[0].parts[0].fileData.mimeType", '"text/html"', "an image"),
    ),
    (
        *(CONTENTS, file("audio/mp3", "gs://b/o")),
        *("unsupported-part", "$.contents[0].parts[0].fileData.mimeType", '"audio', "an open model does not take"),
    ),
]
URL = "$.messages[0].content[0].image_url.url"
IMAGES: list[Row] = [
    (CHAT, image("https://x.org/cat.jpg"), "image-address", URL, '"https', "gs://bucket/object"),
    (CHAT, image("gs://cats"), "image-address", URL, '"gs://cats', "write its gs:// address"),
    (CHAT, image("data:image/png;base64,AAA"), "image-address", URL, '"data:', "multiple of 4"),
    (CHAT, image("data:image/gif;base64,R0lGODlhAQABAAAAACw="), "image-kind", URL, '"data:', "GIF"),
    (CHAT, image(PNG_URI.replace("png", "jpeg")), "image-type", URL, '"data:', "the content is PNG"),
    (CHAT, image(PNG_URI[:-20] + PNG_URI[-16:]), "image-broken", URL, '"data:', "export or download"),
    (
        *(CONTENTS, file("image/gif", "gs://b/o")),
        *(
            "image-kind",
            "$.contents[0].parts[0].fileData.mimeType",
            '"image/gif"',
            "image/jpeg, image/png or image/webp",
        ),
    ),
    (
        *(CONTENTS, file("image/heif", "gs://b/o")),
        *("image-kind", "$.contents[0].parts[0].fileData.mimeType", '"image/heif"', "image/png or image/webp"),
    ),
    (
        *(CONTENTS, file("image/png", "https://x.org/cat.png")),
        *("image-address", "$.contents[0].parts[0].fileData.fileUri", '"https', "gs://bucket/object"),
    ),
]
LINES = [*BYTES, *KEYS, *TYPES, *TEXTS, *TURNS, *FORMATS, *IMAGES]


def expected_offset(line: str | bytes, at: str | int) -> int:
    raw = line.encode() if isinstance(line, str) else line
    return at if isinstance(at, int) else raw.index(at.encode())


@pytest.mark.parametrize(("first", "line", "kind", "path", "at", "said"), LINES)
@pytest.mark.parametrize("before", [1, 20], ids=["in the first block", "in a later block"])
def test_a_line_is_refused_at_its_place(
    write: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    before: int,
    first: str,
    line: str | bytes,
    kind: str,
    path: str,
    at: str | int,
    said: str,
) -> None:
    monkeypatch.setattr(lines, "BLOCK_BYTES", 500)
    report = check(write(*[first] * before, line, first))
    assert not report.ok
    found = [(problem.line, problem.kind, problem.path) for problem in report.errors if problem.line]
    assert found == [(before + 1, kind, path)]
    error = next(problem for problem in report.errors if problem.line)
    assert error.offset == (len(first) + 1) * before + expected_offset(line, at)
    assert said in str(error)


OF_MODELS: list[tuple[Sequence[str], str, str, str, str | int, str]] = [
    ([GEMMA], image(PNG_URI), "image-not-allowed", URL, '"data:', f"{GEMMA} does not take"),
    ([GEMMA], image("gs://b/o"), "image-not-allowed", URL, '"gs:', "name a model that takes it"),
    (
        *([GEMINI, GEMMA], file("image/png", "gs://b/o"), "image-not-allowed"),
        *("$.contents[0].parts[0].fileData.mimeType", '"image/png"', GEMMA),
    ),
    (
        *([GEMINI], contents(ASKED, '{"role": "assistant", "parts": [{"text": "4"}]}')),
        *("unknown-role", "$.contents[1].role", '"assistant"', 'write "model"'),
    ),
    (
        *([GEMINI], part(", ".join(['{"fileData": {"mimeType": "image/png", "fileUri": "gs://b/o"}}'] * 31))),
        *("too-many-images", "$", 0, "31 images; expected at most 30"),
    ),
    (
        *([GEMINI], contents(ASKED, CALL, before='"tools": {}, ')),
        *("wrong-type", "$.tools", "{}", "a list of tools"),
    ),
    (
        *([GEMINI], contents(ASKED, CALL.replace("2}", "NaN}"))),
        *("nan", "$.contents[1].parts[0].functionCall.args.a", "NaN", "JSON does not have"),
    ),
    (
        *([GEMINI, LLAMA_4], contents(ASKED, CALL)),
        *("unsupported-part", "$.contents[1].parts[0]", '"functionCall"', "only Gemini models take it"),
    ),
]


@pytest.mark.parametrize(("models", "line", "kind", "path", "at", "said"), OF_MODELS)
def test_a_model_refuses_a_line(
    write: Callable[..., Path], models: Sequence[str], line: str, kind: str, path: str, at: str | int, said: str
) -> None:
    report = check(write(line), rules=[data_rules(model) for model in models])
    (error,) = (problem for problem in report.errors if problem.line)
    assert (error.kind, error.path) == (kind, path)
    assert error.offset == expected_offset(line, at)
    assert said in str(error)


def test_the_table_has_every_kind_of_a_line() -> None:
    elsewhere = {"unknown-format", "line-too-long", "too-many-values", "duplicate", "over-long", "in-both-files"}
    elsewhere |= {"image-too-large", "image-trailing"}
    of_files = {
        "several-formats",
        "format-not-allowed",
        "no-examples",
        "few-examples",
        "text-dropped",
        "file-too-large",
    }
    of_files |= {
        "too-many-examples",
        "links-not-kept",
        "lines-not-compared",
        "validation-too-large",
        "validation-too-many",
    }
    of_objects = {"image-missing", "image-location", "image-access", "image-access-unknown", "image-type-unknown"}
    of_objects |= {"images-not-looked-at"}
    here = {kind for _, _, kind, *_ in LINES} | {kind for _, _, kind, *_ in OF_MODELS}
    assert here | elsewhere | of_files | of_objects == set(KINDS)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (PROMPT, "as documented"),
        ("\t" + PROMPT.replace(" ", "  ") + " \r", "white space between tokens, a carriage return before the newline"),
        (PROMPT.replace("prompt", "\\u0070rompt"), "an escaped key is the same key"),
        ('{"completion": "prompt", "prompt": "\\"prompt\\": \\"x\\""}', "keys that stand inside texts"),
        ('{"prompt": "\\u0022", "completion": "\\u0022"}', "an escaped quote"),
        ('{"prompt": "\\\\\\"", "completion": "\\\\"}', "backslashes before quotes"),
        ('{"prompt": "\\ud83d\\ude00", "completion": "\\u0000"}', "an emoji as a pair, an escaped NUL"),
        ('{"prompt": "banana", "completion": "nan ok"}', "not a missing value"),
        ('{"prompt": "?", "completion": "1"}', "short, but not empty"),
    ],
)
def test_a_right_line_passes(write: Callable[..., Path], line: str, why: str) -> None:
    report = check(write(line))
    assert report.ok, why
    assert report.problem_counts == {"few-examples": 1}
    assert report.format == "prompt-completion"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (CHAT, "as documented"),
        (chat('{"content": "be kind", "role": "system"}', USER, ANSWER, USER, ANSWER), "a system message, two rounds"),
        (chat_part('{"type": "text", "text": "a"}'), "text in parts"),
        (chat('{"role": "\\u0075ser", "content": "a"}', ANSWER), "an escaped role"),
        (image("gs://b/o"), "a linked image"),
        (image(PNG_URI), "an image in base64"),
        (chat_part('{"type": "image_url", "image_url": {"url": "gs://b/o", "detail": "low"}}'), "with its detail"),
    ],
)
def test_a_right_conversation_passes(write: Callable[..., Path], line: str, why: str) -> None:
    report = check(write(line))
    assert report.ok, why
    assert report.format == "chat"


@pytest.mark.parametrize(
    ("models", "line", "why"),
    [
        ([], CONTENTS, "as documented"),
        ([], CONTENTS.replace("model", "assistant"), "an open model's other word for the one that answers"),
        ([], contents(ASKED, ANSWERED, before='"systemInstruction": {"parts": [{"text": "a"}]}, '), "instructed"),
        (
            [],
            contents(ASKED, ANSWERED, before='"system_instruction": {"role": "x", "parts": [{"text": "a"}]}, '),
            "the other spelling; its role is ignored",
        ),
        ([], file("image/webp", "gs://b/o"), "an image"),
        ([], part('{"file_data": {"mime_type": "image/png", "file_uri": "gs://b/o"}}'), "in the other spelling"),
        ([GEMINI], file("image/webp", "https://x.org/cat.webp"), "public images may be anywhere"),
        ([GEMINI], file("image/heic", "gs://b/o"), "an image of a type that only Gemini takes"),
        ([GEMINI], file("audio/mp3", "gs://b/o"), "audio"),
        ([GEMINI], file("application/pdf", "gs://b/o"), "a document"),
        (
            [GEMINI],
            contents(
                *(ASKED, CALL),
                '{"role": "user", "parts": [{"functionResponse": {"name": "add", "response": {"sum": 4}}}]}',
                ANSWERED,
                before='"tools": [{"functionDeclarations": [{"name": "add"}]}], ',
            ),
            "a function called",
        ),
        ([GEMINI], contents(ASKED, CALL.replace("2}", "1e999}")), "a number beyond its range: found by fuzzing"),
        ([GEMINI], contents(ASKED, CALL.replace("2}", "9" * 5_000 + "}")), "one of 5,000 digits: found by fuzzing"),
        ([GEMINI], contents(ASKED, ANSWERED, before='"generationConfig": {"mediaResolution": "LOW"}, '), "configured"),
    ],
)
def test_right_contents_pass(write: Callable[..., Path], models: list[str], line: str, why: str) -> None:
    report = check(write(line), rules=[data_rules(model) for model in models])
    assert report.ok, (why, report.errors)
    assert report.format == "generate-content"


def test_turns_are_not_counted_across_lines(write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """One line's missing answer in the next line is still a missing answer."""
    monkeypatch.setattr(lines, "BLOCK_BYTES", 500)
    report = check(write(*[CHAT] * 5, CHAT, chat(USER), chat(ANSWER, USER, ANSWER)))
    assert [(problem.line, problem.kind) for problem in report.errors] == [(7, "no-assistant"), (8, "turn-order")]


def test_what_is_counted(write: Callable[..., Path]) -> None:
    path = write('{"prompt": "äb\\n", "completion": "😀"}', chat(USER), '{"prompt": "x", "completion": ["y"]}', "")
    report = check(path)
    assert report.examples == 3, "a blank line is none"
    assert report.characters == 4 + 5 + 1
    assert report.non_ascii == 2
    assert report.longest == 5
    assert report.turns == 2 + 1 + 2
    assert report.bytes == path.stat().st_size
    assert report.format == "prompt-completion"


def test_images_are_counted_and_their_first_places_kept(write: Callable[..., Path]) -> None:
    report = check(write(image("gs://b/cat.png"), CHAT, image(PNG_URI), image("gs://b/cat.png")))
    assert (report.images.inline, report.images.linked, report.images.count) == (1, 2, 3)
    assert report.images.inline_bytes == len(png())
    assert report.texts_only == 1
    (place,) = report.links.values()
    assert (place.line, place.path) == (1, URL)
    assert place.offset == image("gs://b/cat.png").index('"gs://')


def test_a_links_declared_type_is_kept(write: Callable[..., Path]) -> None:
    report = check(write(CONTENTS, file("IMAGE/PNG", "gs://b/o")))
    assert report.links["gs://b/o"].mime_type == "image/png"
    assert report.links["gs://b/o"].offset == len(CONTENTS) + 1 + file("IMAGE/PNG", "gs://b/o").index('"gs://')


def test_the_message_of_a_problem(write: Callable[..., Path]) -> None:
    path = write(PROMPT, '{"prompt": "a", "completion": ""}')
    (problem,) = check(path).errors
    assert str(problem) == (
        f"{path}:2: $.completion: empty; expected non-empty text; write the text or remove the line"
    )


def test_what_a_line_says_cannot_disturb_a_message(write: Callable[..., Path]) -> None:
    hostile = '\\n\\u001b[31m\\u202e\\ud800"'.replace('"', "")
    report = check(write(PROMPT, f'{{"prompt": "a", "completion": "b", "{hostile}": 1}}'))
    assert str(report.errors[0]).isprintable()


def test_problems_are_all_counted_and_the_first_of_each_kind_are_told(write: Callable[..., Path]) -> None:
    bad = [f'{{"prompt": "{number}", "completion": ""}}' for number in range(30)]
    path = write(PROMPT, "", *bad)
    report = check(path, problem_limit=5)
    assert report.problem_counts == {"blank-line": 1, "empty": 30, "few-examples": 1}
    assert [problem.line for problem in report.errors] == [2, 3, 4, 5, 6, 7]
    assert report.error_count == 31
    assert len(check(path, problem_limit=None).errors) == 31


def test_keys_of_no_format(write: Callable[..., Path]) -> None:
    report = check(write('{"question": "a", "answer": "b"}'))
    assert report.format is None
    assert "unknown-format" in report.problem_counts
    assert "question, answer" in str(report.errors[0])


def test_lines_before_the_first_readable_one_do_not_say_the_format(write: Callable[..., Path]) -> None:
    report = check(write("", "{", CHAT, PROMPT))
    assert report.format == "chat"
    assert report.problem_counts["mixed-formats"] == 1
    assert "where line 3 is chat" in str(report.errors[-1])


def test_too_many_values_are_refused(write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_places, "MAX_VALUES", 100)
    line = '{"prompt": "a", "completion": "b", "x": [' + "1, " * 100 + "1]}"
    report = check(write(PROMPT, line))
    assert [(problem.line, problem.kind) for problem in report.errors] == [(2, "too-many-values")]


def test_an_image_too_large_for_the_model_is_refused(write: Callable[..., Path]) -> None:
    rules = [replace(data_rules(LLAMA_4), max_image_bytes=60)]
    (error,) = check(write(image(PNG_URI)), rules=rules).errors
    assert error.kind == "image-too-large"
    assert "bytes; expected at most 60 bytes" in str(error)


def test_bytes_after_an_image_are_a_warning(write: Callable[..., Path]) -> None:
    longer = "data:image/png;base64," + base64.b64encode(png() + b"xyz").decode()
    report = check(write(image(longer)))
    assert report.ok
    assert "image-trailing" in report.problem_counts


def test_examples_too_long_for_a_model_are_a_warning(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "BLOCK_BYTES", 200)
    long = f'{{"prompt": "{"x" * 89}", "completion": "y"}}'
    longer = f'{{"prompt": "{"x" * 100}", "completion": "y"}}'
    path = write(long, PROMPT, longer)
    rules = replace(data_rules(GEMMA), max_sequence_tokens=18, tokens_per_character=Decimal("0.2"))
    report = check(path, rules=[rules])
    assert report.ok
    assert [(problem.line, problem.kind) for problem in report.warnings] == [(0, "few-examples"), (3, "over-long")]
    assert f"101 characters, about 1.1 times the longest sequence of {GEMMA}; expected at most about 90" in str(
        report.warnings[1]
    )
    unknown = replace(rules, tokens_per_character=None)
    assert "over-long" not in check(path, rules=[unknown]).problem_counts, "no ratio, no estimate"


def test_a_line_without_end_is_not_kept(write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (lines, exact):
        monkeypatch.setattr(module, "MAX_LINE_BYTES", 1000)
    monkeypatch.setattr(lines, "BLOCK_BYTES", 64)
    long = PROMPT.replace("4", "4" * 5000)
    report = check(write(PROMPT, long, CHAT, long, name="long.jsonl"))
    assert [(problem.line, problem.kind) for problem in report.errors if problem.line] == [
        (2, "line-too-long"),
        (3, "mixed-formats"),
        (4, "line-too-long"),
    ]
    assert next(each for each in report.errors if each.line == 3).offset == len(PROMPT) + len(long) + 2


@pytest.mark.parametrize(("name", "said"), [("nothing.jsonl", "No such file"), ("", "directory")])
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(UnreadableDataError, match=said):
        check(tmp_path / name)
