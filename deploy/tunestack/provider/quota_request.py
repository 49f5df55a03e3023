"""The life of a quota request: asked once, raised when more is wanted, never lowered, never withdrawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tunestack import quotas
from tunestack.catalogue import Quota, serving_quotas, tuning_quota
from tunestack.provider.inputs import Inputs, failures, read, without_unknown
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
from tunestack.provider.properties import UNKNOWN, changed, plain_map, wrap_map
from tunestack.provider.run import Run
from tunestack.quotas import Preference, Standing

OUTPUTS = ("quotaId", "granted", "asked", "pending")


class QuotaRequestInputs(Inputs, frozen=True, kw_only=True):
    """What should be had of which quota."""

    preferred: int
    contact_email: str
    accelerator: str | None = None


@dataclass(frozen=True, slots=True)
class _Present:
    """What the service has: None for what it does not list, or nobody asked for."""

    standing: Standing | None
    preference: Preference | None = None

    def outputs(self) -> dict[str, Any]:
        return {
            "quotaId": self.standing and self.standing.quota_id,
            "granted": self.standing and self.standing.granted,
            "asked": self.preference and self.preference.preferred,
            "pending": bool(self.preference and self.preference.pending),
        }


class QuotaRequestLifecycle(Lifecycle):
    """Looks, and asks where that is needed."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def check(self, request: CheckRequest) -> CheckResult:
        """Refuses an accelerator whose quota is not known, and a place that has none."""
        found = failures(QuotaRequestInputs, request.new)
        known = without_unknown(request.new)
        preferred, accelerator = known.get("preferred"), known.get("accelerator")
        if isinstance(preferred, int) and preferred < 1:
            found.append(CheckFailure("preferred", f"{preferred} is nothing to ask for; write at least 1"))
        if isinstance(accelerator, str) and accelerator not in serving_quotas():
            reason = f'no quota is known for "{accelerator}"; there are {", ".join(serving_quotas())}'
            found.append(CheckFailure("accelerator", reason))
        elif accelerator is not None and self._run.connection.location == "global":
            reason = "nothing is served in global; give the provider a region as its location"
            found.append(CheckFailure("accelerator", reason))
        return CheckResult(request.new, found)

    async def diff(self, request: DiffRequest) -> DiffResult:
        """Compares what is wanted; while the service has not decided, or does not list the quota, asks it."""
        differing = changed(request.old_inputs, request.new)
        if "accelerator" in differing:
            return DiffResult({"accelerator": PropertyChange(differing["accelerator"], replaces=True)})
        if "preferred" in differing:
            return DiffResult({"preferred": PropertyChange(differing["preferred"])})
        state = plain_map(request.state)
        if state.get("quotaId") is not None and not state.get("pending"):
            return DiffResult()
        present = await self._look(plain_map(request.new).get("accelerator"))
        moved = [name for name, value in present.outputs().items() if value != state.get(name)]
        return DiffResult({name: PropertyChange(output=True) for name in moved})

    async def create(self, request: CreateRequest) -> CreateResult:
        """Asks for what is missing."""
        if request.preview:
            known = await self._foresee(request.urn, request.inputs)
            return CreateResult("", {**request.inputs, **wrap_map(known)})
        inputs = read(QuotaRequestInputs, request.inputs)
        present = await self._ask(request.urn, inputs)
        return CreateResult(self._id(present), {**request.inputs, **wrap_map(present.outputs())})

    async def read(self, request: ReadRequest) -> ReadResult:
        """Reports what there is; an import finds the quota by the end of the id."""
        if request.inputs:
            present = await self._look(plain_map(request.inputs).get("accelerator"))
            outputs = {**request.inputs, **wrap_map(present.outputs())}
            return ReadResult(request.resource_id, outputs, request.inputs)
        for accelerator in (None, *serving_quotas()):
            present = await self._look(accelerator)
            if self._id(present).rpartition("/")[2] == request.resource_id.rpartition("/")[2]:
                break
        else:
            raise ResourceError(f"{request.resource_id!r} is no quota of tuning jobs or of an accelerator; {_CONSOLE}")
        outputs = present.outputs()
        # Whom Google may ask is never told again.
        imported = {"preferred": outputs["asked"] or outputs["granted"] or 1, "contactEmail": ""}
        imported |= {"accelerator": accelerator} if accelerator else {}
        return ReadResult(self._id(present), wrap_map({**imported, **outputs}), wrap_map(imported))

    async def update(self, request: UpdateRequest) -> UpdateResult:
        """Asks for what is missing now."""
        if request.preview:
            known = await self._foresee(request.urn, request.new)
            return UpdateResult({**request.new, **wrap_map({**dict.fromkeys(OUTPUTS, UNKNOWN), **known})})
        present = await self._ask(request.urn, read(QuotaRequestInputs, request.new))
        return UpdateResult({**request.new, **wrap_map(present.outputs())})

    async def delete(self, request: DeleteRequest) -> None:
        """Leaves the request: the service has no way to withdraw one, and others may count on the quota."""

    async def _look(self, accelerator: str | None) -> _Present:
        connection, region = self._run.connection, self._region(accelerator)
        standing = await self._run.call(quotas.look, connection, _quota(accelerator), region)
        if standing is None:
            return _Present(None)
        preference = await self._run.call(quotas.preference, connection, standing.quota_id, region)
        return _Present(standing, preference)

    async def _ask(self, urn: str, inputs: QuotaRequestInputs) -> _Present:
        """Asks for more where that is wanted, possible and not done yet."""
        present = await self._look(inputs.accelerator)
        standing = present.standing
        if standing is None or standing.fixed:
            await self._run.tell(urn, _refusal(inputs.accelerator, standing), severity=Severity.WARNING)
            return present
        if standing.covers(inputs.preferred):
            return present
        preference = await self._run.call(
            quotas.raise_to,
            self._run.connection,
            standing.quota_id,
            self._region(inputs.accelerator),
            inputs.preferred,
            inputs.contact_email,
        )
        present = _Present((await self._look(inputs.accelerator)).standing or standing, preference)
        if present.standing and not present.standing.covers(inputs.preferred):
            said = f": {preference.detail}" if preference.detail else ""
            state = "not decided yet" if preference.pending else "no more was granted"
            message = f"asked for {preference.preferred}, the project has {present.standing.granted}; {state}{said}"
            await self._run.tell(urn, message, severity=Severity.WARNING)
        return present

    async def _foresee(self, urn: str, properties: Properties) -> dict[str, Any]:
        """Tells what would be asked for, and returns the outputs that follow from it; nothing while the API is off."""
        if len(without_unknown(properties)) < len(properties):
            return {}
        import requests
        from google.auth.exceptions import GoogleAuthError

        inputs = read(QuotaRequestInputs, properties)
        try:
            quota, region = _quota(inputs.accelerator), self._region(inputs.accelerator)
            standing = await self._run.call(quotas.foresee, self._run.connection, quota, region)
        except (quotas.QuotaServiceError, requests.RequestException, GoogleAuthError):
            return {}
        if standing is None or standing.fixed:
            await self._run.tell(urn, _refusal(inputs.accelerator, standing), severity=Severity.WARNING)
        elif standing.covers(inputs.preferred):
            await self._run.tell(urn, f"asks for nothing: the project has {_amount(standing)}")
        else:
            await self._run.tell(urn, f"asks for {inputs.preferred}; the project has {_amount(standing)}")
            return {}
        return {"granted": standing and standing.granted}

    def _region(self, accelerator: str | None) -> str:
        return self._run.connection.location if accelerator else ""

    def _id(self, present: _Present) -> str:
        quota_id = present.standing.quota_id if present.standing else "unlisted"
        return (
            f"projects/{self._run.connection.project}/locations/global/services/{quotas.SERVICE}/quotaInfos/{quota_id}"
        )


_CONSOLE = "see IAM & Admin → Quotas in the console"


def _quota(accelerator: str | None) -> Quota:
    return serving_quotas()[accelerator] if accelerator else tuning_quota()


def _refusal(accelerator: str | None, standing: Standing | None) -> str:
    if standing is None:
        return f'nothing can be asked for: Cloud Quotas lists no "{_quota(accelerator)}"; {_CONSOLE}'
    return (
        f'nothing can be asked for: the quota "{_quota(accelerator)}" is fixed at {_amount(standing)} for this project'
    )


def _amount(standing: Standing) -> str:
    if standing.granted is None:
        return "no value for this region"
    return "no limit" if standing.granted == quotas.UNLIMITED else str(standing.granted)
