"""Data of a distillation: a teacher writes the answers, so examples may lack them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Literal

import pytest

from tunestack.catalogue.data_rules import with_optional_answers
from tunestack.data.report import Report
from tunestack.data.scan import check
from tunestack.data.signatures.comparison import compare
from tunestack.data.stream import Stream

PROMPT = '{"prompt": "Ask %d"}'
ANSWERED = '{"prompt": "Ask %d", "completion": "Answer"}'
CHAT = '{"messages": [{"role": "user", "content": "Ask %d"}]}'
ANSWERED_CHAT = (
    '{"messages": [{"role": "user", "content": "Ask %d"}, {"role": "assistant", "content": "Answer"}, '
    '{"role": "user", "content": "And then?"}]}'
)
CONTENTS = '{"contents": [{"role": "user", "parts": [{"text": "Ask %d"}]}]}'


def report_on(line: str, numbers: range | list[int], answers: Literal["required", "optional"]) -> Report:
    content = "\n".join(line % number if "%d" in line else line for number in numbers).encode() + b"\n"
    rules = with_optional_answers(()) if answers == "optional" else []
    return check(Stream("f", lambda: io.BytesIO(content), len(content)), rules=rules)


@pytest.mark.parametrize("line", [PROMPT, ANSWERED, CHAT, ANSWERED_CHAT, CONTENTS])
def test_an_example_without_an_answer_is_right_where_a_teacher_writes_it(line: str) -> None:
    assert report_on(line, range(100), "optional").problems == ()


@pytest.mark.parametrize(
    ("line", "kind"),
    [(PROMPT, "missing-key"), (CHAT, "no-assistant"), (ANSWERED_CHAT, "turn-order"), (CONTENTS, "no-assistant")],
)
def test_and_wrong_everywhere_else(line: str, kind: str) -> None:
    assert dict(report_on(line, range(100), "required").problem_counts) == {kind: 100}


@pytest.mark.parametrize(
    ("line", "kind", "why"),
    [
        ('{"completion": "Answer"}', "missing-key", "there is nothing for the teacher to answer"),
        ('{"prompt": "Ask", "completion": ""}', "empty", "an answer that is there is none"),
        ('{"messages": [{"role": "system", "content": "Be brief"}]}', "turn-order", "nobody asks"),
        ('{"messages": [{"role": "assistant", "content": "Hello"}]}', "turn-order", "nobody asks first"),
        ('{"contents": []}', "empty", "no turn at all"),
    ],
)
def test_what_stays_wrong(line: str, kind: str, why: str) -> None:
    assert kind in report_on(line, [1], "optional").problem_counts, why


@pytest.mark.parametrize("line", [PROMPT, CHAT, CONTENTS])
def test_prompts_are_told_apart(line: str) -> None:
    """Whatever comes before an answer is its input; without one, all of the example is."""
    before, after = (report_on(line, numbers, "optional").signature for numbers in (range(100), range(3, 101)))
    assert before is not None
    assert after is not None
    assert str(compare(before, after)) == "+1 −3 examples"


def test_the_fast_half_takes_prompts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of prompts is looked at as fast as one with answers: no line needs an exact look."""

    def exact(*_: object) -> None:
        raise AssertionError("an exact look")

    monkeypatch.setattr("tunestack.data.exact.line.examine", exact)
    for line in (PROMPT, CHAT, CONTENTS, ANSWERED_CHAT):
        file = tmp_path / "prompts.jsonl"
        file.write_text("\n".join(line % number for number in range(2000)) + "\n", encoding="utf-8")
        assert check(file, rules=with_optional_answers(())).examples == 2000
