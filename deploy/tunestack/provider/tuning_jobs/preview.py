"""What a preview says of a tuning job: what it would learn, why, at what price, and what it would take or stop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

from tunestack.catalogue.methods import OPEN_METHODS, method
from tunestack.provider.lifecycle import ResourceError, Severity
from tunestack.provider.properties import UNKNOWN
from tunestack.provider.run import Run
from tunestack.provider.tuning_jobs.changes import shown
from tunestack.provider.tuning_jobs.estimate import told_cost
from tunestack.provider.tuning_jobs.inputs import pinned_model
from tunestack.provider.tuning_jobs.own_jobs import OwnJobs
from tunestack.retries import PREVIEW_SECONDS
from tunestack.tuning import foresight, jobs, tuned_models
from tunestack.tuning.ownership import Owner

T = TypeVar("T")


class Preview:
    """Looks ahead for one run."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def adopted(self, owner: Owner, known: dict[str, Any]) -> jobs.Job | None:
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
            return await asyncio.wait_for(look, PREVIEW_SECONDS)
        except ResourceError:
            raise
        except Exception as error:
            await self._run.tell(urn, f"cannot look for earlier jobs yet: {error!r}", severity=Severity.DEBUG)
            return None

    async def with_base_model(self, urn: str, known: dict[str, Any]) -> dict[str, Any]:
        """Returns the inputs with the base model of a tuned Gemini model: a price follows from it.

        A program may leave it out, and then only the service knows it.
        """
        tuned = pinned_model(known.get("preTunedModel"), known.get("preTunedVersion"))
        if not tuned or "baseModel" in known:
            return known
        found = await self._quietly(urn, self._run.call(tuned_models.look, self._run.connection, tuned))
        return {**known, "baseModel": found.base_model} if found and found.base_model else known

    async def forecast(self, owner: Owner, inputs: dict[str, Any], adopted: jobs.Job | None) -> str:
        """Returns the one line that a preview shows of a job.

        Args:
            owner: the resource.
            inputs: as far as they may be told; `UNKNOWN` where a preview cannot know.
            adopted: the job that would be taken over.
        """
        others = await self._quietly(owner.urn, OwnJobs(self._run, owner).in_the_way(adopted, None, foresight)) or []
        first = "".join(f"; job {job.number}, still running, is cancelled first" for job in others)
        why = self._run.reasons.get(owner.urn)
        if adopted is not None:
            verb = "learned" if adopted.is_over else "learns"
            takes = f"takes job {adopted.number}, which {verb} the same from the same data; costs nothing{first}"
            return f"{why}: {takes}" if why else takes
        known = {name: value for name, value in inputs.items() if value is not UNKNOWN}
        cost = told_cost(known, self._run.connection.location)
        if why is None:
            return f"{_task(inputs)}: {cost}{first}"
        return f"{why} retrains: {cost}{first}"


def _task(inputs: dict[str, Any]) -> str:
    """Says what a job would do: `tunes google/gemma3@gemma-3-1b-it (FULL, 3 epochs)`."""
    number = inputs["epochs"]
    epochs = f"epochs {shown(number)}" if number is UNKNOWN else f"{number} epoch{'' if number == 1 else 's'}"
    mode = [shown(inputs["mode"])] if inputs.get("mode") is not None else []
    how = f"({', '.join([*mode, epochs])})"
    if (tuned := inputs.get("preTunedModel")) is not None:
        version = inputs.get("preTunedVersion")
        is_known = UNKNOWN not in (tuned, version)
        name = pinned_model(tuned, version) if is_known else "a model that another job makes first"
        checkpoint = inputs.get("preTunedCheckpoint")
        return f"goes on from {'' if checkpoint is None else f'checkpoint {shown(checkpoint)} of '}{name} {how}"
    base = shown(inputs.get("baseModel"))
    if (teacher := inputs.get("teacherModel")) is not None:
        return f"distils {shown(teacher)} into {base} {how}"
    if (folder := inputs.get("customBaseModel")) is not None:
        return f"tunes {base} from {'a checkpoint that another job makes first' if folder is UNKNOWN else folder} {how}"
    return f"tunes {base} {how}"


def artifacts_of(owner: Owner, known: dict[str, Any]) -> dict[str, str]:
    """Returns where a job that is not submitted yet will write, as an output; a Gemini job writes nowhere."""
    if "specHash" not in known or "outputUri" not in known:
        return {}
    way = method(known.get("baseModel"), known.get("teacherModel"), known.get("preTunedModel"))
    folder = owner.job_folder(known["outputUri"], known["specHash"]) if way in OPEN_METHODS else ""
    return {"artifactsUri": folder}
