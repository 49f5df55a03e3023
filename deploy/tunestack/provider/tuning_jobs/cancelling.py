"""Stopping a tuning job, and waiting for its end."""

from __future__ import annotations

import math
import time

from tunestack.provider.lifecycle import ResourceError
from tunestack.provider.run import Pace, Progress, Run
from tunestack.tuning import jobs, states


async def cancel(run: Run, urn: str, job: jobs.Job, seconds: float) -> None:
    """Stops a job and waits for its end, for some seconds where the program says how many.

    Raises:
        ResourceError: the service does not stop it.
    """
    refusal = await run.call(jobs.cancel, run.connection, job.name)
    pace, progress = Pace(run.connection.poll_seconds), Progress(run, urn)
    deadline = time.monotonic() + seconds if seconds else math.inf
    while True:
        try:
            job = await run.call(jobs.get, run.connection, job.name)
        except jobs.JobNotFoundError:
            return
        if job.is_over:
            return
        state = f"job {job.number} is {states.phrase(job.state)}"
        if refusal and job.state != states.CANCELLING:
            raise ResourceError(f"{state}, and the service refuses to cancel it: {refusal}")
        if time.monotonic() > deadline:
            raise ResourceError(f"{state} {seconds:.0f} s after it was to be cancelled; run the command again")
        await progress.show(f"{state}, to be cancelled")
        await run.pause(pace.seconds(), f"interrupted; the service goes on cancelling job {job.number}")
