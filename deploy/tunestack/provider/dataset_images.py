"""The images that a dataset's examples link: looked up once a run, in threads, and only where there are any."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tunestack import data
from tunestack.data.links import Links
from tunestack.provider.dataset_content import Content
from tunestack.provider.dataset_files import rules_of
from tunestack.provider.lifecycle import Severity
from tunestack.provider.run import Run
from tunestack.retries import repeatable
from tunestack.service_errors import explain
from tunestack.wording import counted

EXCUSED = frozenset({"image-access"})
"""Errors that fail no preview: the same run may be what gives the agents access."""


class ImageChecks:
    """Looks linked images up."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._seen: dict[tuple[str, str, str], data.Report] = {}

    async def looked_up(self, urn: str, content: Content, known: Mapping[str, Any]) -> list[data.Report]:
        """Returns the reports with what is wrong with the images that they link."""
        return [
            await self._one(urn, report, file.pinned.bucket if file.pinned else known.get("bucket"), known)
            for file, report in zip(content.files, content.reports, strict=True)
        ]

    async def _one(self, urn: str, report: data.Report, bucket: str | None, known: Mapping[str, Any]) -> data.Report:
        if not report.links:
            return report
        key = (report.sha256, bucket or "", " ".join(known.get("baseModels") or ()))
        if key not in self._seen:
            self._seen[key] = await self._looked_up(urn, report, bucket, known)
        return self._seen[key]

    async def _looked_up(
        self, urn: str, report: data.Report, bucket: str | None, known: Mapping[str, Any]
    ) -> data.Report:
        from tunestack.data.images.agents import agents_of_project
        from tunestack.data.images.linked import check_links

        connection = self._run.connection
        try:
            # A first preview may come before the bucket that the same program makes, and fills.
            later, others = _split(report.links, bucket)
            if later and not await self._run.call(self._is_there, bucket):
                await self._run.tell(
                    urn,
                    f"gs://{bucket} is not there yet; {counted(len(later), 'image')} of {report.name} in it will be "
                    "looked up once it is",
                    severity=Severity.WARNING,
                )
                report = replace(report, links=others)
            agents = await self._run.call(agents_of_project, connection)
            return await self._run.call(
                check_links,
                connection.storage,
                report,
                agents=agents,
                location=connection.location,
                data_bucket=bucket,
                rules=rules_of(known),
            )
        except Exception as error:
            if (reason := explain(error)) is None:
                raise
            told = f"the images that {report.name} links were not looked up: {reason}"
            await self._run.tell(urn, told, severity=Severity.WARNING)
            return report

    def _is_there(self, bucket: str) -> bool:
        from google.api_core.exceptions import NotFound

        try:
            next(iter(self._run.connection.storage.list_blobs(bucket, max_results=1, retry=repeatable)), None)
        except NotFound:
            return False
        return True


def _split(links: Links, bucket: str | None) -> tuple[Links, Links]:
    """Parts the links into those that lead into a bucket, and the others."""
    inside, others = Links(), Links()
    for address, place in links.items():
        part = inside if address.startswith(f"gs://{bucket}/") else others
        part.add(address, place.line, place.offset, place.path, place.mime_type)
    return inside, others
