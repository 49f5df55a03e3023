"""docs/data.md names every kind of problem with its severity, and its examples have the problem they stand for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tunestack.data import KINDS, check

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "data.md").read_text("utf-8")
ROWS = re.findall(r"^\| `([\w-]+)` \| (.*) \| (error|warning) \|$", PAGE, re.MULTILINE)
EXAMPLES = [(kind, example[1]) for kind, text, _ in ROWS if (example := re.match(r"`(.*?)`", text))]
FORMATS = re.findall(r"^\| `(prompt-completion|chat)` \| `(.*)` \|$", PAGE, re.MULTILINE)


def test_the_page_has_every_kind_and_its_severity() -> None:
    assert {kind: severity for kind, _, severity in ROWS} == dict(KINDS)


@pytest.mark.parametrize(("kind", "line"), EXAMPLES)
def test_an_example_has_its_problem(write: Callable[..., Path], kind: str, line: str) -> None:
    assert kind in check(write(line)).problem_counts


@pytest.mark.parametrize(("name", "line"), FORMATS)
def test_the_formats_are_right(write: Callable[..., Path], name: str, line: str) -> None:
    report = check(write(line))
    assert report.ok
    assert report.format == name
