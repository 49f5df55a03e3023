"""The life of a tuning job: submitted once, adopted after a crash, never run again by accident."""

from __future__ import annotations

from tunestack.provider.inputs import read, with_defaults, without_unknown
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
    PropertyChange,
    ReadRequest,
    ReadResult,
    ResourceError,
    Severity,
    UpdateRequest,
    UpdateResult,
)
from tunestack.provider.properties import plain_map, wrap, wrap_map
from tunestack.provider.run import Run
from tunestack.provider.tuning_jobs.cancelling import cancel
from tunestack.provider.tuning_jobs.changes import (
    FIXED,
    RETRAINS,
    differs,
    kind,
    otherwise,
    reason,
    unknown_to_an_import,
)
from tunestack.provider.tuning_jobs.checks import Checks
from tunestack.provider.tuning_jobs.estimate import estimated
from tunestack.provider.tuning_jobs.inputs import TuningJobInputs
from tunestack.provider.tuning_jobs.own_jobs import OwnJobs
from tunestack.provider.tuning_jobs.preview import Preview, artifacts_of
from tunestack.provider.tuning_jobs.submitting import Submitting
from tunestack.resource_names import without_project
from tunestack.tuning import declared, jobs, states
from tunestack.tuning.ownership import OWNER, SPEC, Owner


class TuningJobLifecycle(Lifecycle):
    """Submits, adopts, cancels."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._checks, self._preview, self._submitting = Checks(run), Preview(run), Submitting(run)
        self._earlier_owners: dict[str, frozenset[str]] = {}

    async def check(self, request: CheckRequest) -> CheckResult:
        """Refuses what cannot work; pins what the job starts from, and adds the hash of the spec once all is known."""
        return await self._checks.check(request)

    async def diff(self, request: DiffRequest) -> DiffResult:
        """Replaces when another spec is asked for, and says which part of it and at what price."""
        before = plain_map(with_defaults(TuningJobInputs, request.old_inputs))
        after = plain_map(with_defaults(TuningJobInputs, request.new))
        self._earlier_owners[request.urn] = frozenset(plain_map(request.state).get("owners") or ())
        ignored = {*request.ignore_changes, *unknown_to_an_import(request)}
        differing = [name for name in RETRAINS if name not in ignored and differs(before, after, name)]
        if not differing:
            for name in FIXED:  # another job has them as they are now
                if name not in ignored and differs(before, after, name):
                    await self._run.tell(
                        request.urn,
                        f"{FIXED[name]} changed; the service cannot change a job, and nothing is started for it",
                        severity=Severity.WARNING,
                    )
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
        named = {"baseModel": "", "mode": ""}  # a preview would take what is missing for unknown
        priced = await self._preview.with_base_model(owner.urn, known)
        estimate = estimated(priced, self._run.connection.location)
        outputs = {**wrap_map(named), **request.inputs, **wrap_map({**estimate, "owners": sorted(owner.digests)})}
        if request.preview:
            job = await self._preview.adopted(owner, known)
            told = {**priced, **plain_map(request.inputs), **_hidden(request)}
            await self._run.tell(request.urn, await self._preview.forecast(owner, told, job))
            await self._tell_otherwise(request, job)
            there = _outputs(job) if job else artifacts_of(owner, known)
            return CreateResult(job.name if job else "", {**outputs, **wrap_map(there)})
        inputs = read(TuningJobInputs, request.inputs)
        spec_hash = inputs.spec().hash()
        own = OwnJobs(self._run, owner)
        announced, last = await own.last_submitted(inputs.output_uri)
        found = await self._run.call(jobs.find, self._run.connection, spec_hash, owner)
        if (
            last
            and last.labels.get(SPEC) == spec_hash
            and without_project(last.name) not in {without_project(job.name) for job in found}
        ):
            found.insert(0, last)
        job = await own.adoptable(found, spec_hash, inputs.output_uri)
        if job is None:
            await self._submitting.look_again(known)
        for other in await own.in_the_way(job, last):
            await cancel(self._run, request.urn, other, request.timeout)
            await self._run.tell(request.urn, f"job {other.number} is cancelled, to make way")
        if job is None:
            job = await self._submitting.submit(inputs, owner, announced)
        else:
            await self._run.tell(request.urn, f"takes job {job.number} ({states.phrase(job.state)}): the same spec")
            await self._tell_otherwise(request, job)
        self._run.touched.add(job.name)
        return CreateResult(job.name, {**outputs, **wrap_map(_outputs(job))})

    async def _tell_otherwise(self, request: CreateRequest, job: jobs.Job | None) -> None:
        """Warns of a job that is taken over although the program wants some of it otherwise by now."""
        if job and (differing := otherwise(job, plain_map(request.inputs))):
            told = f"job {job.number} has another {', '.join(differing)}; raise attempt to train with what is asked for"
            await self._run.tell(request.urn, told, severity=Severity.WARNING)

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
            estimate = wrap_map(estimated(without_unknown(request.inputs), self._run.connection.location))
            known = {**estimate, **request.state, **wrap_map(_outputs(job))}
            return ReadResult(request.resource_id, known, request.inputs)
        inputs = wrap_map(declared.inputs(job))
        # Whoever submitted it, it is this resource's from now on.
        owners = [label] if (label := job.labels.get(OWNER)) else []
        imported = {"baseModel": job.base_model, "mode": job.mode, **_outputs(job), "owners": owners}
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
        if without_project(name) in map(without_project, self._run.touched):
            return
        try:
            job = await self._run.call(jobs.get, self._run.connection, name)
        except jobs.JobNotFoundError:
            return
        if not job.is_over:
            await cancel(self._run, request.urn, job, request.timeout)
            await self._run.tell(request.urn, f"job {job.number} is cancelled")
        await self._run.tell(request.urn, f"the service keeps the record of job {job.number}; it costs nothing")


def _hidden(request: CreateRequest) -> dict[str, str]:
    """Returns what stands for each secret input in a text: a short one is not found there to be masked."""
    return {name: "(secret)" for name, value in request.inputs.items() if value.contains_secret()}


def _is_secret(request: DiffRequest, name: str) -> bool:
    """Says whether an input must not be told: a number is too short to be found again in a message and masked there."""
    given = (inputs[name] for inputs in (request.old_inputs, request.new) if name in inputs)
    return any(value.contains_secret() for value in given)


def _outputs(job: jobs.Job) -> dict[str, str]:
    """Returns what the service says of a job; one that was submitted from elsewhere has no hash."""
    folder = job.output_uri if job.keeps_folder else ""
    told = {"job": job.name, "artifactsUri": folder, "specHash": job.labels.get(SPEC)}
    return {name: value for name, value in told.items() if value is not None}


def _vanished(name: str) -> str:
    return (
        f"the service has no job {name} any more; what it made may still be there. Raise attempt to "
        "train again, or remove the resource from the program"
    )
