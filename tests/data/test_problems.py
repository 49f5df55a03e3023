"""Every kind of problem: what causes it, where it is found, and what is said."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tunestack.data import KINDS, UnreadableDataError, check, check_pair, exact, lines, scan

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PROMPT = '{"prompt": "2 + 2", "completion": "4"}'
CHAT = '{"messages": [{"role": "user", "content": "2 + 2"}, {"role": "assistant", "content": "4"}]}'
USER = '{"role": "user", "content": "2 + 2"}'
ANSWER = '{"role": "assistant", "content": "4"}'


def chat(*messages: str) -> str:
    return f'{{"messages": [{", ".join(messages)}]}}'


# Second lines of a file whose first line is right: line, kind, JSON path, offset within the line, a piece of the text.
LINES: list[tuple[str, str | bytes, str, str, int, str]] = [
    (CHAT, b'{"prompt": "\xff"}', "not-utf-8", "$", 12, "byte 0xff is not UTF-8"),
    (CHAT, b"\xff\xfe{\0", "not-utf-8", "$", 0, "from UTF-16 to UTF-8"),
    (CHAT, b"\xef\xbb\xbf" + CHAT.encode(), "bom", "$", 0, "without BOM"),
    (CHAT, "", "blank-line", "$", 0, "remove the line"),
    (CHAT, " \t\r", "blank-line", "$", 0, "remove the line"),
    (CHAT, CHAT[:-10], "truncated-line", "$", 74, "ends too early"),
    (CHAT, CHAT[:-1], "truncated-line", "$", len(CHAT) - 1, "ends too early"),
    (CHAT, CHAT + CHAT, "bad-json", "$", len(CHAT), "more after the example's end"),
    (CHAT, "{'messages': []}", "bad-json", "$", 1, "at byte 2 of the line"),
    (PROMPT, '{"prompt": "é", "completion": x}', "bad-json", "$", 31, "at byte 32 of the line"),
    (PROMPT, '{"prompt": "a\tb", "completion": "c"}', "bad-json", "$", 13, "control character"),
    (PROMPT, '{"prompt": "a", "completion": "c",}', "bad-json", "$", 34, ""),
    (CHAT, "[" * 100_000, "nested-too-deeply", "$", 0, "flatten"),
    (CHAT, "[1]", "not-an-object", "$", 0, "a list"),
    (CHAT, "null", "not-an-object", "$", 0, "null"),
    (CHAT, '"text"', "not-an-object", "$", 0, 'the text "text"'),
    (PROMPT, '{"prompt": "a", "prompt": "b", "completion": "c"}', "duplicate-key", "$.prompt", 0, "twice"),
    (PROMPT, '{"prompt": "a", "\\u0070rompt": "b", "completion": "c"}', "duplicate-key", "$.prompt", 0, "twice"),
    # The quotes of the second key and value, and those within the text, make up for each other.
    (
        PROMPT,
        '{"prompt": "a", "prompt": "\\u0022\\u0022\\u0022\\u0022", "completion": "c"}',
        "duplicate-key",
        "$.prompt",
        0,
        "twice",
    ),
    (
        CHAT,
        chat('{"role": "user", "role": "user", "content": "a"}', ANSWER),
        "duplicate-key",
        "$.messages[0].role",
        0,
        "twice",
    ),
    (CHAT, PROMPT, "mixed-formats", "$", 0, "prompt/completion, where line 1 is chat"),
    (PROMPT, CHAT, "mixed-formats", "$", 0, "chat, where line 1 is prompt/completion"),
    (CHAT, '{"contents": []}', "unsupported-format", "$.contents", 0, "convert the file to chat"),
    (PROMPT, '{"prompt": "a"}', "missing-key", "$", 0, 'no "completion"'),
    (CHAT, "{}", "missing-key", "$", 0, 'no "messages"'),
    (CHAT, chat('{"role": "user"}', ANSWER), "missing-key", "$.messages[0]", 0, 'no "content"'),
    (PROMPT, '{"prompt": "a", "completion": "b", "id": 7}', "extra-key", "$.id", 0, "remove it"),
    (
        CHAT,
        chat('{"role": "user", "content": "a", "name": "Ada"}', ANSWER),
        "extra-key",
        "$.messages[0].name",
        0,
        "only role and content",
    ),
    (PROMPT, '{"prompt": 7, "completion": "b"}', "wrong-type", "$.prompt", 0, "a number"),
    (PROMPT, '{"prompt": null, "completion": "b"}', "wrong-type", "$.prompt", 0, "null"),
    (PROMPT, '{"prompt": true, "completion": "b"}', "wrong-type", "$.prompt", 0, "true"),
    (PROMPT, '{"prompt": ["a"], "completion": "b"}', "wrong-type", "$.prompt", 0, "a list"),
    (CHAT, '{"messages": {}}', "wrong-type", "$.messages", 0, "an object"),
    (CHAT, chat('"hello"', ANSWER), "wrong-type", "$.messages[0]", 0, 'the text "hello"'),
    (CHAT, chat('{"role": 1, "content": "a"}', ANSWER), "wrong-type", "$.messages[0].role", 0, "a number"),
    (
        CHAT,
        chat('{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "gs://b/o"}}]}', ANSWER),
        "image",
        "$.messages[0].content[0]",
        0,
        "not checked yet",
    ),
    (
        CHAT,
        chat('{"role": "user", "content": [{"type": "sound", "text": "a"}]}', ANSWER),
        "wrong-type",
        "$.messages[0].content[0].type",
        0,
        'expected "text"',
    ),
    (CHAT, chat('{"role": "user", "content": []}', ANSWER), "empty", "$.messages[0].content", 0, "no parts"),
    (PROMPT, '{"prompt": "a", "completion": ""}', "empty", "$.completion", 0, "empty; expected non-empty text"),
    (PROMPT, '{"prompt": " \\n\\u00a0", "completion": "a"}', "empty", "$.prompt", 0, "only whitespace"),
    (CHAT, '{"messages": []}', "empty", "$.messages", 0, "no messages"),
    (PROMPT, '{"prompt": NaN, "completion": "a"}', "nan", "$.prompt", 0, "JSON does not have"),
    (PROMPT, '{"prompt": -Infinity, "completion": "a"}', "nan", "$.prompt", 0, "JSON does not have"),
    (PROMPT, '{"prompt": "a", "completion": " NaN "}', "nan", "$.completion", 0, "a missing value"),
    (PROMPT, '{"prompt": "a", "completion": "x\\ud800"}', "lone-surrogate", "$.completion", 0, "\\ud800"),
    (
        CHAT,
        chat('{"role": "model", "content": "a"}', ANSWER),
        "unknown-role",
        "$.messages[0].role",
        0,
        'write "assistant"',
    ),
    (
        CHAT,
        chat('{"role": "User", "content": "a"}', ANSWER),
        "unknown-role",
        "$.messages[0].role",
        0,
        'write "user"',
    ),
    (CHAT, chat(ANSWER, USER), "turn-order", "$.messages[0].role", 0, "assistant turn; expected user turn"),
    (CHAT, chat(USER, USER, ANSWER), "turn-order", "$.messages[1].role", 0, "take turns"),
    (CHAT, chat(USER, ANSWER, USER), "turn-order", "$.messages", 0, "the last turn is not the assistant's"),
    (
        CHAT,
        chat(USER, '{"role": "system", "content": "a"}', ANSWER),
        "turn-order",
        "$.messages[1].role",
        0,
        "system turn",
    ),
    (CHAT, chat(USER), "no-assistant", "$.messages", 0, "an answer to learn"),
]


@pytest.mark.parametrize(("first", "line", "kind", "path", "offset", "said"), LINES)
@pytest.mark.parametrize("before", [1, 20], ids=["in the first block", "in a later block"])
def test_a_line_is_refused_at_its_place(
    write: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    before: int,
    first: str,
    line: str | bytes,
    kind: str,
    path: str,
    offset: int,
    said: str,
) -> None:
    monkeypatch.setattr(lines, "BLOCK_BYTES", 500)
    report = check(write(*[first] * before, line, first))
    assert not report.ok
    assert [(problem.line, problem.kind, problem.path) for problem in report.errors] == [(before + 1, kind, path)]
    assert report.errors[0].offset == (len(first) + 1) * before + offset
    assert said in str(report.errors[0])


def test_turns_are_not_counted_across_lines(write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """One line's missing answer in the next line is still a missing answer."""
    monkeypatch.setattr(lines, "BLOCK_BYTES", 500)
    report = check(write(*[CHAT] * 5, CHAT, chat(USER), chat(ANSWER, USER, ANSWER)))
    assert [(problem.line, problem.kind) for problem in report.errors] == [(7, "no-assistant"), (8, "turn-order")]


def test_the_table_has_every_kind_of_a_line() -> None:
    elsewhere = {"unknown-format", "line-too-long", "no-examples", "few-examples", "duplicate", "over-long"}
    elsewhere |= {"validation-too-large", "validation-too-many", "in-both-files"}
    assert {kind for _, _, kind, _, _, _ in LINES} | elsewhere == set(KINDS)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (PROMPT, "as documented"),
        ("\t" + PROMPT.replace(" ", "  ") + " \r", "white space between tokens, a carriage return before the newline"),
        (PROMPT.replace("prompt", "\\u0070rompt"), "an escaped key is the same key"),
        ('{"completion": "prompt", "prompt": "\\"prompt\\": \\"x\\""}', "keys that stand inside texts"),
        ('{"prompt": "\\u0022", "completion": "\\u0022"}', "an escaped quote"),
        ('{"prompt": "\\\\\\"", "completion": "\\\\"}', "backslashes before quotes"),
        ('{"prompt": "\\ud83d\\ude00", "completion": "\\u0000"}', "an emoji as a pair, an escaped NUL"),
        ('{"prompt": "banana", "completion": "nan ok"}', "not a missing value"),
        ('{"prompt": "?", "completion": "1"}', "short, but not empty"),
    ],
)
def test_a_right_line_passes(write: Callable[..., Path], line: str, why: str) -> None:
    report = check(write(line))
    assert report.ok, why
    assert report.problem_counts == {"few-examples": 1}
    assert report.format == "prompt-completion"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (CHAT, "as documented"),
        (chat('{"content": "be kind", "role": "system"}', USER, ANSWER, USER, ANSWER), "a system message, two rounds"),
        (chat('{"role": "user", "content": [{"type": "text", "text": "a"}]}', ANSWER), "text in parts"),
        (chat('{"role": "\\u0075ser", "content": "a"}', ANSWER), "an escaped role"),
    ],
)
def test_a_right_conversation_passes(write: Callable[..., Path], line: str, why: str) -> None:
    report = check(write(line))
    assert report.ok, why
    assert report.format == "chat"


def test_what_is_counted(write: Callable[..., Path]) -> None:
    path = write('{"prompt": "äb\\n", "completion": "😀"}', chat(USER), '{"prompt": "x", "completion": ["y"]}', "")
    report = check(path)
    assert report.examples == 3, "a blank line is none"
    assert report.characters == 4 + 5 + 1
    assert report.bytes == path.stat().st_size
    assert report.format == "prompt-completion"


def test_the_message_of_a_problem(write: Callable[..., Path]) -> None:
    path = write(PROMPT, '{"prompt": "a", "completion": ""}')
    (problem,) = check(path).errors
    assert str(problem) == (
        f"{path}:2: $.completion: empty; expected non-empty text; write the text or remove the line"
    )


def test_problems_are_all_counted_and_the_first_of_each_kind_are_told(write: Callable[..., Path]) -> None:
    bad = [f'{{"prompt": "{number}", "completion": ""}}' for number in range(30)]
    report = check(write(PROMPT, "", *bad), problem_limit=5)
    assert report.problem_counts == {"blank-line": 1, "empty": 30, "few-examples": 1}
    assert [problem.line for problem in report.errors] == [2, 3, 4, 5, 6, 7]
    assert report.error_count == 31


def test_keys_of_no_format(write: Callable[..., Path]) -> None:
    report = check(write('{"question": "a", "answer": "b"}'))
    assert report.format is None
    assert "unknown-format" in report.problem_counts
    assert "question, answer" in str(report.errors[0])


def test_lines_before_the_first_readable_one_do_not_say_the_format(write: Callable[..., Path]) -> None:
    report = check(write("", "{", CHAT, PROMPT))
    assert report.format == "chat"
    assert report.problem_counts["mixed-formats"] == 1
    assert "where line 3 is chat" in str(report.errors[-1])


def test_examples_given_twice_are_a_warning(write: Callable[..., Path]) -> None:
    report = check(write(PROMPT, CHAT.replace("messages", "x"), PROMPT, "", "", PROMPT))
    repeated = [problem for problem in report.warnings if problem.kind == "duplicate"]
    assert [(problem.line, problem.reason) for problem in repeated] == [
        (3, "the same as line 1"),
        (6, "the same as line 1"),
    ]
    lengths = [len(PROMPT), len(CHAT) - len("messages") + 1, len(PROMPT), 0, 0]
    assert repeated[1].offset == sum(length + 1 for length in lengths)


def test_examples_too_long_for_the_model_are_a_warning(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "BLOCK_BYTES", 200)
    long = f'{{"prompt": "{"x" * 89}", "completion": "y"}}'
    longer = f'{{"prompt": "{"x" * 100}", "completion": "y"}}'
    path = write(long, PROMPT, longer)
    report = check(path, max_sequence_tokens=18, tokens_per_character=Decimal("0.2"))
    assert report.ok
    assert [(problem.line, problem.kind) for problem in report.warnings] == [(0, "few-examples"), (3, "over-long")]
    assert "1.1 times the model's longest sequence; expected at most about 90 characters" in str(report.warnings[1])
    assert "over-long" not in check(path, max_sequence_tokens=18).problem_counts, "no ratio, no estimate"


@pytest.mark.parametrize("content", [b"", b"\n", b" \n\n"])
def test_a_file_without_examples_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "empty.jsonl"
    path.write_bytes(content)
    report = check(path)
    assert not report.ok
    assert report.problem_counts["no-examples"] == 1
    assert str(report.errors[0]) == f"{path}: no examples; expected one example a line; write the examples"


def test_few_examples_are_a_warning(write: Callable[..., Path]) -> None:
    assert "few-examples" in check(write(*[PROMPT] * 99)).problem_counts
    assert "few-examples" not in check(write(*[PROMPT] * 100)).problem_counts


def test_a_line_without_end_is_not_kept(write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (lines, scan, exact):
        monkeypatch.setattr(module, "MAX_LINE_BYTES", 1000)
    monkeypatch.setattr(lines, "BLOCK_BYTES", 64)
    long = PROMPT.replace("4", "4" * 5000)
    report = check(write(PROMPT, long, CHAT, long, name="long.jsonl"))
    assert [(problem.line, problem.kind) for problem in report.errors] == [
        (2, "line-too-long"),
        (3, "mixed-formats"),
        (4, "line-too-long"),
    ]
    assert report.errors[1].offset == len(PROMPT) + len(long) + 2


@pytest.mark.parametrize(("name", "said"), [("nothing.jsonl", "No such file"), ("", "directory")])
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(UnreadableDataError, match=said):
        check(tmp_path / name)


def test_a_pair_without_validation(write: Callable[..., Path]) -> None:
    training, validation = check_pair(write(PROMPT), None)
    assert training.ok
    assert validation is None


def test_a_small_validation_file_of_other_examples_passes(write: Callable[..., Path]) -> None:
    training = write(*[PROMPT.replace("4", str(number)) for number in range(100, 140)])
    _, validation = check_pair(training, write(PROMPT, name="validation.jsonl"))
    assert validation is not None
    assert validation.problem_counts == {}


@pytest.mark.parametrize(("rows", "ok"), [(100, True), (101, False)])
def test_a_validation_file_has_at_most_a_quarter_of_the_bytes(write: Callable[..., Path], rows: int, ok: bool) -> None:
    training = write(*[PROMPT] * 400)
    _, validation = check_pair(training, write(*[PROMPT] * rows, name="validation.jsonl"))
    assert validation is not None
    assert ("validation-too-large" not in validation.problem_counts) == ok
    assert validation.ok == ok


def test_a_validation_file_has_at_most_5000_rows(write: Callable[..., Path]) -> None:
    training = write(*[PROMPT.replace("2", "2" * 40)] * 15_000)
    for rows, ok in ((5000, True), (5001, False)):
        _, validation = check_pair(training, write(*[PROMPT] * rows, name="validation.jsonl"))
        assert validation is not None
        assert ("validation-too-many" not in validation.problem_counts) == ok


def test_examples_in_both_files_are_a_warning(write: Callable[..., Path]) -> None:
    training = write(*[PROMPT.replace("4", str(number)) for number in range(100, 200)])
    other, taught = PROMPT.replace("4", "none"), PROMPT.replace("4", "150")
    _, validation = check_pair(training, write(other, taught, "", name="validation.jsonl"))
    assert validation is not None
    found = [problem for problem in validation.problems if problem.kind == "in-both-files"]
    assert [(problem.line, problem.offset) for problem in found] == [(2, len(other) + 1)]
    assert f"stands in {training} as well, line 51" in str(found[0])
