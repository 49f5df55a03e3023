"""What training files hold, wherever they lie: on this machine, or in a bucket from which an import reads them."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tunestack import data
from tunestack.provider.lifecycle import ResourceError
from tunestack.retries import CALL_SECONDS, repeatable
from tunestack.tuning.artifacts import split
from tunestack.tuning.specification import content_hash

if TYPE_CHECKING:
    from google.cloud.storage import Client

PROBLEMS_SHOWN = 10
"""Problems that a failed check lists; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a check found in the files: its reports, and one hash over both."""

    training: data.Report
    validation: data.Report | None

    @property
    def hash(self) -> str:
        """SHA-256 over both files' hashes."""
        return content_hash(self.training.sha256, self.validation.sha256 if self.validation else "")

    @property
    def reports(self) -> tuple[data.Report, ...]:
        """The reports there are."""
        return tuple(report for report in (self.training, self.validation) if report is not None)

    def addresses(self, bucket: str, prefix: str) -> dict[str, str]:
        """Returns where the files go; the names derive from their content."""
        uris = [data.object_uri(report, bucket, prefix) for report in self.reports]
        return dict(zip(("trainingUri", "validationUri"), uris, strict=False))

    def outputs(self) -> dict[str, object]:
        """Returns what the files say of themselves."""
        return {
            "contentHash": self.hash,
            "format": self.training.format,
            "examples": self.training.examples,
            "validationExamples": self.validation.examples if self.validation else 0,
            "characters": self.training.characters,
        }


def complaint(report: data.Report, path: str) -> str:
    """Returns the first errors, with the file as the program names it."""
    shown = [str(problem) for problem in report.errors[:PROBLEMS_SHOWN]]
    rest = report.error_count - len(shown)
    if rest > 0:
        shown.append(f"and {rest} more")
    return as_named("\n".join(shown), report, path)


def as_named(text: str, report: data.Report, path: str) -> str:
    """Returns a text with the file as the program names it."""
    return text.replace(str(report.path), path)


def addresses(resource_id: str) -> list[str]:
    """Returns the addresses that the id of an import names: of the training file, and of the validation file if any.

    Raises:
        ResourceError: they are none.
    """
    uris = re.split(r",\s*(?=gs://)", resource_id)
    try:
        named = [all(split(uri)) for uri in uris]
    except ValueError:
        named = []
    if not named or len(named) > 2 or not all(named):
        raise ResourceError(
            f"{resource_id!r} names no dataset; write the address of the training file, gs://bucket/train.jsonl, or "
            "both addresses with a comma between them: gs://bucket/train.jsonl,gs://bucket/validation.jsonl"
        )
    return uris


def fetched(client: Client, uris: Sequence[str]) -> Content:
    """Reads and checks files that lie in a bucket.

    Raises:
        ResourceError: one is not there, or could not be trained on.
    """
    from google.api_core.exceptions import NotFound

    with tempfile.TemporaryDirectory(prefix="tunestack-import-") as folder:
        files = []
        for number, uri in enumerate(uris):
            bucket, name = split(uri)
            file = Path(folder, str(number), name.rpartition("/")[2])
            file.parent.mkdir()
            try:
                blob = client.bucket(bucket).blob(name)
                blob.download_to_filename(str(file), timeout=CALL_SECONDS, retry=repeatable)
            except NotFound:
                raise ResourceError(f"there is no object {uri} to import") from None
            files.append(file)
        content = Content(*data.check_pair(files[0], files[1] if len(files) == 2 else None))
    for report, uri in zip(content.reports, uris, strict=True):
        if not report.ok:
            raise ResourceError(f"{uri} cannot be imported:\n{complaint(report, uri)}")
    return content


def declared_at(training_uri: str) -> dict[str, str]:
    """Returns bucket and prefix of the resource that would have put its training file there.

    A file that was put there otherwise has no prefix of ours.
    """
    bucket, name = split(training_uri)
    found = re.fullmatch(r"(?:(.*)/)?[0-9a-f]{16}/[^/]+", name)
    return {"bucket": bucket, **({"prefix": found[1] or ""} if found else {})}
