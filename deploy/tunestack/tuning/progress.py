"""How far a job is, in words: state, epoch and step, how long it has taken, and its end where that can be known."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from tunestack.tuning import states

if TYPE_CHECKING:
    from tunestack.tuning.job import Job

CERTAIN: Final = 4
"""A speed is told once it is off by one part in so many at the most; see `Forecast`."""

REMEMBERED: Final = 30
"""Changes that the speed is taken from: a job that gets slower is told so."""

STALLED: Final = 3
"""A change that is late by so many times the longest pause between two of them says that the speed is not known."""


@dataclass(frozen=True, slots=True)
class _Change:
    """A higher count than at the look before: when it was seen, by how much later than it came at most, the count."""

    at: datetime
    late: timedelta
    done: int


class Forecast:
    """What looks at one job tell of its end.

    The service tells no end, but how many epochs are done, and of some jobs how many steps ("set for Multi-Step RL",
    TuningJobMetadata of v1beta1): the end of tuning follows from how fast they were seen to go. Nothing is told of the
    time in a queue, of preparations and of post-processing, which nobody can foresee.

    A speed is taken between two changes that were seen. Their counts are off by one at most, and their moments by the
    time since the look before: either of the two bounds how far the speed may be off.
    """

    def __init__(self) -> None:
        self._looked: datetime | None = None
        self._count: tuple[int, int] | None = None
        self._changes: deque[_Change] = deque(maxlen=REMEMBERED)

    def observe(self, job: Job, at: datetime) -> None:
        """Takes note of a look at the job at a moment, which has a time zone as the service's own moments do."""
        count = _count(job)
        before, earlier = self._count, self._looked
        self._count, self._looked = count, at
        if count is None or before is None or earlier is None or count[1] != before[1] or count[0] < before[0]:
            # When the count of the first look was reached is not known: only a change that was seen has a moment.
            self._changes.clear()
        elif count[0] > before[0]:
            self._changes.append(_Change(at, at - earlier, count[0]))

    def tuning_ends(self, job: Job, at: datetime) -> datetime | None:
        """Returns when the last step will be done at the speed seen so far; None where that cannot be known.

        Post-processing follows: the job ends later than that.
        """
        if (count := _count(job)) is None or len(self._changes) < 2:
            return None
        first, last = self._changes[0], self._changes[-1]
        span, done = last.at - first.at, last.done - first.done
        if done < CERTAIN and span < CERTAIN * max(first.late, last.late):
            return None
        if at - last.at > STALLED * max(later.at - earlier.at for earlier, later in pairwise(self._changes)):
            return None
        ends = last.at + span / done * (count[1] - last.done)
        return ends if ends - at >= timedelta(seconds=1) else None

    def times(self, job: Job, at: datetime) -> str:
        """Returns how long the job has taken, and how long it will, as far as that can be known."""
        if job.is_over:
            return f"ran for {lasting(job.ended - job.started)}" if job.ended and job.started else ""
        parts = []
        if job.started:
            parts.append(f"{lasting(at - job.started)} elapsed")
        elif job.created:
            parts.append(f"submitted {lasting(at - job.created)} ago")
        if ends := self.tuning_ends(job, at):
            parts.append(f"about {lasting(ends - at)} of tuning left, then post-processing")
        elif job.detail == states.POST_PROCESSING:
            parts.append("how long post-processing takes is not known")
        return ", ".join(parts)

    def sentence(self, job: Job, at: datetime) -> str:
        """Returns all of it: `job 123 running, tuning, epoch 1 of 3 done, step 211 of 453, 12 min elapsed, …`."""
        return ", ".join(filter(None, (standing(job), self.times(job, at))))


def _count(job: Job) -> tuple[int, int] | None:
    """Returns what is done of what is to do, in steps where they are known, else in epochs; only while it is tuned."""
    if job.state == states.RUNNING and job.detail in ("", states.TUNING):
        for done, of in ((job.step, job.steps), (job.epoch, job.epochs)):
            if done is not None and of:
                return done, of
    return None


def standing(job: Job) -> str:
    """Returns where the job stands, without times: `job 123 running, tuning, epoch 1 of 3 done, step 211 of 453`."""
    parts = [f"job {job.number} {states.phrase(job.state)}"]
    if job.detail and not job.is_over:
        parts.append(states.phrase(job.detail))
    if job.epoch is not None:
        parts.append(f"epoch {job.epoch}{f' of {job.epochs}' if job.epochs else ''} done")
    if job.step is not None:
        parts.append(f"step {job.step:,}{f' of {job.steps:,}' if job.steps else ''}")
    return ", ".join(parts)


def lasting(duration: timedelta) -> str:
    """Returns a duration as people say it: `40 s`, `12 min`, `1 h 05 min`, `2 d 3 h`; clocks that differ give `0 s`."""
    seconds = max(0, round(duration.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours = minutes // 60
    if hours < 24:
        return f"{hours} h {minutes % 60:02} min"
    return f"{hours // 24} d {hours % 24} h"
