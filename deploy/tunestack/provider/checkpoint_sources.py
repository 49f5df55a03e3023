"""The checkpoints that copies are made of: looked at before anything is made, with the rights that copying takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tunestack.checkpoints import access, copying, folder
from tunestack.checkpoints.folder import Folder, NoCheckpointError, copy_uri
from tunestack.checkpoints.note import find as find_note
from tunestack.checkpoints.note import read as read_note
from tunestack.new_buckets import is_new
from tunestack.provider.lifecycle import CheckFailure, Severity
from tunestack.retries import http_code
from tunestack.service_errors import explain
from tunestack.tuning import artifacts

if TYPE_CHECKING:
    from tunestack.provider.run import Run


class CheckpointSources:
    """The checkpoints of one run; `seen` by their addresses."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.seen: dict[str, Folder] = {}

    async def look(self, uri: str) -> Folder:
        """Returns the checkpoint at an address as it is now; see `folder.look`."""
        self.seen[uri] = seen = await self._run.call(folder.look, self._run.connection, uri)
        return seen

    async def noted(self, source_uri: str, destination_uri: str, content: str | None) -> Folder | None:
        """Returns a checkpoint by the note beside its copy, where that copy is whole: nothing is asked of the source.

        Args:
            source_uri: the checkpoint's own folder.
            destination_uri: below which its copies lie; empty while a preview does not know it.
            content: the hash of the one that is meant, None for that which was copied last.
        """
        connection = self._run.connection
        if not destination_uri:
            return None
        if content:
            note = await self._run.call(read_note, connection, copy_uri(destination_uri, content))
        else:
            note = await self._run.call(find_note, connection, destination_uri, source_uri)
        if note is None:
            return None
        uri = copy_uri(destination_uri, note.content)
        if copying.left(note.folder(uri), await self._run.call(folder.present, connection, uri)):
            return None
        self.seen[source_uri] = seen = note.folder(source_uri.rstrip("/"))
        return seen

    def why_not(self, error: Exception, known: Mapping[str, Any]) -> str | None:
        """Returns why a checkpoint cannot be looked at; None for a defect."""
        if isinstance(error, NoCheckpointError):
            stack = _stack(known)
            return f"{error}; pulumi up --refresh --stack {stack} says how to get it back" if stack else str(error)
        if http_code(error) == 403:
            bucket, _ = artifacts.split(known["sourceUri"])
            said = str(getattr(error, "message", error))
            lacking = "it has no storage.objects.list"
            return access.unreadable(self._run.storage(), bucket, _stack(known), lacking, said)
        reason = explain(error)
        return f"cannot be looked at: {reason}" if reason else None

    async def forbidden(self, urn: str, known: Mapping[str, Any]) -> list[CheckFailure]:
        """Returns the rights that copying would turn out not to have, as far as the service says so beforehand."""
        found = []
        for name, permissions in (("sourceUri", access.READING), ("destinationUri", access.WRITING)):
            if name not in known:
                continue
            bucket, _ = artifacts.split(known[name])
            try:
                lacking = await self._run.call(access.lacking, self._run.storage(), bucket, permissions)
                is_own = name == "destinationUri"
                if lacking and is_own and await self._run.call(is_new, self._run.storage(), bucket):
                    continue  # the copy itself waits for its rights to spread
            except Exception as error:  # the bucket of the copy may be yet to be made
                await self._run.tell(urn, f"cannot ask for rights on {bucket}: {error!r}", severity=Severity.DEBUG)
                continue
            if not lacking:
                continue
            told = f"it has no {' and no '.join(lacking)}"
            if name == "sourceUri":
                reason = access.unreadable(self._run.storage(), bucket, _stack(known), told)
            else:
                reason = access.unwritable(self._run.storage(), bucket, told)
            found.append(CheckFailure(name, reason))
        return found


def _stack(known: Mapping[str, Any]) -> str:
    origin = known.get("origin")
    return str(origin.get("stack") or "") if isinstance(origin, Mapping) else ""
