"""`tunestack data diff`, as a user meets it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.cli.data.conftest import chat, sums

if TYPE_CHECKING:
    from tests.cli.data.conftest import Ask, Write


def test_added_removed_and_changed_by_their_lines(ask: Ask, write: Write) -> None:
    examples = sums(20)
    old = write("old.jsonl", examples)
    new = write("new.jsonl", [*examples[:4], chat("What is 4 + 1?", "It is 50."), *examples[6:], chat("1", "2")])
    answer = ask("diff", old, new)
    assert answer.status == 0
    assert answer.lines[0].startswith(f"{old}: chat, 20 examples")
    assert answer.lines[3:] == [
        "+1 −1 examples, 1 changed",
        f'+ {new}:20: {{"messages": [{{"role": "user", "content": "1"}}, {{"role": "assistant", "content": "2"}}]}}',
        f"- {old}:6: {json.dumps(examples[5])}",
        f'~ {old}:5: …"role": "assistant", "content": "It is 5."}}]}}',
        f'~ {new}:5: …"role": "assistant", "content": "It is 50."}}]}}',
    ]


def test_the_same_examples_in_another_order(ask: Ask, write: Write) -> None:
    old, new = write("old.jsonl", sums(20)), write("new.jsonl", sums(20)[::-1])
    answer = ask("diff", old, new)
    assert answer.status == 0
    assert answer.lines[-1] == "the same examples"


def test_two_formats_have_no_example_in_common(ask: Ask, write: Write) -> None:
    old, new = write("old.jsonl", sums(20)), write("new.jsonl", [{"prompt": "1", "completion": "2"}])
    answer = ask("diff", old, new)
    assert "+1 −20 examples" in answer.lines
    assert "in two formats no example is the same: tunestack data convert makes one of them" in answer.lines


def test_as_many_as_asked_for(ask: Ask, write: Write) -> None:
    old, new = write("old.jsonl", sums(20)), write("new.jsonl", sums(50))
    assert sum(line.startswith("+ ") for line in ask("diff", old, new).lines) == 5
    assert ask("diff", old, new).lines[-1] == "… and 25 more added; --limit shows more"
    assert sum(line.startswith("+ ") for line in ask("diff", old, new, "--limit", "100").lines) == 30


def test_json(ask: Ask, write: Write) -> None:
    old, new = write("old.jsonl", sums(20)), write("new.jsonl", sums(20, 2))
    told = ask("diff", old, new, "--json", "--limit", "1").json
    assert told["same"] is False
    assert (told["added"], told["removed"], told["changed"]) == (2, 2, 0)
    assert (told["addedLines"], told["removedLines"], told["changedLines"]) == ([19], [1], [])
    assert [file["name"] for file in told["files"]] == [str(old), str(new)]


def test_a_long_example_is_cut_and_commands_nobody(ask: Ask, write: Write) -> None:
    old, new = write("old.jsonl", sums(2)), write("new.jsonl", [*sums(2), chat("\x9b31m", "x" * 5000)])
    line = ask("diff", old, new).lines[-1]
    assert len(line) < 400
    assert line.endswith("…")
    assert "\\x9b" in line
