"""Tokens as a model's own tokenizer and chat template make them."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from tunestack.data.report import UnreadableDataError
from tunestack.data.stream import Stream
from tunestack.data.tokens.count import count_tokens
from tunestack.data.tokens.error import TokenizerError

QUESTION, ANSWER = "what is it", "a cat"
CHAT = {"messages": [{"role": "user", "content": QUESTION}, {"role": "assistant", "content": ANSWER}]}
PAIR = {"prompt": QUESTION, "completion": ANSWER}
CONTENT = {
    "contents": [{"role": "user", "parts": [{"text": QUESTION}]}, {"role": "model", "parts": [{"text": ANSWER}]}]
}
PICTURE: dict[str, Any] = {
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "image_url", "image_url": {"url": "gs://pictures/cat.png"}},
                {"type": "text", "text": QUESTION},
            ],
        },
        {"role": "assistant", "content": ANSWER},
    ]
}

TEMPLATE = (
    "{{ bos_token }}{% for message in messages %} turn {{ message['role'] }} {{ message['content'] }} end{% endfor %}"
)
PARTS = "{% for message in messages %}{% for part in message['content'] %}{{ part['type'] }} {% endfor %}{% endfor %}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a tokenizer to which each word is a token."""
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    return tmp_path


def written(folder: Path, *examples: dict[str, Any]) -> Path:
    path = folder / "train.jsonl"
    path.write_text("".join(f"{json.dumps(example)}\n" for example in examples), "utf-8")
    return path


@pytest.mark.parametrize(
    ("example", "why"),
    [(CHAT, "chat"), (PAIR, "prompt and completion"), (CONTENT, "GenerateContent"), (PICTURE, "with an image")],
)
def test_the_words_of_every_format_are_counted(folder: Path, example: dict[str, Any], why: str) -> None:
    found = count_tokens(written(folder, example, example), folder / "tokenizer.json")
    assert found.tokens == 2 * 5, why
    assert list(found.lengths) == [5, 5]
    assert found.images == (2 if example is PICTURE else 0)
    assert found.template.startswith("none lies next to ")


@pytest.mark.parametrize(
    ("files", "tokens", "why"),
    [
        ({"tokenizer_config.json": {"chat_template": TEMPLATE, "bos_token": "<s>"}}, 5 + 6 + 1, "with its settings"),
        ({"tokenizer_config.json": {"chat_template": TEMPLATE, "bos_token": {"content": "<s>"}}}, 12, "as an object"),
        (
            {"tokenizer_config.json": {"chat_template": [{"name": "default", "template": TEMPLATE}]}},
            11,
            "among others, without a first token",
        ),
        ({"chat_template.json": {"chat_template": TEMPLATE}}, 11, "in a file of its own"),
        (
            {"chat_template.jinja": TEMPLATE, "tokenizer_config.json": {"bos_token": "<s>", "chat_template": "x"}},
            12,
            "in a file of its own, which comes before the settings",
        ),
        ({"tokenizer_config.json": {"model_max_length": 8192}}, 5, "settings without a template"),
    ],
)
def test_a_chat_template_next_to_it_is_applied(folder: Path, files: dict[str, Any], tokens: int, why: str) -> None:
    for name, content in files.items():
        (folder / name).write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    for example in (CHAT, PAIR, CONTENT):
        assert count_tokens(written(folder, example), folder).tokens == tokens, why


def test_a_template_is_told_of_images_as_parts(folder: Path) -> None:
    (folder / "chat_template.jinja").write_text(PARTS, "utf-8")
    two_parts = {"messages": [PICTURE["messages"][0], {"role": "assistant", "content": []}]}
    assert count_tokens(written(folder, two_parts), folder).tokens == 2


def test_without_a_template_the_catalogue_says_what_it_would_add(folder: Path) -> None:
    found = count_tokens(written(folder, CHAT, CHAT), folder, model="google/gemma3@gemma-3-1b-it")
    assert found.tokens == 2 * (5 + 2 * 5 + 1)
    assert found.template == "5 tokens a turn and 1 an example, as the model's published template adds"


def test_longer_examples_are_found_with_their_place(folder: Path) -> None:
    long = {"prompt": "word " * 9, "completion": "word"}
    path = written(folder, PAIR, long, PAIR, long)
    told: list[int] = []
    found = count_tokens(path, folder, longest=9, problem_limit=1, progress=told.append)
    (place,) = found.over_long
    assert (place.line, place.tokens, found.over_long_count) == (2, 10, 2)
    assert json.loads(path.read_bytes()[place.offset :].splitlines()[0]) == long
    assert found.to_json()["overLong"] == [{"line": 2, "offset": place.offset, "tokens": 10}]
    assert told[-1] == path.stat().st_size


def test_a_stream_is_counted_in_batches(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tunestack.data.tokens.count.BATCH_BYTES", 100)
    data = written(folder, *[PAIR] * 50).read_bytes()
    found = count_tokens(Stream("gs://data/train.jsonl", lambda: io.BytesIO(data)), folder)
    assert (found.tokens, found.examples) == (250, 50)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("missing.json", None, "cannot be read: No such file"),
        ("tokenizer.model", b"\x0a\x0e\x0a\x05<unk>", "is no tokenizer.json but another kind of file"),
        ("tokenizer.json", b'{"version": "1.0"}', "is no tokenizer.json that can be read"),
    ],
)
def test_a_wrong_file_is_named_with_the_right_one(tmp_path: Path, name: str, content: bytes | None, says: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(TokenizerError, match=f"{name} {says}.*write the path of the tokenizer.json"):
        count_tokens(written(tmp_path, PAIR), tmp_path / name)


@pytest.mark.parametrize("library", ["tokenizers", "jinja2"])
def test_a_missing_library_is_named_with_its_extra(folder: Path, monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    (folder / "chat_template.jinja").write_text(TEMPLATE, "utf-8")
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(TokenizerError, match=r"pip install 'tunestack\[tokenizer\]'"):
        count_tokens(written(folder, PAIR), folder)


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("{% for", "cannot be read"),
        ("{{ raise_exception('roles must alternate') }}", r"train\.jsonl:1: .*does not take it: roles must alternate"),
        ("{{ ''.__class__.__mro__ }}", r"train\.jsonl:1: .*unsafe"),
    ],
)
def test_a_template_that_cannot_be_used_is_named(folder: Path, template: str, says: str) -> None:
    (folder / "chat_template.jinja").write_text(template, "utf-8")
    with pytest.raises(TokenizerError, match=says):
        count_tokens(written(folder, PAIR), folder)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b'{"prompt": 1}\n', r":1: the line is no example \(in none of the formats"),
        (json.dumps(PAIR).encode() + b'\n{"prompt": "a"}\n', ":2: the line is no example"),
        (b'{"prompt": "\xff", "completion": "a"}\n', ":1: the line is no example"),
        (b"[" * 100_000 + b"\n", ":1: the line is no example"),
    ],
)
def test_a_line_that_is_no_example_is_left_to_the_check(folder: Path, line: bytes, says: str) -> None:
    path = folder / "train.jsonl"
    path.write_bytes(line)
    with pytest.raises(UnreadableDataError, match=says):
        count_tokens(path, folder)
