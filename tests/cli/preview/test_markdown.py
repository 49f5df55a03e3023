"""Comments: line by line, safe whatever they are of, never larger than they may be."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from markdown_it import MarkdownIt

from tests.cli.preview.conftest import RECORDED
from tests.cli.preview.stories import END, deployment, job, step, told
from tunestack.cli.preview.markdown import GITHUB_LIMIT, comment, marker
from tunestack.cli.preview.report import Change, Finding, Report, Told

PARSER = MarkdownIt("commonmark").enable("table")
HOSTILE = "@octocat </details> `x` | y | <img src=x> [a](b) --> \n/close\n# title\n```\n| a |"


@pytest.mark.parametrize("name", ["new_data", "over_budget"])
def test_a_comment_is_right_line_by_line(recorded: Callable[[str], list[dict[str, Any]]], name: str) -> None:
    """The files were read by a person; whoever changes what a comment says writes them anew."""
    written = comment(Report.of(recorded(name), "local"), "0123456789abcdef")
    assert written == (RECORDED / f"{name}.md").read_text(encoding="utf-8")


def test_a_comment_is_found_again_by_its_first_line() -> None:
    stacks = ("prod", "prod-us-central1", "a--b", "x --> y")
    firsts = [comment(Report.of([END], stack)).split("\n", 1)[0] for stack in stacks]
    assert firsts == [marker(stack) for stack in stacks]
    assert len(set(firsts)) == len(stacks)
    assert all(re.fullmatch(r"<!-- (?:(?!-->|--!>).)* -->", first) for first in firsts)  # nothing ends it early


def hostile() -> Report:
    change = Change("replace", "gcp:storage:Bucket", HOSTILE, [HOSTILE], [HOSTILE])
    return Report(
        HOSTILE,
        failed=True,
        is_complete=False,
        changes=[change],
        findings=[Finding(HOSTILE, "mandatory", HOSTILE, HOSTILE)],
        errors=[Told(HOSTILE, HOSTILE), Told("", "````")],
        warnings=[Told(HOSTILE, HOSTILE)],
        notes=[Told(HOSTILE, HOSTILE)],
        drift=[Told(HOSTILE, HOSTILE)],
        foundation=HOSTILE,
        upstream=HOSTILE,
    )


def test_nothing_that_a_comment_quotes_does_anything() -> None:
    written = comment(hostile(), commit="<b>")
    tokens = PARSER.parse(written)
    children = [child for token in tokens for child in token.children or []]
    assert {child.type for child in children} <= {
        "text",
        "text_special",
        "html_inline",
        "strong_open",
        "strong_close",
        "softbreak",
    }
    tags = {child.content for child in children if child.type == "html_inline"}
    assert tags == {"<code>", "</code>", "<br>", "<sub>", "</sub>"}
    blocks = "".join(token.content for token in tokens if token.type == "html_block")
    assert set(re.findall(r"</?(\w+)", blocks)) == {"details", "summary"}
    assert blocks.count("<details>") == blocks.count("</details>") == 1
    # Neither as text nor in a block is there a line that GitLab takes for a command, nor a mention.
    assert not re.search(r"^/", written, re.MULTILINE)
    texts = "".join(child.content for child in _outside_of_code(children))
    assert not re.search(r"(?<!\w)@\w", texts)


def _outside_of_code(children: list[Any]) -> list[Any]:
    kept, depth = [], 0
    for child in children:
        depth += {"<code>": 1, "</code>": -1}.get(child.content, 0)
        if not depth and child.type.startswith("text"):
            kept.append(child)
    return kept


@pytest.mark.parametrize("limit", [4_000, 20_000, GITHUB_LIMIT])
def test_a_comment_is_cut_and_says_so(limit: int) -> None:
    """Four hundred of each, all of them long: every part still has a beginning, and folds are closed."""
    long = "Ünïcödé \\|<&" * 400
    many = [
        *(step("create", "gcp:storage/bucket:Bucket", f"bucket-{number}", None, {}) for number in range(400)),
        *(job(f"job-{number}", 1.0) for number in range(400)),
        *(deployment("create", f"endpoint-{number}", 0, 1.0) for number in range(400)),
        *(told("warning", f"{number} {long}") for number in range(400)),
    ]
    report = Report.of([*many, END], "dev")
    report = msgspec.structs.replace(report, errors=[Told("", f"{number} {long}") for number in range(50)], failed=True)
    written = comment(report, limit=limit)
    assert len(written.encode()) <= limit
    assert written.count("<details>") == written.count("</details>")
    assert written.count("```") % 2 == 0
    assert "… and " in written
    assert re.search(r"Cut to the size of a comment: [\d,]+ rows left out", written)
    for part in ("#### Costs", "#### Changes", "warnings</summary>"):
        assert part in written


def test_a_long_list_is_folded_and_complete_where_there_is_room() -> None:
    events = [step("delete", "gcp:storage/bucket:Bucket", f"bucket-{number}", {}, None) for number in range(40)]
    written = comment(Report.of([*events, END], "dev"))
    assert "<summary>15 more of these</summary>" in written
    assert all(f"bucket-{number}<" in written for number in range(40))
    assert "left out" not in written


@pytest.mark.parametrize(("number", "heading"), [(8, "#### Warnings"), (9, "<summary>9 warnings</summary>")])
def test_a_few_warnings_are_seen_at_once(number: int, heading: str) -> None:
    """Such as that no machine can be had in the region."""
    events = [told("warning", f"warning {each}") for each in range(number)]
    assert heading in comment(Report.of([*events, END], "dev"))


def test_a_stack_that_waits_and_one_that_follows() -> None:
    waiting = Report("prod-a", failed=False, is_complete=False, waits_for=["prod"])
    assert "comes after prod, and cannot be previewed before" in comment(waiting)
    report = msgspec.structs.replace(Report.of([END], "prod-a"), follows=["prod"], upstream="prod goes first")
    written = comment(report)
    assert "follows prod" in written
    assert "⏫ prod goes first" in written
