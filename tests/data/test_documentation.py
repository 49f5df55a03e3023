"""docs/data.md names every kind of problem with its severity, and its examples have the problem they stand for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tunestack.catalogue.data_rules import data_rules
from tunestack.data import KINDS, check
from tunestack.data.exact.json_places import MAX_DEPTH, MAX_VALUES
from tunestack.data.formats import FORMAT_NAMES
from tunestack.data.lines.blocks import MAX_LINE_BYTES
from tunestack.data.links import MAX_LINKS

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "data.md").read_text("utf-8")
ROWS = re.findall(r"^\| `([\w-]+)` \| (.*) \| (error|warning) \|$", PAGE, re.MULTILINE)
EXAMPLES = [
    (kind, example[1], example[2])
    for kind, text, _ in ROWS
    if (example := re.match(r"(?:for `([^`]+)`: )?`(.*?)`", text))
]
FORMATS = re.findall(r"^\| `(prompt-completion|chat|generate-content)` \| `(.*)` \|$", PAGE, re.MULTILINE)


def test_the_page_has_every_kind_and_its_severity() -> None:
    assert {kind: severity for kind, _, severity in ROWS} == dict(KINDS)


@pytest.mark.parametrize(("kind", "model", "line"), EXAMPLES)
def test_an_example_has_its_problem(write: Callable[..., Path], kind: str, model: str | None, line: str) -> None:
    found = check(write(line), rules=[data_rules(model)] if model else []).problem_counts
    assert found.keys() - {"few-examples"} == {kind}


def test_the_numbers_are_those_of_the_code() -> None:
    for number in (MAX_DEPTH, MAX_VALUES, MAX_LINKS):
        assert f"{number:,}" in PAGE
    assert f"{MAX_LINE_BYTES // 2**20} MiB" in PAGE


@pytest.mark.parametrize(("name", "line"), FORMATS)
def test_the_formats_are_right(write: Callable[..., Path], name: str, line: str) -> None:
    report = check(write(line))
    assert report.ok
    assert report.format == name


def test_there_is_an_example_of_every_format() -> None:
    assert {name for name, _ in FORMATS} == set(FORMAT_NAMES)
