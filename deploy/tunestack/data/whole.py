"""What is wrong with a file as a whole, and with a validation file beside its training file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tunestack.data.demands import name_of
from tunestack.data.formats import FORMAT_NAMES
from tunestack.data.links import MAX_LINKS
from tunestack.data.report import Problem
from tunestack.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tunestack.catalogue.data_rules import DataRules
    from tunestack.data.demands import Demands
    from tunestack.data.report import Format, Report


@dataclass(frozen=True, slots=True)
class _Finding:
    kind: str
    reason: str
    expected: str
    remedy: str


def judged(
    report: Report,
    demands: Demands,
    *,
    first_lines: Mapping[Format, int] | None = None,
    against: Report | None = None,
) -> Report:
    """Adds what is wrong with the file as a whole.

    Args:
        report: of all its lines.
        demands: what the models demand.
        first_lines: where each format stands first.
        against: the training file's report; the report's file is the validation file then.
    """
    found = [*_formats(report, demands, first_lines or {}), *_sizes(report, demands, training=against is None)]
    if against is not None:
        found += _validation(report, demands, against)
    found = list(dict.fromkeys(found))  # two models can demand the same
    problems = [Problem(report.name, 0, 0, "$", each.kind, each.reason, each.expected, each.remedy) for each in found]
    counts = Counter(report.problem_counts)
    counts.update(each.kind for each in found)
    return replace(report, problems=(*problems, *report.problems), problem_counts=dict(counts))


def _formats(report: Report, demands: Demands, first_lines: Mapping[Format, int]) -> Iterator[_Finding]:
    if len(first_lines) > 1:
        lines = sorted((line, name) for name, line in first_lines.items())
        reason = "; ".join(f"{FORMAT_NAMES[name]} from line {line:,}" for line, name in lines)
        yield _Finding("several-formats", reason, "one format a file", "split the file, or convert one part")
    for rules in demands.rules:
        if report.format and report.format not in rules.formats:
            expected = " or ".join(FORMAT_NAMES[name] for name in FORMAT_NAMES if name in rules.formats)
            yield _Finding(
                "format-not-allowed",
                f"{FORMAT_NAMES[report.format]}, which {name_of(rules)} does not take",
                expected,
                "tunestack data convert makes such a file of it",
            )


def _sizes(report: Report, demands: Demands, *, training: bool) -> Iterator[_Finding]:
    if not report.examples:
        yield _Finding("no-examples", "no examples", "one example a line", "write the examples")
    elif training and report.examples < (least := max(each.recommended_examples for each in demands.rules)):
        yield _Finding(
            "few-examples", counted(report.examples, "example"), f"{least} or more, as is recommended", "add examples"
        )
    if report.links.left_out:
        yield _Finding(
            "links-not-kept",
            f"images under more than {MAX_LINKS:,} addresses: the later ones were counted, and will not be looked up",
            f"at most {MAX_LINKS:,} of them a file",
            "check parts of the file to have all looked up",
        )
    for rules in demands.rules:
        if rules.max_bytes is not None and report.bytes > rules.max_bytes:
            reason = counted(report.bytes, "byte")
            expected = f"at most {rules.max_bytes:,}, which {name_of(rules)} takes"
            yield _Finding("file-too-large", reason, expected, "use fewer or shorter examples")
        images = report.examples - report.texts_only
        limit = rules.max_multimodal_examples if images else rules.max_text_examples
        if limit is not None and report.examples > limit:
            sort = "with images or other files" if images else "of text"
            expected = f"at most {limit:,} {sort}, which {name_of(rules)} takes"
            yield _Finding("too-many-examples", counted(report.examples, "example"), expected, "use fewer")
        if rules.drops_text_beside_images and images and report.texts_only:
            yield _Finding(
                "text-dropped",
                f"{report.texts_only:,} of {report.examples:,} examples have no image: {name_of(rules)} drops all"
                " of them, since the file has others with images",
                "images in all examples, or in none",
                "move the text-only examples to a file of their own",
            )


def _validation(report: Report, demands: Demands, training: Report) -> Iterator[_Finding]:
    for rules in demands.rules:
        percent = rules.validation_percent_of_bytes
        if percent is not None and report.bytes * 100 > training.bytes * percent:
            yield _Finding(
                "validation-too-large",
                f"{counted(report.bytes, 'byte')} to validate {counted(training.bytes, 'byte')} of {training.name}",
                f"at most {percent} % of the training file's bytes",
                "move examples to the training file",
            )
        if (most := _most_to_validate(rules, report, training)) is not None and report.examples > most[0]:
            reason = f"{counted(report.examples, 'example')} to validate"
            yield _Finding("validation-too-many", reason, most[1], "move some to the training file")


def _most_to_validate(rules: DataRules, report: Report, training: Report) -> tuple[int, str] | None:
    """Returns how many examples the validation file may have, and that as a sentence."""
    limits = []
    if (most := rules.validation_examples) is not None:
        limits.append((most, f"at most {most:,}, which {name_of(rules)} takes"))
    percent, beyond = rules.validation_percent_of_examples, rules.validation_percent_beyond or 0
    if percent is not None and report.examples > beyond:
        most = max(training.examples * percent // 100, beyond)
        limits.append((most, f"at most {most:,}: {percent} % of the training file's, or {beyond:,}"))
    return min(limits, default=None)
