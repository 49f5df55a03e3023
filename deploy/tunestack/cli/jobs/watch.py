"""`tunestack jobs watch`: how far jobs are, until they have ended."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tunestack.cli import terminal
from tunestack.cli.jobs.described import to_json
from tunestack.cli.jobs.selection import resource
from tunestack.cli.place import Place
from tunestack.retries import is_transient, repeatable
from tunestack.service_errors import explain
from tunestack.tuning import jobs, states
from tunestack.tuning.job import Job
from tunestack.tuning.ownership import STACK
from tunestack.tuning.progress import Forecast

if TYPE_CHECKING:
    from rich.live import Live
    from rich.text import Text

OUTAGE_SECONDS = 3600.0
"""How long a watch waits for a service that is out of reach: jobs take hours, and go on without being seen."""

STEP_SECONDS = 60.0
"""Between two lines of a job that only a step sets apart: a log of a day has 1,440 of them then, and not thousands."""


def show(place: Place, found: list[Job], *, interval: float | None, as_json: bool) -> bool:
    """Shows how far jobs are until they have ended; returns whether every one has made a model."""
    if not found:
        if not as_json:
            terminal.print_lines(["no job is active"])
        return True
    pause = place.connection.poll_seconds if interval is None else interval
    watched = Watched(place, found)
    on_terminal = sys.stdout.isatty() and os.environ.get("TERM") != "dumb" and not as_json
    with _live() if on_terminal else nullcontext() as live:
        tell: Callable[[], None] = (lambda: live.update(_lines(watched), refresh=True)) if live else watched.print_news
        if as_json:
            tell = watched.print_json_news
        tell()
        while watched.active:
            time.sleep(pause)
            watched.look()
            tell()
    return all(job.state in states.FRUITFUL for job in watched.jobs)


class Watched:
    """Jobs, and what was seen of them.

    Args:
        place: where they are.
        found: as they were when they were found.
    """

    def __init__(self, place: Place, found: list[Job]) -> None:
        self._place = place
        self._jobs = {job.number: job for job in found}
        self._forecasts = {number: Forecast() for number in self._jobs}
        self._told: dict[str, tuple[tuple[str, str, int | None], int | None, float]] = {}
        names = {number: resource(place, job) or job.display_name for number, job in self._jobs.items()}
        self._width = max(map(len, names.values()))
        self._names = names
        self._seen = time.monotonic()
        self._trouble = self._told_trouble = ""
        self._observe()

    @property
    def jobs(self) -> Iterable[Job]:
        """The jobs as they were last seen."""
        return self._jobs.values()

    @property
    def active(self) -> list[Job]:
        """Those that have not ended."""
        return [job for job in self.jobs if not job.is_over]

    def look(self) -> None:
        """Looks at the active ones again: at one by itself, at several in one list.

        A service that is out of reach is no reason to end, for an hour: calls were repeated for minutes already.
        """
        active = self.active
        try:
            seen = {} if len(active) == 1 else _listed(self._place, active)
            for job in active:
                self._jobs[job.number] = seen.get(job.number) or self._got(job)
        except Exception as error:
            if not is_transient(error) or time.monotonic() - self._seen > OUTAGE_SECONDS:
                raise
            self._trouble = f"still watching: {explain(error)}"
            return
        self._seen, self._trouble = time.monotonic(), ""
        self._observe()

    def lines(self) -> list[str]:
        """Returns a line for each job, and one more where they cannot be looked at."""
        return [*(self._line(job) for job in self.jobs), *([self._trouble] if self._trouble else [])]

    def print_news(self) -> None:
        """Prints a line for each job of which there is something to tell since the last time."""
        terminal.print_lines([self._line(job) for job in self._news()])

    def print_json_news(self) -> None:
        """Prints the same for machines, an object a line."""
        terminal.print_lines([json.dumps(to_json(self._place, job)) for job in self._news()])

    def _news(self) -> list[Job]:
        if self._trouble not in ("", self._told_trouble):
            terminal.print_lines([f"note: {self._trouble}"], sys.stderr)
        self._told_trouble = self._trouble
        news, now = [], time.monotonic()
        for job in self.jobs:
            phase = (job.state, job.detail, job.epoch)
            before, step, when = self._told.get(job.number, (None, None, now))
            if before != phase or (step != job.step and now - when >= STEP_SECONDS):
                self._told[job.number] = phase, job.step, now
                news.append(job)
        return news

    def _line(self, job: Job) -> str:
        sentence = self._forecasts[job.number].sentence(job, datetime.now(UTC))
        error = f": {job.error}" if job.error and job.is_over else ""
        colour = {states.SUCCEEDED: "green", states.FAILED: "red"}.get(job.state)
        name = self._names[job.number].ljust(self._width)
        return f"{name}  {terminal.styled(sentence + error, colour)}" if self._width else sentence + error

    def _got(self, job: Job) -> Job:
        try:
            return jobs.get(self._place.connection, job.name)
        except jobs.JobNotFoundError:
            return replace(job, state=states.EXPIRED, error="the service has no such job any more")

    def _observe(self) -> None:
        for job in self.active:
            self._forecasts[job.number].observe(job, datetime.now(UTC))


@repeatable
def _listed(place: Place, wanted: list[Job]) -> dict[str, Job]:
    """Returns those of the jobs that a list has; asks no further than the last of them."""
    stacks = {job.labels.get(STACK) for job in wanted}
    label = stacks.pop() if len(stacks) == 1 else None
    missing, seen = {job.number for job in wanted}, dict[str, Job]()
    for job in jobs.list_jobs(place.connection, {STACK: label} if label else None):
        if job.number in missing:
            missing.discard(job.number)
            seen[job.number] = job
            if not missing:
                break
    return seen


def _live() -> AbstractContextManager[Live]:
    from rich.console import Console
    from rich.live import Live

    return Live(console=Console(highlight=False), auto_refresh=False)


def _lines(watched: Watched) -> Text:
    from rich.text import Text

    return Text.from_ansi("\n".join(watched.lines()))
