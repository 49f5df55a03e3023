"""One tuning job from its slot to its end: data set, training, checkpoints, outcome."""

from __future__ import annotations

import logging
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator.clock import timestamp
from emulator.errors import ServiceError
from emulator.language_model import TEACHER_FOLDER, Generator, TrainingCancelled
from emulator.vertex import tuning_data, tuning_plans
from emulator.vertex.calls import Place
from emulator.vertex.refusals import status
from emulator.vertex.tuning_jobs import experiment_name
from emulator.vertex.tuning_training import Training

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from emulator.language_model import Progress
    from emulator.services import Services
    from emulator.vertex.checkpoints import Checkpoints
    from emulator.vertex.settings import VertexSettings
    from emulator.vertex.tuned_gemini import TunedGemini
    from emulator.vertex.tuning_jobs import Job, TuningJobs
    from emulator.vertex.tuning_plans import Plan

_LOG = logging.getLogger(__name__)
_PROGRESS_INTERVAL = 0.25  # seconds between writes of a job's progress

_LONGEST_ANSWER = 128  # tokens of a teacher's answer
# Codes of google.rpc.Code. The service's own texts for these ends are on no page; the wording is the emulator's.
_ERRORS = {
    "FAILED": {"code": 13, "message": "Internal error encountered."},
    "EXPIRED": {"code": 4, "message": "The job ran for longer than it may."},
    "PARTIALLY_SUCCEEDED": {"code": 2, "message": "Some of the requested artifacts could not be produced."},
}


class _Cancelled(Exception):  # noqa: N818 - an outcome
    """The user asked for the end of the job."""


class _Stopping(Exception):  # noqa: N818 - an outcome
    """The emulator ends; the job goes on when it is back."""


class TuningRun:
    """Runs one job. A run that was interrupted by the end of the process starts again from the data set."""

    def __init__(
        self,
        services: Services,
        settings: VertexSettings,
        jobs: TuningJobs,
        checkpoints: Checkpoints,
        tuned_gemini: TunedGemini,
        name: str,
        stopping: threading.Event,
    ) -> None:
        self._services = services
        self._settings = settings
        self._jobs = jobs
        self._checkpoints = checkpoints
        self._tuned_gemini = tuned_gemini
        self._name = name
        self._stopping = stopping
        self._reported = 0.0

    def run(self) -> None:
        """Takes the job to its end, or returns when the emulator stops."""
        try:
            outcome = self._work()
        except (_Cancelled, TrainingCancelled):
            if self._stopping.wait(self._settings.tuning_cancel):
                return
            # "Only populated when job's state is JOB_STATE_FAILED or JOB_STATE_CANCELLED": tuning_job.proto, `error`.
            outcome = {"state": "JOB_STATE_CANCELLED", "error": {"code": 1, "message": "The tuning job was cancelled."}}
        except _Stopping:
            return
        except ServiceError as error:
            outcome = {"state": "JOB_STATE_FAILED", "error": status(error)}
        except Exception:
            if self._stopping.is_set():
                return
            _LOG.exception("tuning job %s", self._name)
            outcome = {"state": "JOB_STATE_FAILED", "error": {"code": 13, "message": "Internal error encountered."}}
        self._jobs.update(self._name, lambda job: _end(job, outcome))

    def _work(self) -> dict[str, Any]:
        self._pause(self._settings.tuning_pending)
        job = self._jobs.find(self._name)
        plan = tuning_plans.plan(job)
        started = job.get("startTime") or timestamp()
        self._enter("PROCESSING_DATASET", startTime=started, experiment=experiment_name(job))
        self._pause(self._settings.tuning_dataset)
        place = Place.of(self._name, self._services.projects)
        training, validation = tuning_data.read(self._services, place.project, job.get("serviceAccount"), plan)
        stats = partial(tuning_data.stats, plan, training)
        if plan.teacher:
            teacher = Generator.load(TEACHER_FOLDER)
            training, validation = tuning_data.label(self._services, plan, partial(self._ask, teacher))
        self._enter("WAITING_FOR_CAPACITY", tuningDataStats=stats())
        self._pause(self._settings.tuning_capacity)
        self._enter("TUNING")
        with tempfile.TemporaryDirectory() as kept:
            work = Training(self._services, self._checkpoints, self._tuned_gemini, place, plan, Path(kept))
            result = work.run(training, validation, partial(self._report, plan, stats), self._interrupted)
            losses, metrics = work.write_metrics(result)
            self._jobs.note_losses(self._name, losses)
            shown = {"gcsMetricsUri": metrics} if metrics else {}
            self._enter("POST_PROCESSING", tuningDataStats=stats(result.steps, result), **shown)
            self._pause(self._settings.tuning_post_processing)
            outcome = self._settings.tuning_outcome or "SUCCEEDED"
            ended: dict[str, Any] = {"state": f"JOB_STATE_{outcome}"}
            if outcome in _ERRORS:
                ended["error"] = _ERRORS[outcome]
            if outcome in {"SUCCEEDED", "PARTIALLY_SUCCEEDED"}:
                ended["tunedModel"] = work.finish(job)
        return ended

    def _ask(self, teacher: Generator, prompt: str) -> str:
        if self._interrupted():
            raise _Stopping if self._stopping.is_set() else _Cancelled
        return teacher.generate(prompt, max_tokens=_LONGEST_ANSWER).text

    def _report(self, plan: Plan, stats: Callable[[int], dict[str, Any]], progress: Progress) -> None:
        if time.monotonic() - self._reported < _PROGRESS_INTERVAL and progress.step < progress.total_steps:
            return
        self._reported = time.monotonic()
        epochs = progress.step * plan.epochs // progress.total_steps  # each has the same number of steps
        done = {"completedEpochCount": str(epochs), "completedStepCount": str(progress.step)}
        # When the service first tells the number of steps is not documented.
        shown = {"tuningJobMetadata": done, "tuningDataStats": stats(progress.total_steps)}
        self._jobs.update(self._name, lambda job: job.update(shown))

    def _enter(self, detail: str, **fields: Any) -> None:
        def change(job: Job) -> None:
            if job["state"] == "JOB_STATE_CANCELLING":
                raise _Cancelled
            job.update(fields, state="JOB_STATE_RUNNING", tuningJobState=f"TUNING_JOB_STATE_{detail}")

        self._jobs.update(self._name, change)

    def _pause(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while True:
            if self._interrupted():
                raise _Stopping if self._stopping.is_set() else _Cancelled
            if (left := end - time.monotonic()) <= 0:
                return
            self._stopping.wait(min(left, 0.05))

    def _interrupted(self) -> bool:
        return self._stopping.is_set() or self._jobs.find(self._name)["state"] == "JOB_STATE_CANCELLING"


def _end(job: Job, outcome: dict[str, Any]) -> None:
    job.pop("tuningJobState", None)  # "while the overall JobState is running": google-genai, TuningJob.tuning_job_state
    job.update(outcome, endTime=timestamp())
