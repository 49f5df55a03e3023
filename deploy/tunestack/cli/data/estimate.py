"""`tunestack data estimate`: what tuning a model on a file, keeping and serving it would cost, item by item."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import typer

from tunestack.catalogue import UnknownRowError, is_gemini
from tunestack.catalogue.data_rules import data_rules, with_optional_answers
from tunestack.catalogue.estimates import EstimateError, estimate
from tunestack.cli import terminal
from tunestack.cli.data import places
from tunestack.cli.data.check import counts, looked_at, summary
from tunestack.cli.data.hints import note_errors
from tunestack.cli.terminal import styled
from tunestack.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tunestack.catalogue.entries import Mode
    from tunestack.catalogue.estimates import Estimate
    from tunestack.catalogue.text_tokens import TextCounts


class _Nothing(NamedTuple):
    """The counts of an empty file: enough to find out whether what is asked can be answered at all."""

    examples: int = 0
    characters: int = 0
    non_ascii: int = 0
    turns: int = 0
    bytes: int = 0


def show(
    training: str,
    validation: str | None,
    model: str,
    mode: Mode | None,
    epochs: int,
    *,
    tokenizer: Path | None,
    as_json: bool,
    **asked: Any,
) -> None:
    """Prints the estimate.

    Args:
        training: path or address of the training file.
        validation: of its validation file, if there is one.
        model: the base model.
        mode: its tuning mode.
        epochs: passes over the training file.
        tokenizer: a file to count tokens with; by the catalogue's measured ratios where None.
        as_json: print it for machines.
        asked: what else `tunestack.catalogue.estimates.estimate` takes.
    """
    _estimate(_Nothing(), model, mode, epochs, **asked)
    rules = with_optional_answers(()) if asked.get("teacher") else []
    reports = [looked_at(places.source(name), rules) for name in (training, validation) if name is not None]
    if tokenizer is not None:
        from tunestack.cli.data.tokens import tokens

        asked["tokens"] = tokens(training, tokenizer, [data_rules(model, mode)]).tokens
    found = _estimate(
        reports[0],
        model,
        mode,
        epochs,
        validation=reports[1] if validation else None,
        images=reports[0].images.count,
        **asked,
    )
    if as_json:
        terminal.print_json({"files": [counts(report) for report in reports], **found.to_json()})
    else:
        terminal.print_lines(f"{styled(report.name, bold=True)}: {summary(report)}" for report in reports)
        terminal.print_lines((styled(_headline(found), bold=True), ""))
        terminal.print_lines(_told(found))
    note_errors(reports)


def _estimate(text: TextCounts, model: str, mode: Mode | None, epochs: int, **asked: Any) -> Estimate:
    try:
        return estimate(text, model, mode, epochs, **asked)
    except (UnknownRowError, EstimateError) as error:
        raise typer.BadParameter(str(error)) from error


def _headline(found: Estimate) -> str:
    passes = counted(found.epochs, "epoch")
    how = f" in mode {found.mode}" if found.mode and not is_gemini(found.model) else ""
    span = found.tokens_per_epoch
    if span is None:
        count = "an unknown number of tokens"
    elif span.is_exact:
        count = f"{span.middle:,} tokens"
    else:
        count = f"about {span.middle:,} tokens ({span.low:,}–{span.high:,})"
    return f"{found.model}{how}, {passes} of {count}{' each' * (found.epochs > 1)}"


def _told(found: Estimate) -> Iterator[str]:
    """Yields the items as a table, what they add up to, and where the prices are from."""
    numbers: dict[str, int] = {}
    rows = [(*row, f"[{numbers.setdefault(source, len(numbers) + 1)}]") for *row, source in found.rows()]
    yield from terminal.table(found.HEADINGS, rows)
    yield ""
    yield f"once: {found.once}"
    yield f"every month: {found.monthly}"
    yield ""
    yield from (styled(f"[{number}] {source}") for source, number in numbers.items())
