"""Looks at tuning jobs for all waits of a run together: one call a round, however many there are."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable
from itertools import islice
from typing import Any, Final

from tunestack.connection import Connection
from tunestack.provider.lifecycle import InterruptedWaitError
from tunestack.provider.run import Pace, Run
from tunestack.resource_names import without_project
from tunestack.retries import is_transient, repeatable
from tunestack.tuning import jobs
from tunestack.tuning.ownership import STACK

PAGE: Final = 100
"""Jobs in one answer of a list."""

SLOW_SECONDS: Final = 2.0
"""How long a round waits for jobs that are got by themselves, before the others' next round may begin without them."""


class JobWatch:
    """Answers waits in rounds. A round with several of them is one list call, which shows each job's end at once.

    A job that the list lacks, and that of a wait which is alone, is got by itself: what is not in a list, which may lag
    behind, may well exist. Rounds begin quickly after each other, and get slower up to the connection's limit; a wait
    that begins is answered at once, and all others with it.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._pace = Pace(run.connection.poll_seconds)
        self._asked: dict[str, asyncio.Future[jobs.Job]] = {}
        self._hurry = asyncio.Event()
        self._rounds: asyncio.Task[None] | None = None
        self._gets: set[asyncio.Task[None]] = set()
        self._stacks: dict[str, str] = {}
        self._may_list = True

    async def look(self, name: str, told: str, within: float = 0.0) -> jobs.Job:
        """Returns a job as the next round finds it.

        Args:
            name: the job's resource name.
            told: what to say when the user stops the run.
            within: seconds after which the round begins at the latest; at once when left out, as a wait's first does.

        Raises:
            JobNotFoundError: the service has no such job.
            InterruptedWaitError: the user stopped the run.
        """
        answer = self._ask(name)
        if not within:
            self._pace = Pace(self._run.connection.poll_seconds)
        if not within or not await self._came(answer, within):
            self._hurry.set()
            await self._came(answer)
        if not answer.done():
            raise InterruptedWaitError(told)
        return answer.result()

    def _ask(self, name: str) -> asyncio.Future[jobs.Job]:
        if name not in self._asked:
            self._asked[name] = asyncio.get_running_loop().create_future()
        if self._rounds is None or self._rounds.done():
            self._rounds = asyncio.create_task(self._answer())
        return self._asked[name]

    async def _answer(self) -> None:
        """Goes from round to round as long as somebody asks; no wait owns it, since any may end before the others."""
        while self._asked:
            await self._due()
            if self._run.interrupted.is_set():
                self._asked.clear()  # their waits have heard of it themselves
                return
            self._hurry.clear()
            asked, self._asked = self._asked, {}
            for name, job in (await self._listed(list(asked)) if len(asked) > 1 else {}).items():
                self._tell(asked.pop(name), name, job)
            gets = {asyncio.create_task(self._get(name, answer)) for name, answer in asked.items()}
            self._gets |= gets
            if gets:
                await asyncio.wait(gets, timeout=SLOW_SECONDS)
                self._gets = {task for task in self._gets if not task.done()}

    async def _due(self) -> None:
        """Waits until the next round shall begin."""
        hurry = asyncio.ensure_future(self._hurry.wait())
        try:
            if not self._hurry.is_set():
                await self._came(hurry, self._pace.seconds())
        finally:
            hurry.cancel()

    async def _get(self, name: str, answer: asyncio.Future[jobs.Job]) -> None:
        try:
            self._tell(answer, name, await self._run.call(jobs.get, self._run.connection, name))
        except Exception as error:
            answer.set_exception(error)
            answer.exception()  # seen: its wait may have ended

    def _tell(self, answer: asyncio.Future[jobs.Job], name: str, job: jobs.Job) -> None:
        self._stacks[name] = job.labels.get(STACK, "")
        answer.set_result(job)

    async def _listed(self, names: list[str]) -> dict[str, jobs.Job]:
        if not self._may_list:
            return {}
        stacks = {self._stacks.get(name, "") for name in names}
        try:
            return await self._run.call(_listed, self._run.connection, names, stacks.pop() if len(stacks) == 1 else "")
        except Exception as error:
            # Who may get a job need not be allowed to list them, and one job that cannot be read spoils a list.
            self._may_list = is_transient(error)
            return {}

    async def _came(self, answer: asyncio.Future[Any], seconds: float = math.inf) -> bool:
        """Waits for an answer or an interrupt; returns False when neither came in time."""
        interrupted = asyncio.ensure_future(self._run.interrupted.wait())
        timeout = None if seconds == math.inf else seconds
        try:
            done, _ = await asyncio.wait((answer, interrupted), timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            interrupted.cancel()
        return bool(done)


@repeatable
def _listed(connection: Connection, names: Iterable[str], stack: str) -> dict[str, jobs.Job]:
    """Returns those jobs that a list has; it reads no more pages than it would take calls to get each job."""
    wanted = {without_project(name): name for name in names}
    found: dict[str, jobs.Job] = {}
    listed = jobs.list_jobs(connection, {STACK: stack} if stack else None)
    for job in islice(listed, PAGE * len(wanted)):
        if name := wanted.get(without_project(job.name)):
            found[name] = job
            if len(found) == len(wanted):
                break
    return found
