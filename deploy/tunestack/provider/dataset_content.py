"""What training files hold, wherever they lie."""

from __future__ import annotations

from dataclasses import dataclass

from tunestack import data
from tunestack.data.verdicts.kept import Checked
from tunestack.provider.dataset_files import FILES, GENERATIONS, DataFile
from tunestack.provider.properties import UNKNOWN
from tunestack.tuning.specification import content_hash


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


def unplaced() -> dict[str, str | None]:
    """Returns the outputs that say where files lie, for none.

    What is not there is an empty text, since a preview takes None for what it does not know yet. An address is None all
    the same, as jobs want it.
    """
    return {**dict.fromkeys(f"{role}Uri" for role in FILES), **dict.fromkeys(GENERATIONS.values(), "")}
