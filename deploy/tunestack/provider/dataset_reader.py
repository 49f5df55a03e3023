"""Finding and checking the files of datasets: each once a run, with its progress and its warnings."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from tunestack import data
from tunestack.data import UnreadableDataError
from tunestack.data.report import KINDS
from tunestack.data.verdicts.kept import Checked, checked, question_of
from tunestack.provider.dataset_content import Content
from tunestack.provider.dataset_files import FILES, DataFile, locate, rules_of
from tunestack.provider.dataset_images import EXCUSED, ImageChecks
from tunestack.provider.dataset_problems import PROBLEMS_SHOWN, by_kind
from tunestack.provider.lifecycle import CheckFailure, Severity
from tunestack.provider.run import Run
from tunestack.provider.transfer_progress import TransferProgress, shown_bytes


class UnusableError(Exception):
    """Files that cannot be used, with the input that names each."""

    def __init__(self, failures: Sequence[CheckFailure]) -> None:
        super().__init__("; ".join(failure.reason for failure in failures))
        self.failures = tuple(failures)


class DatasetReader:
    """What a run has found out about files."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._images = ImageChecks(run)
        self._checked: dict[tuple[str, ...], Content] = {}
        self._told: set[str] = set()

    def known(self, content_hash: str | None) -> Content | None:
        """Returns the content of this hash, where this run has seen it."""
        return next((content for content in self._checked.values() if content.hash == content_hash), None)

    async def located(self, known: Mapping[str, Any]) -> tuple[DataFile, ...]:
        """Finds the files.

        Raises:
            UnusableError: with each that cannot be found or looked at.
        """
        named = [(role, known[role]) for role in FILES if known.get(role)]

        async def one(role: str, name: str) -> DataFile | CheckFailure:
            try:
                return await self._run.call(locate, role, name, self._run.storage)
            except UnreadableDataError as error:
                return CheckFailure(role, str(error))

        found = await asyncio.gather(*(one(role, name) for role, name in named))
        if refused := [each for each in found if isinstance(each, CheckFailure)]:
            raise UnusableError(refused)
        return tuple(each for each in found if isinstance(each, DataFile))

    async def content(self, urn: str, files: tuple[DataFile, ...], known: Mapping[str, Any]) -> Content:
        """Returns what the files hold: as it was found before, in this run or an earlier one, or by reading them.

        Raises:
            UnusableError: one cannot be read.
        """
        rules = rules_of(known)
        key = (question_of(rules, None), *(f"{file.place.name} {file.place.content}" for file in files))
        if key not in self._checked:
            verdicts: list[Checked] = []
            for file in files:
                progress = TransferProgress(self._run, urn, f"checks {file.place.name}", file.place.size)
                against = verdicts[0] if verdicts else None
                try:
                    verdicts.append(
                        await self._run.call(checked, file.place, rules=rules, against=against, progress=progress)
                    )
                except UnreadableDataError as error:
                    raise UnusableError([CheckFailure(file.role, str(error))]) from error
                await self._tell_of_keeping(urn, file, verdicts[-1])
            self._checked[key] = Content(files, tuple(verdicts))
        return self._checked[key]

    async def with_images(self, urn: str, content: Content, known: Mapping[str, Any]) -> list[data.Report]:
        """Returns the reports with what is wrong with the images that they link."""
        return await self._images.looked_up(urn, content, known)

    async def warn(self, urn: str, file: DataFile, report: data.Report, shows_each: str) -> None:
        """Tells the first warnings, and how many of each kind where there are more; once, as Check may run twice."""
        if file.place.content in self._told:
            return
        self._told.add(file.place.content)
        if file.pinned and file.pinned.reading_costs:
            told = f"{file.pinned.uri} is in storage class {file.pinned.storage_class}: every byte that is read costs"
            await self._run.tell(urn, told, severity=Severity.WARNING)
        shown = [problem for problem in report.problems if _only_warns(problem.kind)][:PROBLEMS_SHOWN]
        counts = {kind: count for kind, count in report.problem_counts.items() if _only_warns(kind)}
        for told in (*map(str, shown), *by_kind(counts, len(shown), shows_each)):
            await self._run.tell(urn, told, severity=Severity.WARNING)

    async def _tell_of_keeping(self, urn: str, file: DataFile, verdict: Checked) -> None:
        if file.pinned is None or not verdict.not_kept:
            return
        await self._run.tell(
            urn,
            f"every preview reads all of {file.pinned.uri} ({shown_bytes(file.pinned.bytes)}), since what was found "
            f"cannot be kept in gs://{file.pinned.bucket}/{file.pinned.name}.tunestack/: {verdict.not_kept}",
            severity=Severity.WARNING,
        )


def _only_warns(kind: str) -> bool:
    return KINDS[kind] == "warning" or kind in EXCUSED
