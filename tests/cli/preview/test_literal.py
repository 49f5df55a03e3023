"""Foreign text in Markdown: read back by a parser that knows GitHub's tables."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tunestack.cli.preview.literal import code, fenced, prose, shortened
from tunestack.wording import printable

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
LINES = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]) | st.sampled_from("\\`|*_[]<>&$~@#!-:()"))


def cells(*texts: str) -> list[str]:
    """What a table's row shows in each cell; a cell with anything but text in it is an error."""
    tokens = PARSER.parse(f"|{' a |' * len(texts)}\n|{'---|' * len(texts)}\n| {' | '.join(texts)} |\n")
    inlines = [token for token in tokens if token.type == "inline"][len(texts) :]
    return [shown(token.children or []) for token in inlines]


def shown(children: list[Any]) -> str:
    strange = [child for child in children if child.type not in ("text", "text_special", "html_inline")]
    assert not strange, strange
    marks = {child.content for child in children if child.type == "html_inline"}
    assert marks <= {"<br>", "<span>", "</span>", "<code>", "</code>"}, marks
    return "".join(
        "\n" if child.content == "<br>" else "" if child.type == "html_inline" else child.content for child in children
    )


@given(LINES, LINES)
@example("a | b", "\\| c")
@example("`a", "b`")
@example("<script>", "<!-- -->")
@example("[x](https://example.com)", "![x](y)")
@example("**a**", "_b_")
@example("&lt;", "\\&#64;octocat")
@example("$a$", "~~b~~")
def test_a_row_shows_texts_as_they_are_and_keeps_its_cells(first: str, second: str) -> None:
    expected = [printable(text).strip() for text in (first, second)]
    assert [cell.replace("\u200b", "").strip() for cell in cells(prose(first), prose(second))] == [
        text.replace("\u200b", "") for text in expected
    ]
    assert [cell.strip() for cell in cells(code(first), code(second))] == expected


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("@octocat did", "@&#8203;octocat did"),
        ("see #12, GH-12", "see #&#8203;12, GH-&#8203;12"),
        ("shop/models#12, !12", "shop/models#&#8203;12, !&#8203;12"),
        ("google/gemma3@gemma-3-1b-it", "google/gemma3@gemma-3-1b-it"),  # copied by readers
        ("gemma-3@007", "gemma-3@007"),
        ("two\nlines", "two<br>lines"),
        ("\x1b[31mred", "&#92;x1b\\[31mred"),
        ("see https://cloud.google.com/a", "see https://cloud.google.com/a"),  # may be followed
    ],
)
def test_what_would_be_a_mention_or_a_command_is_none(text: str, becomes: str) -> None:
    assert prose(text) == becomes


def test_in_code_nothing_is_a_link() -> None:
    assert code("https://example.com") == "<code>https&#58;//example.com</code>"


@given(st.lists(LINES | st.sampled_from(["```", "~~~", "````text", "/close", "</details>", "| a |"])).map("\n".join))
def test_a_block_has_all_lines_and_ends_where_it_ends(text: str) -> None:
    tokens = PARSER.parse(f"{fenced(text)}\n\nafter\n")
    assert [token.type for token in tokens] == ["fence", "paragraph_open", "inline", "paragraph_close"]
    shown_lines = [line.removeprefix("  ") for line in tokens[0].content.splitlines()]
    assert shown_lines == [printable(line).rstrip() for line in text.splitlines()]
    assert not re.search("^/", tokens[0].content, re.MULTILINE)


def test_a_long_text_says_how_much_of_it_is_missing() -> None:
    assert shortened("abcdef", 4) == "abcd… (2 more characters)"
    assert shortened("abcdef", 6) == "abcdef"
    assert shortened("abcdef", 0) == "abcdef"
