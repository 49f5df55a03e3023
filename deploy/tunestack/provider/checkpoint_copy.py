"""The life of a copied checkpoint: pinned when it is previewed, copied inside Cloud Storage, kept for good."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

import msgspec

from tunestack.checkpoints import copying, folder
from tunestack.checkpoints.folder import Folder, copy_uri
from tunestack.checkpoints.note import Note
from tunestack.checkpoints.note import read as read_note
from tunestack.checkpoints.note import write as write_note
from tunestack.provider.checkpoint_lines import forecast
from tunestack.provider.checkpoint_sources import CheckpointSources
from tunestack.provider.inputs import Inputs, failures, folder_failures, read, with_defaults, without_unknown
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
from tunestack.provider.properties import UNKNOWN, changed, plain_map, wrap, wrap_map
from tunestack.provider.transfer_progress import TransferProgress, shown_bytes
from tunestack.tuning.ownership import digest
from tunestack.wording import counted

if TYPE_CHECKING:
    from tunestack.provider.run import Run

COPIED = "COPIED"
PENDING = "PENDING"
INCOMPLETE = "INCOMPLETE"

LINEAGE = frozenset({"baseModel", "origin"})
"""Inputs that only say what the checkpoint is."""

NOTHING_YET = "pending: the model that it copies is not finished; the next pulumi up goes on"


class CheckpointCopyInputs(Inputs, frozen=True, kw_only=True):
    """What to copy where; `content` is added by Check."""

    source_uri: str
    destination_uri: str
    base_model: str | None = None
    origin: dict[str, str] = msgspec.field(default_factory=dict)
    content: str | None = None


class CheckpointCopyLifecycle(Lifecycle):
    """Copies, and finds what is copied already."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._sources = CheckpointSources(run)

    async def check(self, request: CheckRequest) -> CheckResult:
        """Looks at the checkpoint and pins its content; refuses what cannot be read or written before it is tried.

        A copy outlives its source: once it is made, nothing here asks for the source to be there still.
        """
        inputs = {name: value for name, value in request.new.items() if name != "content"}
        found = failures(CheckpointCopyInputs, request.new)
        known = without_unknown(inputs)
        sound = {name: value for name, value in known.items() if name not in {failure.property for failure in found}}
        if sound.get("sourceUri") == "":
            del sound["sourceUri"]
        found += folder_failures(sound, "sourceUri", "destinationUri")
        if found:
            return CheckResult(inputs, found)
        if "sourceUri" not in sound:
            return CheckResult(inputs if "sourceUri" in known else {**inputs, "content": wrap(UNKNOWN)})
        if _is_within(sound.get("destinationUri", ""), sound["sourceUri"]):
            reason = "lies in the folder that is copied; choose one beside it, or another bucket"
            return CheckResult(inputs, [CheckFailure("destinationUri", reason)])
        old = plain_map(request.old) if request.old else {}
        kept = old.get("content") if old.get("sourceUri") == sound["sourceUri"] else None
        try:
            seen = await self._sources.look(sound["sourceUri"])
        except Exception as error:
            why = self._sources.why_not(error, sound)
            if why is None:
                raise
            noted = await self._sources.noted(sound["sourceUri"], sound.get("destinationUri", ""), kept)
            if noted is None and kept is None:
                return CheckResult(inputs, [CheckFailure("sourceUri", why)])
            told = f"{sound['sourceUri']} cannot be looked at any more: {why}; the copy stays what it is"
            await self._run.tell(request.urn, told, severity=Severity.DEBUG)
            return CheckResult({**inputs, "content": wrap(noted.content if noted else kept)})
        if seen.content != kept:
            found = await self._sources.forbidden(request.urn, sound)
        return CheckResult({**inputs, "content": wrap(seen.content)}, found)

    async def diff(self, request: DiffRequest) -> DiffResult:
        """Another place replaces; another checkpoint is copied beside the last one, in place.

        What is told of the same checkpoint's origin is no reason to touch it: figures come and go in the other stack.
        """
        differing = changed(
            with_defaults(CheckpointCopyInputs, request.old_inputs), with_defaults(CheckpointCopyInputs, request.new)
        )
        changes = {
            name: PropertyChange(kind, replaces=name == "destinationUri")
            for name, kind in differing.items()
            if name not in request.ignore_changes
        }
        if changes.keys() <= LINEAGE:
            changes = {}
        if not changes and plain_map(request.state).get("state") == INCOMPLETE:
            changes["state"] = PropertyChange(output=True)
        return DiffResult(changes)

    async def create(self, request: CreateRequest) -> CreateResult:
        """Copies what is not in place; a run that was cut off left whole files, which are."""
        if request.preview:
            return CreateResult("", {**request.inputs, **await self._foreseen(request.urn, request.inputs)})
        outputs = await self._copied(request.urn, read(CheckpointCopyInputs, request.inputs), request.timeout)
        destination = plain_map(request.inputs)["destinationUri"]
        # An id cannot be secret, and would quote what is.
        is_secret = request.inputs["destinationUri"].contains_secret()
        return CreateResult(digest(destination) if is_secret else destination, {**request.inputs, **outputs})

    async def read(self, request: ReadRequest) -> ReadResult:
        """Says whether the copy is whole; an import names the copy's folder, and the note beside it says the rest."""
        if not request.state:
            return await self._imported(request.resource_id)
        state = plain_map(request.state)
        uri = state.get("uri")
        if not uri:
            return ReadResult(request.resource_id, request.state, request.inputs)
        there = await self._run.call(folder.present, self._run.connection, uri)
        note = await self._run.call(read_note, self._run.connection, uri)
        whole = not copying.left(note.folder(uri), there) if note else there.content == state.get("content")
        now = wrap(COPIED if whole else INCOMPLETE)
        return ReadResult(request.resource_id, {**request.state, "state": now}, request.inputs)

    async def update(self, request: UpdateRequest) -> UpdateResult:
        """Copies another checkpoint, or what is missing; the folders of earlier ones stay to go back to."""
        if request.preview:
            return UpdateResult({**request.new, **await self._foreseen(request.urn, request.new, request.state)})
        outputs = await self._copied(request.urn, read(CheckpointCopyInputs, request.new), request.timeout)
        return UpdateResult({**request.new, **outputs})

    async def delete(self, request: DeleteRequest) -> None:
        """Leaves the copies where they are: what serves may need them, and going back does."""

    async def _copied(self, urn: str, inputs: CheckpointCopyInputs, seconds: float) -> Properties:
        """Returns the outputs once everything is in place.

        Raises:
            ResourceError: the checkpoint is another one than was previewed, or cannot be copied.
            InterruptedWaitError: the user stopped the run; the files that are copied stay.
        """
        if not inputs.source_uri:
            await self._run.tell(urn, NOTHING_YET, severity=Severity.WARNING)
            return wrap_map(_outputs(PENDING))
        connection = self._run.connection
        try:
            source = await self._sources.look(inputs.source_uri)
        except Exception as error:
            noted = await self._sources.noted(inputs.source_uri, inputs.destination_uri, inputs.content)
            why = self._sources.why_not(error, {"sourceUri": inputs.source_uri, "origin": inputs.origin})
            if noted is None and why is None:
                raise
            if noted is None:
                raise ResourceError(f"{why}; what is missing of the copy can only come from there") from error
            source = noted
        if inputs.content not in (None, source.content):
            raise ResourceError(
                f"{inputs.source_uri} holds another checkpoint than it did when it was previewed; run the command "
                "again to see what it is now"
            )
        uri = copy_uri(inputs.destination_uri, source.content)
        there = await self._run.call(folder.present, connection, uri)
        missing = copying.left(source, there)
        copies = await self._run.call(folder.beside, connection, uri) if missing else []
        doing, total = f"copies {counted(len(missing), 'file')}", sum(file.bytes for file in missing)
        shown = TransferProgress(self._run, urn, doing, total)
        deadline = time.monotonic() + seconds if seconds else math.inf

        def progress(done: int) -> None:
            shown(done)
            if time.monotonic() > deadline:
                told = f"{shown_bytes(done)} are copied after {seconds:.0f} s; the next pulumi up copies the rest"
                raise ResourceError(told)

        try:
            copied = await self._run.call(copying.copy, connection, source, there, copies, progress)
        except copying.CopyError as error:
            raise ResourceError(str(error)) from error
        if extra := sorted(there.by_name().keys() - source.by_name().keys()):
            told = (
                f"{', '.join(extra)} in {uri} is not of the checkpoint; delete it, since what is served is the folder"
            )
            await self._run.tell(urn, told, severity=Severity.WARNING)
        note = Note.of(source, inputs.base_model or "", dict(inputs.origin))
        await self._run.call(write_note, connection, uri, note)
        return wrap_map(_outputs(COPIED, uri, source, len(copied), sum(file.bytes for file in copied)))

    async def _foreseen(self, urn: str, inputs: Properties, state: Properties | None = None) -> Properties:
        """Says what an up would copy; returns the outputs so far as they can be known."""
        known, before = without_unknown(inputs), plain_map(state or {})
        if known.get("sourceUri") == "":
            await self._run.tell(urn, NOTHING_YET)
            return wrap_map(_outputs(PENDING))
        outputs: dict[str, Any] = dict.fromkeys(_outputs(PENDING), UNKNOWN)
        source = self._sources.seen.get(known.get("sourceUri", ""))
        there, copies = None, []
        if source is not None:
            outputs |= {"content": source.content, "files": len(source.files), "bytes": source.bytes}
            if "destinationUri" in known:
                outputs["uri"] = copy_uri(known["destinationUri"], source.content)
                try:
                    there = await self._run.call(folder.present, self._run.connection, outputs["uri"])
                    if copying.left(source, there):
                        copies = await self._run.call(folder.beside, self._run.connection, outputs["uri"])
                except Exception as error:  # whatever it is: a preview says what it knows
                    await self._run.tell(urn, f"cannot look at the copy: {error!r}", severity=Severity.DEBUG)
        elif before.get("content") and before["content"] == known.get("content"):
            outputs |= {name: before.get(name) for name in ("uri", "content", "files", "bytes")}
        await self._run.tell(urn, forecast(known, source, there, copies))
        return wrap_map(outputs)

    async def _imported(self, uri: str) -> ReadResult:
        if not uri.startswith("gs://") or "/" not in uri.removeprefix("gs://"):
            raise ResourceError(f"{uri!r} is no copy's folder: gs://bucket/folder/CONTENT")
        uri = uri.rstrip("/")
        note = await self._run.call(read_note, self._run.connection, uri)
        if note is None:
            raise ResourceError(f"there is no note {uri}.json that says what {uri} is a copy of; it cannot be imported")
        there = await self._run.call(folder.present, self._run.connection, uri)
        destination = uri.rpartition("/")[0]
        inputs: dict[str, Any] = {
            "sourceUri": note.source_uri,
            "destinationUri": destination,
            "content": note.content,
            **({"baseModel": note.base_model} if note.base_model else {}),
            **({"origin": note.origin} if note.origin else {}),
        }
        expected = note.folder(uri)
        state = INCOMPLETE if copying.left(expected, there) else COPIED
        return ReadResult(destination, wrap_map({**inputs, **_outputs(state, uri, expected)}), wrap_map(inputs))


def _outputs(
    state: str, uri: str = "", source: Folder | None = None, copied_files: int = 0, copied_bytes: int = 0
) -> dict[str, Any]:
    return {
        "uri": uri,
        "content": source.content if source else "",
        "files": len(source.files) if source else 0,
        "bytes": source.bytes if source else 0,
        "copiedFiles": copied_files,
        "copiedBytes": copied_bytes,
        "state": state,
    }


def _is_within(uri: str, parent: str) -> bool:
    return f"{uri.rstrip('/')}/".startswith(f"{parent.rstrip('/')}/")
