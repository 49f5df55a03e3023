"""Jobs by whatever name the service gives them: it may write a project by its number, and people write its id."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from tunestack.connection import Connection
from tunestack.provider.run import Run
from tunestack.provider.tuning_jobs.own_jobs import OwnJobs
from tunestack.tuning.job import Job
from tunestack.tuning.ownership import Owner

OWNER = Owner("urn:pulumi:dev::tickets::tunestack:index:TuningJob::tickets")


def job(project: str, number: int) -> Job:
    name = f"projects/{project}/locations/us-central1/tuningJobs/{number}"
    return Job(name, "JOB_STATE_RUNNING", labels=OWNER.labels("0" * 16))


async def test_a_job_is_not_in_its_own_way_by_its_other_name() -> None:
    listed = [job("123", 1), job("123", 2), job("123", 3)]
    service: Any = SimpleNamespace(running=lambda *_: listed, get=lambda _, name: job("shop", 9))
    engine: Any = None
    run = Run(Connection("shop", "us-central1"), engine)
    run.touched.add(job("shop", 2).name)
    run.replaced_jobs[OWNER.urn] = job("shop", 3).name
    found = await OwnJobs(run, OWNER).in_the_way(job("shop", 1), job("shop", 1), service)
    assert [each.name for each in found] == [listed[2].name], "once, and neither the adopted one nor this run's own"
