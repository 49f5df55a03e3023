"""The documented formats of training data."""

from __future__ import annotations

import json

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
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "has a part that is not text"),
        ({"contents": [{"role": "user", "parts": []}]}, "contents[0].parts is missing or empty"),
        ({"contents": [{"role": "user", "parts": [{"fileData": {}}]}]}, "contents[0] has a part that is not text"),
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
