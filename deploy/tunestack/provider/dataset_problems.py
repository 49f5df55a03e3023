"""What is wrong with training files, in the words of a failed preview."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from tunestack import data
from tunestack.catalogue.data_rules import DataRules
from tunestack.data.report import KINDS
from tunestack.provider.dataset_content import Content

PROBLEMS_SHOWN = 10
"""Problems that a failed check lists; the rest is counted."""


def check_command(content: Content, rules: Sequence[DataRules] = ()) -> str:
    """Returns the command that shows everything that is wrong with the files, from the folder of Pulumi.yaml."""
    options = {"--validation": [file.place.name for file in content.files[1:]]}
    options["--model"] = [each.model for each in rules if each.model]
    options["--answers"] = ["optional"] if any(each.answers_optional for each in rules) else []
    words = [word for option, values in options.items() for value in values for word in (option, value)]
    images = ["--images"] if any(report.links for report in content.reports) else []
    return shlex.join(["tunestack", "data", "check", content.files[0].place.name, *words, *images, "--all"])


def complaint(report: data.Report, shows_each: str, excused: frozenset[str] = frozenset()) -> str:
    """Returns the first errors; where there are more, how many of each kind, and the command that shows them all.

    Args:
        report: the report.
        shows_each: the command.
        excused: kinds of errors that are none here.
    """
    shown = [problem for problem in report.errors if problem.kind not in excused][:PROBLEMS_SHOWN]
    counts = {
        kind: count for kind, count in report.problem_counts.items() if KINDS[kind] == "error" and kind not in excused
    }
    return "\n".join([*map(str, shown), *by_kind(counts, len(shown), shows_each)])


def by_kind(counts: Mapping[str, int], shown: int, shows_each: str) -> list[str]:
    """Returns a line that says how many problems there are of each kind, unless all of them are shown already."""
    total = sum(counts.values())
    each = ", ".join(f"{count:,} {kind}" for kind, count in sorted(counts.items(), key=lambda pair: -pair[1]))
    return [f"{total:,} in all: {each}; {shows_each} shows each"] if total > shown else []
