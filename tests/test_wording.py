"""Numbers, choices and foreign text in sentences."""

from __future__ import annotations

import pytest

from tunestack.wording import counted, either, gib, printable, some, suggestion, together


@pytest.mark.parametrize(("number", "said"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (12_000, "12,000 rows")])
def test_a_number_and_what_it_counts(number: int, said: str) -> None:
    assert counted(number, "row") == said


def test_a_choice() -> None:
    assert either(["user", "assistant"]) == "user or assistant"
    assert either(("a", "b", "c")) == "a, b or c"


@pytest.mark.parametrize(
    ("names", "said"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_all_of_them(names: list[str], said: str) -> None:
    assert together(names) == said


@pytest.mark.parametrize(("most", "said"), [(1, "a and 2 more"), (2, "a, b and 1 more"), (3, "a, b, c")])
def test_the_first_of_many(most: int, said: str) -> None:
    assert some(["a", "b", "c"], most) == said


@pytest.mark.parametrize(("name", "said"), [("suport", "did you mean support?"), ("x", "it takes support, triage")])
def test_what_may_be_meant(name: str, said: str) -> None:
    assert suggestion(name, {"support": 1, "triage": 2}, "it takes") == said


@pytest.mark.parametrize(("size", "said"), [(24 * 2**30, "24.0 GiB"), (2**29, "0.5 GiB"), (None, "an unknown size")])
def test_bytes(size: int | None, said: str) -> None:
    assert gib(size) == said


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Grüße, 你好", "Grüße, 你好"),
        ("Grüße\n\x1b[31m", "Grüße\\n\\x1b[31m"),
        ("half \ud83d", "half \\ud83d"),
        ("right to left \u202e", "right to left \\u202e"),
    ],
)
def test_what_a_terminal_would_obey_is_spelled_out(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert printable(text).encode()
