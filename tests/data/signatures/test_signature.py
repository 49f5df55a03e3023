"""What stands for an example in a signature: what it holds, and not how it is spelled; and what bytes are one."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunestack.data import Signature, SignatureError, check

if TYPE_CHECKING:
    from pathlib import Path

NUMBERS = st.lists(st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1)), max_size=20)


def signature(path: Path, *rows: str) -> Signature:
    path.write_text("".join(row + "\n" for row in rows), encoding="utf-8")
    found = check(path).signature
    assert found is not None
    assert len(found) == len(rows) == len(found.inputs)
    return found


@given(NUMBERS)
def test_bytes_give_back_the_signature(numbers: list[tuple[int, int]]) -> None:
    given = Signature(array("Q", [line for line, _ in numbers]), array("I", [question for _, question in numbers]))
    content = given.to_bytes()
    assert Signature.from_bytes(content) == given
    assert len(content) < 40 + 12 * len(numbers)


GOOD = Signature(array("Q", [1, 2]), array("I", [3, 4])).to_bytes()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not the signature"),
        (b"PK\x03\x04 something else entirely", "not the signature"),
        (GOOD[:5], "not the signature"),
        (GOOD.replace(b"\x01", b"\x02", 1), "another version"),
        (GOOD[:25], "damaged"),
        (GOOD[:-1], "damaged"),
        (GOOD + b"\0", "damaged"),
        (GOOD[:30] + bytes([GOOD[30] ^ 1]) + GOOD[31:], "damaged"),
        (GOOD[:20] + b"\xff" * 8 + GOOD[28:], "damaged"),
    ],
)
def test_other_bytes_are_refused(content: bytes, said: str) -> None:
    with pytest.raises(SignatureError, match=f"{said}.*check the file again"):
        Signature.from_bytes(content)


CHAT = '{"messages": [{"role": "user", "content": "é?"}, {"role": "assistant", "content": "say \\"é\\""}]}'
PARTS = '{"contents": [{"role": "user", "parts": [{"text": "a"}, {"file_data": {"mime_type": "image/png", "file_uri":'
PARTS += ' "gs://b/o"}}]}, {"role": "model", "parts": [{"text": "b"}]}]}'
URL = '{"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "gs://b/o"}}]},'
URL += ' {"role": "assistant", "content": "b"}]}'


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        (CHAT, CHAT.replace(" ", "").replace("say", "say "), "white space between tokens"),
        (CHAT, CHAT.replace("é", "\\u00e9"), "an escaped character"),
        (CHAT, CHAT.replace('\\"', "\\u0022"), "an escaped quote, which is for the exact half"),
        (CHAT, CHAT.replace('"role": "user", "content": "é?"', '"content": "é?", "role": "user"'), "order of keys"),
        (CHAT, CHAT.replace('"é?"', '[{"type": "text", "text": "é?"}]'), "a single text in parts"),
        (
            PARTS,
            PARTS.replace("mime_type", "mimeType").replace("file_uri", "fileUri").replace("_data", "Data"),
            "camel",
        ),
        (PARTS, PARTS.replace("image/png", "image/PNG"), "case of a type, which is for the exact half"),
        (URL, URL.replace("gs://b/o", "gs:\\/\\/b\\/o"), "an escaped address, which is for the exact half"),
        ('{"prompt": "a", "completion": "b"}', '{"completion": "b", "prompt": "\\u0061"}', "prompt/completion"),
    ],
)
def test_the_same_example_in_another_spelling_is_the_same(tmp_path: Path, one: str, other: str, why: str) -> None:
    assert one != other
    found = signature(tmp_path / "both.jsonl", one, other)
    assert found.lines[0] == found.lines[1] != 0, why
    assert found.inputs[0] == found.inputs[1]


@pytest.mark.parametrize(
    ("one", "other", "same_input", "why"),
    [
        (CHAT, CHAT.replace("say", "write"), True, "another answer"),
        (CHAT, CHAT.replace("é?", "è?"), False, "another question"),
        (PARTS, PARTS.replace('"b"', '"c"'), True, "another answer in parts"),
        (PARTS, PARTS.replace("gs://b/o", "gs://b/p"), False, "another image"),
        (PARTS, PARTS.replace("image/png", "image/jpeg"), False, "another type"),
        (URL, URL.replace('"gs://b/o"', '"gs://b/o", "detail": "low"'), False, "another detail"),
        (URL, URL.replace('"b"', '"say \\u0022b\\u0022"'), True, "an answer for the exact half"),
        (
            CHAT.replace("é?", "ab"),
            CHAT.replace('"é?"', '[{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]'),
            False,
            "cut elsewhere",
        ),
        ('{"prompt": "a", "completion": ""}', '{"prompt": "a", "completion": " "}', False, "no right examples"),
    ],
)
def test_another_example_is_another(tmp_path: Path, one: str, other: str, same_input: bool, why: str) -> None:
    found = signature(tmp_path / "both.jsonl", one, other)
    assert found.lines[0] != found.lines[1], why
    assert (found.inputs[0] == found.inputs[1]) == same_input


def test_a_blank_line_is_none_of_them(tmp_path: Path) -> None:
    found = signature(tmp_path / "blank.jsonl", CHAT, "", " ", CHAT)
    assert list(found.lines)[1:3] == [0, 0]
    assert found.lines[0] == found.lines[3]


def test_conversations_of_many_shapes_are_hashed_as_each_alone(tmp_path: Path) -> None:
    turns = ['{"role": "user", "content": "question %d"}', '{"role": "assistant", "content": "the answer %d"}']
    system = '{"role": "system", "content": "be kind %d"}'
    shapes = [[system] * (number % 2) + turns * (1 + number % 3) for number in range(30)]
    messages = [", ".join(each % number for each in shape) for number, shape in enumerate(shapes)]
    rows = [f'{{"messages": [{each}]}}' for each in messages]
    together = signature(tmp_path / "together.jsonl", *rows)
    for number, row in enumerate(rows):
        alone = signature(tmp_path / "alone.jsonl", row)
        assert (together.lines[number], together.inputs[number]) == (alone.lines[0], alone.inputs[0])
