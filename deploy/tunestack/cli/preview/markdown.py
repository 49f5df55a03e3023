"""A report as the comment of a change: GitHub's and GitLab's Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tunestack.catalogue.prices import HOURS_PER_MONTH
from tunestack.cli.preview.headline import headline
from tunestack.cli.preview.literal import code, fenced, prose
from tunestack.cli.preview.page import Page, Part
from tunestack.cli.preview.report import Change, Data, Report, Told
from tunestack.resource_types import OWN
from tunestack.wording import counted

GITHUB_LIMIT = 65_536
"""Characters of a comment (the API answers `body is too long (maximum is 65536 characters)`)."""

_MARGIN = 1_000
"""Bytes that are kept free for what stands around all parts."""

_TEXT = 2_000
"""Characters of one message in a table."""

_ERROR = 6_000
"""Characters of one error."""

_NAME = 200
"""Characters of a name."""

_UNFOLDED = 25
"""Rows that are shown without a click."""

_WARNINGS = 8
"""Warnings that are shown without a click: one may say that no machine can be had."""

_OF = "| of | says |\n|---|---|"

_SIGNS = {"create": "➕", "update": "✏️", "replace": "♻️", "delete": "➖", "import": "📥"}


def marker(stack: str) -> str:
    """Returns the line by which the comment of a stack is found again; it is not shown."""
    named = re.sub(r"[^\w.-]", "_", stack)  # so that no part of it ends the comment
    return f"<!-- tunestack preview: {named} -->"


def comment(report: Report, commit: str = "", limit: int = GITHUB_LIMIT) -> str:
    """Writes a report.

    Args:
        report: of one stack.
        commit: that was previewed; empty where it is not known.
        limit: size of the whole.
    """
    page = Page(limit - _MARGIN)
    page.write(marker(report.stack))
    page.write(f"### {_sign(report)} {code(report.stack, _NAME)}: {prose(headline(report), _TEXT)}")
    for part in _parts(report):
        page.add(part)
    page.write(_closing(report, commit, page.left_out))
    return page.text()


def _sign(report: Report) -> str:
    if report.failed:
        return "❌"
    if report.waits_for:
        return "⏳"
    return "🔷" if report.changes or report.upstream or report.outputs else "✅"


def _parts(report: Report) -> Iterator[Part]:
    if report.errors:
        yield Part("", [_error(each) for each in report.errors])
    if report.findings:
        yield _findings(report)
    if report.upstream:
        yield Part("", [f"⏫ {prose(report.upstream, _TEXT)}"])
    if report.is_complete:
        yield from _money(report)
    if report.drift:
        heading = "#### Changed outside\n\n| resource | is |\n|---|---|"
        yield Part(heading, [_row(code(each.resource, _NAME), prose(each.text, _TEXT)) for each in report.drift])
    warnings = [_told(each) for each in report.warnings]
    if 0 < len(warnings) <= _WARNINGS:
        yield Part(f"#### Warnings\n\n{_OF}", warnings)
    yield from _changes(report)
    changed = [each for each in report.data if each.is_changed]
    if changed:
        heading = "#### Data\n\n| dataset | training examples | validation examples | what differs |\n|---|---|---|---|"
        yield Part(heading, [_data(each) for each in changed], row=("| ", " | | | |"))
    if len(warnings) > _WARNINGS:
        yield _folded(counted(len(warnings), "warning"), _OF, warnings)
    if report.notes:
        yield _folded(counted(len(report.notes), "note"), _OF, [_told(each) for each in report.notes])


def _error(error: Told) -> str:
    where = f"{code(error.resource, _NAME)}\n\n" if error.resource else ""
    return where + fenced(error.text, _ERROR)


def _findings(report: Report) -> Part:
    heading = "#### Policies\n\n| | policy | resource | says |\n|---|---|---|---|"
    # What stops comes first.
    ordered = sorted(report.findings, key=lambda each: each.level != "mandatory")
    rows = [
        _row(
            "⛔ stops" if each.level == "mandatory" else "⚠️ advises",
            code(each.policy, _NAME),
            code(each.resource, _NAME) if each.resource else "the stack",
            prose(each.text, _TEXT),
        )
        for each in ordered
    ]
    return Part(heading, rows, row=("| ", " | | | |"))


def _money(report: Report) -> Iterator[Part]:
    costs = report.costs
    if not (costs.training or costs.serving):
        return
    before, after = costs.monthly
    rows = []
    if costs.training:
        rows.append(_row("training, once", "", f"**{prose(costs.once)}**"))
        if len(costs.training) > 1:
            rows += [_row(f"– {code(job.name, _NAME)}", "", prose(job.told)) for job in costs.training]
    if costs.serving:
        after = f"**{after}**" if before != after else after
        rows.append(_row(f"serving, a month of {HOURS_PER_MONTH} hours", before, after))
        changed = [
            each for each in costs.serving if each.before != each.after or each.machine_before != each.machine_after
        ]
        rows += [
            _row(
                f"– {code(each.name, _NAME)}",
                *(
                    " ".join(filter(None, (code(machine, _NAME) if machine else "", _hourly(price))))
                    for machine, price in ((each.machine_before, each.before), (each.machine_after, each.after))
                ),
            )
            for each in changed
        ]
    heading = "#### Costs\n\n| | before | after |\n|---|---|---|"
    yield Part(heading, rows, row=("| ", " | | |"))


def _hourly(price: float | None) -> str:
    if price == 0:
        return "not deployed"
    return "price unknown" if price is None else f"{price:,.4g} USD an hour"


def _changes(report: Report) -> Iterator[Part]:
    """Yields what has a reason or takes something away, unfolded; then the rest, which is folded."""
    told: list[Change] = []
    rest: list[Change] = []
    for each in report.changes:
        (told if each.type.startswith(OWN) or each.kind in ("replace", "delete") else rest).append(each)
    if len(rest) <= _UNFOLDED // 3 and not told:
        told, rest = rest, told
    heading = "| | resource | why |\n|---|---|---|"
    title = "#### Changes" if report.is_complete else "#### Changes that were found before it failed"
    if told:
        rows = [_change(each) for each in told]
        yield Part(f"{title}\n\n{heading}", rows[:_UNFOLDED], row=("| ", " | | |"))
        if len(rows) > _UNFOLDED:
            yield _folded(f"{len(rows) - _UNFOLDED:,} more of these", heading, rows[_UNFOLDED:])
    if rest:
        summed = ", ".join(
            f"{number:,} to {kind}" for kind in _SIGNS if (number := sum(each.kind == kind for each in rest))
        )
        name = f"other {'resource' if len(rest) == 1 else 'resources'}: {summed}" if told else f"resources: {summed}"
        yield _folded(name, heading, [_change(each) for each in rest])


def _change(change: Change) -> str:
    # What a provider says in a sentence holds what differs.
    why = "\n".join(change.reasons or change.differences)
    return _row(f"{_SIGNS[change.kind]} {change.kind}", code(change.label, _NAME), prose(why, _TEXT))


def _data(data: Data) -> str:
    return _row(
        code(data.name, _NAME),
        _numbers(data.before, data.after),
        _numbers(data.validation_before, data.validation_after),
        prose(data.comparison, _TEXT),
    )


def _numbers(before: int | None, after: int | None) -> str:
    told = [f"{number:,}" if number is not None else "unknown" for number in (before, after)]
    if before is None:
        return told[1]
    return told[1] if before == after else f"{told[0]} → **{told[1]}**"


def _told(told: Told) -> str:
    return _row(code(told.resource, _NAME) if told.resource else "the stack", prose(told.text, _TEXT))


def _folded(title: str, heading: str, rows: Sequence[str]) -> Part:
    cells = heading.split("\n", 1)[0].count("|") - 2
    return Part(f"<details><summary>{title}</summary>\n\n{heading}", rows, "\n</details>", ("| ", f" |{' |' * cells}"))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _closing(report: Report, commit: str, left_out: int) -> str:
    sentences = []
    if left_out:
        sentences.append(f"Cut to the size of a comment: {counted(left_out, 'row')} left out.")
    if report.emulated and report.is_complete:
        sentences.append("An emulator's stack, which bills nothing: the prices are what Google Cloud would ask.")
    if report.is_complete:
        sentences.append(f"{counted(report.unchanged, 'resource')} unchanged.")
    of_commit = f" of {code(commit[:10])}" if commit else ""
    sentences.append(
        f"Preview{of_commit} by {code(f'tunestack preview {report.stack}', _NAME)}, which shows all of it."
    )
    return f"<sub>{' '.join(sentences)}</sub>"
