"""The documented formats of training data."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from emulator.language_model import Example
from emulator.vertex.datasets import DatasetError, read

CHAT = {
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Hello"}]},
        {"role": "assistant", "content": "Hi"},
        {"role": "user", "content": "Bye"},
        {"role": "assistant", "content": "See you"},
    ]
}
CONTENT = {
    "systemInstruction": {"parts": [{"text": "Be brief."}]},
    "contents": [
        {"role": "user", "parts": [{"text": "Hello"}]},
        {"role": "model", "parts": [{"text": "Hi"}]},
        {"role": "user", "parts": [{"text": "Bye"}]},
        {"role": "assistant", "parts": [{"text": "See you"}]},
    ],
}


PNG = b"\x89PNG\r\n\x1a\n" + bytes(9)
INLINE = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"


def chat(*images: Any, text: str = "What is it?") -> dict[str, Any]:
    """An example whose user shows images."""
    parts = [{"type": "text", "text": text}, *({"type": "image_url", "image_url": each} for each in images)]
    return {"messages": [{"role": "user", "content": parts}, {"role": "assistant", "content": "A cat"}]}


def content(part: Any, key: str = "systemInstruction") -> dict[str, Any]:
    """The same in the other format, in either spelling."""
    user = {"role": "user", "parts": [{"text": "What is it?"}, part]}
    instruction = {key: {"parts": [{"text": "Be brief."}]}}
    return {**instruction, "contents": [user, {"role": "model", "parts": [{"text": "A cat"}]}]}


def _read(*rows: object) -> tuple[Example, ...]:
    return read("\n".join(json.dumps(row) for row in rows).encode(), "gs://b/o.jsonl").examples


def test_prompt_and_completion() -> None:
    found = read(b'{"prompt": "a", "completion": "bc"}\n\n{"prompt": "d", "completion": "e"}\n', "gs://b/o")
    assert found.examples == (Example("a", "bc"), Example("d", "e"))
    assert (found.lines, found.characters) == (2, 5)


def test_chat_and_generate_content_say_the_same() -> None:
    assert _read(CHAT) == _read(CONTENT)
    assert [example.completion for example in _read(CHAT)] == ["Hi", "See you"]
    assert "Be brief." in _read(CHAT)[0].prompt


def test_both_spellings_of_generate_content_say_the_same() -> None:
    uri = "gs://pictures/cats/1.jpg"
    camel = content({"fileData": {"mimeType": "image/jpeg", "fileUri": uri}})
    snake = content({"file_data": {"mime_type": "image/jpeg", "file_uri": uri}}, "system_instruction")
    found = [read(json.dumps(row).encode(), "gs://b/o") for row in (camel, snake)]
    assert found[0] == found[1]
    assert found[0].examples == (Example("system: Be brief.\nuser: What is it?", "A cat"),)
    assert [image.uri for image in found[0].images] == [uri]


def test_images_are_found_and_left_out_of_what_is_learnt() -> None:
    rows = [chat({"url": INLINE, "detail": "low"}, {"url": "gs://pictures/1.png"}), chat(), chat({"url": INLINE})]
    found = read("\n".join(map(json.dumps, rows)).encode(), "gs://b/o")
    assert set(found.examples) == {Example("What is it?", "A cat")}
    assert [(image.uri, image.line) for image in found.images] == [("gs://pictures/1.png", 1)]
    assert [row.has_image for row in found.rows] == [True, False, True]
    kept = found.without_texts_beside_images()
    assert (kept.dropped, kept.lines, len(kept.examples)) == ((2,), 3, 2)
    texts = read(json.dumps(chat()).encode(), "gs://b/o")
    assert texts.without_texts_beside_images() is texts


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"prompt": "a"}, "completion is missing or empty"),
        ({"prompt": " ", "completion": "b"}, "prompt is missing or empty"),
        ({"prompt": "a", "completion": 1}, "completion is missing or empty"),
        ({"text": "a"}, "none of prompt and completion, messages, contents"),
        ([1], "a line is a JSON object"),
        ({"messages": []}, "messages is not a list with messages in it"),
        ({"messages": [{"role": "tool", "content": "a"}]}, "messages[0].role is none of assistant, system, user"),
        ({"messages": [{"role": "user", "content": ""}]}, "messages[0].content is missing or empty"),
        ({"messages": [{"role": "user", "content": "a"}]}, "there is no answer to learn"),
        (chat(None), "messages[0].content[1].image_url.url is neither gs://… nor data:"),
        (chat({"url": "https://example.com/a.png"}), "is neither gs://… nor data:"),
        (chat({"url": "data:image/gif;base64,R0lGOD"}), "is neither gs://… nor data:"),
        (chat({"url": INLINE[:-1]}), "is not base64"),
        (chat({"url": INLINE.replace("png", "webp", 1)}), "is declared as webp and is png"),
        (chat({"url": "data:image/png;base64,"}), "is declared as png and is no image"),
        (chat(text=" "), "messages[0].content[0].text is missing or empty"),
        (
            {"messages": [{"role": "user", "content": [{"type": "video_url"}]}]},
            "content[0] is neither text nor an image",
        ),
        ({"contents": [{"role": "user", "parts": []}]}, "contents[0].parts is missing or empty"),
        (content({"fileData": {}}), "contents[0].parts[1] is a file of another type"),
        (content({"fileData": {"mimeType": "image/png"}}), "contents[0].parts[1].fileUri is neither gs://"),
        (content({"inlineData": {"data": "aGk="}}), "contents[0].parts[1].text is missing or empty"),
        ({"contents": [{"role": "system", "parts": [{"text": "a"}]}]}, "contents[0].role is none of assistant, model"),
        ({"contents": [{"role": "user", "parts": [{"text": "a"}]}]}, "there is no answer to learn"),
    ],
)
def test_a_bad_line_is_named(row: object, said: str) -> None:
    good = CHAT if "messages" in str(row) else CONTENT if "contents" in str(row) else {"prompt": "a", "completion": "b"}
    with pytest.raises(DatasetError) as refused:
        _read(good, row)
    assert str(refused.value).startswith("Line 2 of gs://b/o.jsonl is not a valid training example: ")
    assert said in str(refused.value)


def test_one_file_has_one_format() -> None:
    with pytest.raises(DatasetError, match=r"Line 3 .* chat from line 1, then GenerateContent from line 3"):
        _read(CHAT, CHAT, CONTENT)


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(DatasetError, match="Line 1"):
        read(b'{"prompt": "\xff", "completion": "b"}', "gs://b/o")
