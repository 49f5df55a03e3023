"""A mapping says which columns hold what, or is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunestack.data.preparation import PreparationError, convert, parse_columns
from tunestack.data.preparation.error import FaultError
from tunestack.data.preparation.template import Template

if TYPE_CHECKING:
    from pathlib import Path

    from tunestack.data.preparation import Columns


def converted(path: Path, row: dict[str, Any], columns: Columns | None, to: str = "chat") -> Any:
    source, target = path / "rows.jsonl", path / "target.jsonl"
    source.write_text(json.dumps(row) + "\n")
    convert(source, target, to=to, columns=columns, overwrite=True)  # type: ignore[arg-type]
    return json.loads(target.read_text())


ROW = {"q": "2 + 2", "a": 4, "empty": "", "class": {"__class__": "a key"}, "odd name?": "odd", "{": "brace"}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{q}", "2 + 2"),
        ("Question: {q}\\nAnswer:\\t{a}", "Question: 2 + 2\nAnswer:\t4"),
        ("{{{q}}} }}{{", "{2 + 2} }{"),
        (r"\\n \frac{{1}}{{2}}", "\\n \\frac{1}{2}"),
        ("a{empty?}b{nowhere?}c", "abc"),
        ("{odd name??}", "odd"),
        ("{class.__class__}", "a key"),
    ],
)
def test_a_template_is_filled(template: str, text: str) -> None:
    assert Template.parse(template).fill(ROW) == text


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{q", "a single { at character 1"),
        ("q}", "a single } at character 2"),
        ("{}", "a field without a name"),
        ("{?}", "a field without a name"),
        ("{a.real}", "nothing there"),
        ("{q.__class__}", "nothing there"),
        ("{q!r}", 'no such column; the nearest is "q"'),
        ("{q:>10}", "no such column"),
        ("{q[0]}", "no such column"),
        ("{empty}", "empty"),
    ],
)
def test_a_template_reads_columns_and_nothing_else(template: str, said: str) -> None:
    with pytest.raises(FaultError) as refused:
        Template.parse(template).fill(ROW)
    assert said in refused.value.reason


@given(st.text())
def test_any_text_can_be_written_as_a_template(text: str) -> None:
    written = text.replace("\\", "\\\\").replace("{", "{{").replace("}", "}}")
    assert Template.parse(written).fill({}) == text


@given(st.text(st.sampled_from("{}q"), max_size=12))
def test_braces_mean_what_they_mean_to_python(text: str) -> None:
    try:
        expected = text.format_map({"q": "2 + 2"})
    except (KeyError, ValueError):
        with pytest.raises(FaultError):
            Template.parse(text).fill(ROW)
    else:
        assert Template.parse(text).fill(ROW) == expected


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"maps": ["prompt"]}, '--map "prompt" is not NAME=VALUE; write it as in --map prompt=question'),
        ({"maps": ["promt=q"]}, '--map cannot make "promt"; the nearest is "prompt"'),
        ({"maps": ["prompt=q"]}, "prompt is given without completion; add --map completion=COLUMN"),
        ({"maps": ["prompt=q", "completion=a", "prompt=b"]}, "prompt is given twice"),
        ({"maps": ["prompt=q", "completion=a"], "templates": ["prompt={q}"]}, "prompt is given twice"),
        ({"maps": ["messages=m", "completion=a"]}, "both messages and completion are given"),
        ({"maps": ["image=i"]}, "prompt and completion are not given"),
        ({"maps": ["system=s"]}, "prompt and completion are not given"),
        ({"maps": ["system=s", "prompt=q", "completion=a"], "system": "Be."}, "system is given twice"),
        ({"templates": ["messages={m}"]}, '--template cannot make "messages"'),
        ({"templates": ["prompt={q", "completion={a}"]}, "a single { at character 1"),
        ({"system": " "}, "an empty system message"),
        ({"roles": ["customer=boss"]}, '"boss" is no role; write customer=system, customer=user or'),
    ],
)
def test_options_that_say_nothing_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(PreparationError) as refused:
        parse_columns(**options)
    assert said in str(refused.value)


def test_no_options_are_no_mapping() -> None:
    assert parse_columns() is None


def test_the_names_of_the_columns_are_enough(tmp_path: Path) -> None:
    system = parse_columns(system="Be brief.")
    row = {"id": 7, "prompt": "2 + 2", "completion": 4}
    assert [message["content"] for message in converted(tmp_path, row, system)["messages"]] == [
        "Be brief.",
        "2 + 2",
        "4",
    ]
    shared = {"id": 7, "conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]}
    assert converted(tmp_path, shared, None, "prompt-completion") == {"prompt": "a", "completion": "b"}
    with pytest.raises(PreparationError, match=r'no columns "prompt" .* there are "x"; say which is which'):
        converted(tmp_path, {"x": 1}, None)


def test_messages_are_read_by_their_roles(tmp_path: Path) -> None:
    messages = [
        {"role": "system", "content": "Be brief.", "name": None},
        {"role": "customer", "content": [{"type": "text", "text": "a"}]},
        {"role": "bot", "content": "b"},
    ]
    columns = parse_columns(["messages=m"], roles=["customer=user"])
    told = converted(tmp_path, {"m": messages}, columns)["messages"]
    assert [(turn["role"], turn["content"]) for turn in told] == [
        ("system", "Be brief."),
        ("user", "a"),
        ("assistant", "b"),
    ]
    assert converted(tmp_path, {"m": json.dumps(messages)}, columns)["messages"] == told  # as a cell of CSV has it


USER, ASSISTANT = {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        ([], "no messages"),
        (None, "null|no messages"),
        (7, "no list of messages"),
        ("[{", "a list that is no JSON"),
        ([USER], "the last turn is not the assistant's"),
        ([ASSISTANT, USER], "turn 1 is of the role assistant, where user is expected"),
        (
            [USER, {"role": "tool", "content": "b"}],
            'the role "tool", which is not known; say which it is, as in --role',
        ),
        ([USER, {"role": 7, "content": "b"}], "a role that is no text"),
        ([USER, {"role": "assistant", "content": ""}], "an empty message"),
        ([USER, {"role": "assistant", "content": None}], "an empty message"),
        ([USER, {"role": "assistant", "content": [7]}], "no content of a message"),
        ([USER, {"role": "assistant", "content": [{"type": "text\ud83d", "text": "b"}]}], "no content of a message"),
        ([USER, {"speaker": "x"}], 'a message with "speaker"'),
        ([USER, "b"], "a message that is no object"),
    ],
)
def test_what_is_no_conversation_is_refused(tmp_path: Path, messages: Any, said: str) -> None:
    with pytest.raises(PreparationError, match=f'row 1, column "m": ({said})'):
        converted(tmp_path, {"m": messages}, parse_columns(["messages=m"]))


def test_a_row_has_one_system_message(tmp_path: Path) -> None:
    messages = [{"role": "system", "content": "Be."}, USER, ASSISTANT]
    with pytest.raises(PreparationError, match="a system message of its own"):
        converted(tmp_path, {"m": messages}, parse_columns(["messages=m"], system="Be brief."))
