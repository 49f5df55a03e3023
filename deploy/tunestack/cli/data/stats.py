"""`tunestack data stats`: how much a file holds, and how it is spread over the examples."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from tunestack.catalogue.text_tokens import expected_tokens
from tunestack.cli import terminal
from tunestack.cli.data import places
from tunestack.cli.data.check import counts, looked_at, summary
from tunestack.cli.data.hints import note_errors
from tunestack.cli.data.sizes import histogram, spread
from tunestack.cli.terminal import sized, styled
from tunestack.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from tunestack.catalogue.amounts import Span
    from tunestack.catalogue.data_rules import DataRules
    from tunestack.data.report import Report
    from tunestack.data.tokens.count import TokenCount

BAR_COLUMNS = 40
"""Length of the longest bar of the histogram."""


def show(address: str, rules: Sequence[DataRules], *, tokenizer: Path | None, as_json: bool) -> None:
    """Prints what a file holds.

    Args:
        address: its path or address.
        rules: of models whose tokens are told.
        tokenizer: a file to count tokens with; by the catalogue's measured ratios where None.
        as_json: print it for machines.
    """
    report = looked_at(places.source(address, once=tokenizer is None), rules, sizes=True)
    expected = {rule.model: expected_tokens(rule.model, rule.tokens_per_character, report) for rule in rules}
    count = None
    if tokenizer is not None:
        from tunestack.cli.data.tokens import tokens

        count = tokens(address, tokenizer, rules, total=report.bytes)
    if as_json:
        terminal.print_json(_for_machines(report, expected, count))
    else:
        terminal.print_lines(_told(report, expected, count))
    note_errors([report], rules)


def _for_machines(report: Report, expected: Mapping[str, Span | None], count: TokenCount | None) -> dict[str, Any]:
    sizes = report.sizes or {}
    return {
        **counts(report),
        "duplicates": report.problem_counts.get("duplicate", 0),
        "spread": spread(sizes),
        "histogram": [{"from": first, "to": last, "examples": count} for first, last, count in histogram(sizes)],
        "estimatedTokens": {name: span and span.to_json() for name, span in expected.items()},
        "tokens": count and {**count.to_json(), "spread": spread(Counter(count.lengths))},
    }


def _told(report: Report, expected: Mapping[str, Span | None], count: TokenCount | None) -> Iterator[str]:
    sizes = report.sizes if report.format else None
    yield f"{styled(report.name, bold=True)}: {summary(report)}"
    yield ""
    if sizes:
        yield _fact("characters", _spread(sizes))
    if count is not None:
        from tunestack.cli.data.tokens import phrase

        yield _fact("tokens", f"{_spread(Counter(count.lengths))}; {phrase(count)}")
    yield _fact("beyond ASCII", f"{report.non_ascii / max(report.characters, 1):.1%} of the characters")
    yield _fact("duplicates", counted(report.problem_counts.get("duplicate", 0), "example"))
    images = report.images
    if images.count:
        yield _fact("images", f"{images.inline:,} inline ({sized(images.inline_bytes)}), {images.linked:,} linked")
    for name, span in expected.items():
        yield _fact("tokens", f"{_span(span)} by {name}, estimated")
    yield _fact("sha256", report.sha256)
    if sizes:
        yield ""
        yield styled("characters of an example", bold=True)
        yield from _bars(histogram(sizes))


def _fact(name: str, text: str) -> str:
    return styled(f"{name:<14}{text}")


def _spread(sizes: Mapping[int, int]) -> str:
    return ", ".join(f"{name} {size:,}" for name, size in spread(sizes).items())


def _span(span: Span | None) -> str:
    if span is None:
        return "unknown"
    return f"{span.middle:,}" if span.is_exact else f"about {span.middle:,} ({span.low:,}–{span.high:,})"


def _bars(classes: Sequence[tuple[int, int, int]]) -> Iterator[str]:
    ranges = [f"{first:,}–{last:,}" for first, last, _ in classes]
    width = max(map(len, ranges))
    most = max(count for _, _, count in classes)
    for text, (_, _, count) in zip(ranges, classes, strict=True):
        bar = "█" * round(BAR_COLUMNS * count / most)
        yield f"{text:>{width}}  {bar or ('▏' if count else '')} {count:,}"
