"""The check against a slow, obvious validator: the same kinds of problems on every line, whatever is done to it."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tunestack.data import check, lines

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILE_KINDS = {"few-examples", "no-examples", "duplicate"}


# --- the obvious validator -------------------------------------------------------------------------------------------


class Pairs(list[tuple[str, Any]]):
    """A JSON object as it was written."""


class NotANumber:
    """NaN, Infinity, -Infinity."""


def kinds_of_text(value: Any) -> set[str]:
    if isinstance(value, NotANumber):
        return {"nan"}
    if not isinstance(value, str):
        return {"wrong-type"}
    if value.strip() == "":
        return {"empty"}
    if value.strip().lower() == "nan":
        return {"nan"}
    if any(0xD800 <= ord(character) <= 0xDFFF for character in value):
        return {"lone-surrogate"}
    return set()


def kinds_of_keys(pairs: Pairs, wanted: set[str]) -> set[str]:
    kinds = set()
    keys = [key for key, _ in pairs]
    if wanted - set(keys):
        kinds.add("missing-key")
    if set(keys) - wanted:
        kinds.add("extra-key")
    if len(set(keys)) < len(keys):
        kinds.add("duplicate-key")
    return kinds


def kinds_of_part(part: Any) -> set[str]:
    if isinstance(part, NotANumber):
        return {"nan"}
    if not isinstance(part, Pairs):
        return {"wrong-type"}
    fields = dict(part)
    if fields.get("type") == "image_url":
        return {"image"}
    kinds = kinds_of_keys(part, {"type", "text"})
    if "type" in fields and isinstance(fields["type"], NotANumber):
        kinds.add("nan")
    elif "type" in fields and fields["type"] != "text":
        kinds.add("wrong-type")
    if "text" in fields:
        kinds |= kinds_of_text(fields["text"])
    return kinds


def kinds_of_message(message: Any) -> tuple[set[str], str | None]:
    if isinstance(message, NotANumber):
        return {"nan"}, None
    if not isinstance(message, Pairs):
        return {"wrong-type"}, None
    fields = dict(message)
    kinds = kinds_of_keys(message, {"role", "content"})
    if "content" in fields:
        content = fields["content"]
        if isinstance(content, list) and not isinstance(content, Pairs):
            kinds |= {kind for part in content for kind in kinds_of_part(part)} or (set() if content else {"empty"})
        else:
            kinds |= kinds_of_text(content)
    role = fields.get("role")
    if "role" not in fields:
        return kinds, None
    if isinstance(role, NotANumber):
        return kinds | {"nan"}, None
    if not isinstance(role, str):
        return kinds | {"wrong-type"}, None
    if role not in {"system", "user", "assistant"}:
        return kinds | {"unknown-role"}, None
    return kinds, role


def kinds_of_messages(messages: Any) -> set[str]:
    if isinstance(messages, NotANumber):
        return {"nan"}
    if not isinstance(messages, list) or isinstance(messages, Pairs):
        return {"wrong-type"}
    if not messages:
        return {"empty"}
    kinds: set[str] = set()
    roles = []
    for message in messages:
        found, role = kinds_of_message(message)
        kinds |= found
        roles.append(role)
    if None in roles:
        return kinds
    if "assistant" not in roles:
        return kinds | {"no-assistant"}
    rest = roles[1:] if roles[0] == "system" else roles
    if rest[0::2] != ["user"] * len(rest[0::2]) or rest[1::2] != ["assistant"] * len(rest[1::2]) or len(rest) % 2:
        kinds.add("turn-order")
    return kinds


def kinds_of_line(line: bytes, file_format: str | None) -> tuple[set[str], str | None]:
    """Returns the kinds of problems of a line, and the format of the file after it."""
    kinds: set[str] = set()
    if line.strip(b" \t\r") == b"":
        return {"blank-line"}, file_format
    if line.startswith(b"\xef\xbb\xbf"):
        kinds.add("bom")
        line = line[3:]
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return kinds | {"not-utf-8"}, file_format
    if text.startswith("\ufeff"):
        return kinds | {"json"}, file_format
    try:
        value = json.loads(
            text,
            object_pairs_hook=Pairs,
            parse_constant=lambda _: NotANumber(),
            parse_int=lambda _: 0,
            parse_float=lambda _: 0.0,
        )
    except json.JSONDecodeError:
        return kinds | {"json"}, file_format
    if not isinstance(value, Pairs):
        return kinds | {"not-an-object"}, file_format
    known = {"messages": "chat", "prompt": "prompt-completion", "completion": "prompt-completion", "contents": "other"}
    own = next((known[key] for key, _ in value if key in known), None)
    if own == "other":
        return kinds | {"unsupported-format"}, file_format
    if own and file_format and own != file_format:
        kinds.add("mixed-formats")
    used = own or file_format
    if used is None:
        return kinds | {"unknown-format"}, None
    fields = dict(value)
    if used == "chat":
        kinds |= kinds_of_keys(value, {"messages"})
        if "messages" in fields:
            kinds |= kinds_of_messages(fields["messages"])
    else:
        kinds |= kinds_of_keys(value, {"prompt", "completion"})
        for key in {"prompt", "completion"} & set(fields):
            kinds |= kinds_of_text(fields[key])
    return kinds, file_format or used


def obvious(content: bytes) -> dict[int, set[str]]:
    file_format = None
    verdicts = {}
    rows = content.split(b"\n")
    for number, line in enumerate(rows[:-1] if rows[-1] == b"" else rows, 1):
        kinds, file_format = kinds_of_line(line, file_format)
        if kinds:
            verdicts[number] = kinds
    return verdicts


# --- what is compared ------------------------------------------------------------------------------------------------


def checked(path: Path) -> dict[int, set[str]]:
    verdicts = defaultdict(set)
    for problem in check(path, problem_limit=1_000_000).problems:
        if problem.kind not in FILE_KINDS:
            # Which of these two a line has is a matter of where its JSON ends, not of right and wrong.
            kind = "json" if problem.kind in {"bad-json", "truncated-line"} else problem.kind
            verdicts[problem.line].add(kind)
    return dict(verdicts)


def assert_same_verdict(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert checked(path) == obvious(content)


# --- lines to compare on ---------------------------------------------------------------------------------------------

TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["prompt", '"prompt"', '"content": "', "\\", '\\"', "nan", " NaN ", "", " ", "\u00a0", "\u2028", "é😀"]
    ),
)
ROLES = st.sampled_from(["user", "assistant", "system", "model", ""])
VALUES = st.one_of(TEXTS, st.none(), st.booleans(), st.integers(), st.floats(), st.lists(TEXTS, max_size=2))
TEXT_PARTS = st.lists(
    st.one_of(
        st.fixed_dictionaries({"type": st.sampled_from(["text", "image_url", "x"]), "text": VALUES}),
        st.dictionaries(st.sampled_from(["type", "text", "x"]), VALUES, max_size=2),
        VALUES,
    ),
    max_size=2,
)
MESSAGES = st.one_of(
    st.fixed_dictionaries({"role": ROLES, "content": TEXTS}),
    st.fixed_dictionaries({"role": ROLES, "content": TEXT_PARTS}),
    st.dictionaries(st.sampled_from(["role", "content", "name"]), VALUES, max_size=3),
    VALUES,
)
RIGHT_CHATS = st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=3).map(
    lambda rounds: {
        "messages": [
            {"role": role, "content": text}
            for turns in rounds
            for role, text in zip(("user", "assistant"), turns, strict=True)
        ]
    }
)
OBJECTS: st.SearchStrategy[Any] = st.one_of(
    RIGHT_CHATS,
    RIGHT_CHATS,
    st.fixed_dictionaries({"prompt": TEXTS, "completion": TEXTS}),
    st.fixed_dictionaries({"messages": st.lists(MESSAGES, max_size=4)}),
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
TOKENS = st.sampled_from(
    [
        *(b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b", {}", b"NaN", b"null", b"1e999"),
        *(b"\\u0022", b"\\ud800", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xef\xbb\xbf"),
        *(b"\x00", b"\n", b"\r", b" ", b"\t", b"\x0c"),
        *(b'"prompt": "a", ', b'"\\u0070rompt": "c", ', b'"messages": [], ', b'"x": 1, '),
        *(b'"role": "user", ', b'"content": "b", '),
    ]
)


def written(value: Any, style: dict[str, Any]) -> bytes:
    return json.dumps(value, **style).encode("utf-8", "surrogatepass")


@st.composite
def mutated(draw: Callable[[st.SearchStrategy[Any]], Any]) -> bytes:
    """A line, with up to three pieces put in or cut out."""
    line = written(draw(OBJECTS), draw(STYLES))
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(line)))
        cut = draw(st.integers(0, 12)) if draw(st.booleans()) else 0
        line = line[:place] + (b"" if cut else draw(TOKENS)) + line[place + cut :]
    return bytes(line)


RIGHT = [b'{"prompt": "a", "completion": "b"}'] * 9


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(mutated(), min_size=1, max_size=8), st.booleans(), st.sampled_from([120, 64 * 1024]))
@example([*RIGHT, b'{"prompt": "a", "prompt": "%s", "completion": "b"}' % (b"\\u0022" * 4)], True, 120)
@example([b'{"prompt": "\xff"}', *RIGHT], False, 120)
def test_the_same_verdict_for_every_line(tmp_path: Path, rows: list[bytes], end: bool, block_bytes: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "BLOCK_BYTES", block_bytes)
        assert_same_verdict(tmp_path / "mutated.jsonl", b"\n".join(rows) + (b"\n" if end else b""))


@pytest.mark.parametrize("block_bytes", [64 * 1024, 200])
def test_the_same_verdict_for_many_lines(tmp_path: Path, block_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Right lines with a few wrong ones among them, so that the fast half of the check has its part."""
    monkeypatch.setattr(lines, "BLOCK_BYTES", block_bytes)
    monkeypatch.setattr(lines, "READ_BYTES", 4 * block_bytes)
    chance = random.Random(7)  # noqa: S311
    tokens = [b'"', b"\\", b"{", b"}", b" ", b"\xff", b"\n", b'"role": "user", ', b'"content": "", ']
    content = bytearray()
    for number in range(5_000):
        turns = [{"role": "user", "content": f'say "{number}"\n'}, {"role": "assistant", "content": str(number) * 9}]
        line = json.dumps({"messages": turns * chance.choice((1, 1, 1, 2))}).encode()
        if chance.random() < 0.02:
            place = chance.randrange(len(line))
            line = line[:place] + chance.choice(tokens) + line[place + chance.randrange(2) :]
        content += line + b"\n"
    assert_same_verdict(tmp_path / "many.jsonl", bytes(content))
    assert 50 < len(checked(tmp_path / "many.jsonl")) < 200
