"""Lines written to harm end in a clear problem, within bounded memory and time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tunestack.data import check
from tunestack.data.exact import json_places
from tunestack.data.exact.json_places import MAX_DEPTH, JsonFault, read
from tunestack.data.fast import right as fast

if TYPE_CHECKING:
    from collections.abc import Callable

ASKED_IN_PARTS = '{"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}%s]}, '

MOST_MEGABYTES = 400
"""What 500 MB of such lines may take: some ten times the longest line, 20 MB, and what the modules take."""

MOST_SECONDS = 30
"""On a busy machine; a quadratic step in any of them would take hours."""


def test_hostile_lines_end_in_a_clear_problem() -> None:
    program = Path(__file__).with_name("hostile_lines.py")
    ran = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    assert said["kinds"] == said["wanted"]
    assert said["longest message"] < 400
    assert said["megabytes"] < MOST_MEGABYTES
    assert said["seconds"] < MOST_SECONDS


def test_a_million_broken_lines_take_little(tmp_path: Path) -> None:
    path = tmp_path / "blank.jsonl"
    path.write_bytes(b'{"prompt": "a", "completion": "b"}\n' + b"\n" * 50_000 + b"{\n" * 10_000)
    report = check(path)
    assert report.problem_counts["blank-line"] == 50_000
    assert report.problem_counts["truncated-line"] == 10_000
    assert len(report.problems) < 100


@pytest.mark.parametrize(
    ("text", "kind", "at"),
    [
        ("", "truncated-line", 0),
        ("  ", "truncated-line", 2),
        ("tru", "bad-json", 0),
        ("truely", "bad-json", 0),
        ("-", "bad-json", 0),
        ("01", "bad-json", 1),
        ("1.", "bad-json", 1),
        ("٣", "bad-json", 0),
        ("[1,]", "bad-json", 3),
        ("[1 2]", "bad-json", 3),
        ("[,1]", "bad-json", 1),
        ('{"a" 1}', "bad-json", 5),
        ('{"a":1,}', "bad-json", 7),
        ("{a:1}", "bad-json", 1),
        ('{"a":1]', "bad-json", 6),
        ('"a\nb"', "bad-json", 2),
        ('"\\x"', "bad-json", 1),
        ('{"a":', "truncated-line", 5),
        ('{"a', "truncated-line", 1),
        ("[1", "truncated-line", 2),
        ("{} x", "bad-json", 3),
        ("\u00a0{}", "bad-json", 0),
        ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "nested-too-deeply", MAX_DEPTH),
    ],
)
def test_a_fault_of_json_has_its_place(text: str, kind: str, at: int) -> None:
    with pytest.raises(JsonFault) as raised:
        read(text)
    assert (raised.value.kind, raised.value.at) == (kind, at)


@pytest.mark.parametrize("text", ["[" * MAX_DEPTH + "]" * MAX_DEPTH, " 0 ", '"\\ud83d"', "-0.5e+7", "[1, 2]", "NaN"])
def test_json_is_read(text: str) -> None:
    value = read(text)
    assert text[: value.at].strip() == "" == text[value.end :].strip()


@pytest.mark.parametrize(
    ("line", "more"),
    [
        (
            '{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}%s]}',
            ', {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}',
        ),
        (
            ASKED_IN_PARTS + '{"role": "assistant", "content": "b"}]}',
            ', {"type": "text", "text": "a"}',
        ),
        (
            '{"contents": [{"role": "user", "parts": [{"text": "a"}%s]}, {"role": "model", "parts": [{"text": "b"}]}]}',
            ', {"text": "a"}',
        ),
    ],
)
def test_both_halves_bound_the_values_of_a_line_alike(
    line: str, more: str, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (json_places, fast):
        monkeypatch.setattr(module, "MAX_VALUES", 40)
    lines = [line % (more * times) for times in range(20)]
    refused = {problem.line - 4 for problem in check(write(*[line % ""] * 3, *lines)).errors}
    assert refused == {number for number, each in enumerate(lines) if is_too_much(each)}
    assert 0 < len(refused) < len(lines)


def is_too_much(text: str) -> bool:
    try:
        read(text)
    except JsonFault:
        return True
    return False
