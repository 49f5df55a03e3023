"""One tuning job from its slot to its end: data set, training, checkpoints, outcome."""

from __future__ import annotations

import logging
import shutil
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator.clock import timestamp
from emulator.errors import ServiceError
from emulator.language_model import (
    Hyperparameters,
    LanguageModelError,
    Progress,
    TrainingCancelled,
    TrainingResult,
    train,
)
from emulator.vertex import tuning_data, tuning_requests
from emulator.vertex.refusals import invalid_argument, status
from emulator.vertex.tuning_jobs import experiment_name

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from emulator.services import Services
    from emulator.vertex.checkpoints import Checkpoints
    from emulator.vertex.datasets import Dataset
    from emulator.vertex.settings import VertexSettings
    from emulator.vertex.tuning_jobs import Job, TuningJobs

_LOG = logging.getLogger(__name__)
_CHECKPOINTS = "postprocess/node-0/checkpoints"
_PROGRESS_INTERVAL = 0.25  # seconds between writes of a job's progress

_IN_PART = "PARTIALLY_SUCCEEDED"
# Codes of google.rpc.Code. The service's own texts for these ends are on no page; the wording is the emulator's.
_ERRORS = {
    "FAILED": {"code": 13, "message": "Internal error encountered."},
    "EXPIRED": {"code": 4, "message": "The job ran for longer than it may."},
    _IN_PART: {"code": 2, "message": "Some of the requested artifacts could not be produced."},
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
        name: str,
        stopping: threading.Event,
    ) -> None:
        self._services = services
        self._settings = settings
        self._jobs = jobs
        self._checkpoints = checkpoints
        self._name = name
        self._stopping = stopping
        self._reported = 0.0
        self._saved: list[dict[str, str]] = []

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
        plan = tuning_requests.plan(job)
        started = job.get("startTime") or timestamp()
        self._enter("PROCESSING_DATASET", startTime=started, experiment=experiment_name(job))
        self._pause(self._settings.tuning_dataset)
        project = self._services.projects.get(self._name.split("/")[1])
        training, validation = tuning_data.read(self._services, project, job.get("serviceAccount"), plan)
        self._enter("WAITING_FOR_CAPACITY", tuningDataStats=tuning_data.stats(training, None))
        self._pause(self._settings.tuning_capacity)
        self._enter("TUNING")
        with tempfile.TemporaryDirectory() as last:
            result = self._train(plan, training, validation, Path(last))
            self._enter("POST_PROCESSING", tuningDataStats=tuning_data.stats(training, result))
            self._pause(self._settings.tuning_post_processing)
            outcome = self._settings.tuning_outcome
            if outcome in _ERRORS and outcome != _IN_PART:
                return {"state": f"JOB_STATE_{outcome}", "error": _ERRORS[outcome]}
            self._write(plan, "final", Path(last))
        tuned = {"tunedModel": {"checkpoints": self._saved}}
        if outcome == _IN_PART:
            return {"state": f"JOB_STATE_{_IN_PART}", "error": _ERRORS[_IN_PART], **tuned}
        return {"state": "JOB_STATE_SUCCEEDED", **tuned}

    def _train(
        self,
        plan: tuning_requests.Plan,
        training: Dataset,
        validation: Dataset | None,
        last: Path,
    ) -> TrainingResult:
        def save(epoch: int, step: int, write: Callable[[Path], None]) -> None:
            shutil.rmtree(last)
            last.mkdir()
            write(last)
            self._write(plan, f"checkpoint-{step}", last)
            self._saved.append({"checkpointId": str(len(self._saved) + 1), "epoch": str(epoch), "step": str(step)})

        hyperparameters = Hyperparameters(
            plan.mode, plan.epochs, plan.adapter_size, plan.batch_size, plan.learning_rate_ratio
        )
        arguments = (training.examples, validation.examples if validation else (), hyperparameters)
        callbacks = {"save": save, "progress": partial(self._report, plan), "cancelled": self._interrupted}
        try:
            if plan.custom_base is None:
                return train(self._checkpoints.base_model(plan.model.name), *arguments, **callbacks)  # type: ignore[arg-type]
            self._checkpoints.check(plan.custom_base.uri)
            with self._checkpoints.local(plan.custom_base.uri) as folder:
                return train(folder, *arguments, **callbacks)  # type: ignore[arg-type]
        except LanguageModelError as error:
            raise invalid_argument(f"Training failed: {error}") from error

    def _write(self, plan: tuning_requests.Plan, folder: str, content: Path) -> None:
        for file in sorted(content.iterdir()):
            name = f"{plan.output.prefix}{_CHECKPOINTS}/{folder}/{file.name}"
            self._services.storage.write(plan.output.bucket, name, file)

    def _report(self, plan: tuning_requests.Plan, progress: Progress) -> None:
        if time.monotonic() - self._reported < _PROGRESS_INTERVAL and progress.step < progress.total_steps:
            return
        self._reported = time.monotonic()
        epochs = progress.step * plan.epochs // progress.total_steps  # each has the same number of steps
        done = {"completedEpochCount": str(epochs), "completedStepCount": str(progress.step)}
        self._jobs.update(self._name, lambda job: job.update(tuningJobMetadata=done))

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
