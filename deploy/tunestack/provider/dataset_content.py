"""What training files hold, wherever they lie, and what is wrong with them in the words of a failed preview."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tunestack import data
from tunestack.data.report import KINDS
from tunestack.data.verdicts.kept import Checked
from tunestack.provider.dataset_files import FILES, GENERATIONS, DataFile, rules_of
from tunestack.provider.properties import UNKNOWN
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

    def addresses(self) -> dict[str, str | None]:
        """Returns the outputs that say where the files lie, as far as they lie somewhere already."""
        lie = unplaced()
        for file in self.files:
            if file.pinned:
                lie |= {f"{file.role}Uri": file.pinned.uri, GENERATIONS[file.role]: file.generation}
        return lie

    def foreseen(self, bucket: str | None, prefix: str) -> dict[str, object]:
        """Returns the outputs that say where the files will lie; a preview may not know the bucket yet."""
        lie: dict[str, object] = {**self.addresses()}
        for file, report in zip(self.files, self.reports, strict=True):
            if not file.pinned:
                lie[f"{file.role}Uri"] = data.object_uri(report, bucket, prefix) if bucket else UNKNOWN
        return lie


def command(content: Content, base_models: Sequence[str] = ()) -> str:
    """Returns the command that shows everything that is wrong with the files, from the folder of Pulumi.yaml."""
    options = {"--validation": [file.place.name for file in content.files[1:]]}
    options["--model"] = [rules.model for rules in rules_of(base_models)]
    words = [word for option, values in options.items() for value in values for word in (option, value)]
    images = ["--images"] if any(report.links for report in content.reports) else []
    return shlex.join(["tunestack", "data", "check", content.files[0].place.name, *words, *images, "--all"])


def unplaced() -> dict[str, str | None]:
    """Returns the outputs that say where files lie, for none.

    What is not there is an empty text, since a preview takes None for what it does not know yet. An address is None all
    the same, as jobs want it.
    """
    return {**dict.fromkeys(f"{role}Uri" for role in FILES), **dict.fromkeys(GENERATIONS.values(), "")}


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
    return "\n".join([*map(str, shown), *others(counts, len(shown), shows_each)])


def others(counts: Mapping[str, int], shown: int, shows_each: str) -> list[str]:
    """Returns a line that says how many problems there are of each kind, unless all of them are shown already."""
    total = sum(counts.values())
    by_kind = ", ".join(f"{count:,} {kind}" for kind, count in sorted(counts.items(), key=lambda pair: -pair[1]))
    return [f"{total:,} in all: {by_kind}; {shows_each} shows each"] if total > shown else []
