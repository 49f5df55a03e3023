"""Reports that are kept as JSON, and read again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tunestack.data import Report, check

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

IMAGE = (
    '{"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "gs://b/o"}}]},'
    ' {"role": "assistant", "content": "é"}]}'
)


@pytest.fixture
def report(write: Callable[..., Path]) -> Report:
    return check(write(IMAGE, IMAGE.replace("//b/o", "//b/p"), "", "{", IMAGE.replace("é", "")))


def test_a_report_is_the_same_after_json(report: Report) -> None:
    kept = json.loads(json.dumps(report.to_json()))
    read = Report.from_json(kept)
    assert read == report
    assert read.links == report.links
    assert read.problems == report.problems
    assert read.error_count == report.error_count
    assert read.signature is None
    assert kept["ok"] is False
    assert {problem["severity"] for problem in kept["problems"]} == {"error", "warning"}


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda kept: kept.update(version=0), "version 0; expected 1; check the file again"),
        (lambda kept: kept.pop("links"), "no report of a check"),
        (lambda kept: kept.update(problems=[{}]), "no report of a check"),
        (lambda kept: kept.update(images=None), "no report of a check"),
    ],
)
def test_what_another_version_or_program_kept_is_refused(
    report: Report, edit: Callable[[dict[str, Any]], object], said: str
) -> None:
    kept = report.to_json()
    edit(kept)
    with pytest.raises(ValueError, match=said):
        Report.from_json(kept)
