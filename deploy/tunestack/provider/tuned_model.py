"""The life of a tuned model: a wait that can be interrupted, then the checkpoints in order."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime
from typing import Any

from tunestack.provider import tuning_outcome
from tunestack.provider.inputs import Inputs, failures, read, with_defaults
from tunestack.provider.job_watch import JobWatch
from tunestack.provider.lifecycle import (
    CheckRequest,
    CheckResult,
    CreateRequest,
    CreateResult,
    DeleteRequest,
    DiffRequest,
    DiffResult,
    InitFailedError,
    Lifecycle,
    Properties,
    PropertyChange,
    ReadRequest,
    ReadResult,
    ResourceError,
    Severity,
    UpdateRequest,
    UpdateResult,
)
from tunestack.provider.properties import UNKNOWN, changed, plain_map, wrap_map
from tunestack.provider.run import Progress, Run
from tunestack.provider.tuning_outcome import Outcome, billed, is_finished
from tunestack.tuning import artifacts, intent, jobs, states
from tunestack.tuning.ownership import SPEC
from tunestack.tuning.progress import Forecast, standing


class TunedModelInputs(Inputs, frozen=True, kw_only=True):
    """Which job to wait for."""

    job: str
    artifacts_uri: str
    spec_hash: str | None = None
    base_model: str | None = None
    mode: str | None = None
    estimated_tokens: int | None = None
    estimated_cost_usd: float | None = None
    expire_intermediate: bool = False
    wait: bool = True


SETTINGS = ("expireIntermediate", "wait")
"""Inputs that say what to do with the job's result; a change of them is an update."""

OUTPUTS = (
    "state",
    "checkpoints",
    "finalCheckpointUri",
    "tunedModel",
    "endpoint",
    "labelledDataUri",
    "billedTokens",
    "billedCostUsd",
    "billedToEstimated",
    "durationSeconds",
)


class TunedModelLifecycle(Lifecycle):
    """Waits, and reports."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._watch = JobWatch(run)

    async def check(self, request: CheckRequest) -> CheckResult:
        """Checks names and types; everything else was checked with the job."""
        return CheckResult(request.new, failures(TunedModelInputs, request.new))

    async def diff(self, request: DiffRequest) -> DiffResult:
        """Follows the job; while the job is not over, asks the service whether there is something to fetch."""
        differing = changed(
            with_defaults(TunedModelInputs, request.old_inputs), with_defaults(TunedModelInputs, request.new)
        )
        if "job" in differing:
            return DiffResult({"job": PropertyChange(differing["job"], replaces=True)})
        known = plain_map(request.state)
        if is_finished(known):
            return DiffResult({name: PropertyChange(kind) for name, kind in differing.items() if name in SETTINGS})
        state = known.get("state")
        if plain_map(request.new).get("wait") is False and state not in states.ENDED:
            try:
                job = await self._run.call(jobs.get, self._run.connection, request.resource_id)
            except jobs.JobNotFoundError:
                job = None
            if job is not None and job.state == state:
                return DiffResult()
        return DiffResult({"state": PropertyChange(output=True)})

    async def create(self, request: CreateRequest) -> CreateResult:
        """Waits for the job and reports its checkpoints."""
        if request.preview:
            return CreateResult("", request.inputs)
        inputs = read(TunedModelInputs, request.inputs)
        outputs = await self._outcome(request.urn, inputs, request.inputs, request.timeout)
        return CreateResult(inputs.job, {**request.inputs, **outputs})

    async def read(self, request: ReadRequest) -> ReadResult:
        """Looks at the job and its checkpoints again.

        Raises:
            InitFailedError: there is no model to use, and none will come of itself.
        """
        name = request.resource_id
        try:
            job = await self._run.call(jobs.get, self._run.connection, name)
        except jobs.JobNotFoundError:
            if not request.inputs:
                raise ResourceError(_no_job(name)) from None
            known = {**plain_map(request.state), **plain_map(request.inputs)}
            # The record may be gone while what the job made is not.
            if await self._run.call(tuning_outcome.is_there, self._run.connection, known):
                return ReadResult(name, request.state, request.inputs)
            raise InitFailedError(name, request.state, [_no_job(name)], request.inputs) from None
        checked = request.inputs or wrap_map(await self._imported(job))
        inputs = read(TunedModelInputs, checked)
        outcome = await self._run.call(tuning_outcome.find, self._run.connection, job, inputs.artifacts_uri)
        known = {**request.state, **checked, **wrap_map(_outputs(outcome, inputs))}
        if job.is_over and not outcome.is_usable:
            raise InitFailedError(job.name, known, [await self._no_model(outcome, inputs.artifacts_uri)], checked)
        return ReadResult(name if request.inputs else job.name, known, checked)

    async def update(self, request: UpdateRequest) -> UpdateResult:
        """Goes on with the wait."""
        if request.preview:
            if is_finished(plain_map(request.state)):
                return UpdateResult({**request.state, **request.new})
            await self._warn_of_failure(request)
            return UpdateResult({**request.new, **wrap_map(dict.fromkeys(OUTPUTS, UNKNOWN))})
        inputs = read(TunedModelInputs, request.new)
        outputs = await self._outcome(request.urn, inputs, request.new, request.timeout)
        return UpdateResult({**request.new, **outputs})

    async def delete(self, request: DeleteRequest) -> None:
        """Leaves the checkpoints where they are: they were paid for."""

    async def _outcome(self, urn: str, inputs: TunedModelInputs, checked: Properties, seconds: float) -> Properties:
        """Returns the outputs once the job is over, or what is known so far when nobody wants to wait.

        Raises:
            InitFailedError: the job ended without a model, or the wait took too long.
            InterruptedWaitError: the user stopped the wait.
        """
        try:
            job = await self._wait(urn, inputs, time.monotonic() + seconds if seconds else math.inf)
        except jobs.JobNotFoundError:
            raise ResourceError(_no_job(inputs.job)) from None
        if inputs.wait and not job.is_over:
            message = (
                f"waited {seconds:.0f} s for job {job.number}, which is {states.phrase(job.state)}; it goes on, "
                "and the next pulumi up waits on"
            )
            raise InitFailedError(inputs.job, {**checked, **wrap_map(_outputs(Outcome(job), inputs))}, [message])
        outcome = Outcome(job)
        if job.state in states.FRUITFUL:
            outcome = await self._run.call(tuning_outcome.find, self._run.connection, job, inputs.artifacts_uri)
        outputs = wrap_map(_outputs(outcome, inputs))
        if job.is_over and not outcome.is_usable:
            message = await self._no_model(outcome, inputs.artifacts_uri)
            raise InitFailedError(job.name, {**checked, **outputs}, [message])
        if inputs.expire_intermediate and job.is_over and job.keeps_folder:
            await self._run.call(artifacts.mark_intermediate, self._run.connection, inputs.artifacts_uri)
        if job.state == states.PARTIALLY_SUCCEEDED:
            said = f": {job.error}" if job.error else ""
            await self._run.tell(urn, f"job {job.number} succeeded only in part{said}", severity=Severity.WARNING)
        return outputs

    async def _wait(self, urn: str, inputs: TunedModelInputs, deadline: float) -> jobs.Job:
        """Returns the job when it is over, when nobody wants to wait, or when there is no time left to."""
        number = inputs.job.rsplit("/", 1)[-1]
        told = f"interrupted while waiting; job {number} goes on, and the next pulumi up waits on"
        forecast, progress = Forecast(), Progress(self._run, urn)
        job = await self._watch.look(inputs.job, told)
        while not job.is_over and inputs.wait and (left := deadline - time.monotonic()) > 0:
            now = datetime.now(UTC)
            forecast.observe(job, now)
            await progress.show(standing(job), forecast.times(job, now))
            job = await self._watch.look(inputs.job, told, left)
        if job.is_over:  # the engine leaves the last line standing: not one that says how much is left
            await progress.show(standing(job), forecast.times(job, datetime.now(UTC)))
        return job

    async def _warn_of_failure(self, request: UpdateRequest) -> None:
        """Says again what an earlier run found: the engine shows an error of the last run only once."""
        try:
            job = await self._run.call(jobs.get, self._run.connection, request.resource_id)
        except jobs.JobNotFoundError:
            raise ResourceError(_no_job(request.resource_id)) from None
        uri = plain_map(request.state).get("artifactsUri") or job.output_uri
        outcome = await self._run.call(tuning_outcome.find, self._run.connection, job, uri)
        if job.is_over and not outcome.is_usable:
            await self._run.tell(request.urn, await self._no_model(outcome, uri), severity=Severity.WARNING)

    async def _no_model(self, outcome: Outcome, artifacts_uri: str) -> str:
        job = outcome.job
        if job.state in states.FRUITFUL:
            return outcome.missing(artifacts_uri)
        if job.state == states.CANCELLED and (other := await self._running_successor(job)):
            return (
                f"job {job.number} was cancelled to make way for job {other.number} ({states.phrase(other.state)}), "
                "which a run submitted that was cut off. Go back to that job's inputs to go on with it, or raise "
                "attempt of the TuningJob to run these again; that cancels it first"
            )
        said = f": {job.error.rstrip('.')}" if job.error else ""
        # As when the service could not make an endpoint of a model that it had tuned.
        left = f". It has left the tuned model {job.model}, which was paid for" if job.model else ""
        return (
            f"job {job.number} {states.phrase(job.state)}{said}{left}. Mend the cause and raise attempt of the "
            "TuningJob to run it again, or go back to inputs that have a finished job; nothing is started by itself"
        )

    async def _running_successor(self, job: jobs.Job) -> jobs.Job | None:
        """Returns the job that this one was cancelled for, when no state knows of it."""
        try:
            name = await self._run.call(intent.successor, self._run.connection, job)
            other = await self._run.call(jobs.get, self._run.connection, name) if name else None
        except (intent.IntentError, jobs.JobNotFoundError):
            return None
        return None if other is None or other.is_over else other

    async def _imported(self, job: jobs.Job) -> dict[str, Any]:
        """Returns the inputs that an import can know; the settings as far as somebody has acted on them."""
        known: dict[str, Any] = {"job": job.name, "artifactsUri": job.output_uri}
        if spec_hash := job.labels.get(SPEC):
            known["specHash"] = spec_hash
        if job.keeps_folder:
            expire = await self._run.call(artifacts.intermediate_expire, self._run.connection, job.output_uri)
            known["expireIntermediate"] = expire
        return known


def _outputs(outcome: Outcome, inputs: TunedModelInputs) -> dict[str, Any]:
    job = outcome.job
    return {
        "state": job.state,
        **outcome.outputs(),
        **billed(job, inputs.base_model or "", inputs.mode, inputs.estimated_tokens),
        "durationSeconds": job.seconds,
    }


def _no_job(name: str) -> str:
    return f"the service has no job {name}; raise attempt of its TuningJob to train again"
