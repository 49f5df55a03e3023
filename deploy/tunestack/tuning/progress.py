"""How far a job is, in words: state, epoch and step, how long it has taken, and its end where that can be known."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from tunestack.tuning import states

if TYPE_CHECKING:
    from tunestack.tuning.jobs import Job

FEWEST_STEPS: Final = 4
"""Steps to see before a speed is told: a count of steps is off by one at the most, the speed then by a quarter."""

REMEMBERED: Final = 30
"""Changes of the step that the speed is taken from: a job that gets slower is told so."""

STALLED: Final = 3
"""A step that is late by so many times the longest pause between two changes says that the speed is no longer known."""


class Forecast:
    """What looks at one job tell of its end.

    The service tells no end, but the steps done and in all: the end of tuning follows from how fast they were seen to
    go. Nothing is told of the time in a queue, of preparations and of post-processing, which nobody can foresee.
    """

    def __init__(self) -> None:
        self._last: int | None = None
        self._changes: deque[tuple[datetime, int]] = deque(maxlen=REMEMBERED)

    def observe(self, job: Job, at: datetime) -> None:
        """Takes note of a look at the job at a moment, which has a time zone as the service's own moments do."""
        if job.state != states.RUNNING or job.detail not in ("", states.TUNING) or job.step is None:
            self._forget()
            return
        if self._last is not None and job.step < self._last:
            self._forget()
        # When the step of the first look was reached is not known: only a change that was seen has a moment.
        if self._last is not None and job.step > self._last:
            self._changes.append((at, job.step))
        self._last = job.step

    def tuning_ends(self, job: Job, at: datetime) -> datetime | None:
        """Returns when the last step will be done at the speed seen so far; None where that cannot be known.

        Post-processing follows: the job ends later than that.
        """
        if not job.steps or len(self._changes) < 2:
            return None
        (first, begun), (last, done) = self._changes[0], self._changes[-1]
        if done - begun < FEWEST_STEPS or done >= job.steps:
            return None
        moments = [moment for moment, _ in self._changes]
        longest = max(later - earlier for earlier, later in pairwise(moments))
        if at - last > STALLED * longest:
            return None
        ends = last + (last - first) / (done - begun) * (job.steps - done)
        return ends if ends > at else None

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
            parts.append("end unknown, since the service does not say how far post-processing is")
        return ", ".join(parts)

    def sentence(self, job: Job, at: datetime) -> str:
        """Returns all of it: `job 123 running, tuning, epoch 1 done, step 211 of 453, 12 min elapsed, about …`."""
        return ", ".join(filter(None, (standing(job), self.times(job, at))))

    def _forget(self) -> None:
        self._last = None
        self._changes.clear()


def standing(job: Job) -> str:
    """Returns where the job stands, without any times: `job 123 running, tuning, epoch 1 done, step 211 of 453`."""
    parts = [f"job {job.number} {states.phrase(job.state)}"]
    if job.detail and not job.is_over:
        parts.append(states.phrase(job.detail))
    if job.epoch is not None:
        parts.append(f"epoch {job.epoch} done")
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
