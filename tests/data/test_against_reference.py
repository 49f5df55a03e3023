"""The check against a slow, obvious validator: the same kinds of problems on every line, whatever is done to it."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.data.fuzzing import campaign
from tests.data.fuzzing.agreement import disagreements
from tests.data.fuzzing.lines import ADDRESSES, BAD_ADDRESSES, RULE_SETS, TOKENS, rules_of
from tests.data.obvious_validator import judge
from tunestack.data.lines import blocks as lines

if TYPE_CHECKING:
    from collections.abc import Callable

TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["prompt", '"prompt"', '"content": "', "\\", '\\"', "nan", " NaN ", "", " ", "\u00a0", "\u2028", "é😀"]
    ),
)
ROLES = st.sampled_from(["user", "assistant", "system", "model", ""])
VALUES = st.one_of(TEXTS, st.none(), st.booleans(), st.integers(), st.floats(), st.lists(TEXTS, max_size=2))
URLS = st.one_of(st.sampled_from(ADDRESSES), st.sampled_from(BAD_ADDRESSES), VALUES)
IMAGES = st.fixed_dictionaries(
    {"type": st.just("image_url"), "image_url": st.fixed_dictionaries({"url": URLS}, optional={"detail": VALUES})}
)
FILES = st.fixed_dictionaries(
    {
        "fileData": st.fixed_dictionaries(
            {"mimeType": st.one_of(st.sampled_from(["image/png", "IMAGE/webp", "audio/mp3"]), VALUES), "fileUri": URLS}
        )
    }
)
CHAT_PARTS = st.lists(
    st.one_of(
        st.fixed_dictionaries({"type": st.sampled_from(["text", "text", "image_url", "x"]), "text": VALUES}),
        IMAGES,
        st.dictionaries(st.sampled_from(["type", "text", "x"]), VALUES, max_size=2),
        VALUES,
    ),
    max_size=2,
)
PARTS = st.lists(
    st.one_of(
        st.fixed_dictionaries({"text": TEXTS}),
        FILES,
        st.dictionaries(st.sampled_from(["text", "file_data", "fileData", "functionCall", "x"]), VALUES, max_size=2),
        VALUES,
    ),
    max_size=2,
)
MESSAGES = st.one_of(
    st.fixed_dictionaries({"role": ROLES, "content": TEXTS}),
    st.fixed_dictionaries({"role": ROLES, "content": CHAT_PARTS}),
    st.fixed_dictionaries({"role": ROLES, "parts": PARTS}),
    st.dictionaries(st.sampled_from(["role", "content", "name"]), VALUES, max_size=3),
    VALUES,
)


def right(key: str, content: Callable[[Any], Any], answering: str) -> st.SearchStrategy[Any]:
    """Conversations in which user and model take turns."""
    turns = st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=3)
    return turns.map(
        lambda rounds: {
            key: [
                {"role": role, **content(text)}
                for turn in rounds
                for role, text in zip(("user", answering), turn, strict=True)
            ]
        }
    )


RIGHT_CHATS = right("messages", lambda text: {"content": text}, "assistant")
RIGHT_CONTENTS = right("contents", lambda text: {"parts": [{"text": text}]}, "model")
OBJECTS: st.SearchStrategy[Any] = st.one_of(
    RIGHT_CHATS,
    RIGHT_CONTENTS,
    st.fixed_dictionaries({"prompt": TEXTS, "completion": TEXTS}),
    st.fixed_dictionaries({"messages": st.lists(MESSAGES, max_size=4)}),
    st.fixed_dictionaries(
        {"contents": st.lists(MESSAGES, max_size=4)},
        optional={"systemInstruction": st.fixed_dictionaries({"parts": PARTS}), "system_instruction": VALUES},
    ),
    st.fixed_dictionaries({"messages": VALUES}),
    st.dictionaries(st.sampled_from(["prompt", "completion", "messages", "contents", "x"]), VALUES, max_size=3),
    VALUES,
)
STYLES = st.sampled_from(
    [
        {},
        {"ensure_ascii": False},
        {"separators": (",", ":")},
        {"separators": (" , ", " : "), "ensure_ascii": False},
    ]
)


@st.composite
def mutated(draw: Callable[[st.SearchStrategy[Any]], Any]) -> bytes:
    """A line, with up to three pieces put in or cut out."""
    line = json.dumps(draw(OBJECTS), **draw(STYLES)).encode("utf-8", "surrogatepass")
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(line)))
        cut = draw(st.integers(0, 12)) if draw(st.booleans()) else 0
        line = line[:place] + (b"" if cut else draw(st.sampled_from(TOKENS))) + line[place + cut :]
    return bytes(line)


RIGHT = [b'{"prompt": "a", "completion": "b"}'] * 9


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(mutated(), min_size=1, max_size=6),
    st.booleans(),
    st.sampled_from([120, 64 * 1024]),
    st.sampled_from(RULE_SETS),
)
@example([*RIGHT, b'{"prompt": "a", "prompt": "%s", "completion": "b"}' % (b"\\u0022" * 4)], True, 120, ())
@example([b'{"prompt": "\xff"}', *RIGHT], False, 120, ())
def test_the_same_verdict_for_every_line(
    rows: list[bytes], end: bool, block_bytes: int, models: tuple[str, ...]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "BLOCK_BYTES", block_bytes)
        assert disagreements(b"\n".join(rows) + (b"\n" if end else b""), rules_of(models)) == []


@pytest.mark.parametrize("block_bytes", [64 * 1024, 700])
def test_the_same_verdict_for_files_written_at_random(block_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small part of what `make fuzz` does, with files of which the fast half of the check has its part."""
    monkeypatch.setattr(lines, "BLOCK_BYTES", block_bytes)
    compared, kinds, found = campaign.compare(7, range(25))
    assert found == []
    assert compared == 25 * campaign.LINES_A_FILE
    assert len(kinds) > 15, "the files have next to nothing wrong with them"
    assert kinds["none"] > compared / 4, "the files have next to nothing right in them"


@pytest.mark.parametrize("block_bytes", [64 * 1024, 200])
def test_the_same_verdict_for_many_lines(block_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Right lines with a few wrong ones among them."""
    monkeypatch.setattr(lines, "BLOCK_BYTES", block_bytes)
    monkeypatch.setattr(lines, "READ_BYTES", 4 * block_bytes)
    chance = random.Random(7)  # noqa: S311
    tokens = [b'"', b"\\", b"{", b"}", b" ", b"\xff", b"\n", b'"role": "user", ', b'"content": "", ']
    content = bytearray()
    for number in range(2_000):
        turns = [{"role": "user", "content": f'say "{number}"\n'}, {"role": "assistant", "content": str(number) * 9}]
        line = json.dumps({"messages": turns * chance.choice((1, 1, 1, 2))}).encode()
        if chance.random() < 0.02:
            place = chance.randrange(len(line))
            line = line[:place] + chance.choice(tokens) + line[place + chance.randrange(2) :]
        content += line + b"\n"
    assert disagreements(bytes(content), rules_of(())) == []
    assert 20 < len(judge(bytes(content), rules_of(())).lines) < 100
