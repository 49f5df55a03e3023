"""Tokens of a file, counted by the model's own tokenizer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tunestack.cli.data import places
from tunestack.cli.data.progress import Bar
from tunestack.data.report import Problem
from tunestack.data.tokens.count import count_tokens
from tunestack.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tunestack.catalogue.data_rules import DataRules
    from tunestack.data.report import Report
    from tunestack.data.tokens.count import TokenCount

OVER_LONG = "over-long"


def tokens(
    address: str, tokenizer: Path, rules: Sequence[DataRules] = (), *, limit: int | None = 0, total: int | None = None
) -> TokenCount:
    """Counts the tokens of a file, with a bar while that takes long.

    Args:
        address: path or address of the file.
        tokenizer: the model's `tokenizer.json`, or the folder that holds it.
        rules: of the models, the shortest of whose sequences says what is too long.
        limit: how many examples that are too long are named; None for all.
        total: bytes of the file.

    Raises:
        TokenizerError: the tokenizer cannot be used.
        UnreadableDataError: the file cannot be read, or has errors.
    """
    longest = min((rule.max_sequence_tokens for rule in rules if rule.max_sequence_tokens), default=None)
    data = places.source(address)
    with Bar(places.name(data), total or places.size(data)) as bar:
        return count_tokens(
            data,
            tokenizer,
            model=rules[0].model if len(rules) == 1 else None,
            longest=longest,
            problem_limit=limit,
            progress=bar,
        )


def told_exactly(report: Report, count: TokenCount, rules: Sequence[DataRules]) -> Report:
    """Returns the report with what was counted in the place of what was estimated: the examples that are too long."""
    shortest = min((rule for rule in rules if rule.max_sequence_tokens), key=_sequence, default=None)
    if shortest is None:
        return report
    counts = {kind: number for kind, number in report.problem_counts.items() if kind != OVER_LONG}
    if count.over_long_count:
        counts[OVER_LONG] = count.over_long_count
    problems = [problem for problem in report.problems if problem.kind != OVER_LONG]
    problems += _too_long(report.name, count, shortest)
    return replace(report, problems=tuple(problems), problem_counts=counts)


def _too_long(name: str, count: TokenCount, rules: DataRules) -> Iterator[Problem]:
    for each in count.over_long:
        reason = f"{each.tokens:,} tokens"
        expected = f"at most {rules.max_sequence_tokens:,} tokens, the longest sequence of {rules.model}"
        yield Problem(name, each.line, each.offset, "$", OVER_LONG, reason, expected, "shorten it, or it is cut")


def _sequence(rules: DataRules) -> int:
    return rules.max_sequence_tokens or 0


def phrase(count: TokenCount) -> str:
    """Says what was counted."""
    images = f"; {counted(count.images, 'image')}, of whose tokens no tokenizer file knows" if count.images else ""
    return f"{counted(count.tokens, 'token')}{images}; chat template: {count.template}"
