"""The life of a tuning job: submitted once, adopted after a crash, never run again by accident."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable
from typing import Any, TypeVar

from tunestack.catalogue import problems
from tunestack.data import UnreadableDataError
from tunestack.data.storage.objects import pin
from tunestack.provider.inputs import convert, failures, label_failures, read, with_defaults, without_unknown
from tunestack.provider.lifecycle import (
    CheckFailure,
    CheckRequest,
    CheckResult,
    CreateRequest,
    CreateResult,
    DeleteRequest,
    DiffRequest,
    DiffResult,
    InitFailedError,
    Lifecycle,
    PropertyChange,
    ReadRequest,
    ReadResult,
    ResourceError,
    Severity,
    UpdateRequest,
    UpdateResult,
)
from tunestack.provider.properties import UNKNOWN, plain_map, wrap, wrap_map
from tunestack.provider.run import Pace, Progress, Run
from tunestack.provider.tuning_jobs.estimate import COUNTED, estimated, told_cost
from tunestack.provider.tuning_jobs.inputs import (
    FIXED,
    PINS,
    RETRAINS,
    TuningJobInputs,
    differs,
    is_import,
    kind,
    reason,
    shown,
    unknown_to_an_import,
)
from tunestack.provider.tuning_jobs.own_jobs import OwnJobs
from tunestack.service_errors import explain, way_on
from tunestack.tuning import artifacts, declared, foresight, intent, jobs, states, submission
from tunestack.tuning.ownership import OWNER, SPEC, Owner

T = TypeVar("T")


class TuningJobLifecycle(Lifecycle):
    """Submits, adopts, cancels."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._earlier_owners: dict[str, frozenset[str]] = {}

    async def check(self, request: CheckRequest) -> CheckResult:
        """Refuses what the catalogue knows cannot work; adds the hash of the spec once all of it is known."""
        found = failures(TuningJobInputs, request.new)
        known = without_unknown(request.new)
        if is_import(request.old, request.new):
            # The engine asks about what Read has found, and calls a complaint about that a defect.
            return CheckResult(request.new, [failure for failure in found if failure.property != "contentHash"])
        wrong = {failure.property for failure in found}
        # A price needs no exact fit, so a model that the catalogue does not know yet may pass with `strict: false`.
        sound = {name: value for name, value in known.items() if name not in wrong}
        refused = problems(
            base_model=sound.get("baseModel"),
            mode=sound.get("mode"),
            location=self._run.connection.location,
            adapter_size=sound.get("adapterSize"),
            epochs=sound.get("epochs"),
            learning_rate=sound.get("learningRate"),
            batch_size=sound.get("batchSize"),
        )
        is_newer = known.get("strict") is False and any(problem.property == "baseModel" for problem in refused)
        for problem in refused:
            # Where a model runs that the catalogue does not know is not known either.
            if is_newer and problem.property in ("baseModel", "location"):
                await self._run.tell(
                    request.urn, f"{problem}; passed, since strict is false", severity=Severity.WARNING
                )
            else:
                found.append(CheckFailure(problem.property, problem.reason))
        for name in ("outputUri", "customBaseModel"):
            if isinstance(uri := sound.get(name), str):
                try:
                    artifacts.split(uri)
                except ValueError as error:
                    found.append(CheckFailure(name, str(error)))
        if isinstance(attempt := sound.get("attempt"), int) and attempt < 1:
            found.append(CheckFailure("attempt", f"{attempt} is not an attempt; the first one is 1"))
        found += label_failures(sound.get("labels"))
        inputs = {name: value for name, value in request.new.items() if name != "specHash"}
        if not found:
            # Unknown rather than absent: a reviewed plan refuses an input that it has not seen.
            is_known = all(name in known for name in inputs if name not in {*PINS.values(), *COUNTED})
            inputs["specHash"] = wrap(convert(TuningJobInputs, known).spec().hash() if is_known else UNKNOWN)
        return CheckResult(inputs, found)

    async def diff(self, request: DiffRequest) -> DiffResult:
        """Replaces when another spec is asked for, and says which part of it and at what price."""
        before = plain_map(with_defaults(TuningJobInputs, request.old_inputs))
        after = plain_map(with_defaults(TuningJobInputs, request.new))
        self._earlier_owners[request.urn] = frozenset(plain_map(request.state).get("owners") or ())
        ignored = {*request.ignore_changes, *unknown_to_an_import(request)}
        for name in FIXED:
            if name not in ignored and differs(before, after, name):
                await self._run.tell(
                    request.urn,
                    f"{FIXED[name]} changed; the service cannot change a job, and nothing is started for it",
                    severity=Severity.WARNING,
                )
        differing = [name for name in RETRAINS if name not in ignored and differs(before, after, name)]
        if not differing:
            return DiffResult(stables=("job", "artifactsUri"))
        told = {name for name in differing if not _is_secret(request, name)}
        comparison = self._run.comparisons.get(str(after.get("contentHash")))
        reasons = [reason(before, after, name, comparison) if name in told else RETRAINS[name] for name in differing]
        self._run.reasons[request.urn] = ", ".join(reasons)
        self._run.replaced_jobs[request.urn] = request.resource_id
        return DiffResult({name: PropertyChange(kind(before, after, name), replaces=True) for name in differing})

    async def create(self, request: CreateRequest) -> CreateResult:
        """Submits the job, or adopts the one that an interrupted run of this very resource has submitted."""
        known = without_unknown(request.inputs)
        owner = Owner(request.urn, self._earlier_owners.get(request.urn, frozenset()))
        outputs = {**request.inputs, **wrap_map({**self._estimated(known), "owners": sorted(owner.digests)})}
        if request.preview:
            job = await self._foreseen(owner, known)
            await self._run.tell(request.urn, await self._forecast(owner, {**known, **_hidden(request)}, job))
            there = _outputs(job) if job else _artifacts(owner, known)
            return CreateResult(job.name if job else "", {**outputs, **wrap_map(there)})
        inputs = read(TuningJobInputs, request.inputs)
        spec_hash = inputs.spec().hash()
        own = OwnJobs(self._run, owner)
        announced, last = await own.last_submitted(inputs.output_uri)
        found = await self._run.call(jobs.find, self._run.connection, spec_hash, owner)
        if last and last.labels.get(SPEC) == spec_hash and last.name not in {job.name for job in found}:
            found.insert(0, last)
        job = await own.adoptable(found, spec_hash, inputs.output_uri)
        if job is None:
            await self._look_again(known)
        for other in await own.in_the_way(job, last):
            await self._cancel(request.urn, other, request.timeout)
            await self._run.tell(request.urn, f"job {other.number} is cancelled, to make way")
        if job is None:
            job = await self._submit(inputs, owner, announced)
        else:
            await self._run.tell(request.urn, f"takes job {job.number} ({states.phrase(job.state)}): the same spec")
        self._run.touched.add(job.name)
        return CreateResult(job.name, {**outputs, **wrap_map(_outputs(job))})

    async def read(self, request: ReadRequest) -> ReadResult:
        """Keeps what the state knows: nothing of a job ever changes, and one that vanished is an error, not a gap."""
        try:
            job = await self._run.call(jobs.get, self._run.connection, request.resource_id)
        except jobs.JobNotFoundError:
            if not request.inputs:
                raise ResourceError(
                    f"there is no job {request.resource_id} to import; "
                    "its name reads projects/…/locations/…/tuningJobs/…"
                ) from None
            raise InitFailedError(request.resource_id, request.state, [_vanished(request.resource_id)]) from None
        if request.inputs:
            # A state that an earlier version wrote lacks some of the estimate.
            estimate = wrap_map(self._estimated(without_unknown(request.inputs)))
            known = {**estimate, **request.state, **wrap_map(_outputs(job))}
            return ReadResult(request.resource_id, known, request.inputs)
        inputs = wrap_map(await self._run.call(declared.inputs, self._run.connection, job.name))
        # Whoever submitted it, it is this resource's from now on.
        owners = [label] if (label := job.labels.get(OWNER)) else []
        imported = {**_outputs(job), "owners": owners}
        return ReadResult(job.name, {**inputs, **wrap_map(imported)}, inputs)

    async def update(self, request: UpdateRequest) -> UpdateResult:
        """Goes on with a job that could not be found before; nothing else of a job can be changed."""
        try:
            job = await self._run.call(jobs.get, self._run.connection, request.resource_id)
        except jobs.JobNotFoundError:
            reason = _vanished(request.resource_id)
            if request.preview:
                raise ResourceError(reason) from None
            raise InitFailedError(request.resource_id, request.state, [reason], request.new) from None
        return UpdateResult({**request.state, **request.new, "job": wrap(job.name)})

    async def delete(self, request: DeleteRequest) -> None:
        """Cancels the job when it still runs, unless this run has just created or adopted it."""
        name = request.resource_id
        if name in self._run.touched:
            return
        try:
            job = await self._run.call(jobs.get, self._run.connection, name)
        except jobs.JobNotFoundError:
            return
        if not job.is_over:
            await self._cancel(request.urn, job, request.timeout)
            await self._run.tell(request.urn, f"job {job.number} is cancelled")
        await self._run.tell(request.urn, f"the service keeps the record of job {job.number}; it costs nothing")

    def _estimated(self, known: dict[str, Any]) -> dict[str, Any]:
        return estimated(known, self._run.connection.location)

    async def _foreseen(self, owner: Owner, known: dict[str, Any]) -> jobs.Job | None:
        """Returns the job that applying would adopt, such as one that a crash left out of the state."""
        if "specHash" not in known or "outputUri" not in known:
            return None
        spec_hash, parent = known["specHash"], known["outputUri"]

        async def adoptable() -> jobs.Job | None:
            found = await self._run.call(foresight.look, self._run.connection, spec_hash, owner)
            return await OwnJobs(self._run, owner).adoptable(found, spec_hash, parent)

        return await self._quietly(owner.urn, adoptable())

    async def _quietly(self, urn: str, look: Awaitable[T]) -> T | None:
        """Returns what a look for a preview finds: it may come before the project, its APIs or the emulator."""
        try:
            return await asyncio.wait_for(look, foresight.SECONDS)
        except ResourceError:
            raise
        except Exception as error:
            await self._run.tell(urn, f"cannot look for earlier jobs yet: {error!r}", severity=Severity.DEBUG)
            return None

    async def _forecast(self, owner: Owner, known: dict[str, Any], adopted: jobs.Job | None) -> str:
        others = await self._quietly(owner.urn, OwnJobs(self._run, owner).in_the_way(adopted, None, foresight)) or []
        first = "".join(f"; job {job.number}, still running, is cancelled first" for job in others)
        why = self._run.reasons.get(owner.urn)
        if adopted is not None:
            verb = "learned" if adopted.is_over else "learns"
            takes = f"takes job {adopted.number}, which {verb} the same from the same data; costs nothing{first}"
            return f"{why}: {takes}" if why else takes
        cost = told_cost(known, self._run.connection.location)
        if why is None:
            asked = {name: shown(known.get(name, UNKNOWN)) for name in ("baseModel", "mode")}
            epochs = _epochs(known.get("epochs", UNKNOWN))
            return f"tunes {asked['baseModel']} ({asked['mode']}, {epochs}): {cost}{first}"
        return f"{why} retrains: {cost}{first}"

    async def _cancel(self, urn: str, job: jobs.Job, seconds: float) -> None:
        """Stops a job and waits for its end, for some seconds where the program says how many.

        Raises:
            ResourceError: the service does not stop it.
        """
        refusal = await self._run.call(jobs.cancel, self._run.connection, job.name)
        pace, progress = Pace(self._run.connection.poll_seconds), Progress(self._run, urn)
        deadline = time.monotonic() + seconds if seconds else math.inf
        while True:
            try:
                job = await self._run.call(jobs.get, self._run.connection, job.name)
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
            await self._run.pause(pace.seconds(), f"interrupted; the service goes on cancelling job {job.number}")

    async def _look_again(self, known: dict[str, Any]) -> None:
        """Makes sure that the data is what was checked, as late as can be.

        Raises:
            ResourceError: somebody has written it again.
        """
        for uri, generation in ((known.get(name), known.get(pinned)) for name, pinned in PINS.items()):
            if not generation:
                continue
            try:
                found = await self._run.call(pin, uri, self._run.storage)
            except UnreadableDataError as error:
                raise ResourceError(f"{error}; nothing was started") from error
            if str(found.generation) != generation:
                raise ResourceError(
                    f"{uri} was written again since it was checked (generation {generation}, now {found.generation}); "
                    "nothing was started. Run the command again: it checks what lies there now"
                )

    async def _submit(self, inputs: TuningJobInputs, owner: Owner, last: intent.Announced | None) -> jobs.Job:
        from google.genai import errors

        spec, connection = inputs.spec(), self._run.connection
        try:
            announced = await self._run.call(intent.announce, connection, owner, inputs.output_uri, spec.hash(), last)
        except intent.IntentError as error:
            raise ResourceError(f"{error}; nothing was started") from error
        wanted = submission.Submission(
            spec=spec,
            owner=owner,
            claim=announced.intent.claim,
            training_uri=inputs.training_uri,
            validation_uri=inputs.validation_uri,
            output_uri=_output_uri(owner, inputs.output_uri, spec.hash()) if inputs.keeps_folder else None,
            display_name=inputs.display_name(owner.name),
            last_checkpoint_only=inputs.export_last_checkpoint_only,
            kms_key_name=inputs.kms_key_name,
            description=inputs.description,
            service_account=inputs.service_account,
            labels=inputs.labels,
        )
        try:
            job = await self._run.call(submission.submit_once, connection, wanted)
        except submission.UncertainSubmissionError as uncertain:
            cause = uncertain.__cause__ or uncertain
            raise ResourceError(
                f"{explain(cause) or cause}. It is not known whether a job was started; the next pulumi up finds it by "
                "its labels"
            ) from cause
        except errors.APIError as error:
            await self._run.call(intent.withdraw, connection, announced)
            raise ResourceError(
                f"the service refused the tuning job: {error.message or error} (HTTP {error.code}); nothing was started"
                f"{way_on(error)}"
            ) from error
        try:
            await self._run.call(intent.record, connection, announced, job.name)
        except Exception as error:
            # The job runs, and its labels lead to it: nothing that may happen here is worth losing its name.
            await self._run.tell(owner.urn, f"cannot note job {job.number}: {error!r}", severity=Severity.DEBUG)
        return job


def _hidden(request: CreateRequest) -> dict[str, str]:
    """Returns what stands for each secret input in a text: a short one is not found there to be masked."""
    return {name: "(secret)" for name, value in request.inputs.items() if value.contains_secret()}


def _is_secret(request: DiffRequest, name: str) -> bool:
    """Says whether an input must not be told: a number is too short to be found again in a message and masked there."""
    given = (inputs[name] for inputs in (request.old_inputs, request.new) if name in inputs)
    return any(value.contains_secret() for value in given)


def _output_uri(owner: Owner, parent: str, spec_hash: str) -> str:
    return f"{owner.folder(parent)}/{spec_hash}"


def _artifacts(owner: Owner, known: dict[str, Any]) -> dict[str, str]:
    if "specHash" not in known or "outputUri" not in known:
        return {}
    return {"artifactsUri": _output_uri(owner, known["outputUri"], known["specHash"])}


def _outputs(job: jobs.Job) -> dict[str, str]:
    """Returns what the service says of a job; one that was submitted from elsewhere has no hash."""
    told = {"job": job.name, "artifactsUri": job.output_uri, "specHash": job.labels.get(SPEC)}
    return {name: value for name, value in told.items() if value}


def _epochs(number: Any) -> str:
    return f"epochs {shown(number)}" if number is UNKNOWN else f"{number} epoch{'' if number == 1 else 's'}"


def _vanished(name: str) -> str:
    return (
        f"the service has no job {name} any more; its checkpoints may still be in the output folder. Raise attempt to "
        "train again, or remove the resource from the program"
    )
