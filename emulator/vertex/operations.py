"""Long-running operations: started by a call, finished a settable moment later, remembered for ever.

What an operation will do is part of its document, so that a restart goes on with it: the effect and the end of an
operation are one transaction, and happen once.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emulator.clock import timestamp
from emulator.errors import ServiceError
from emulator.paging import page
from emulator.vertex import listing
from emulator.vertex.calls import Call, new_id
from emulator.vertex.refusals import not_found, status

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.services import Services

_COLLECTION = "operations"
_LOG = logging.getLogger(__name__)


Details = dict[str, Any]


def _nothing(_: Details) -> None:
    return None


@dataclass(frozen=True)
class Effect:
    """What an operation does at its end. Each step gets the details; `prepare` and `apply` may raise ServiceError.

    Attributes:
        response: The type of the response, such as `Endpoint` or `google.protobuf.Empty`.
        apply: Changes the documents, inside a transaction, and returns the response.
        prepare: Runs before, outside of any lock, for what takes long.
        undo: Removes what the start left, after an error or a cancellation.
        metadata: The type of the operation's metadata; by default it follows the name of the effect.
    """

    response: str
    apply: Callable[[Details], Details]
    prepare: Callable[[Details], None] = _nothing
    undo: Callable[[Details], None] = _nothing
    metadata: str = ""


def deletion(apply: Callable[[Details], Details]) -> Effect:
    """The effect of a delete, whatever is deleted."""
    return Effect("google.protobuf.Empty", apply, metadata="DeleteOperationMetadata")


class Operations:
    """The operations of one emulator."""

    def __init__(self, services: Services) -> None:
        self._documents = services.documents
        self._effects: dict[str, Effect] = {}
        self._changed = threading.Condition()
        self._stopped = False
        services.on_start.append(self._resume)
        services.on_stop.append(self._stop)

    def register(self, kind: str, effect: Effect) -> None:
        """Names an effect, so that documents can refer to it."""
        self._effects[kind] = effect

    def start(self, call: Call, kind: str, details: Details, *, delay: float, parent: str = "") -> dict[str, Any]:
        """Starts an operation and returns it; with a delay of 0 it has ended already.

        Args:
            call: The call that asks for it.
            kind: The effect's name.
            details: What the effect needs, as JSON.
            delay: Seconds until it ends.
            parent: The name of the resource whose operation it is; the location's own without one.
        """
        name = f"{parent or call.place.name}/operations/{new_id()}"
        document: Details = {
            "kind": kind,
            "details": details,
            "version": call.version,
            "due": time.time() + delay,
            "createTime": timestamp(),
            "updateTime": timestamp(),
            "done": False,
        }
        self._documents.put(_COLLECTION, name, document)
        if delay == 0:
            self._finish(name)
        else:
            self._finish_later(name, document["due"])
        return self._answer(name, call.version)

    def get(self, call: Call) -> dict[str, Any]:
        """Returns an operation; `/ui/` shows it in the version that started it."""
        return self._answer(_name(call), call.version)

    def list_page(self, call: Call) -> dict[str, Any]:
        """Returns the operations of one resource, or those that are a location's own, the newest first.

        google.longrunning.ListOperationsRequest has "the standard list filter", whose fields are not named; here it has
        `done`.
        """
        prefix = f"{call.place.name}/{call.part('under')}operations/"
        matches = listing.matcher(call.parameter("filter"), {"done": "done"})
        found = [
            (name, document)
            for name, document in self._documents.list(_COLLECTION, prefix)
            if matches({"done": str(document["done"]).lower()})
        ]
        found.sort(key=lambda operation: str(operation[1]["createTime"]), reverse=True)
        shown = [self._shown(name, document, call.version) for name, document in found]
        return page("operations", shown, call.request, default=listing.LARGEST_PAGE, limit=listing.LARGEST_PAGE)

    def wait(self, call: Call) -> dict[str, Any]:
        """Returns an operation once it has ended, or after the timeout asked for."""
        timeout = call.parameter("timeout") or call.body.get("timeout") or "30s"
        with self._changed:
            self._changed.wait_for(
                lambda: self._stopped or self._document(_name(call))["done"], float(str(timeout).removesuffix("s"))
            )
        return self.get(call)

    def cancel(self, call: Call) -> dict[str, Any]:
        """Ends an operation with code 1, if it has not ended; on the service this is best effort, too."""
        self._end(_name(call), ServiceError("CANCELLED", "The operation was cancelled."))
        return {}

    def pending(self, kind: str, prefix: str) -> list[Details]:
        """The details of the operations of a kind, in one place, that have not ended."""
        return [
            document["details"]
            for _, document in self._documents.list(_COLLECTION, prefix)
            if document["kind"] == kind and not document["done"]
        ]

    def _document(self, name: str) -> dict[str, Any]:
        document = self._documents.get(_COLLECTION, name)
        if document is None:
            raise not_found("Operation", name)
        return document

    def _answer(self, name: str, version: str) -> dict[str, Any]:
        return self._shown(name, self._document(name), version)

    def _shown(self, name: str, document: Details, version: str) -> dict[str, Any]:
        effect = self._effects[document["kind"]]
        types = f"type.googleapis.com/google.cloud.aiplatform.{version if version != 'ui' else document['version']}."
        answer: dict[str, Any] = {
            "name": name,
            "metadata": {
                "@type": types + (effect.metadata or f"{document['kind']}OperationMetadata"),
                "genericMetadata": {"createTime": document["createTime"], "updateTime": document["updateTime"]},
            },
        }
        if document["done"]:
            answer["done"] = True
        if "error" in document:
            answer["error"] = document["error"]
        if "response" in document:
            kind = effect.response
            answer["response"] = {
                "@type": f"type.googleapis.com/{kind}" if "." in kind else types + kind,
                **document["response"],
            }
        return answer

    def _finish_later(self, name: str, due: float) -> None:
        def wait() -> None:
            with self._changed:
                self._changed.wait_for(lambda: self._stopped, due - time.time())
            self._finish(name)

        threading.Thread(target=wait, daemon=True, name=name).start()

    def _finish(self, name: str) -> None:
        """Ends an operation, unless it was cancelled meanwhile or the emulator stops: then the next start does it."""
        document = None if self._stopped else self._documents.get(_COLLECTION, name)
        if document is None or document["done"]:
            return
        effect = self._effects[document["kind"]]
        try:
            effect.prepare(document["details"])
            with self._documents.transaction():
                if self._document(name)["done"]:
                    return
                self._write_end(name, {"response": effect.apply(document["details"])})
        except ServiceError as error:
            self._end(name, error)
        except Exception:
            if self._stopped:
                return
            _LOG.exception("operation %s", name)
            self._end(name, ServiceError("INTERNAL", "Internal error encountered."))
        else:
            self._tell()

    def _end(self, name: str, error: ServiceError) -> None:
        with self._documents.transaction():
            document = self._document(name)
            if document["done"]:
                return
            self._effects[document["kind"]].undo(document["details"])
            self._write_end(name, {"error": status(error)})
        self._tell()

    def _write_end(self, name: str, outcome: dict[str, Any]) -> None:
        document = self._document(name) | outcome | {"done": True, "updateTime": timestamp()}
        self._documents.put(_COLLECTION, name, document)

    def _tell(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _resume(self) -> None:
        for name, document in self._documents.list(_COLLECTION):
            if not document["done"]:
                self._finish_later(name, document["due"])

    def _stop(self) -> None:
        self._stopped = True
        self._tell()


def _name(call: Call) -> str:
    return f"{call.place.name}/{call.part('under')}operations/{call.part('operation')}"
