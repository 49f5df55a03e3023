"""Which tuning jobs run: first come, first served, as many at once as the project's quota allows."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from emulator.vertex.tuning_jobs import ENDED
from emulator.vertex.tuning_plans import is_gemini
from emulator.vertex.tuning_run import TuningRun

if TYPE_CHECKING:
    from emulator.services import Services
    from emulator.vertex.checkpoints import Checkpoints
    from emulator.vertex.settings import VertexSettings
    from emulator.vertex.tuned_gemini import TunedGemini
    from emulator.vertex.tuning_jobs import Job, TuningJobs

# "Global concurrent managed OSS model fine-tuning jobs per project": one quota over all regions and models.
_QUOTA = "GlobalConcurrentManagedOssModelTuningJobs"
_LONGEST_STOP = 0.8  # seconds; `Services.on_stop` allows one
_LOOK_AGAIN = 0.5  # seconds, since a quota can be raised while jobs wait
_LOG = logging.getLogger(__name__)


class TuningSchedule:
    """Starts jobs when they may run, and those again that ran when the emulator ended."""

    def __init__(
        self,
        services: Services,
        settings: VertexSettings,
        jobs: TuningJobs,
        checkpoints: Checkpoints,
        tuned_gemini: TunedGemini,
    ) -> None:
        self._services = services
        self._settings = settings
        self._jobs = jobs
        self._checkpoints = checkpoints
        self._tuned_gemini = tuned_gemini
        self._threads: dict[str, threading.Thread] = {}
        self._stopping = threading.Event()
        self._wake = threading.Event()
        jobs.changed = self._wake.set
        services.on_start.append(lambda: threading.Thread(target=self._keep_going, daemon=True, name="tuning").start())
        services.on_stop.append(self._stop)

    def _keep_going(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                for project, jobs in self._jobs.waiting().items():
                    self._start(jobs, self._services.quotas.granted(project, _QUOTA))
            except Exception:
                _LOG.exception("tuning schedule")
            self._wake.wait(_LOOK_AGAIN)

    def _start(self, jobs: list[Job], slots: int) -> None:
        """Starts what may run of a project's jobs; a job holds its slot from then until its end.

        Jobs on Gemini models take none: the quota is that of open models.
        """
        free = slots - sum(job["state"] != "JOB_STATE_QUEUED" and not is_gemini(job) for job in jobs)
        for job in jobs:
            # A job that ended since it was listed has written its end before its thread went.
            if self._running(job["name"]) or self._jobs.find(job["name"])["state"] in ENDED:
                continue
            if job["state"] == "JOB_STATE_QUEUED":
                if not is_gemini(job):
                    if free <= 0:
                        continue
                    free -= 1
                self._jobs.update(job["name"], _leave_queue)
            thread = threading.Thread(target=self._run, args=(job["name"],), daemon=True, name=job["name"])
            self._threads[job["name"]] = thread
            thread.start()

    def _running(self, name: str) -> bool:
        thread = self._threads.get(name)
        return thread is not None and thread.is_alive()

    def _run(self, name: str) -> None:
        TuningRun(
            self._services, self._settings, self._jobs, self._checkpoints, self._tuned_gemini, name, self._stopping
        ).run()
        self._wake.set()

    def _stop(self) -> None:
        self._stopping.set()
        self._wake.set()
        deadline = time.monotonic() + _LONGEST_STOP
        for thread in self._threads.values():
            thread.join(max(0.0, deadline - time.monotonic()))


def _leave_queue(job: Job) -> None:
    if job["state"] == "JOB_STATE_QUEUED":
        job["state"] = "JOB_STATE_PENDING"
        del job["tuningJobState"]
