from __future__ import annotations

import pytest

from emulator.language_model import Example, LanguageModelError, render_chat, render_prompt

USER = {"role": "user", "content": "Hi"}
ANSWER = {"role": "assistant", "content": "Hello"}
SYSTEM = {"role": "system", "content": "Be kind."}
PARTS = {"role": "user", "content": [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]}
IMAGE = {
    "role": "user",
    "content": [{"type": "image_url", "image_url": {"url": "gs://b/o"}}, {"type": "text", "text": "x"}],
}


@pytest.mark.parametrize(
    ("messages", "prompt"),
    [
        pytest.param([USER], "Hi", id="one user message is the prompt itself"),
        pytest.param([PARTS], "one\ntwo", id="text parts are joined"),
        pytest.param([IMAGE], "x", id="a text model does not see images"),
        pytest.param([SYSTEM], "system: Be kind.", id="only a user speaks for himself"),
        pytest.param([SYSTEM, USER], "system: Be kind.\nuser: Hi", id="roles tell messages apart"),
        pytest.param([USER, ANSWER, USER], "user: Hi\nassistant: Hello\nuser: Hi", id="a longer talk"),
    ],
)
def test_prompt(messages: list[dict[str, object]], prompt: str) -> None:
    assert render_prompt(messages) == prompt


@pytest.mark.parametrize(
    ("messages", "examples"),
    [
        pytest.param([USER, ANSWER], [Example("Hi", "Hello")], id="one turn"),
        pytest.param([USER], [], id="nothing to learn"),
        pytest.param([ANSWER], [], id="an answer to nothing"),
        pytest.param(
            [USER, ANSWER, USER, ANSWER],
            [Example("Hi", "Hello"), Example("user: Hi\nassistant: Hello\nuser: Hi", "Hello")],
            id="every answer is an example",
        ),
    ],
)
def test_examples(messages: list[dict[str, object]], examples: list[Example]) -> None:
    assert render_chat(messages) == examples


def test_content_that_is_no_text_is_refused() -> None:
    with pytest.raises(LanguageModelError, match="NoneType"):
        render_prompt([{"role": "user", "content": None}])
