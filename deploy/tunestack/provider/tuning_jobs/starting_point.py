"""What a job starts from beside a base model: looked at before anything is spent, and pinned.

A folder may be written again, and the service adds versions to the very model that a job goes on from. So Check keeps
what a name stood for among the inputs: a reviewed plan holds it, and a run that changes nothing trains nothing.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from tunestack.catalogue import Problem, architecture_problem
from tunestack.provider.inputs import convert
from tunestack.provider.lifecycle import CheckFailure, CheckRequest, Properties, Severity
from tunestack.provider.properties import UNKNOWN, plain_map, wrap
from tunestack.provider.refusals import refused
from tunestack.provider.run import Run
from tunestack.provider.tuning_jobs.changes import is_told_in_other_words, start
from tunestack.provider.tuning_jobs.inputs import TuningJobInputs
from tunestack.retries import http_code
from tunestack.service_errors import explain
from tunestack.tuning import custom_base, intent, tuned_models
from tunestack.tuning.ownership import OWNER, SPEC, Owner, digest
from tunestack.wording import either

FIRST_CONTINUED = datetime.date(2025, 7, 11)
"""Only models that were tuned on this day or later can be tuned further: the service's page of continuous tuning."""

NOT_THERE = (
    "is empty: the tuned model that it comes from is not done yet. Wait for it (wait: true), or leave this job out "
    "until it is"
)


@dataclass(frozen=True, slots=True)
class _Pinned:
    """What names of a resource's inputs stood for when they were looked at."""

    name: str
    attempt: int
    content: str | None


class StartingPoints:
    """The folders and tuned models that the jobs of this run start from."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._pinned: dict[tuple[str, str], _Pinned] = {}

    async def pins(
        self, request: CheckRequest, known: Mapping[str, Any], failures: list[CheckFailure]
    ) -> dict[str, Any]:
        """Returns the inputs that Check adds, as far as they are known; what is wrong is added to `failures`.

        Args:
            request: the engine's.
            known: the inputs that a preview knows and that are sound.
            failures: of this Check.
        """
        pins: dict[str, Any] = {}
        for name, pin, look in (
            ("customBaseModel", "customBaseContent", self._content),
            ("preTunedModel", "preTunedVersion", self._version),
        ):
            if plain_map(request.new).get(name) is None:
                continue
            if name not in known:
                pins[pin] = UNKNOWN
                continue
            before = self._before(request, known, name, pin)
            refused = len(failures)
            found = await look(request, known, before, failures)
            if found is not None and len(failures) == refused:
                pins[pin] = found
                self._pinned[request.urn, name] = _Pinned(known[name], _attempt(known), found)
        return pins

    def _before(self, request: CheckRequest, known: Mapping[str, Any], name: str, pin: str) -> _Pinned | None:
        """Returns what an earlier Check found for the same text and attempt.

        The engine checks the inputs of a replacement a second time, then without the old ones.
        """
        old = plain_map(request.old) if request.old else {}
        if old.get("contentHash") is None and is_told_in_other_words(old.get(name), known[name]):
            # An import knows the version.
            return _Pinned(known[name], _attempt(known), tuned_models.parts(old[name])[1])
        before = _Pinned(old[name], _attempt(old), old.get(pin)) if old.get(name) is not None else None
        before = before or self._pinned.get((request.urn, name))
        is_same = before and (start(before.name), before.attempt) == (start(known[name]), _attempt(known))
        return before if is_same else None

    async def _content(
        self, request: CheckRequest, known: Mapping[str, Any], before: _Pinned | None, failures: list[CheckFailure]
    ) -> str | None:
        """Returns the hash of a folder's content: that of before when it cannot be used any more."""
        if request.old and before and before.content is None:
            return None  # the job is from before folders were pinned, and learns nothing new by that
        if before is None and await self._submitted_unpinned(request.urn, known):
            return None  # likewise, and a crash left it out of the state
        uri, problem = known["customBaseModel"], None
        kept = before.content if request.old and before else None
        try:
            found = await self._run.call(custom_base.look, self._run.connection, uri)
            if kept is None or kept != found.content:
                config = await self._run.call(custom_base.configuration, self._run.connection, uri)
                problem = architecture_problem(known["baseModel"], config) if known.get("baseModel") else None
        except Exception as error:
            reason = str(error) if isinstance(error, custom_base.UnusableFolderError) else explain(error)
            if reason is None:
                raise
            if kept is not None:
                return await self._stays(request.urn, kept, f"{uri} cannot be looked at any more: {reason}")
            if not isinstance(error, custom_base.UnusableFolderError):
                reason = f"cannot be looked at: {reason}; strict: false passes it unseen"
                failures += await self._refused(request, known, reason)
            else:
                failures.append(CheckFailure("customBaseModel", reason))
            return None
        if problem and kept is not None and known.get("strict") is not False:
            return await self._stays(request.urn, kept, f"{uri} {problem}")
        if problem:
            failures += await self._refused(request, known, f"{uri} {problem}")
        return found.content

    async def _stays(self, urn: str, content: str, why: str) -> str:
        """Returns what a folder held: nothing can start from what it holds now, and nothing has to."""
        await self._run.tell(urn, f"{why}; the custom base model stays what it was", severity=Severity.DEBUG)
        return content

    async def _version(
        self, request: CheckRequest, known: Mapping[str, Any], before: _Pinned | None, failures: list[CheckFailure]
    ) -> str | None:
        """Returns the version of a tuned model that a job goes on from."""
        if request.old and before and before.content:
            return before.content
        text = known["preTunedModel"]
        model, written = tuned_models.parts(text)
        kept = before.content if before else await self._submitted_before(request.urn, known)
        name = text if written.isdecimal() or not kept else f"{model}@{kept}"
        try:
            found = await self._run.call(tuned_models.look, self._run.connection, name)
            if found is None and name != text:
                found = await self._run.call(tuned_models.look, self._run.connection, text)
        except Exception as error:
            reason = explain(error)
            if reason is None:
                raise
            if http_code(error) is None and written.isdecimal():
                return written  # the service itself says what is wrong with it, once it can be reached
            failures.append(CheckFailure("preTunedModel", f"cannot be looked at: {reason}"))
            return None
        if found is None:
            reason = f"there is no model {text}; write what the output tunedModel of its TunedModel says"
            failures.append(CheckFailure("preTunedModel", reason))
            return None
        failures += _unfit(found, plain_map(request.new))
        if written.isdecimal():
            return written
        if kept and found.version != kept:
            told = f"version {kept}, which {text} stood for, is gone; it stands for version {found.version} now"
            await self._run.tell(request.urn, told, severity=Severity.WARNING)
        before_text = plain_map(request.old).get("preTunedModel") if request.old else None
        if kept or start(before_text) not in (None, start(text)):
            return found.version
        return await self._before_own(request.urn, known, found) or found.version

    async def _before_own(
        self, urn: str, known: Mapping[str, Any], found: tuned_models.TunedVersion | None
    ) -> str | None:
        """Returns the version that a job of this very spec went on from, where what is found came of that job.

        So it is after a destroy, which leaves the model and takes the note of the submission with its bucket, and where
        something was changed and changed back.
        """
        while found and found.job_labels.get(OWNER) == digest(urn):
            version = tuned_models.parts(found.goes_on_from)[1]
            try:
                spec = convert(TuningJobInputs, {**known, "preTunedVersion": version}).spec()
            except msgspec.ValidationError:
                return None  # a preview does not know all of it yet
            if not version or spec.hash() == found.job_labels.get(SPEC):
                return version
            found = await self._run.call(tuned_models.look, self._run.connection, found.goes_on_from)
        return None

    async def _submitted_before(self, urn: str, known: Mapping[str, Any]) -> str | None:
        """Returns the version that the resource's last submission went on from, which a crash may have left alone.

        By now the job may have added a version to that very model: asked again, its name may stand for that.
        """
        last = await self._last(urn, known)
        now = (known["preTunedModel"], _attempt(known))
        return last.version if last and (last.goes_on_from, last.attempt) == now else None

    async def _submitted_unpinned(self, urn: str, known: Mapping[str, Any]) -> bool:
        """Says whether the resource's last submission was of just this, by a version that pinned no folders."""
        last = await self._last(urn, known)
        try:
            return last is not None and convert(TuningJobInputs, known).spec().hash() == last.spec_hash
        except msgspec.ValidationError:
            return False  # a preview does not know all of it yet

    async def _last(self, urn: str, known: Mapping[str, Any]) -> intent.Intent | None:
        if "outputUri" not in known:
            return None
        try:
            last = await self._run.call(intent.find, self._run.connection, Owner(urn), known["outputUri"])
        except Exception as error:
            await self._run.tell(urn, f"cannot look for an earlier submission yet: {error!r}", severity=Severity.DEBUG)
            return None
        return last.intent if last else None

    async def _refused(self, request: CheckRequest, known: Mapping[str, Any], reason: str) -> list[CheckFailure]:
        problem = Problem("customBaseModel", reason, is_unknown=True)
        return await refused(self._run, request.urn, [problem], strict=known.get("strict"))


def _attempt(inputs: Mapping[str, Any]) -> int:
    return inputs.get("attempt") or 1


def with_pins(inputs: Properties, pins: Mapping[str, Any]) -> Properties:
    """Returns the inputs with what Check has found out, in place of what an earlier one had."""
    rest = {name: value for name, value in inputs.items() if name not in ("customBaseContent", "preTunedVersion")}
    return {**rest, **{name: wrap(value) for name, value in pins.items()}}


def _unfit(found: tuned_models.TunedVersion, inputs: Mapping[str, Any]) -> list[CheckFailure]:
    """Returns why a tuned model cannot be tuned further as it is asked for.

    Source of the rules: the service's page of continuous tuning.
    """
    refused = []

    def refuse(name: str, reason: str) -> None:
        refused.append(CheckFailure(name, reason))

    if found.is_uploaded:
        refuse("preTunedModel", "is an uploaded model, no tuned Gemini; an open model goes on from customBaseModel")
    if found.is_supervised is False:
        refuse("preTunedModel", "was not made by supervised tuning, and no other can be tuned further")
    if found.tuned and found.tuned.date() < FIRST_CONTINUED:
        refuse(
            "preTunedModel",
            f"was tuned on {found.tuned.date()}, and only models from {FIRST_CONTINUED} on can be tuned further; tune "
            "its base model again",
        )
    key = inputs.get("kmsKeyName") or ""
    if key is not UNKNOWN and not tuned_models.is_same_name(key, found.kms_key_name):
        own = f"with {found.kms_key_name}" if found.kms_key_name else "with no key of a customer"
        refuse("kmsKeyName", f"the model to go on from is encrypted {own}, and what is learned from it has to be, too")
    checkpoint = inputs.get("preTunedCheckpoint")
    if checkpoint not in (None, UNKNOWN) and found.checkpoints and checkpoint not in found.checkpoints:
        there = either(found.checkpoints) if len(found.checkpoints) > 1 else found.checkpoints[0]
        refuse("preTunedCheckpoint", f"{checkpoint!r} is none of the model's checkpoints; write {there}")
    base = inputs.get("baseModel")
    if isinstance(base, str) and found.base_model and _unversioned(base) != _unversioned(found.base_model):
        refuse("baseModel", f"the model to go on from was tuned from {found.base_model}; write that, or leave it out")
    return refused


def _unversioned(model: str) -> str:
    """Returns a Gemini model's name without its version: what a label says of `gemini-2.0-flash` may be `…-001`."""
    return re.sub(r"-[0-9]{3}$", "", model.rpartition("/")[2])
