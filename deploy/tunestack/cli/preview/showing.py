"""Previews stacks and says what they would change, to people and to machines."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import msgspec
import typer

from tunestack.cli.preview.headline import headline
from tunestack.cli.preview.markdown import comment
from tunestack.cli.preview.plain import lines
from tunestack.cli.preview.previewing import Asked, preview
from tunestack.cli.preview.report import Report
from tunestack.cli.reviewed.checkout import commit_of
from tunestack.cli.terminal import print_json, print_lines


def show(asked: Asked, *, as_markdown: bool, as_json: bool, output: Path | None, limit: int) -> int:
    """Previews stacks and shows the reports.

    Args:
        asked: what is previewed.
        as_markdown: whether comments are printed.
        as_json: whether JSON is printed.
        output: folder for a comment and JSON of each stack.
        limit: size of a comment.

    Returns:
        The exit status: 1 where a preview failed.
    """
    for folder in (output, asked.plans):
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
    if sys.stderr.isatty():
        typer.echo(f"previewing {', '.join(asked.only or asked.names)} …", err=True)
    commit = commit_of(Path())
    reports = preview(asked)
    for report in reports:
        if output:
            (output / f"{report.stack}.md").write_text(comment(report, commit, limit), encoding="utf-8")
            (output / f"{report.stack}.json").write_text(json.dumps(facts(report), indent=1), encoding="utf-8")
    if as_json:
        print_json([facts(report) for report in reports])
    elif as_markdown:
        print_lines(comment(report, commit, limit) for report in reports)
    else:
        for report in reports:
            print_lines([*lines(report), ""])
    return int(any(report.failed for report in reports))


def facts(report: Report) -> dict[str, Any]:
    """Returns a report for machines, with the sentences that sum it up."""
    before, after = report.costs.monthly
    told = {"headline": headline(report), "trainingOnce": report.costs.once}
    return {**msgspec.to_builtins(report), **told, "servingMonthly": {"before": before, "after": after}}
