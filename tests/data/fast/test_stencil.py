"""Lines looked at through stencils: the same facts as by reading their JSON, and nothing taken that reading refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np  # noqa: F401 - stencils are for where it is imported
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.data.fuzzing import campaign
from tunestack.data.demands import Demands
from tunestack.data.fast import half, stencil
from tunestack.data.fast.half import FastHalf
from tunestack.data.lines import blocks as block_cutter
from tunestack.data.lines import bytewise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tunestack.data.fast.right import Right

texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30).filter(
    lambda text: text.strip() != "" and text.strip().lower() != "nan"
)


@pytest.fixture(autouse=True)
def _stencils_for_small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(half, "_WORTH_STENCILS", 0)
    monkeypatch.setattr(bytewise, "_WORTH_A_CALL", 0)


def chat(*contents: str) -> dict[str, Any]:
    roles = ("user", "assistant") * len(contents)
    return {"messages": [{"role": role, "content": text} for role, text in zip(roles, contents, strict=False)]}


def blocks(*lines: bytes) -> Iterator[tuple[bytes, bytewise.Rows]]:
    content = bytearray(b"\n".join(lines) + b"\n")
    return bytewise.blocks(content, len(content), len(content))


def facts(right: Right | None) -> tuple[object, ...] | None:
    if right is None:
        return None
    counts = right.characters, right.non_ascii, right.turns, right.texts_only
    return *counts, list(right.hashes), list(right.inputs), right.totals()


def through_stencils(fast: FastHalf, lines: list[bytes]) -> tuple[object, ...] | None:
    ((raw, rows),) = blocks(*lines)
    with pytest.MonkeyPatch.context() as patch:  # only one line may be read, to cut the stencil
        decoded = fast._decoded
        patch.setattr(fast, "_decoded", lambda line, rows: decoded(line, rows) if len(rows.lengths) == 1 else None)
        return facts(fast.look(raw, rows))


@settings(deadline=None, max_examples=150)
@given(
    conversations=st.lists(st.lists(texts, min_size=2, max_size=6).filter(lambda c: len(c) % 2 == 0), min_size=2),
    ascii_only=st.booleans(),
    separators=st.sampled_from([(", ", ": "), (",", ":"), (" ,  ", " : ")]),
)
def test_the_same_facts_as_by_reading(
    conversations: list[list[str]], ascii_only: bool, separators: tuple[str, str]
) -> None:
    lines = [json.dumps(chat(*each), ensure_ascii=ascii_only, separators=separators).encode() for each in conversations]
    fast = FastHalf("chat", Demands.of(()))
    ((raw, rows),) = blocks(*lines)
    read = facts(fast._decoded(raw, rows))
    assert read is not None
    assert through_stencils(fast, lines) in (read, None)  # None: texts alike, or too many in other escapes


def test_lines_of_a_program_are_not_read() -> None:
    fast = FastHalf("chat", Demands.of(()))
    lines = [json.dumps(chat(f"What is {number}?", f'It is "{number}"\n\\')).encode() for number in range(20)]
    found = through_stencils(fast, lines)
    ((raw, rows),) = blocks(*lines)
    assert found == facts(fast._decoded(raw, rows)) != None  # noqa: E711


RIGHT = b'{"messages": [{"role": "user", "content": "What?"}, {"role": "assistant", "content": "That."}]}'


@pytest.mark.parametrize(
    ("what", "instead", "why"),
    [
        (b"What?", b"", "empty"),
        (b"What?", rb" \n\t", "white space"),
        (b"That.", rb"\u00a0", "a no-break space"),
        (b"That.", "\u3000".encode(), "a wide space"),
        (b"That.", b"NaN ", "a missing value"),
        (b"What?", rb"a\x", "no such escape"),
        (b"What?", rb"a\u12", "a short escape"),
        (b"What?", rb"a\ud83d", "half a pair"),
        (b"What?", b"a\x01", "a control character"),
        (b"What?", b"a\xff", "not UTF-8"),
        (b"What?", rb'a\\"b', "a quotation mark"),
        (b"What?", b"a\\", "the closing one escaped"),
        (b"That.", b"b\\", "the last one escaped"),
        (b'"user"', b'"User"', "another role"),
        (b"}]}", b"}]]", "another end"),
        (b"}]}", b"}]}}", "more at the end"),
        (b'"messages"', b'"messages": [], "messages"', "a key twice"),
    ],
)
def test_what_is_not_right_is_not_taken(what: bytes, instead: bytes, why: str) -> None:
    lines = [json.dumps(chat(f"What is {number}?", f"It is {number}")).encode() for number in range(20)]
    assert through_stencils(FastHalf("chat", Demands.of(())), [*lines, RIGHT])
    for place in (0, 7, 20):
        wrong = [*lines[:place], RIGHT.replace(what, instead), *lines[place:]]
        assert through_stencils(FastHalf("chat", Demands.of(())), wrong) is None, why


def test_no_verdict_differs_through_stencils(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of single lines, so that stencils see every mutated line that keeps its form."""
    monkeypatch.setattr(bytewise, "_LONG", 1_000_000)
    monkeypatch.setattr(block_cutter, "BLOCK_BYTES", 1)
    monkeypatch.setattr(stencil, "_MAX_PATIENCE", 0)
    fitted = 0
    look = stencil.Stencils.look

    def counted(self: stencil.Stencils, raw: bytes, rows: bytewise.Rows) -> Right | None:
        nonlocal fitted
        right = look(self, raw, rows)
        fitted += right is not None
        return right

    monkeypatch.setattr(stencil.Stencils, "look", counted)
    lines, _, found = campaign.compare(seed=3, numbers=range(20))
    assert not found
    assert fitted > lines / 10
