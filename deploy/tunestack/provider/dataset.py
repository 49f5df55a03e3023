"""The life of a dataset: checked in every preview, uploaded under the name of its content, never removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from tunestack import data
from tunestack.data.storage.objects import PinnedObject, is_address
from tunestack.data.verdicts.kept import Checked, NotKeptError
from tunestack.data.verdicts.objects import ObjectPlace
from tunestack.provider.dataset_content import Content, unplaced
from tunestack.provider.dataset_files import FILES, GENERATIONS, is_local, rules_of
from tunestack.provider.dataset_images import EXCUSED
from tunestack.provider.dataset_problems import check_command, complaint
from tunestack.provider.dataset_reader import DatasetReader, UnusableError
from tunestack.provider.inputs import Inputs, convert, failures, with_defaults, without_unknown
from tunestack.provider.lifecycle import (
    Change,
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
from tunestack.provider.properties import UNKNOWN, changed, plain, plain_map, wrap, wrap_map
from tunestack.provider.run import Run
from tunestack.provider.transfer_progress import TransferProgress
from tunestack.retries import repeatable
from tunestack.tuning.artifacts import split
from tunestack.wording import counted

ADDED = ("contentHash", *GENERATIONS.values())
"""Inputs that Check adds: the hash of what the files hold, and which objects were meant."""


class DatasetInputs(Inputs, frozen=True, kw_only=True):
    """Files and where they go, and what Check adds."""

    training: str
    validation: str | None = None
    bucket: str | None = None
    prefix: str = "datasets"
    base_models: list[str] = msgspec.field(default_factory=list)
    answers: Literal["required", "optional"] = "required"
    content_hash: str | None = None
    training_generation: str | None = None
    validation_generation: str | None = None


class DatasetLifecycle(Lifecycle):
    """Checks and uploads."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._reader = DatasetReader(run)

    async def check(self, request: CheckRequest) -> CheckResult:
        """Checks the files; adds the hash of their content, so that a reviewed plan refuses other data."""
        found = failures(DatasetInputs, request.new)
        known = without_unknown(request.new)
        inputs = {name: value for name, value in request.new.items() if name not in ADDED}
        if not found and _is_unnamed(request.new):
            return CheckResult({**inputs, **wrap_map(dict.fromkeys(ADDED, UNKNOWN))})
        if not found and is_local(known) and plain_map(request.new).get("bucket") is None:
            found.append(CheckFailure("bucket", "is missing; a file of this machine has to be uploaded somewhere"))
        if found:
            return CheckResult(inputs, found)
        try:
            files = await self._reader.located(known)
            content = await self._reader.content(request.urn, files, known)
            reports = await self._reader.with_images(request.urn, content, known)
        except UnusableError as error:
            return CheckResult(inputs, error.failures)
        shows_each = check_command(content, rules_of(known))
        for file, report in zip(files, reports, strict=True):
            if text := complaint(report, shows_each, EXCUSED):
                found.append(CheckFailure(file.role, text))
            elif not _is_just_imported(request.old, known):
                await self._reader.warn(request.urn, file, report, shows_each)
        if not found:
            inputs["contentHash"] = wrap(content.hash)
            inputs |= wrap_map({GENERATIONS[file.role]: file.generation for file in files if file.generation})
        return CheckResult(inputs, found)

    async def diff(self, request: DiffRequest) -> DiffResult:
        """Replaces when the content or its place changes; a file that only moved has not changed."""
        before, after = plain_map(request.old_inputs), plain_map(request.new)
        differing = changed(with_defaults(DatasetInputs, request.old_inputs), with_defaults(DatasetInputs, request.new))
        places = ("bucket", "prefix") if is_local(after) and not _is_pinned(before) else ()
        replacing = [
            name for name in ("contentHash", *places) if name in differing and name not in request.ignore_changes
        ]
        if "prefix" in replacing and _is_elsewhere(before):
            replacing.remove("prefix")
        changes = {name: PropertyChange(differing[name], replaces=True) for name in replacing}
        if "contentHash" in replacing:
            await self._explain(request, after)
        elif not replacing:
            state = plain_map(request.state)
            # What an import has pinned stands in the state alone.
            repinned = [
                name
                for name in GENERATIONS.values()
                if name in differing and not (after.get(name) and after.get(name) == state.get(name))
            ]
            rechecked = ["answers"] if "answers" in differing else []
            changes |= {name: PropertyChange(differing[name]) for name in repinned + rechecked}
            if "examples" in state and "textOnly" not in state:  # an earlier release has made it
                changes["textOnly"] = PropertyChange(Change.ADD, output=True)
        return DiffResult(changes)

    async def create(self, request: CreateRequest) -> CreateResult:
        """Uploads the files, unless the bucket has them under the name of their content."""
        if request.preview and _is_unnamed(request.inputs):
            return CreateResult("", request.inputs)
        known = without_unknown(request.inputs)
        inputs = convert(DatasetInputs, known)
        content = await self._read(request.urn, inputs, known)
        comparison = self._run.comparisons.get(content.hash, "")
        told = {**content.outputs(), "answers": inputs.answers, "comparison": comparison}
        outputs = {**request.inputs, **wrap_map(told)}
        if request.preview:
            reason = self._run.reasons.get(request.urn, "training data")
            await self._run.tell(
                request.urn, reason if comparison else f"{reason}: {counted(content.training.examples, 'example')}"
            )
            return CreateResult("", {**outputs, **wrap_map(content.foreseen(inputs.bucket, inputs.prefix))})
        outputs |= wrap_map(await self._placed(request.urn, inputs, content))
        # An id cannot be secret; the address would quote what is.
        is_secret = any(value.contains_secret() for value in request.inputs.values())
        return CreateResult(content.hash if is_secret else plain(outputs["trainingUri"]), outputs)

    async def read(self, request: ReadRequest) -> ReadResult:
        """Reports a file that is gone as a dataset that is gone: uploading it again costs nothing.

        An import reads the files: whether a program's are the same is known by their content alone.
        """
        from tunestack.provider import dataset_import

        if not request.state:
            uris = dataset_import.addresses(request.resource_id)
            content = await self._run.call(dataset_import.fetched, uris, self._run.storage)
            lie = dict(zip(FILES, uris, strict=False))
            inputs = wrap_map({**lie, **dataset_import.declared_at(uris[0]), "contentHash": content.hash})
            outputs = {**content.outputs(), "answers": "required", "comparison": "", **content.addresses()}
            return ReadResult(uris[0], {**inputs, **wrap_map(outputs)}, inputs)
        state = plain_map(request.state)
        uris = [uri for uri in (state.get("trainingUri"), state.get("validationUri")) if uri]
        there = await self._run.call(self._all_exist, uris)
        return ReadResult(request.resource_id if there else "", request.state, request.inputs)

    async def update(self, request: UpdateRequest) -> UpdateResult:
        """Takes over where the files lie; their content is the same.

        What the state has pinned where others write may be gone tomorrow, so a program that names a file of this
        machine instead has it uploaded.
        """
        known = without_unknown(request.new)
        inputs = convert(DatasetInputs, known)
        content = await self._read(request.urn, inputs, known)
        if request.preview:
            reason = "lies elsewhere, or was written again"
            if "textOnly" not in request.state:
                reason = "is counted as releases before did not"
            elif plain_map(request.old_inputs).get("answers", "required") != inputs.answers:
                reason = f"is checked anew, answers {inputs.answers}"
            await self._run.tell(request.urn, f"the same content {reason}; no job runs because of it")
        empty = wrap_map({"comparison": "", **unplaced()})
        told = {**content.outputs(), "answers": inputs.answers}
        outputs = {**empty, **request.state, **request.new, **wrap_map(told)}
        state = plain_map(request.state)
        if any(file.pinned for file in content.files) or any(state.get(name) for name in GENERATIONS.values()):
            if request.preview:
                outputs |= wrap_map(content.foreseen(inputs.bucket, inputs.prefix))
            else:
                outputs |= wrap_map(await self._placed(request.urn, inputs, content))
        return UpdateResult(outputs)

    async def delete(self, request: DeleteRequest) -> None:
        """Leaves the files in the bucket: jobs and models name them as what they have learned from."""

    async def _read(self, urn: str, inputs: DatasetInputs, known: Mapping[str, Any]) -> Content:
        """Returns what the files hold.

        Raises:
            ResourceError: it is not what was checked, so a plan that was reviewed is not applied to other data.
        """
        try:
            files = await self._reader.located(known)
            content = await self._reader.content(urn, files, known)
        except UnusableError as error:
            raise ResourceError("; ".join(failure.reason for failure in error.failures)) from error
        if inputs.content_hash != content.hash:
            raise ResourceError(
                f"{inputs.training} changed since it was checked; run the command again to have the new data checked"
            )
        return content

    async def _placed(self, urn: str, inputs: DatasetInputs, content: Content) -> dict[str, str | None]:
        """Uploads what lies on this machine; returns where all of it lies then."""
        lie = content.addresses()
        for file, verdict in zip(content.files, content.verdicts, strict=True):
            if file.path is None or inputs.bucket is None:
                continue
            progress = TransferProgress(self._run, urn, f"uploads {file.place.name}", verdict.report.bytes)
            pinned = await self._run.call(
                data.upload, file.path, verdict.report, inputs.bucket, inputs.prefix, self._run.storage, progress
            )
            lie[f"{file.role}Uri"] = pinned.uri
            await self._keep_beside(urn, pinned, verdict)
        return lie

    async def _keep_beside(self, urn: str, pinned: PinnedObject, verdict: Checked) -> None:
        """Keeps the signature with what was uploaded, for a later version to be compared with."""
        try:
            await self._run.call(ObjectPlace(pinned, self._run.storage).keep_signature, verdict.signature)
        except NotKeptError as error:
            await self._run.tell(
                urn,
                f"the signature of {pinned.uri} cannot be kept beside it, so a later change will tell counts alone: "
                f"{error}",
                severity=Severity.WARNING,
            )

    async def _explain(self, request: DiffRequest, after: Mapping[str, Any]) -> None:
        """Notes for the preview, and for the jobs on this data, how the content differs."""
        from tunestack.provider.dataset_comparison import compared

        state = plain_map(request.state)
        before = state.get("examples")
        reason = "new training data" if before is None else f"new training data instead of {counted(before, 'example')}"
        content = self._reader.known(after.get("contentHash"))
        if content is not None and (told := await self._run.call(compared, state, content, self._run.storage)):
            reason = self._run.comparisons[content.hash] = told
        self._run.reasons[request.urn] = reason

    def _all_exist(self, uris: Sequence[str]) -> bool:
        return all(
            self._run.storage().bucket(bucket).blob(name).exists(retry=repeatable) for bucket, name in map(split, uris)
        )


def _is_unnamed(properties: Properties) -> bool:
    """Says whether this is a preview that does not know yet which files are meant."""
    given = plain_map(properties)
    return UNKNOWN in (given.get("training"), given.get("validation"))


def _is_pinned(inputs: Mapping[str, Any]) -> bool:
    """Says whether all files lie where a program has named them, so that none has a place of ours."""
    return bool(inputs.get(GENERATIONS["training"])) and not is_local(inputs)


def _is_just_imported(old: Properties | None, known: Mapping[str, Any]) -> bool:
    """Says whether the engine asks about what an import has found, where a warning would look like one about that."""
    before = plain_map(old or {})
    is_same = all(before.get(role) == known.get(role) for role in FILES)
    return is_same and is_address(known["training"]) and before.get(GENERATIONS["training"]) is None


def _is_elsewhere(old_inputs: Mapping[str, Any]) -> bool:
    """Says whether an import has found the files where no resource of ours puts them; there they stay."""
    return is_address(str(old_inputs.get("training"))) and old_inputs.get("prefix") is None
