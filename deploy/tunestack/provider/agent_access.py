"""The life of a service agent's access to a bucket: bound when the agent exists, pending until then."""

from __future__ import annotations

import re
import time
from typing import Any

from tunestack.data.storage import bucket_access
from tunestack.data.storage.bucket_access import Binding
from tunestack.late_identities import Kind
from tunestack.provider.inputs import Inputs, failures, read, with_defaults, without_unknown
from tunestack.provider.lifecycle import (
    CheckFailure,
    CheckRequest,
    CheckResult,
    CreateRequest,
    CreateResult,
    DeleteRequest,
    DiffRequest,
    DiffResult,
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
from tunestack.provider.patience import late_identity
from tunestack.provider.properties import UNKNOWN, changed, plain_map, wrap_map
from tunestack.provider.run import Pace, Progress, Run
from tunestack.tuning import foresight
from tunestack.tuning.ownership import digest

BOUND = "BOUND"
PENDING = "PENDING"
LOST = "LOST"
NO_BUCKET = "NO_BUCKET"

OUTPUTS = ("state", "adopted", "newestJob")

PATIENCE_SECONDS = 10.0
"""How long an agent may take that comes with its API, before it counts as one that comes with the first job."""

_FORMS = {
    "bucket": (r"[a-z0-9][a-z0-9._-]*[a-z0-9]", "a bucket's name"),
    "role": (r"(roles|(projects|organizations)/[^/\s]+/roles)/[\w.]+", "a role, such as roles/storage.objectUser"),
    "member": (r"serviceAccount:[^\s@]+@[^\s@]+", "an agent as IAM names it, serviceAccount: and its e-mail address"),
}


class AgentAccessInputs(Inputs, frozen=True, kw_only=True):
    """Who gets which role where."""

    bucket: str
    role: str
    member: str
    required: bool = False

    @property
    def binding(self) -> Binding:
        """What the bucket's policy shall have."""
        return Binding(self.bucket, self.role, self.member)

    @property
    def agent(self) -> str:
        """The agent's e-mail address."""
        return self.member.partition(":")[2]


class AgentAccessLifecycle(Lifecycle):
    """Binds, or says why not yet."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def check(self, request: CheckRequest) -> CheckResult:
        """Checks names and forms."""
        found = failures(AgentAccessInputs, request.new)
        wrong = {failure.property for failure in found}
        for name, value in without_unknown(request.new).items():
            form, what = _FORMS.get(name, ("", ""))
            if what and name not in wrong and not re.fullmatch(form, value):
                found.append(CheckFailure(name, f"{value!r} is not {what}"))
        return CheckResult(request.new, found)

    async def diff(self, request: DiffRequest) -> DiffResult:
        """Another bucket, role or member is another binding; what is pending or not sure asks the service."""
        differing = changed(
            with_defaults(AgentAccessInputs, request.old_inputs), with_defaults(AgentAccessInputs, request.new)
        )
        changes = {
            name: PropertyChange(kind, replaces=name != "required")
            for name, kind in differing.items()
            if name not in request.ignore_changes
        }
        if not changes and await self._is_to_be_tried(request):
            changes["state"] = PropertyChange(output=True)
        return DiffResult(changes)

    async def create(self, request: CreateRequest) -> CreateResult:
        """Adds the member to the role."""
        if request.preview:
            line = f"{_forecast(without_unknown(request.inputs))}; pending where the agent does not exist yet"
            await self._run.tell(request.urn, line)
            return CreateResult("", request.inputs)
        inputs = read(AgentAccessInputs, request.inputs)
        outputs = await self._bind(request.urn, inputs)
        # An id cannot be secret, and would quote what is.
        is_secret = any(value.contains_secret() for value in request.inputs.values())
        resource_id = digest(_id(inputs.binding)) if is_secret else _id(inputs.binding)
        return CreateResult(resource_id, {**request.inputs, **wrap_map(outputs)})

    async def read(self, request: ReadRequest) -> ReadResult:
        """Reports a binding that is gone, and one that somebody else has made meanwhile."""
        from google.api_core.exceptions import NotFound

        binding = _binding(request.resource_id, request.state)
        try:
            bound = await self._run.call(bucket_access.is_bound, self._run.connection.storage, binding)
        except NotFound:
            bound = None
        if not request.inputs:
            if not bound:
                gone = "there is no such bucket" if bound is None else "its policy has no such binding to import"
                raise ResourceError(f"{request.resource_id}: {gone}")
            inputs = wrap_map({"bucket": binding.bucket, "role": binding.role, "member": binding.member})
            return ReadResult(_id(binding), {**inputs, **wrap_map(_outputs(BOUND))}, inputs)
        known = plain_map(request.state)
        if bound is None and known.get("state") == NO_BUCKET:
            return ReadResult(request.resource_id, request.state, request.inputs)
        if bound is None:
            return ReadResult("", {}, {})
        state = BOUND if bound else PENDING if known.get("state") == PENDING else LOST
        if state == known.get("state"):
            return ReadResult(request.resource_id, request.state, request.inputs)
        outputs = wrap_map(_outputs(state, adopted=state == BOUND))
        return ReadResult(request.resource_id, {**request.state, **outputs}, request.inputs)

    async def update(self, request: UpdateRequest) -> UpdateResult:
        """Tries again; `required` alone changes nothing at the service."""
        before = plain_map(request.state)
        if request.preview:
            found = {PENDING: "a tuning job has run since", NO_BUCKET: "there is such a bucket now"}
            because = found.get(before.get("state", ""), "the binding is to be there")
            await self._run.tell(request.urn, f"{because}: {_forecast(without_unknown(request.new))}")
            return UpdateResult({**request.state, **request.new, **wrap_map(dict.fromkeys(OUTPUTS, UNKNOWN))})
        outputs = await self._bind(request.urn, read(AgentAccessInputs, request.new))
        if before.get("state") == BOUND:  # what was found there now is what this resource has made
            outputs["adopted"] = outputs["adopted"] and before.get("adopted")
        return UpdateResult({**request.new, **wrap_map(outputs)})

    async def delete(self, request: DeleteRequest) -> None:
        """Takes the member out of the role, unless this run has just put it there; all else in the policy stays."""
        binding = _binding(request.resource_id, request.state)
        if _id(binding) in self._run.touched:
            return
        await self._run.call(bucket_access.unbind, self._run.connection.storage, binding)

    async def _bind(self, urn: str, inputs: AgentAccessInputs) -> dict[str, Any]:
        """Returns the outputs once the binding is there, or once it is clear that the agent or the bucket is not.

        What somebody else had in a bucket may be gone with it, and a job that has learned from that needs it no more;
        one that has yet to start looks itself whether it is there.

        Raises:
            google.api_core.exceptions.BadRequest: the agent is not there, and the program cannot do without.
        """
        from google.api_core.exceptions import NotFound

        pace, progress = Pace(self._run.connection.poll_seconds), Progress(self._run, urn)
        deadline = time.monotonic() + PATIENCE_SECONDS
        newest_job = await self._newest_job(urn)
        while True:
            try:
                made = await self._run.call(bucket_access.bind, self._run.connection.storage, inputs.binding)
            except NotFound:
                told = (
                    f"there is no bucket {inputs.bucket} to let {inputs.agent} into; once there is one, the next "
                    "pulumi up makes the binding"
                )
                await self._run.tell(urn, told, severity=Severity.WARNING)
                return _outputs(NO_BUCKET)
            except Exception as error:
                late = late_identity(error)
                if inputs.required or late is None or late.kind is not Kind.ACCOUNT:
                    raise
            else:
                self._run.touched.add(_id(inputs.binding))
                return _outputs(BOUND, adopted=not made)
            if time.monotonic() > deadline:
                await self._run.tell(urn, _pending(inputs), severity=Severity.WARNING)
                return _outputs(PENDING, newest_job=newest_job)
            await progress.show(f"waits for {late}")
            await self._run.pause(pace.seconds(), f"interrupted while waiting for {late}; the next pulumi up goes on")

    async def _is_to_be_tried(self, request: DiffRequest) -> bool:
        """Says whether binding would do something.

        Whether an agent exists can only be found out by naming it in a policy, which no preview may do. What can be
        seen is whether the project has tuned since: as long as it has not, another try would end as the last one did.
        """
        from google.api_core.exceptions import NotFound

        state = plain_map(request.state)
        if state.get("state") == PENDING:
            return await self._newest_job(request.urn) not in ("", state.get("newestJob"))
        if state.get("state") == LOST:
            return True
        if state.get("state") == BOUND and not state.get("adopted"):
            return False
        binding = _binding(request.resource_id, request.state)
        try:
            return not await self._run.call(bucket_access.is_bound, self._run.connection.storage, binding)
        except NotFound:
            return False
        except Exception as error:
            await self._run.tell(request.urn, f"cannot look at the policy: {error!r}", severity=Severity.DEBUG)
            return False

    async def _newest_job(self, urn: str) -> str:
        try:
            return await self._run.call(foresight.newest, self._run.connection)
        except Exception as error:
            await self._run.tell(urn, f"cannot look for tuning jobs: {error!r}", severity=Severity.DEBUG)
            return ""


def _outputs(state: str, *, adopted: bool = False, newest_job: str = "") -> dict[str, Any]:
    return dict(zip(OUTPUTS, (state, adopted, newest_job), strict=True))


def _id(binding: Binding) -> str:
    return f"{binding.bucket} {binding.role} {binding.member}"


def _binding(resource_id: str, state: Properties) -> Binding:
    """Returns what a state names, and before there is one, at an import, what the id does."""
    known = plain_map(state)
    if "bucket" in known:
        return Binding(known["bucket"], known["role"], known["member"])
    parts = resource_id.split()
    if len(parts) != 3:
        raise ResourceError(f"{resource_id!r} is no binding's id: it reads 'BUCKET ROLE MEMBER', with blanks between")
    return Binding(parts[0].removeprefix("b/"), *parts[1:])


def _forecast(known: dict[str, Any]) -> str:
    agent = known.get("member", "").partition(":")[2] or "the agent"
    return f"lets {agent} into {known.get('bucket', 'the bucket')} with {known.get('role', 'the role')}"


def _pending(inputs: AgentAccessInputs) -> str:
    return (
        f"pending: {inputs.agent} does not exist yet. It appears with the project's first tuning job, and needs "
        f"{inputs.role} on {inputs.bucket} only where images lie in another bucket than the training file; the next "
        "pulumi up after that job makes the binding"
    )
