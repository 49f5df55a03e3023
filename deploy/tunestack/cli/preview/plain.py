"""A report on a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from tunestack.catalogue.prices import HOURS_PER_MONTH
from tunestack.cli.preview.headline import headline
from tunestack.cli.preview.report import Change, Report
from tunestack.cli.terminal import styled
from tunestack.wording import counted

_SIGNS = {"create": "+", "update": "~", "replace": "±", "delete": "-", "import": "="}
_COLOURS = {"create": "green", "update": "yellow", "replace": "magenta", "delete": "red", "import": "cyan"}


def lines(report: Report) -> Iterator[str]:
    """Yields the lines of a report."""
    colour = "red" if report.failed else None
    yield f"{styled(report.stack, bold=True)}: {styled(headline(report), colour)}"
    for error in report.errors:
        yield from _block(error.resource, error.text, "red")
    for finding in report.findings:
        stops = finding.level == "mandatory"
        where = f" {finding.resource}" if finding.resource else ""
        yield from _block(
            f"policy {finding.policy} {'stops' if stops else 'advises'}{where}",
            finding.text,
            "red" if stops else "yellow",
        )
    if report.upstream:
        yield f"  {styled(report.upstream)}"
    for drift in report.drift:
        yield f"  {styled(f'changed outside: {drift.resource}: {drift.text}', 'yellow')}"
    for change in report.changes:
        yield from _change(change)
    if report.is_complete:
        yield from _money(report)
    for warning in report.warnings:
        yield from _block(f"warning{f': {warning.resource}' if warning.resource else ''}", warning.text, "yellow")
    for note in report.notes:
        yield from _block(note.resource or "note", note.text)


def _change(change: Change) -> Iterator[str]:
    first, *more = "\n".join(change.reasons or change.differences).split("\n")
    sign = styled(_SIGNS[change.kind], _COLOURS[change.kind])
    yield f"  {sign} {styled(change.label)}{f'  {styled(first)}' if first else ''}"
    yield from (f"      {styled(line)}" for line in more)


def _money(report: Report) -> Iterator[str]:
    if report.costs.training:
        yield f"  training, once: {report.costs.once}"
    if report.costs.serving:
        before, after = report.costs.monthly
        told = after if before == after else f"{before} → {after}"
        yield f"  serving, a month of {HOURS_PER_MONTH} hours: {told}"
    yield f"  {counted(report.unchanged, 'resource')} unchanged"


def _block(title: str, text: str, colour: str | None = None) -> Iterator[str]:
    first, *more = text.split("\n")
    yield f"  {styled(f'{title}: {first}' if title else first, colour)}"
    yield from (f"    {styled(line, colour)}" for line in more)
