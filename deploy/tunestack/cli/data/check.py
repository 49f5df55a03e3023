"""`tunestack data check`: every problem of a training file, and of its validation file, with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tunestack.cli import terminal
from tunestack.cli.data import hints, places
from tunestack.cli.data.commands import PROBLEMS_SHOWN
from tunestack.cli.data.progress import Bar
from tunestack.cli.terminal import sized, styled
from tunestack.data.report import KINDS
from tunestack.data.scan import check
from tunestack.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from tunestack.catalogue.data_rules import DataRules
    from tunestack.data.report import Problem, Report, Severity
    from tunestack.data.stream import Stream
    from tunestack.data.tokens.count import TokenCount

    LinkCheck = Callable[[Report, Sequence[DataRules], int | None], Report]

COLOURS: dict[Severity, str] = {"error": "red", "warning": "yellow"}


def show(
    files: Sequence[str],
    rules: Sequence[DataRules],
    *,
    limit: int | None,
    as_json: bool,
    look_at_links: LinkCheck | None = None,
    tokenizer: Path | None = None,
) -> bool:
    """Checks, prints what was found, and says whether the data can be used.

    Args:
        files: path or address of the training file, and of its validation file if there is one.
        rules: of the models that it is meant for.
        limit: how many problems of each kind are shown; None for all.
        as_json: print it for machines.
        look_at_links: how to look at the images that the files link, if at all.
        tokenizer: a file to count tokens with, if they are to be counted.
    """
    reports: list[Report] = []
    for file in files:
        against = reports[0] if reports else None
        data = places.source(file, once=tokenizer is None)
        reports.append(looked_at(data, rules, limit=limit, against=against, is_compared=len(files) > 1))
    if look_at_links is not None:
        reports = [look_at_links(report, rules, limit) for report in reports]
    counts: dict[str, TokenCount] = {}
    if tokenizer is not None:
        from tunestack.cli.data.tokens import tokens, told_exactly

        for place, (file, report) in enumerate(zip(files, reports, strict=True)):
            if report.ok:  # what is no example has no tokens
                counts[report.name] = tokens(file, tokenizer, rules, limit=limit, total=report.bytes)
                reports[place] = told_exactly(report, counts[report.name], rules)
    if as_json:
        terminal.print_json(_for_machines(reports, counts))
    else:
        terminal.print_lines(line for report in reports for line in told(report, counts.get(report.name)))
        if look_at_links is None and (hint := hints.of_linked_images(reports)):
            terminal.print_lines((hint, ""))
        terminal.print_lines(verdict(report, rules) for report in reports)
    return all(report.ok for report in reports)


def _for_machines(reports: Sequence[Report], counts: Mapping[str, TokenCount]) -> dict[str, Any]:
    training, validation = (*(report.to_json() for report in reports), None)[:2]
    tokens = {"tokens": [count.to_json() for count in counts.values()]} if counts else {}
    return {"ok": all(report.ok for report in reports), "training": training, "validation": validation, **tokens}


def looked_at(
    data: Path | Stream,
    rules: Sequence[DataRules] = (),
    *,
    limit: int | None = PROBLEMS_SHOWN,
    against: Report | None = None,
    is_compared: bool = False,
    sizes: bool = False,
) -> Report:
    """Checks one file, with a bar while that takes long; an object that was checked before is not read again.

    Args:
        data: what to check.
        rules: of the models that it is meant for.
        limit: how many problems of each kind are told; None for all.
        against: the report on the training file, where this is its validation file.
        is_compared: whether the report's signature will be needed.
        sizes: whether its sizes will be, which no kept verdict has.
    """
    if limit == PROBLEMS_SHOWN and not sizes and isinstance(data, places.StoredObject):
        from tunestack.cli.data.kept_verdict import kept_verdict

        if (report := kept_verdict(data.pinned, rules, against, with_signature=is_compared)) is not None:
            hints.note_kept(report)
            return report
    with Bar(places.name(data), places.size(data)) as bar:
        return check(data, rules=rules, against=against, problem_limit=limit, progress=bar, sizes=sizes)


def told(report: Report, tokens: TokenCount | None = None) -> Iterator[str]:
    """Yields what a file holds, then its problems by kind, errors before warnings, and an empty line."""
    yield f"{styled(report.name, bold=True)}: {summary(report)}"
    if tokens is not None:
        from tunestack.cli.data.tokens import phrase

        yield styled(phrase(tokens))
    problems: dict[str, list[Problem]] = {}
    for problem in report.problems:
        problems.setdefault(problem.kind, []).append(problem)
    for severity, colour in COLOURS.items():
        kinds = [kind for kind in KINDS if KINDS[kind] == severity and report.problem_counts.get(kind)]
        if kinds:
            yield ""
            yield styled(counted(sum(report.problem_counts[kind] for kind in kinds), severity), colour, bold=True)
        for kind in kinds:
            shown = problems.get(kind, [])
            count = report.problem_counts[kind]
            yield styled(f"{kind} ({count:,})", colour)
            yield from (styled(str(problem)) for problem in shown)
            if count > len(shown):
                yield f"… and {count - len(shown):,} more of this kind; --all shows them"
    if hint := hints.of_another_kind(report):
        yield ""
        yield styled(hint)
    yield ""


def summary(report: Report) -> str:
    """Says what a file holds, in a few words."""
    images = report.images
    return ", ".join(
        (
            report.format or "no known format",
            counted(report.examples, "example"),
            counted(report.turns, "turn"),
            counted(report.characters, "character"),
            *([f"{counted(images.inline, 'image')} inline ({sized(images.inline_bytes)})"] if images.inline else ()),
            *([f"{counted(images.linked, 'image')} linked"] if images.linked else ()),
            sized(report.bytes),
        )
    )


def counts(report: Report) -> dict[str, Any]:
    """Returns what a file holds, under the names that `Report.to_json` has for it, without each problem."""
    told = report.to_json()
    names = ("ok", "name", "format", "sha256", "bytes", "examples", "turns", "characters", "nonAscii", "images")
    return {name: told[name] for name in (*names, "problemCounts")}


def verdict(report: Report, rules: Sequence[DataRules] = ()) -> str:
    """Says whether a file can be used."""
    warnings = sum(report.problem_counts.values()) - report.error_count
    found = [counted(count, word) for word, count in (("error", report.error_count), ("warning", warnings)) if count]
    can = "can" if report.ok else "cannot"
    # Rules for any open model name none.
    models = ", ".join(rule.model for rule in rules if rule.model)
    text = f"{report.name} {can} be used{f' to tune {models}' if models else ''}: {', '.join(found) or 'no problems'}"
    return styled(text, "green" if report.ok else "red", bold=True)
