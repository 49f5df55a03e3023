"""The life of a tuned model: a wait that can be interrupted, then the checkpoints in order."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

from tunestack.catalogue import UnknownModelError, open_model
from tunestack.provider.inputs import Inputs, failures, read
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
from tunestack.provider.run import Pace, Progress, Run
from tunestack.tuning import artifacts, jobs, states
from tunestack.tuning.ownership import SPEC


class TunedModelInputs(Inputs, frozen=True, kw_only=True):
    """Which job to wait for."""

    job: str
    artifacts_uri: str
    spec_hash: str | None = None
    base_model: str | None = None
    mode: str | None = None
    expire_intermediate: bool = False
    wait: bool = True


SETTINGS = ("expireIntermediate", "wait")
"""Inputs that say what to do with the job's result; a change of them is an update."""

OUTPUTS = ("state", "checkpoints", "finalCheckpointUri", "billedTokens", "billedCostUsd", "durationSeconds")


class TunedModelLifecycle(Lifecycle):
    """Waits, and reports."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def check(self, request: CheckRequest) -> CheckResult:
        """Checks names and types; everything else was checked with the job."""
        return CheckResult(request.new, failures(TunedModelInputs, request.new))

    async def diff(self, request: DiffRequest) -> DiffResult:
        """Follows the job; while the job is not over, asks the service whether there is something to fetch."""
        differing = changed(request.old_inputs, request.new)
        if "job" in differing:
            return DiffResult({"job": PropertyChange(differing["job"], replaces=True)})
        state = plain_map(request.state).get("state")
        if state in states.ENDED:
            return DiffResult({name: PropertyChange(kind) for name, kind in differing.items() if name in SETTINGS})
        if plain_map(request.new).get("wait") is False:
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
        """Looks at the job again; what a job left behind stays in the state when its record is gone."""
        inputs = read(TunedModelInputs, request.inputs) if request.inputs else None
        try:
            job = await self._run.call(jobs.get, self._run.connection, request.resource_id)
        except jobs.JobNotFoundError:
            return ReadResult(request.resource_id, request.state, request.inputs)
        if inputs is None:
            inputs = TunedModelInputs(job=job.name, artifacts_uri=job.output_uri, spec_hash=job.labels.get(SPEC))
        found = await self._run.call(artifacts.checkpoints, self._run.connection, inputs.artifacts_uri)
        known = wrap_map(_outputs(job, found, inputs))
        checked = request.inputs or wrap_map({"job": inputs.job, "artifactsUri": inputs.artifacts_uri})
        return ReadResult(request.resource_id, {**request.state, **checked, **known}, checked)

    async def update(self, request: UpdateRequest) -> UpdateResult:
        """Goes on with the wait."""
        if request.preview:
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
            async with asyncio.timeout(seconds or None):
                job = await self._wait(urn, inputs)
        except jobs.JobNotFoundError:
            raise ResourceError(
                f"the service has no job {inputs.job}; raise attempt of its TuningJob to train again"
            ) from None
        except TimeoutError:
            message = f"waited {seconds:.0f} s for {inputs.job}; the job goes on, and the next pulumi up waits on"
            raise InitFailedError(
                inputs.job, {**checked, **wrap_map({"state": "JOB_STATE_RUNNING"})}, [message]
            ) from None
        found = []
        if job.state in states.FRUITFUL:
            found = await self._run.call(artifacts.checkpoints, self._run.connection, inputs.artifacts_uri)
        outputs = wrap_map(_outputs(job, found, inputs))
        if job.is_over and not artifacts.has_final(found):
            raise InitFailedError(job.name, {**checked, **outputs}, [_no_model(job, inputs)])
        if inputs.expire_intermediate and job.is_over:
            await self._run.call(artifacts.mark_intermediate, self._run.connection, inputs.artifacts_uri)
        if job.state == states.PARTIALLY_SUCCEEDED:
            await self._run.tell(
                urn, f"job {job.number} succeeded only in part: {job.error}", severity=Severity.WARNING
            )
        return outputs

    async def _wait(self, urn: str, inputs: TunedModelInputs) -> jobs.Job:
        pace, progress = Pace(self._run.connection.poll_seconds), Progress(self._run, urn)
        while True:
            job = await self._run.call(jobs.get, self._run.connection, inputs.job)
            if job.is_over or not inputs.wait:
                return job
            await progress.show(_progress(job))
            await self._run.pause(
                pace.seconds(), f"interrupted while waiting; job {job.number} goes on, and the next pulumi up waits on"
            )

    async def _warn_of_failure(self, request: UpdateRequest) -> None:
        """Says again what an earlier run found: the engine shows an error of the last run only once."""
        try:
            job = await self._run.call(jobs.get, self._run.connection, request.resource_id)
        except jobs.JobNotFoundError:
            raise ResourceError(f"the service has no job {request.resource_id} any more") from None
        if job.is_over and job.state not in states.FRUITFUL:
            inputs = read(TunedModelInputs, request.new)
            await self._run.tell(request.urn, _no_model(job, inputs), severity=Severity.WARNING)


def _outputs(job: jobs.Job, found: list[artifacts.Checkpoint], inputs: TunedModelInputs) -> dict[str, Any]:
    seconds = (job.ended - job.started).total_seconds() if job.ended and job.started else None
    return {
        "state": job.state,
        "checkpoints": [{"name": checkpoint.name, "uri": checkpoint.uri} for checkpoint in found],
        "finalCheckpointUri": found[-1].uri if artifacts.has_final(found) else "",
        "billedTokens": job.billed_tokens,
        "billedCostUsd": _billed_cost(job, inputs),
        "durationSeconds": seconds,
    }


def _billed_cost(job: jobs.Job, inputs: TunedModelInputs) -> float | None:
    if job.billed_tokens is None or inputs.base_model is None or inputs.mode is None:
        return None
    try:
        terms = open_model(inputs.base_model).modes
    except UnknownModelError:
        return None
    price = next((term.usd_per_million_tokens for mode, term in terms.items() if mode == inputs.mode), None)
    return None if price is None else float(Decimal(job.billed_tokens) * price / 1_000_000)


def _progress(job: jobs.Job) -> str:
    parts = [f"job {job.number} {states.phrase(job.state)}"]
    if job.detail:
        parts.append(states.phrase(job.detail))
    if job.epoch is not None:
        parts.append(f"epoch {job.epoch} done")
    if job.step is not None:
        parts.append(f"step {job.step}{f' of {job.steps}' if job.steps else ''}")
    return ", ".join(parts)


def _no_model(job: jobs.Job, inputs: TunedModelInputs) -> str:
    if job.state in states.FRUITFUL:
        return (
            f"job {job.number} succeeded, but there is no final checkpoint below {inputs.artifacts_uri}. Restore the "
            "folder, or raise attempt of the TuningJob to train again"
        )
    said = f": {job.error}" if job.error else ""
    return (
        f"job {job.number} {states.phrase(job.state)}{said}. Mend the cause and raise attempt of the TuningJob to run "
        "it again, or go back to inputs that have a finished job; nothing is started by itself"
    )
