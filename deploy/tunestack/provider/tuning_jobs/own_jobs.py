"""Which jobs of the service are a resource's own: the one to take over, and those that stand in its way."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from types import ModuleType

from tunestack.provider.lifecycle import InterruptedWaitError, ResourceError
from tunestack.provider.run import Run
from tunestack.resource_names import without_project
from tunestack.tuning import artifacts, intent, jobs, states, tuned_models
from tunestack.tuning.ownership import Owner


class OwnJobs:
    """The jobs of one resource, as this run finds them."""

    def __init__(self, run: Run, owner: Owner) -> None:
        self._run = run
        self._owner = owner

    async def last_submitted(self, parent: str) -> tuple[intent.Announced | None, jobs.Job | None]:
        """Returns the resource's last intent, and the job that came of it, whether or not a run lived to see it."""
        connection = self._run.connection
        try:
            last = await self._run.call(intent.find, connection, self._owner, parent)
            if last is None:
                return None, None
            if name := last.intent.job:
                # One region's address does not tell of another's jobs.
                is_here = f"/locations/{connection.location}/" in name
                return last, await self._run.call(jobs.get, connection, name) if is_here else None
            told = "an earlier run was cut off while it submitted a job; looks whether that was started"
            await self._run.tell(self._owner.urn, told)
            return last, await self._run.call(intent.settled, connection, last.intent.claim)
        except intent.IntentError as error:
            raise ResourceError(f"{error}; nothing was started") from error
        except intent.UnsettledError as error:
            raise InterruptedWaitError("interrupted; the next pulumi up looks again") from error
        except jobs.JobNotFoundError:
            return last, None

    async def in_the_way(
        self, adopted: jobs.Job | None, last: jobs.Job | None, service: ModuleType = jobs
    ) -> list[jobs.Job]:
        """Returns the running jobs of this resource that are not the one it shall have.

        With a quota of one the new one could never start beside them. One is the job that this one replaces; others
        were submitted by runs that were cut off, and no state knows them.
        """
        found = await self._run.call(service.running, self._run.connection, self._owner)
        listed = {without_project(job.name): job for job in found}
        if last is not None:
            listed.setdefault(without_project(last.name), last)
        name = self._run.replaced_jobs.get(self._owner.urn)
        if name is not None and without_project(name) not in listed:
            with contextlib.suppress(jobs.JobNotFoundError):
                listed[without_project(name)] = await self._run.call(service.get, self._run.connection, name)
        keep = {*map(without_project, self._run.touched), without_project(adopted.name) if adopted else ""}
        stopping = states.ENDED | states.STOPPING
        return [job for where, job in listed.items() if job.state not in stopping and where not in keep]

    async def adoptable(self, found: Sequence[jobs.Job], spec_hash: str, parent: str) -> jobs.Job | None:
        """Returns a job of this spec that is under way, or that has ended well and whose result is there.

        Raises:
            ResourceError: there is none of this resource, but one of another resource of the stack.
        """
        fitting = [job for job in found if job.is_below(parent, spec_hash) or not job.keeps_folder]
        for job in sorted(fitting, key=lambda job: not self._owner.owns(job.labels)):
            if job.state in states.FRUITFUL:
                if not await self._has_result(job):
                    continue
            elif job.is_over or job.state in states.STOPPING:
                continue
            if not self._owner.owns(job.labels):
                raise ResourceError(_foreign(job, self._owner))
            return job
        return None

    async def _has_result(self, job: jobs.Job) -> bool:
        """Says whether what a job made is still there: its final checkpoint, or the model that the service keeps."""
        if not job.keeps_folder:
            return bool(job.model) and await self._run.call(tuned_models.exists, self._run.connection, job.model)
        there = await self._run.call(artifacts.checkpoints, self._run.connection, job.output_uri)
        return artifacts.has_final(there)


def _foreign(job: jobs.Job, owner: Owner) -> str:
    # A Gemini job has no folder that its resource's name stands in.
    other, alias = (
        (f"the resource {job.owner_name!r}", job.owner_name) if job.keeps_folder else ("another resource", "…")
    )
    return (
        f"job {job.number} ({states.phrase(job.state)}) learns or has learned the same from the same data, for {other} "
        f"of this stack. If {owner.name!r} is that resource under a new name, add "
        f'opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name="{alias}")]) to it; if it shall be tuned a '
        "second time, set attempt to 2"
    )
