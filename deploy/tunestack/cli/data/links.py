"""Linked images, looked at from the shell."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tunestack.cli.data import places
from tunestack.data.images.linked import check_links

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tunestack.catalogue.data_rules import DataRules
    from tunestack.cli.data.check import LinkCheck
    from tunestack.data.images.agents import Agents
    from tunestack.data.report import Report


def link_check(training: str, project: str, location: str | None) -> LinkCheck:
    """Returns what looks at the images that a file links, for a job in a project and a place.

    Args:
        training: address of the training file; images in its own bucket need no access of their own.
        project: whose agents have to read them; empty: access is not looked at.
        location: the job's; None: that of the bucket.
    """
    bucket = training.removeprefix("gs://").partition("/")[0] if places.is_object(training) else None

    def look(report: Report, rules: Sequence[DataRules], limit: int | None) -> Report:
        if not report.links:
            return report
        return check_links(
            places.client(),
            report,
            agents=_agents(project) if project else None,
            location=location,
            data_bucket=bucket,
            rules=rules,
            problem_limit=limit,
        )

    return look


def _agents(project: str) -> Agents | None:
    from tunestack.connection import Connection
    from tunestack.data.images.agents import agents_of_project

    # The emulator of Cloud Storage that Google's library would ask knows the project, too, if it is Tunestack's.
    return agents_of_project(Connection(project, "global", os.environ.get("STORAGE_EMULATOR_HOST", "")))
