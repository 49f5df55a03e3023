"""What training files hold, wherever they lie, and what is wrong with them in the words of a failed preview."""

from __future__ import annotations

from dataclasses import dataclass

from tunestack import data
from tunestack.data.report import KINDS
from tunestack.data.verdicts.kept import Checked
from tunestack.provider.dataset_files import DataFile
from tunestack.tuning.specification import content_hash

PROBLEMS_SHOWN = 10
"""Problems that a failed check lists; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a check found in the files: each with the verdict on it, the training file first."""

    files: tuple[DataFile, ...]
    verdicts: tuple[Checked, ...]

    @property
    def reports(self) -> tuple[data.Report, ...]:
        """The reports on the files."""
        return tuple(verdict.report for verdict in self.verdicts)

    @property
    def training(self) -> data.Report:
        """The report on the training file."""
        return self.reports[0]

    @property
    def hash(self) -> str:
        """SHA-256 over both files' hashes."""
        return content_hash(self.training.sha256, self.reports[1].sha256 if len(self.reports) == 2 else "")

    def outputs(self) -> dict[str, object]:
        """Returns what the files say of themselves."""
        return {
            "contentHash": self.hash,
            "format": self.training.format,
            "examples": self.training.examples,
            "validationExamples": self.reports[1].examples if len(self.reports) == 2 else 0,
            "characters": self.training.characters,
            "nonAscii": self.training.non_ascii,
            "turns": self.training.turns,
            "images": self.training.images.count,
            "textOnly": self.training.texts_only,
        }


def complaint(report: data.Report, excused: frozenset[str] = frozenset()) -> str:
    """Returns the first errors; where there are more, how many of each kind, and the command that shows them all.

    Args:
        report: the report.
        excused: kinds of errors that are none here.
    """
    shown = [problem for problem in report.errors if problem.kind not in excused][:PROBLEMS_SHOWN]
    counts = {
        kind: count for kind, count in report.problem_counts.items() if KINDS[kind] == "error" and kind not in excused
    }
    lines = [str(problem) for problem in shown]
    if sum(counts.values()) > len(shown):
        by_kind = ", ".join(f"{count:,} {kind}" for kind, count in sorted(counts.items(), key=lambda pair: -pair[1]))
        lines.append(f"{sum(counts.values()):,} in all: {by_kind}; tunestack data check {report.name} shows each")
    return "\n".join(lines)
